import type { IncomingHttpHeaders } from 'http';
import { Agent, request } from 'https';
import { deployed, urlPathOf, type Site } from './site';
import { pageName, shorten } from './text';
import { bad, faint, good, TEXT_WIDTH, type Timeline } from './timeline';
import type { World } from './world';

/** How often the visitor reloads the page, and how often that is told while nothing changes, in milliseconds. */
const RELOAD = 250;
const TELL = 2_000;

/** How many pages are visited at a time where none of the visits is told. */
const AT_A_TIME = 8;

/** What a visitor got. */
export interface Visit {
  readonly file: string;
  /** 1 or 2, both where it is the same in both, neither where it is something else. */
  readonly versions: readonly number[];
  readonly cache: string;
  /** Seconds since the start of the timeline. */
  readonly at: number;
}

/** Somebody who looks at the site, through CloudFront. */
export class Visitor {
  /** The visits that were told, and those of the page that was reloaded. */
  readonly looks: Visit[] = [];

  private readonly agent: Agent;

  constructor(private readonly world: World, private readonly site: Site, private readonly timeline: Timeline) {
    this.agent = new Agent({ ca: world.certificate, keepAlive: true, maxSockets: AT_A_TIME });
  }

  async visit(file: string): Promise<Visit> {
    const { status, headers, body } = await this.get(this.world.edge.url + urlPathOf(file));
    const [outcome] = String(headers['x-cache']).split(' ');
    return {
      file,
      versions: ([1, 2] as const).filter(version => status === 200 && deployed(this.site, version, file)?.equals(body)),
      // CloudFront leaves an age of 0 out.
      cache: outcome === 'Hit' ? `Hit, ${String(headers.age ?? 0)} s old` : outcome,
      at: this.timeline.now(),
    };
  }

  /** Visits pages, and tells nothing of them. */
  async visitAll(files: readonly string[]): Promise<Visit[]> {
    const visits: Visit[] = [];
    for (let index = 0; index < files.length; index += AT_A_TIME) {
      visits.push(...await Promise.all(files.slice(index, index + AT_A_TIME).map(file => this.visit(file))));
    }
    return visits;
  }

  /** Visits a page and tells of it. */
  async look(file: string, current: number): Promise<Visit> {
    const visit = await this.visit(file);
    this.looks.push(visit);
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
        this.looks.push(visit);
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
    const { file, versions, cache } = visit;
    const version = versions.length === 0 ? 'another page' : versions.length === 2 && current === 2 ? 'unchanged' : `version ${versions[0]}`;
    const told = `${version}  ${cache.padEnd('Hit, 10 s old'.length)}  `;
    this.timeline.event('visitor', `${(isFresh(visit, current) ? good : bad)(version)}${faint(told.slice(version.length))}` +
      shorten(pageName(file), TEXT_WIDTH - told.length));
  }

  private get(url: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const visit = request(url, { agent: this.agent }, response => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }));
      });
      // An edge may close a connection that was idle at the moment at which it is used again.
      visit.on('error', error => visit.reusedSocket ? resolve(this.get(url)) : reject(error)).end();
    });
  }
}

interface Answer {
  readonly status?: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export function isFresh({ versions }: Visit, current: number): boolean {
  return versions.includes(current);
}
