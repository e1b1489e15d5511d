import { createHash } from 'crypto';
import { realpathSync } from 'fs';
import { readFile, realpath, stat } from 'fs/promises';
import { extname, join, sep } from 'path';
import type { Cacheable } from './edge-cache';

/** What CloudFront keeps a file for that does not say how long. */
export const DEFAULT_TTL = 24 * 60 * 60 * 1000;

/** What CloudFront keeps an error for, unless the distribution says otherwise. */
export const ERROR_TTL = 10_000;

/** Values by file path, such as `/blog/index.html`. */
export type ByPath<T> = Readonly<Record<string, T>> | ((path: string) => T | undefined);

export interface EdgeOriginOptions {
  /** The folder that the site is in. Nothing outside of it is ever served. */
  readonly origin: string;
  /** Milliseconds of the sandbox. @default DEFAULT_TTL */
  readonly defaultTtl?: number;
  /** Of an error, in milliseconds of the sandbox. @default ERROR_TTL */
  readonly errorTtl?: number;
  /** The origin's `Cache-Control`. @default - none */
  readonly cacheControl?: ByPath<string>;
  /** The origin's cache tags. @default - none */
  readonly tags?: ByPath<readonly string[]>;
  /** The `Age`, in seconds, that the origin itself gives a file, as another cache does. @default - none */
  readonly originAge?: ByPath<number>;
  /** Whether the origin says what version a file has, by `ETag`. @default true */
  readonly validators?: boolean;
  /** Whether `/blog` and `/blog/` are `/blog/index.html`, as with a website endpoint of S3. @default false */
  readonly directoryIndexes?: boolean;
}

/** What the origin said, or a cache on the way that it was kept in. */
export interface OriginAnswer extends Cacheable {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** How old it was when it arrived, in seconds. */
  readonly age: number;
  /** Whether a cache on the way had it. */
  readonly isCopy: boolean;
}

/** A folder as an origin. */
export class EdgeOrigin {
  private readonly root: string;

  constructor(private readonly options: EdgeOriginOptions) {
    this.root = realpathSync(options.origin);
  }

  /** Reads a file. */
  async ask(path: string): Promise<OriginAnswer> {
    const file = await this.fileAt(path);
    if (file === undefined) {
      return {
        status: 404,
        headers: { 'content-type': 'text/html; charset=utf-8' },
        body: Buffer.from('<!doctype html><title>Not found</title><h1>404 Not found</h1>'),
        age: 0,
        isCopy: false,
        tags: [],
        ttl: this.options.errorTtl ?? ERROR_TTL,
      };
    }
    const name = file.slice(this.root.length).split(sep).join('/');
    const cacheControl = valueAt(this.options.cacheControl, name);
    const body = await readFile(file);
    const validator = this.options.validators === false ? undefined : `"${createHash('md5').update(body).digest('hex')}"`;
    return {
      status: 200,
      headers: {
        'content-type': CONTENT_TYPES[extname(file).toLowerCase()] ?? 'application/octet-stream',
        ...cacheControl !== undefined && { 'cache-control': cacheControl },
        ...validator !== undefined && { etag: validator },
      },
      body,
      age: valueAt(this.options.originAge, name) ?? 0,
      isCopy: false,
      validator,
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
