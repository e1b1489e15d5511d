import type { ServerResponse } from 'http';
import { gzipSync } from 'zlib';

/** What goes wrong with a visit. */
export type EdgeFaultKind =
  /** No answer at all. */
  | { readonly hang: true }
  /** The connection is reset. */
  | { readonly reset: true }
  /** Another answer than the page. */
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string | Buffer }
  /** To another place. */
  | { readonly redirect: string }
  /** A body that never ends. */
  | { readonly endless: true }
  /** A few megabytes that decompress to gigabytes. */
  | { readonly bomb: true }
  /** A body that is shorter than it says. */
  | { readonly wrongLength: true };

export interface EdgeFault {
  /** The URL that is asked for. */
  readonly path: string;
  readonly fault: EdgeFaultKind;
  /** How many visits it strikes. @default Infinity */
  readonly times?: number;
  /** How many visits it lets pass first. @default 0 */
  readonly skip?: number;
}

const CHUNK = Buffer.alloc(64 * 1024, 'x');

/** 25 MB of nothing, compressed, a hundred times. Made when it is needed: that takes a while. */
let bomb: Buffer | undefined;
const makeBomb = () => Buffer.concat(Array<Buffer>(100).fill(gzipSync(Buffer.alloc(25 * 1024 * 1024), { level: 9 })));

/** The faults of an edge that are in force. */
export class EdgeFaults {
  private readonly active: { readonly fault: EdgeFault; seen: number; hits: number }[] = [];
  private readonly kept = new Set<string>();
  private readonly keptInRegion = new Set<string>();

  /** @returns how many visits it has struck */
  add(fault: EdgeFault): { readonly hits: number } {
    const entry = { fault, seen: 0, hits: 0 };
    this.active.push(entry);
    return entry;
  }

  /** Invalidations complete and leave a page old: everywhere, or in the regional cache only. Returns what ends it. */
  keep(path: string, where: 'edge' | 'region' = 'edge'): () => void {
    const kept = where === 'edge' ? this.kept : this.keptInRegion;
    kept.add(path);
    return () => kept.delete(path);
  }

  keeps(key: string): boolean {
    return this.kept.has(key);
  }

  keepsInRegion(key: string): boolean {
    return this.kept.has(key) || this.keptInRegion.has(key);
  }

  /** What happens to this visit instead of an answer, if anything. Asking counts as a visit. */
  strike(url: string): ((response: ServerResponse) => void) | undefined {
    for (const entry of this.active) {
      const { path, fault, times = Infinity, skip = 0 } = entry.fault;
      if (path !== url) {
        continue;
      }
      entry.seen++;
      if (entry.seen > skip && entry.hits < times) {
        entry.hits++;
        return response => answer(response, fault);
      }
    }
    return undefined;
  }
}

function answer(response: ServerResponse, fault: EdgeFaultKind): void {
  if ('hang' in fault) {
    return;
  }
  if ('reset' in fault) {
    response.destroy();
  } else if ('redirect' in fault) {
    response.writeHead(301, { location: fault.redirect }).end();
  } else if ('endless' in fault) {
    response.writeHead(200, { 'content-type': 'text/html', 'x-cache': 'Miss from cloudfront' });
    const more = () => {
      while (!response.destroyed && response.write(CHUNK));
    };
    response.on('drain', more);
    more();
  } else if ('bomb' in fault) {
    response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip', 'x-cache': 'Miss from cloudfront' }).end(bomb ??= makeBomb());
  } else if ('wrongLength' in fault) {
    response.writeHead(200, { 'content-type': 'text/html', 'content-length': 1_000, 'x-cache': 'Miss from cloudfront' });
    response.write('too short');
    setTimeout(() => response.destroy(), 10);
  } else {
    response.writeHead(fault.status, { 'x-cache': 'Error from cloudfront', ...fault.headers }).end(fault.body);
  }
}
