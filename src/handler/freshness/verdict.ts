import type { Content, Measured } from './content';
import type { Visit } from './visit';
import type { SeenBefore } from '../progress';
import { formatSeconds } from '../text';

/** The result of a look at a page: it is fresh, may become fresh, or will not. */
export interface Verdict {
  readonly state: 'fresh' | 'old' | 'hopeless';
  /** For a page that is not fresh: what was expected, what was seen, and the likeliest reasons. */
  readonly words: string;
}

export const FRESH: Verdict = { state: 'fresh', words: '' };

/** Status codes that mean "try later". */
const PASSING: readonly number[] = [408, 425, 429];

const OLD_REASONS = 'Most likely no path of the invalidation matches this URL (a function may rewrite it, or it has a query string), ' +
  'or this edge location still has its old copy.';

/** What is wrong with a response whose status is not that of a page. */
export function statusVerdict(visit: Visit): Verdict | undefined {
  const { status } = visit;
  if (status === 200) {
    return undefined;
  }
  return {
    state: status >= 500 || PASSING.includes(status) ? 'old' : 'hopeless',
    words: `expected status 200, got ${shown(visit)}. Most likely ${statusReason(status)}.`,
  };
}

function statusReason(status: number): string {
  switch (status) {
    case 401:
      return 'the site requires a login, and the function has none';
    case 403:
      return 'the file does not exist, the site restricts access (AWS WAF, signed URLs, geographic restrictions), or the bucket denies CloudFront access';
    case 404:
      return 'the deploy action wrote to another folder or bucket, or the URL is wrong';
    default:
      return status >= 500 ? 'the origin has an outage' : 'the URL is wrong';
  }
}

/**
 * Whether a page is the file that was deployed.
 *
 * @param secondsSince the invalidation was created, or `undefined` if there was none
 */
export function fileVerdict(visit: Visit, expected: Measured, secondsSince: number | undefined): Verdict {
  const { content } = visit;
  const isExpected = (measured: Measured | undefined) => measured?.size === expected.size && measured.crc32 === expected.crc32;
  if (isExpected(content?.sent) || isExpected(content?.decoded)) {
    return FRESH;
  }
  const comparison = `expected the file in the artifact with ${inWords(expected)}, got ${contentInWords(content, expected)} (${shown(visit)}).`;
  const isYoung = isFromOrigin(visit) || (secondsSince !== undefined && visit.cache !== undefined && visit.age < secondsSince);
  return isYoung
    ? {
      state: 'hopeless',
      words: `${comparison} This copy is newer than the invalidation. Most likely a newer execution has deployed in the meantime; ` +
        'the deploy action wrote to another folder or bucket; url, urlPath or baseDirectory belongs to another site; or something changes the bytes on the way (Lambda@Edge, templating, compression): in that case, use FreshnessCheck.pages().',
    }
    : { state: 'old', words: `${comparison} ${OLD_REASONS}` };
}

/**
 * Whether the edge has fetched a page again.
 *
 * A lower age alone proves nothing: another server in the edge location may have another old copy. The age that the origin itself sends is
 * subtracted, if a visit has shown it.
 */
export function pageVerdict(visit: Visit, version: string, before: SeenBefore, secondsSince: number): Verdict {
  if (visit.cache === undefined) {
    return {
      state: 'hopeless',
      words: `expected X-Cache or Age, got neither (${shown(visit)}). Most likely CloudFront does not serve this URL, or a response headers policy removes them: in that case, use FreshnessCheck.files().`,
    };
  }
  const [versionBefore, originAge] = before ?? [version, 0];
  if (isFromOrigin(visit) || version !== versionBefore || visit.age - originAge < secondsSince) {
    return FRESH;
  }
  return {
    state: 'old',
    words: `expected a copy newer than the invalidation ${formatSeconds(secondsSince)} ago, got the old one (${shown(visit)}). ${OLD_REASONS}`,
  };
}

/** Whether this visit reached the origin or an edge function: the edge had no copy, or validated the one it had. */
export function isFromOrigin({ cache }: Visit): boolean {
  return /^(Miss|RefreshHit|\w+GeneratedResponse) from cloudfront/i.test(cache ?? '');
}

function shown({ status, age, cache, location }: Visit): string {
  return `status ${status}, Age ${age}, X-Cache '${cache ?? ''}', edge location ${location ?? 'unknown'}`;
}

function contentInWords(content: Content | undefined, { size }: Measured): string {
  const measured = content?.decoded ?? content?.sent;
  return measured === undefined ? 'nothing that can be compared' : measured.size > size ? 'more' : inWords(measured);
}

function inWords({ size, crc32 }: Measured): string {
  return `${size} bytes and the CRC-32 ${crc32.toString(16).padStart(8, '0')}`;
}
