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
  /** In seconds. A copy without an age is new. */
  readonly age: number;
  /** `X-Cache`, or `undefined` if the response had neither that nor an age. */
  readonly cache?: string;
  /** The edge location. */
  readonly location?: string;
  /** Identifies the version: `ETag`, or else `Last-Modified`. */
  readonly validator?: string;
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
  /** How many bytes of a body are read at most. */
  readonly maxBytes: number;
  /** Whether to read the body even if a validator identifies the version. */
  readonly alwaysReads: boolean;
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
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const here = at;
    try {
      addresses.check(here);
      const visited = await limited(deadline, signal => ask(here, addresses, wanted, signal));
      if (!('location' in visited)) {
        return visited.visit;
      }
      at = redirected(here, visited.location, wanted);
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
  return to;
}

function unvisited(at: URL, error: unknown): Unvisited {
  const isFinal = error instanceof Forbidden || TLS_ERROR.test(codeOf(error));
  return new Unvisited(`${at.host} cannot be visited: ${truncate(error instanceof Forbidden ? error.message : describe(error).words, 300)}`, !isFinal);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

type Asked = { readonly visit: Visit } | { readonly location: string };

/** Sends one request over its own connection. */
async function ask(url: URL, addresses: Addresses, wanted: Wanted, signal: AbortSignal): Promise<Asked> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  const asking = request(url, { headers: HEADERS, agent: false, lookup: addresses.lookup, signal });
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      asking.on('error', reject).on('response', resolve).end();
    });
    return await read(url, response, wanted);
  } finally {
    asking.destroy();
  }
}

async function read(url: URL, response: IncomingMessage, { maxBytes, alwaysReads }: Wanted): Promise<Asked> {
  const { headers, statusCode: status = 0 } = response;
  const { location } = headers;
  if (location !== undefined && REDIRECTS.includes(status)) {
    return { location };
  }
  const validator = validatorOf(headers);
  const isRead = status === 200 && (alwaysReads || validator === undefined);
  const cache = headers['x-cache'] ?? (headers.age === undefined ? undefined : '');
  return {
    visit: {
      url: url.href,
      status,
      age: Math.min(Number(/^\d+$/.exec(headers.age ?? '')?.[0] ?? 0), LONGEST_AGE),
      cache: cache === undefined ? undefined : shown(cache),
      location: shown(headers['x-amz-cf-pop']).replace(/[^\w-]/g, '').slice(0, MAX_LOCATION_LENGTH) || undefined,
      validator,
      content: isRead ? await measure(response, headers['content-encoding'], maxBytes) : undefined,
    },
  };
}

/** A weak tag is the strong tag of a body that was compressed on the way. */
function validatorOf({ etag, 'last-modified': lastModified }: IncomingHttpHeaders): string | undefined {
  return etag?.replace(/^W\//, '') ?? lastModified;
}

/** A header for a report. */
function shown(header: string | string[] | undefined): string {
  return truncate(String(header ?? '').replace(/[^ -~]/g, '?'), 60);
}
