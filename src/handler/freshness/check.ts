import type { Verdict } from './verdict';
import { Failure, InProgress } from '../failure';
import { log } from '../log';
import type { CheckProgress } from '../progress';
import { count, formatSeconds, truncate } from '../text';

/** What does not heal by waiting is looked at that often in a row: one look may be bad luck. */
const MAX_HOPELESS_LOOKS = 3;

/** How many pages are visited at a time. */
const VISITORS = 10;

/** With less time, a page would be blamed for being cut off. */
const SHORTEST_LOOK = 2_000;

/** Of what a token and a report hold of edge locations. */
const MAX_LOCATIONS_LENGTH = 60;

export interface Look extends Verdict {
  /** The edge location. */
  readonly location?: string;
}

/** A page that is to be seen fresh. */
export interface Page {
  readonly url: string;
  look(until: number): Promise<Look>;
}

export interface CheckOptions {
  /** Such as `seen fresh`. */
  readonly goal: string;
  readonly timeoutSeconds: number;
  readonly progress: CheckProgress;
}

/** Looks at pages, again and again, until each was seen fresh. */
export class Check {
  private readonly open: Set<Page>;
  private readonly looks = new Map<Page, Look>();

  constructor(private readonly pages: readonly Page[], private readonly options: CheckOptions) {
    this.open = new Set(pages);
    options.progress.since ??= Date.now();
  }

  /**
   * Looks once at each page that was not seen fresh yet.
   *
   * @throws InProgress where another look may see them all fresh; Failure where it would not, or where the time is up
   */
  async look(until: number): Promise<void> {
    const { progress, timeoutSeconds } = this.options;
    if (until - Date.now() < SHORTEST_LOOK) {
      throw new InProgress(this.words());
    }
    await inParallel([...this.open], VISITORS, async page => this.note(page, await page.look(until)));
    if (this.open.size === 0) {
      progress.pages = this.pages.length;
      return;
    }
    progress.hopeless = this.hopelessPages().length > 0 ? (progress.hopeless ?? 0) + 1 : 0;
    if (progress.hopeless >= MAX_HOPELESS_LOOKS) {
      throw new Failure('JobFailed', this.words());
    }
    if (Date.now() >= progress.since! + timeoutSeconds * 1000) {
      throw new Failure('JobFailed', `Gave up after ${formatSeconds(timeoutSeconds)} (timeout of freshnessCheck). ${this.words()}`);
    }
    throw new InProgress(this.words());
  }

  private note(page: Page, look: Look): void {
    const { progress, goal } = this.options;
    const { state, location, words } = look;
    if (this.looks.get(page)?.state !== state) {
      log(state === 'fresh' ? 'INFO' : 'WARN', state === 'fresh' ? `Page is ${goal}` : `Page is not ${goal}`, { url: page.url, location, state, seen: words || undefined });
    }
    this.looks.set(page, look);
    if (state === 'fresh') {
      this.open.delete(page);
      const known = progress.location?.split(', ') ?? [];
      if (location !== undefined && !known.includes(location)) {
        progress.location = truncate([...known, location].join(', '), MAX_LOCATIONS_LENGTH);
      }
    }
  }

  private hopelessPages(): Page[] {
    return [...this.open].filter(page => this.looks.get(page)?.state === 'hopeless');
  }

  /** What a person needs to know: of one page all of it, and how many others there are. */
  private words(): string {
    const [worst = [...this.open][0]] = this.hopelessPages();
    const others = this.open.size - 1;
    const also = others === 0 ? '' : ` So ${others === 1 ? 'is' : 'are'} ${count(others, 'other')} of ${count(this.pages.length, 'page')}: see the function's log.`;
    return `${worst.url} is not ${this.options.goal}: ${this.looks.get(worst)?.words ?? 'it was not visited yet.'}${also}`;
  }
}

async function inParallel<T>(items: readonly T[], workers: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  await Promise.all(Array.from({ length: workers }, async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      await work(item);
    }
  }));
}
