import { realpathSync } from 'fs';
import { readFile, realpath, stat } from 'fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'http';
import type { AddressInfo } from 'net';
import { extname, join, sep } from 'path';
import type { Clock } from './clock';
import type { CloudFront } from './cloudfront';

/** What CloudFront keeps a file for that does not say how long. */
export const DEFAULT_TTL = 24 * 60 * 60 * 1000;

/** What CloudFront keeps an error for, unless the distribution says otherwise. */
export const ERROR_TTL = 10_000;

/** Values by file path, such as `/blog/index.html`. */
export type ByPath<T> = Readonly<Record<string, T>> | ((path: string) => T | undefined);

export interface EdgeOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Where the edge hears of invalidations. */
  readonly cloudFront: Pick<CloudFront, 'onInvalidation'>;
  readonly distributionId: string;
  /** The folder that the site is in. Nothing outside of it is ever served. */
  readonly origin: string;
  /** Milliseconds of the sandbox. @default DEFAULT_TTL */
  readonly defaultTtl?: number;
  /** The origin's `Cache-Control`. @default - none */
  readonly cacheControl?: ByPath<string>;
  /** The origin's cache tags. @default - none */
  readonly tags?: ByPath<readonly string[]>;
  /** What a request for `/` means. @default 'index.html' */
  readonly defaultRootObject?: string;
  /** Whether `/blog` and `/blog/` are `/blog/index.html`, as with a function on viewer requests. @default false */
  readonly directoryIndexes?: boolean;
  /** Whether query strings are part of the cache key. @default false */
  readonly forwardQueryStrings?: boolean;
}

/** What the origin answers, and for how long it may be kept. */
interface OriginAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly tags: readonly string[];
  readonly ttl: number;
}

interface Entry extends OriginAnswer {
  readonly storedAt: number;
}

/**
 * A CloudFront distribution as visitors meet it: a cache in front of a folder, which forgets what is invalidated.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-objects.html
 */
export class Edge {
  static async start(options: EdgeOptions): Promise<Edge> {
    const edge = new Edge(options);
    await new Promise<void>(resolve => edge.server.listen(0, '127.0.0.1', resolve));
    options.cloudFront.onInvalidation(invalidation => {
      if (invalidation.distributionId === options.distributionId) {
        edge.invalidate(invalidation.paths);
      }
    });
    return edge;
  }

  private readonly server: Server;
  private readonly root: string;
  private readonly cache = new Map<string, Entry>();
  private readonly fetches = new Map<string, Promise<Entry>>();

  private constructor(private readonly options: EdgeOptions) {
    this.root = realpathSync(options.origin);
    this.server = createServer((request, response) => {
      this.serve(request, response).catch(() => response.destroy());
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Forgets what the paths name. Sandboxes call it by themselves when an invalidation takes effect. */
  invalidate(paths: readonly string[]): void {
    const matchers = paths.map(path => this.matcher(path));
    for (const [key, entry] of this.cache) {
      if (matchers.some(matches => matches(key, entry.tags))) {
        this.cache.delete(key);
      }
    }
    // What is being fetched may be the old file already. Its tags are not known yet, so a tag takes all of them.
    for (const key of this.fetches.keys()) {
      if (paths.some(path => path.startsWith('#')) || matchers.some(matches => matches(key, []))) {
        this.fetches.delete(key);
      }
    }
  }

  async stop(): Promise<void> {
    const closed = new Promise(resolve => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const body = 'This distribution is not configured to allow the HTTP request method that was used for this request.';
      response.writeHead(403, { 'x-cache': 'Error from cloudfront', 'content-length': body.length }).end(body);
      return;
    }
    const { entry, cached } = await this.find(this.cacheKey(request.url ?? '/'));
    const age = Math.floor((this.options.clock.now() - entry.storedAt) / 1000);
    response.writeHead(entry.status, {
      ...entry.headers,
      'content-length': entry.body.length,
      'x-cache': `${entry.status >= 400 ? 'Error' : cached ? 'Hit' : 'Miss'} from cloudfront`,
      ...cached && { age: String(age) },
    });
    response.end(request.method === 'HEAD' ? undefined : entry.body);
  }

  private async find(key: string): Promise<{ readonly entry: Entry; readonly cached: boolean }> {
    const entry = this.cache.get(key);
    if (entry !== undefined && this.options.clock.now() < entry.storedAt + entry.ttl) {
      return { entry, cached: true };
    }
    // Requests for one file at a time share one request to the origin, as they do at an edge location.
    const fetch = this.fetches.get(key) ?? this.fetch(key);
    return { entry: await fetch, cached: false };
  }

  private fetch(key: string): Promise<Entry> {
    const storedAt = this.options.clock.now();
    const isWanted = () => this.fetches.get(key) === fetch;
    const fetch = this.ask(pathOf(key)).then(answer => {
      const entry = { ...answer, storedAt };
      if (isWanted()) {
        this.cache.set(key, entry);
      }
      return entry;
    }).finally(() => {
      if (isWanted()) {
        this.fetches.delete(key);
      }
    });
    this.fetches.set(key, fetch);
    return fetch;
  }

  /** Reads a file of the origin. */
  private async ask(path: string): Promise<OriginAnswer> {
    const file = await this.fileAt(path);
    if (file === undefined) {
      return {
        status: 404,
        headers: { 'content-type': 'text/html; charset=utf-8' },
        body: Buffer.from('<!doctype html><title>Not found</title><h1>404 Not found</h1>'),
        tags: [],
        ttl: ERROR_TTL,
      };
    }
    const name = file.slice(this.root.length).split(sep).join('/');
    const cacheControl = valueAt(this.options.cacheControl, name);
    return {
      status: 200,
      headers: {
        'content-type': CONTENT_TYPES[extname(file).toLowerCase()] ?? 'application/octet-stream',
        ...cacheControl !== undefined && { 'cache-control': cacheControl },
      },
      body: await readFile(file),
      tags: valueAt(this.options.tags, name) ?? [],
      ttl: cacheControl === undefined ? this.defaultTtl : timeToLive(cacheControl) ?? this.defaultTtl,
    };
  }

  private async fileAt(path: string): Promise<string | undefined> {
    const decoded = decode(path);
    if (decoded === undefined || decoded.includes('\0')) {
      return undefined;
    }
    const candidates = [join(this.root, decoded), ...this.options.directoryIndexes ? [join(this.root, decoded, 'index.html')] : []];
    for (const candidate of decoded.endsWith('/') ? candidates.slice(1) : candidates) {
      // Links are followed before it is judged where a file is, and what it is.
      const file = await realpath(candidate).catch(() => undefined);
      if (file?.startsWith(this.root + sep) && (await stat(file)).isFile()) {
        return file;
      }
    }
    return undefined;
  }

  /** What a request and a path of an invalidation have in common when they mean the same file. */
  private cacheKey(url: string): string {
    const encoded = encode(url);
    const path = pathOf(encoded);
    const query = this.options.forwardQueryStrings ? encoded.slice(path.length) : '';
    // The default root object is invalidated by its own path, so that is what it is kept under.
    return (path === '/' ? `/${this.options.defaultRootObject ?? 'index.html'}` : path) + query;
  }

  private matcher(path: string): (key: string, tags: readonly string[]) => boolean {
    if (path.startsWith('#')) {
      return (_, tags) => tags.includes(path.slice(1));
    }
    if (path.endsWith('*')) {
      const prefix = encode(path.slice(0, -1));
      return key => key.startsWith(prefix);
    }
    // A path with a query string names nothing where query strings are no part of the key.
    const named = encode(path);
    const key = named === '/' ? this.cacheKey(named) : named;
    return candidate => candidate === key;
  }

  private get defaultTtl(): number {
    return this.options.defaultTtl ?? DEFAULT_TTL;
  }
}

function pathOf(url: string): string {
  return url.split('?', 1)[0];
}

function valueAt<T>(values: ByPath<T> | undefined, path: string): T | undefined {
  return typeof values === 'function' ? values(path) : values?.[path];
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/**
 * Encodes what browsers and CloudFront may each leave as it is: non-ASCII characters and those that RFC 1738 calls unsafe.
 *
 * Any other character is not the same as its encoded form: `/%61` invalidates nothing of `/a`.
 */
function encode(url: string): string {
  return url
    .replace(/%[0-9A-Fa-f]{2}/g, escape => escape.toUpperCase())
    .replace(/%(?![0-9A-F]{2})|[ <>"#{}|\\^~[\]`]|[^\u0000-\u007f]+/g, character => character === '~' ? '%7E' : encodeURIComponent(character));
}

/** The shared cache's part of a `Cache-Control`, in milliseconds. */
function timeToLive(cacheControl: string): number | undefined {
  if (/\b(?:no-store|no-cache|private)\b/i.test(cacheControl)) {
    return 0;
  }
  const seconds = /\bs-maxage=(\d+)/i.exec(cacheControl) ?? /\bmax-age=(\d+)/i.exec(cacheControl);
  return seconds === null ? undefined : Number(seconds[1]) * 1000;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.avif': 'image/avif',
  '.css': 'text/css; charset=utf-8',
  '.gif': 'image/gif',
  '.htm': 'text/html; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.md': 'text/markdown; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.xml': 'application/xml',
};
