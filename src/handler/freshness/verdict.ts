import type { Content, Measured } from './content';
import { isFromOrigin, type Visit } from './visit';
import { formatSeconds } from '../text';

/**
 * The result of a look at a page: it is fresh, may become fresh, or will not. Of an `unclaimed` page, nothing is said: it has the right
 * bytes, but no path of the invalidation names it.
 */
export interface Verdict {
  readonly state: 'fresh' | 'unclaimed' | 'old' | 'hopeless';
  /** For a page that is not fresh: what was expected, what was seen, and the likeliest reasons. */
  readonly words: string;
}

/** What a copy must be newer than. */
export interface Invalidated {
  /** When CloudFront had accepted the invalidation, in epoch milliseconds. */
  readonly at: number;
  /** Whether the page was visited before the invalidation. If not, the edge had no copy that it had to lose, and a new one proves nothing. */
  readonly isSeenBefore: boolean;
}

export const FRESH: Verdict = { state: 'fresh', words: '' };

/** Status codes that mean "try later". */
const PASSING: readonly number[] = [408, 425, 429];

/** Whether another attempt may get a page. */
export function isPassing(status: number): boolean {
  return status >= 500 || PASSING.includes(status);
}

const OLD_REASONS = 'Most likely no path of the invalidation matches this URL (a function may rewrite it, or it has a query string), ' +
  'this edge location still has its old copy, or the origin is a cache itself and sends an Age of its own (FreshnessCheck.files() needs no Age).';

/** A new copy proves something only where the edge location has lost an old one. */
function newCopyVerdict({ isSeenBefore }: Invalidated, otherwise: 'hopeless' | 'unclaimed'): Verdict {
  return isSeenBefore ? FRESH : {
    state: otherwise,
    words: 'expected a visit before the invalidation, so that this edge location had a copy to lose, but that visit failed. The page may be fresh, but nothing shows it. Retry the stage.',
  };
}

/** What is wrong with a response whose status is not that of a page. */
export function statusVerdict(visit: Visit, invalidated: Invalidated | undefined): Verdict | undefined {
  const { status } = visit;
  if (status === 200) {
    return undefined;
  }
  const isOld = invalidated !== undefined && !isNewer(visit, invalidated);
  return {
    state: isPassing(status) || isOld ? 'old' : 'hopeless',
    words: `expected status 200, got ${shown(visit)}. Most likely ${isOld ? 'this edge location still has its old copy' : statusReason(status)}.`,
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
 * Whether a page is the file that was deployed, in a copy that the invalidation has not left behind.
 *
 * @param invalidated `undefined` if nothing was invalidated
 * @param isInvalidated whether the invalidation should have removed the page: a path names it, or its file has changed
 */
export function fileVerdict(visit: Visit, expected: Measured, invalidated: Invalidated | undefined, isInvalidated: boolean): Verdict {
  const { content } = visit;
  const isExpected = (measured: Measured | undefined) => measured?.size === expected.size && measured.crc32 === expected.crc32;
  if (isExpected(content?.sent) || isExpected(content?.decoded)) {
    if (invalidated === undefined) {
      return FRESH;
    }
    return isReplaced(visit, invalidated) ? newCopyVerdict(invalidated, isInvalidated ? 'hopeless' : 'unclaimed') : {
      state: isInvalidated ? 'old' : 'unclaimed',
      words: `expected a copy newer than the invalidation ${ago(visit, invalidated)}, got the file in an older one (${shown(visit)}), so other edge locations may have an older file. ${OLD_REASONS}`,
    };
  }
  const comparison = `expected the file in the artifact with ${inWords(expected)}, got ${contentInWords(content, expected)} (${shown(visit)}).`;
  const isYoung = isFromOrigin(visit) || (invalidated !== undefined && visit.age !== undefined && isNewer(visit, invalidated));
  return isYoung
    ? {
      state: 'hopeless',
      words: `${comparison} This copy is newer than the invalidation. Most likely a newer execution has deployed in the meantime; ` +
        'the deploy action wrote to another folder or bucket; url, urlPath or baseDirectory belongs to another site; or something changes the bytes on the way (Lambda@Edge, templating, compression): in that case, use FreshnessCheck.pages().',
    }
    : { state: 'old', words: `${comparison} ${OLD_REASONS}` };
}

/** Whether the edge has fetched a page again. */
export function pageVerdict(visit: Visit, invalidated: Invalidated): Verdict {
  if (visit.cache === undefined) {
    return {
      state: 'hopeless',
      words: `expected X-Cache or Age, got neither (${shown(visit)}). Most likely CloudFront does not serve this URL, or a response headers policy removes them: in that case, use FreshnessCheck.files().`,
    };
  }
  if (isNewer(visit, invalidated)) {
    return newCopyVerdict(invalidated, 'hopeless');
  }
  const seen = visit.madeAfter === 0 ? 'one from the cache without an Age' : 'an older one';
  return {
    state: 'old',
    words: `expected a copy newer than the invalidation ${ago(visit, invalidated)}, got ${seen} (${shown(visit)}). ${OLD_REASONS}`,
  };
}

/**
 * Whether a page and the redirects to it are all newer than the invalidation, whatever caches they came through: an age counts the time in
 * each of them. X-Cache says nothing of a regional cache, and another version proves nothing, as there are many old copies.
 */
function isNewer(visit: Visit, invalidated: Invalidated): boolean {
  return visit.redirectsMadeAfter >= invalidated.at && visit.madeAfter >= invalidated.at;
}

/**
 * Whether the copy that the edge had before the invalidation is gone. A copy without an age is in its first second; if something removes the
 * header, the bytes must do.
 */
function isReplaced(visit: Visit, invalidated: Invalidated): boolean {
  const isYoung = visit.age === undefined && visit.askedAt - 1000 >= invalidated.at;
  return isNewer(visit, invalidated) || ((isYoung || isFromOrigin(visit)) && visit.redirectsMadeAfter >= invalidated.at);
}

function ago({ answeredAt }: Visit, { at }: Invalidated): string {
  return `${formatSeconds(Math.max(0, answeredAt - at) / 1000)} ago`;
}

function shown({ status, age, cache, location, redirect }: Visit): string {
  const last = `status ${status}, Age ${age ?? 0}, X-Cache '${cache ?? ''}', edge location ${location ?? 'unknown'}`;
  return redirect === undefined ? last : `${last}, after ${redirect}`;
}

function contentInWords(content: Content | undefined, { size }: Measured): string {
  const measured = content?.decoded ?? content?.sent;
  return measured === undefined ? 'nothing that can be compared' : measured.size > size ? 'more' : inWords(measured);
}

function inWords({ size, crc32 }: Measured): string {
  return `${size} bytes and the CRC-32 ${crc32.toString(16).padStart(8, '0')}`;
}
