import { realpathSync } from 'fs';
import { readFile, realpath, stat } from 'fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'http';
import type { AddressInfo } from 'net';
import { extname, join, sep } from 'path';
import type { Clock } from './clock';
import type { CloudFront } from './cloudfront';
import { EdgeCache, type Cacheable, type CacheKeyOptions } from './edge-cache';

/** What CloudFront keeps a file for that does not say how long. */
export const DEFAULT_TTL = 24 * 60 * 60 * 1000;

/** What CloudFront keeps an error for, unless the distribution says otherwise. */
export const ERROR_TTL = 10_000;

/** Values by file path, such as `/blog/index.html`. */
export type ByPath<T> = Readonly<Record<string, T>> | ((path: string) => T | undefined);

export interface EdgeOptions extends CacheKeyOptions {
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
  /** Whether `/blog` and `/blog/` are `/blog/index.html`, as with a function on viewer requests. @default false */
  readonly directoryIndexes?: boolean;
}

interface OriginAnswer extends Cacheable {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A CloudFront distribution as visitors meet it: a cache in front of a folder, which forgets what is invalidated. */
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
  private readonly cache: EdgeCache<OriginAnswer>;

  private constructor(private readonly options: EdgeOptions) {
    this.root = realpathSync(options.origin);
    this.cache = new EdgeCache({ ...options, origin: path => this.ask(path) });
    this.server = createServer((request, response) => {
      this.serve(request, response).catch(() => response.destroy());
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Forgets what the paths name. Sandboxes call it by themselves when an invalidation takes effect. */
  invalidate(paths: readonly string[]): void {
    this.cache.invalidate(paths);
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
    const { copy, cached } = await this.cache.find(request.url ?? '/');
    const age = Math.floor((this.options.clock.now() - copy.storedAt) / 1000);
    response.writeHead(copy.status, {
      ...copy.headers,
      'content-length': copy.body.length,
      'x-cache': `${copy.status >= 400 ? 'Error' : cached ? 'Hit' : 'Miss'} from cloudfront`,
      ...cached && { age: String(age) },
    });
    response.end(request.method === 'HEAD' ? undefined : copy.body);
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

  private get defaultTtl(): number {
    return this.options.defaultTtl ?? DEFAULT_TTL;
  }
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
