import type { Clock } from './clock';

/** What an origin answers, and for how long it may be kept. */
export interface Cacheable {
  readonly tags: readonly string[];
  /** Milliseconds of the sandbox. */
  readonly ttl: number;
  /** What is the same as long as the content is. @default - none: it is never validated */
  readonly validator?: string;
}

export interface CacheKeyOptions {
  /** What a request for `/` means. @default 'index.html' */
  readonly defaultRootObject?: string;
  /** Whether query strings are part of the cache key. @default false */
  readonly forwardQueryStrings?: boolean;
}

/**
 * What a request and a path of an invalidation have in common when they mean the same file.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-objects.html
 */
export class CacheKeys {
  constructor(private readonly options: CacheKeyOptions = {}) {}

  /** What a URL is kept under. */
  of(url: string): string {
    const encoded = encode(url);
    const path = pathOf(encoded);
    const query = this.options.forwardQueryStrings ? encoded.slice(path.length) : '';
    // The default root object is invalidated by its own path, so that is what it is kept under.
    return (path === '/' ? `/${this.options.defaultRootObject ?? 'index.html'}` : path) + query;
  }

  /** Whether one of the paths means what is kept under a key with these tags. */
  matcher(paths: readonly string[]): (key: string, tags: readonly string[]) => boolean {
    const matchers = paths.map(path => this.matcherOf(path));
    return (key, tags) => matchers.some(matches => matches(key, tags));
  }

  private matcherOf(path: string): (key: string, tags: readonly string[]) => boolean {
    if (path.startsWith('#')) {
      return (_, tags) => tags.includes(path.slice(1));
    }
    if (path.endsWith('*')) {
      const prefix = encode(path.slice(0, -1));
      return key => key.startsWith(prefix);
    }
    // A path with a query string names nothing where query strings are no part of the key.
    const named = encode(path);
    const key = named === '/' ? this.of(named) : named;
    return candidate => candidate === key;
  }
}

/** A copy of what the origin answered. */
export type Copy<Answer extends Cacheable> = Answer & { readonly storedAt: number };

export interface EdgeCacheOptions<Answer extends Cacheable> extends CacheKeyOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Asks the origin for the path of a URL, without its query string; `key` is what the answer is kept under. */
  readonly origin: (path: string, key: string) => Promise<Answer>;
}

/** A copy, and where it came from: whether it was there, or is the same as one whose time was up. */
export interface Found<Answer extends Cacheable> {
  readonly copy: Copy<Answer>;
  readonly cached: boolean;
  readonly validated: boolean;
}

/** The cache of a CloudFront distribution: it keeps what the origin answers, and forgets what is invalidated. */
export class EdgeCache<Answer extends Cacheable> {
  private readonly keys: CacheKeys;
  private readonly copies = new Map<string, Copy<Answer>>();
  private readonly fetches = new Map<string, Promise<Copy<Answer>>>();

  constructor(private readonly options: EdgeCacheOptions<Answer>) {
    this.keys = new CacheKeys(options);
  }

  /** The copy of a URL: one that is there and still fresh, or a new one. */
  async find(url: string): Promise<Found<Answer>> {
    const key = this.keys.of(url);
    const copy = this.copies.get(key);
    if (copy !== undefined && this.options.clock.now() < copy.storedAt + copy.ttl) {
      return { copy, cached: true, validated: false };
    }
    // Requests for one file at a time share one request to the origin, as they do at an edge location.
    const fetch = this.fetches.get(key) ?? this.fetch(key);
    const fetched = await fetch;
    return { copy: fetched, cached: false, validated: copy?.validator !== undefined && copy.validator === fetched.validator };
  }

  /** Forgets what the paths name, but for what keeps it all the same. */
  invalidate(paths: readonly string[], isKept: (key: string) => boolean = () => false): void {
    const isNamed = this.keys.matcher(paths);
    const matches = (key: string, tags: readonly string[]) => isNamed(key, tags) && !isKept(key);
    for (const [key, { tags }] of this.copies) {
      if (matches(key, tags)) {
        this.copies.delete(key);
      }
    }
    // What is being fetched may be the old file already. Its tags are not known yet, so a tag takes all of them.
    for (const key of this.fetches.keys()) {
      if (paths.some(path => path.startsWith('#')) || matches(key, [])) {
        this.fetches.delete(key);
      }
    }
  }

  private fetch(key: string): Promise<Copy<Answer>> {
    const storedAt = this.options.clock.now();
    const isWanted = () => this.fetches.get(key) === fetch;
    const fetch = this.options.origin(pathOf(key), key).then(answer => {
      const copy = { ...answer, storedAt };
      if (isWanted()) {
        this.copies.set(key, copy);
      }
      return copy;
    }).finally(() => {
      if (isWanted()) {
        this.fetches.delete(key);
      }
    });
    this.fetches.set(key, fetch);
    return fetch;
  }
}

function pathOf(url: string): string {
  return url.split('?', 1)[0];
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
