import type { Verdict } from './verdict';
import { sleep } from '../budget';
import { Failure, InProgress } from '../failure';
import { log } from '../log';
import type { CheckProgress } from '../progress';
import { count, formatSeconds, truncate } from '../text';

/** How many looks in a row must see a problem that waiting does not fix: a single one may be an accident. */
const MAX_HOPELESS_LOOKS = 3;

/** How many pages are visited at a time. */
const VISITORS = 10;

/** With less time than this, the time limit would make a good page look bad. */
const SHORTEST_LOOK = 2_000;

/** How long the visits before the invalidation may delay it: a site that hangs must not keep its pages old. */
const LONGEST_LOOK_BEFORE = 20_000;

/** How often a page, or the artifact that names it, is tried then, and how long after a failure: without a visit then, one later proves nothing. */
export const MAX_LOOKS_BEFORE = 3;
export const PAUSE_BEFORE = 1_000;

/** The length of the list of edge locations in a token and a report. */
const MAX_LOCATIONS_LENGTH = 50;

export interface Look extends Verdict {
  /** The edge location. */
  readonly location?: string;
}

/** A page to check. */
export interface Page {
  readonly url: string;
  /**
   * Visits the page before the invalidation, so that the edge has a copy to lose.
   *
   * @returns whether it could be visited
   */
  lookBefore(until: number): Promise<boolean>;
  look(until: number): Promise<Look>;
}

export interface CheckOptions {
  /** What a page must be, such as `seen fresh`. */
  readonly goal: string;
  readonly timeoutSeconds: number;
  readonly progress: CheckProgress;
}

/**
 * Visits pages before the invalidation. What cannot be visited does not stop the invalidation.
 *
 * @returns the indexes of those that could be visited
 */
export async function lookBefore(pages: readonly Page[], until: number): Promise<number[]> {
  const seen = new Set<number>();
  const end = Math.min(until, Date.now() + LONGEST_LOOK_BEFORE);
  for (let attempt = 0; attempt < MAX_LOOKS_BEFORE && seen.size < pages.length; attempt++) {
    if (attempt > 0) {
      if (Date.now() + PAUSE_BEFORE >= end) {
        break;
      }
      await sleep(PAUSE_BEFORE);
    }
    await inParallel([...pages.entries()].filter(([index]) => !seen.has(index)), VISITORS, async ([index, page]) => {
      if (await page.lookBefore(end)) {
        seen.add(index);
      }
    });
  }
  return [...seen].sort((one, other) => one - other);
}

/** Visits pages until each has been seen fresh, except for those of which nothing is claimed. */
export class Check {
  private readonly open: Set<Page>;
  private readonly looks = new Map<Page, Look>();

  constructor(private readonly pages: readonly Page[], private readonly options: CheckOptions) {
    this.open = new Set(pages);
    options.progress.since ??= Date.now();
  }

  /**
   * Visits once each page that has not been seen fresh yet.
   *
   * @throws InProgress if another look may see them all fresh; Failure if it would not, or if the time is up
   */
  async look(until: number): Promise<void> {
    const { progress, timeoutSeconds } = this.options;
    if (until - Date.now() < SHORTEST_LOOK) {
      throw new InProgress(this.words());
    }
    await inParallel([...this.open], VISITORS, async page => this.note(page, await page.look(until)));
    const fresh = this.pages.length - this.open.size;
    if (fresh > 0 && [...this.open].every(page => this.looks.get(page)?.state === 'unclaimed')) {
      progress.pages = fresh;
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
      log(state === 'fresh' || state === 'unclaimed' ? 'INFO' : 'WARN', state === 'fresh' ? `Page was ${goal}` : `Page was not ${goal}`, { url: page.url, location, state, seen: words || undefined });
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

  /** The message: all about one page, and how many others there are. */
  private words(): string {
    const open = [...this.open];
    const worst = this.hopelessPages()[0] ?? open.find(page => this.looks.get(page)?.state !== 'unclaimed') ?? open[0];
    const others = this.open.size - 1;
    const also = others === 0 ? '' : ` The same is true of ${others} more of ${count(this.pages.length, 'page')}: see the function's log.`;
    return `${worst.url} was not ${this.options.goal}: ${this.looks.get(worst)?.words ?? 'it has not been visited yet.'}${also}`;
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
