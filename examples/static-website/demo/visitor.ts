import type { IncomingHttpHeaders } from 'http';
import { request } from 'https';
import { read, urlPathOf, type Site } from './site';
import { bad, faint, good, type Timeline } from './timeline';
import type { World } from './world';

/** How often the visitor reloads the page, and how often that is told while nothing changes, in milliseconds. */
const RELOAD = 250;
const TELL = 2_000;

/** What a visitor got. */
export interface Visit {
  /** As it stands in the address bar. */
  readonly path: string;
  /** 1 or 2, both where the file is the same in both, neither where it is something else. */
  readonly versions: readonly number[];
  readonly cache: string;
  readonly age?: string;
}

/** Somebody who looks at the site, through CloudFront. */
export class Visitor {
  private readonly width: number;

  constructor(private readonly world: World, private readonly site: Site, private readonly timeline: Timeline, shown: readonly string[]) {
    this.width = Math.max(...shown.map(file => urlPathOf(file).length));
  }

  async visit(file: string): Promise<Visit> {
    const path = urlPathOf(file);
    const { status, headers, body } = await get(this.world.edge.url + path, this.world.certificate);
    const cache = String(headers['x-cache']);
    return {
      path,
      versions: [1, 2].filter(version => status === 200 && body.equals(read(this.site.versions[version - 1], file))),
      cache,
      // CloudFront leaves an age of 0 out.
      age: cache.startsWith('Hit') ? headers.age ?? '0' : undefined,
    };
  }

  /** Visits a page and tells of it. */
  async look(file: string, current: number): Promise<Visit> {
    const visit = await this.visit(file);
    this.tell(visit, current);
    return visit;
  }

  /** Reloads a page again and again, and tells of it when it changes and every few seconds. Returns what ends it. */
  reload(file: string, current: number): () => Promise<void> {
    let stopped = false;
    const loop = async () => {
      let last = '';
      let toldAt = 0;
      while (!stopped) {
        const visit = await this.visit(file);
        if (last !== visit.versions.join() || (Date.now() - toldAt >= TELL && !isFresh(visit, current))) {
          this.tell(visit, current);
          last = visit.versions.join();
          toldAt = Date.now();
        }
        await new Promise(resolve => setTimeout(resolve, RELOAD));
      }
    };
    const looping = loop();
    return () => {
      stopped = true;
      return looping;
    };
  }

  private tell(visit: Visit, current: number): void {
    const version = isFresh(visit, current)
      ? good(`version ${current}`)
      : bad(visit.versions.length === 0 ? 'another page' : `version ${visit.versions.join()}`);
    const cache = visit.age === undefined ? visit.cache : `${visit.cache}, ${visit.age} s old`;
    this.timeline.event('visitor', `${visit.path.padEnd(this.width)}  ${version}  ${faint(cache)}`);
  }
}

interface Answer {
  readonly status?: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A browser would ask whether to trust the certificate. */
function get(url: string, ca: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(url, { ca }, response => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }));
    }).on('error', reject).end();
  });
}

export function isFresh({ versions }: Visit, current: number): boolean {
  return versions.includes(current);
}
