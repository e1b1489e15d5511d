import { request as requestHttp, type IncomingHttpHeaders, type IncomingMessage } from 'http';
import { request as requestHttps } from 'https';
import { Addresses, Forbidden, isOnLoopback } from './addresses';
import { measure, type Content } from './content';
import { quote } from '../../contract';
import { CALL_TIMEOUT, limited } from '../budget';
import { describe } from '../failure';
import { truncate } from '../text';

const MAX_REDIRECTS = 5;
const REDIRECTS: readonly unknown[] = [301, 302, 303, 307, 308];

/** The headers of a browser that matter to CloudFront, and a User-Agent that says in the site's log who visited. */
const HEADERS = {
  'Accept': 'text/html,application/xhtml+xml,*/*;q=0.8',
  'Accept-Encoding': 'gzip, br',
  'User-Agent': 'Mozilla/5.0 (compatible; cdk-cloudfront-invalidation-stage; +https://github.com/cdk-cloudfront-invalidation-stage/cdk-cloudfront-invalidation-stage)',
};

/** Codes of TLS errors: waiting does not fix a bad certificate. */
const TLS_ERROR = /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(GET|VERIFY|DECRYPT|DECODE)|HOSTNAME_MISMATCH|INVALID_)/;

/** The highest age that caches use: 2 ** 31 seconds. */
const LONGEST_AGE = 2_147_483_648;

/** Such as `DUB56-P1`. */
const MAX_LOCATION_LENGTH = 20;

/** What a visitor got. */
export interface Visit {
  /** The URL after redirects. */
  readonly url: string;
  readonly status: number;
  /** In seconds, if the response tells. CloudFront leaves out an age of 0. */
  readonly age?: number;
  /** `X-Cache`, or `undefined` if the response or a redirect to it had neither that nor an age. */
  readonly cache?: string;
  /** The edge location. */
  readonly location?: string;
  /** When the origin made the response, at the earliest, in epoch milliseconds. 0 for a copy of unknown age. */
  readonly madeAfter: number;
  /** The same of the oldest redirect to it, or `Infinity`. */
  readonly redirectsMadeAfter: number;
  /** The oldest redirect, in words. */
  readonly redirect?: string;
  /** When the request for the page itself was sent and answered, in epoch milliseconds. */
  readonly askedAt: number;
  readonly answeredAt: number;
  /** Present if the body was read. */
  readonly content?: Content;
}

/** The page could not be visited. */
export class Unvisited extends Error {
  constructor(message: string, readonly mayHeal: boolean) {
    super(message);
  }
}

/** What to read of a page. */
export interface Wanted {
  /** The hosts, with ports, that redirects may lead to. */
  readonly hosts: ReadonlySet<string>;
  /** How many bytes of the body are read at most. @default - the body is not read */
  readonly maxBytes?: number;
}

/**
 * Visits a page as a new browser would, without cookies or credentials.
 *
 * @throws Unvisited
 */
export async function visit(url: string, wanted: Wanted, until: number): Promise<Visit> {
  const addresses = new Addresses(isOnLoopback(process.env));
  const deadline = Math.min(until, Date.now() + CALL_TIMEOUT);
  let at = new URL(url);
  let oldest: Redirect | undefined;
  let hasBareRedirect = false;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const here = at;
    try {
      addresses.check(here);
      const visited = await limited(deadline, signal => ask(here, addresses, wanted, signal));
      if (!('to' in visited)) {
        const cache = hasBareRedirect ? undefined : visited.cache;
        return { ...visited, cache, url: here.href, redirectsMadeAfter: oldest?.madeAfter ?? Infinity, redirect: oldest?.words };
      }
      hasBareRedirect ||= visited.isBare;
      oldest = oldest === undefined || visited.madeAfter < oldest.madeAfter ? visited : oldest;
      at = redirected(here, visited.to, wanted);
    } catch (error) {
      throw error instanceof Unvisited ? error : unvisited(here, error);
    }
  }
  throw new Unvisited(`it redirects more than ${MAX_REDIRECTS} times`, false);
}

function redirected(from: URL, location: string, { hosts }: Wanted): URL {
  const to = URL.parse(location, from.href);
  if (to === null || !hosts.has(to.host)) {
    throw new Unvisited(`it redirects to another host: ${quote(location)}`, false);
  }
  // Node.js would send them.
  return Object.assign(to, { username: '', password: '' });
}

function unvisited(at: URL, error: unknown): Unvisited {
  const isFinal = error instanceof Forbidden || TLS_ERROR.test(codeOf(error));
  return new Unvisited(`${at.host} cannot be visited: ${truncate(error instanceof Forbidden ? error.message : describe(error).words, 300)}`, !isFinal);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

interface Redirect {
  readonly to: string;
  /** Whether it had neither `X-Cache` nor an age. */
  readonly isBare: boolean;
  readonly madeAfter: number;
  readonly words: string;
}

type Asked = Redirect | Omit<Visit, 'url' | 'redirectsMadeAfter' | 'redirect'>;

/** Sends one request over its own connection. */
async function ask(url: URL, addresses: Addresses, wanted: Wanted, signal: AbortSignal): Promise<Asked> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  const askedAt = Date.now();
  const asking = request(url, { headers: HEADERS, agent: false, lookup: addresses.lookup, signal });
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      asking.on('error', reject).on('response', resolve).end();
    });
    return await read(response, askedAt, wanted);
  } finally {
    asking.destroy();
  }
}

async function read(response: IncomingMessage, askedAt: number, { maxBytes }: Wanted): Promise<Asked> {
  const answeredAt = Date.now();
  const { headers, statusCode: status = 0 } = response;
  const age = ageOf(headers);
  const xCache = shown(headers['x-cache']);
  const isBare = headers['x-cache'] === undefined && age === undefined;
  // An age is in whole seconds, and counts back from the response, so from when the request was sent at the earliest. A copy without one is
  // either in its first second, or something removes the header.
  const isNew = isBare || isFromOrigin({ cache: xCache }) || (status !== 200 && /^Error from cloudfront/i.test(xCache));
  const madeAfter = age === undefined && !isNew ? 0 : askedAt - ((age ?? 0) + 1) * 1000;
  if (headers.location !== undefined && REDIRECTS.includes(status)) {
    return { to: headers.location, isBare, madeAfter, words: `a redirect with Age ${age ?? 0} and X-Cache '${xCache}'` };
  }
  return {
    status,
    age,
    cache: isBare ? undefined : xCache,
    location: shown(headers['x-amz-cf-pop']).replace(/[^\w-]/g, '').slice(0, MAX_LOCATION_LENGTH) || undefined,
    madeAfter,
    askedAt,
    answeredAt,
    content: status === 200 && maxBytes !== undefined ? await measure(response, headers['content-encoding'], maxBytes) : undefined,
  };
}

/** Whether a visit reached the origin, a regional cache or an edge function: the edge had no copy, or validated the one it had. */
export function isFromOrigin({ cache }: Pick<Visit, 'cache'>): boolean {
  return /^(Miss|RefreshHit|\w+GeneratedResponse) from cloudfront$/i.test(cache ?? '');
}

function ageOf({ age }: IncomingHttpHeaders): number | undefined {
  return age === undefined ? undefined : Math.min(Number(/^\d+$/.exec(age)?.[0] ?? LONGEST_AGE), LONGEST_AGE);
}

/** A header for a report. */
function shown(header: string | string[] | undefined): string {
  return truncate(String(header ?? '').replace(/[^ -~]/g, '?'), 60);
}
