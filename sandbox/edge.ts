import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'http';
import { createServer as createTlsServer } from 'https';
import type { AddressInfo } from 'net';
import { brotliCompressSync, constants, gzipSync } from 'zlib';
import type { Certificate } from './certificate';
import type { Clock } from './clock';
import type { CloudFront } from './cloudfront';
import { EdgeCache, type CacheKeyOptions, type Found } from './edge-cache';
import { EdgeFaults } from './edge-faults';
import { EdgeOrigin, type EdgeOriginOptions, type OriginAnswer } from './edge-origin';

/** CloudFront compresses nothing shorter. */
const MIN_COMPRESSED = 1_000;

/** The best quality takes seconds for a megabyte, while nobody else is served. */
const QUICKLY = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };

export interface EdgeOptions extends CacheKeyOptions, EdgeOriginOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Where the edge hears of invalidations. */
  readonly cloudFront: Pick<CloudFront, 'onInvalidation'>;
  /** A function where it is known only once the edge serves. */
  readonly distributionId: string | (() => string);
  /** @default - a free one */
  readonly port?: number;
  /** For `https:`. @default - `http:` */
  readonly certificate?: Certificate;
  /** @default 'DUB56-P1' */
  readonly location?: string;
  /** Whether there is a cache between the edge location and the origin. @default true */
  readonly hasRegionalCache?: boolean;
  /** What `X-Cache` says of a hit in the regional cache: AWS does not say. @default 'Miss' */
  readonly regionalHit?: 'Hit' | 'Miss';
  /** Whether a response headers policy removes `X-Cache` and `Age`. @default false */
  readonly hidesCache?: boolean;
  /** A function on viewer requests, before the cache is looked at. @default - none */
  readonly rewrite?: (url: string) => string;
}

/** A CloudFront distribution as visitors meet it: a cache in front of a folder, which forgets what is invalidated. */
export class Edge {
  static async start(options: EdgeOptions): Promise<Edge> {
    const edge = new Edge(options);
    await new Promise<void>(resolve => edge.server.listen(options.port ?? 0, '127.0.0.1', resolve));
    options.cloudFront.onInvalidation(invalidation => {
      const { distributionId } = options;
      if (invalidation.distributionId === (typeof distributionId === 'function' ? distributionId() : distributionId)) {
        edge.invalidate(invalidation.paths);
      }
    });
    return edge;
  }

  /** What goes wrong with visits. */
  readonly faults = new EdgeFaults();
  /** Every visit, in the order of arrival. */
  readonly visits: { readonly url: string; readonly headers: IncomingMessage['headers'] }[] = [];

  private readonly server: Server;
  private readonly origin: EdgeOrigin;
  private readonly cache: EdgeCache<OriginAnswer>;
  private readonly regionalCache?: EdgeCache<OriginAnswer>;

  private constructor(private readonly options: EdgeOptions) {
    this.origin = new EdgeOrigin(options);
    this.cache = new EdgeCache({ ...options, origin: (path, key) => this.ask(path, key) });
    this.regionalCache = options.hasRegionalCache === false ? undefined : new EdgeCache({ ...options, origin: path => this.origin.ask(path) });
    const listener: RequestListener = (request, response) => {
      this.serve(request, response).catch(() => response.destroy());
    };
    this.server = options.certificate === undefined ? createServer(listener) : createTlsServer(options.certificate, listener);
  }

  get url(): string {
    return `${this.options.certificate === undefined ? 'http' : 'https'}://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Forgets what the paths name. Sandboxes call it by themselves when an invalidation takes effect. */
  invalidate(paths: readonly string[]): void {
    this.cache.invalidate(paths, key => this.faults.keeps(key));
    this.regionalCache?.invalidate(paths, key => this.faults.keepsInRegion(key));
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
    const asked = request.url ?? '/';
    this.visits.push({ url: asked, headers: request.headers });
    const url = this.options.rewrite?.(asked) ?? asked;
    const fault = this.faults.strike(asked);
    if (fault !== undefined) {
      fault(response);
      return;
    }
    const { copy, ...found } = await this.cache.find(url);
    const encoding = encodingFor(copy, String(request.headers['accept-encoding'] ?? ''));
    const body = encoding === undefined ? copy.body : encoding === 'br' ? brotliCompressSync(copy.body, QUICKLY) : gzipSync(copy.body);
    response.writeHead(copy.status, {
      ...copy.headers,
      ...encoding !== undefined && { 'content-encoding': encoding, 'vary': 'Accept-Encoding' },
      ...encoding !== undefined && copy.validator !== undefined && { etag: `W/${copy.validator}` },
      'content-length': body.length,
      'x-amz-cf-pop': this.options.location ?? 'DUB56-P1',
      ...this.options.hidesCache !== true && this.cacheHeaders({ copy, ...found }),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  private cacheHeaders({ copy, cached, validated }: Found<OriginAnswer>): Record<string, string> {
    const age = copy.age + Math.floor((this.options.clock.now() - copy.storedAt) / 1000);
    const outcome = cached ? 'Hit' : validated ? 'RefreshHit' : copy.isCopy ? this.options.regionalHit ?? 'Miss' : 'Miss';
    return {
      'x-cache': `${copy.status >= 400 ? 'Error' : outcome} from cloudfront`,
      ...age > 0 && { age: String(age) },
    };
  }

  /** Asks the regional cache, or the origin where there is none. */
  private async ask(path: string, key: string): Promise<OriginAnswer> {
    if (this.regionalCache === undefined) {
      return this.origin.ask(path);
    }
    const { copy, cached } = await this.regionalCache.find(key);
    const kept = this.options.clock.now() - copy.storedAt;
    return { ...copy, age: copy.age + Math.floor(kept / 1000), ttl: copy.ttl - kept, isCopy: cached };
  }
}

/** What CloudFront compresses, where the visitor takes it. */
function encodingFor({ status, headers, body }: OriginAnswer, accepted: string): 'br' | 'gzip' | undefined {
  const isCompressible = status === 200 && body.length >= MIN_COMPRESSED && /^(text\/|application\/(json|xml|manifest)|image\/svg)/.test(headers['content-type']);
  return isCompressible ? (['br', 'gzip'] as const).find(encoding => accepted.split(/[ ,;]+/).includes(encoding)) : undefined;
}
