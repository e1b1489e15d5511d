import type { Look, Page } from './check';
import { FRESH, isPassing, pageVerdict, statusVerdict, type Invalidated } from './verdict';
import { Unvisited, visit, type Visit, type Wanted } from './visit';
import { log } from '../log';
import type { CheckProgress } from '../progress';

/** How much of a body is read before the invalidation: an edge may not keep what a visitor did not wait for. */
const MAX_BODY_BYTES = 1024 * 1024;

/** The pages that the edge must have fetched again since an invalidation. */
export function pagesToFetchAnew(urls: readonly string[], progress: CheckProgress, invalidated: (index: number) => Invalidated): Page[] {
  const wanted: Wanted = { hosts: new Set(urls.map(url => new URL(url).host)) };
  return urls.map((url, index) => ({
    url,
    lookBefore: async until => isSeen(await visitBefore(url, { ...wanted, maxBytes: MAX_BODY_BYTES }, until)),
    look: async until => {
      const bit = 2 ** index;
      if (Math.floor((progress.anew ?? 0) / bit) % 2 === 1) {
        return FRESH;
      }
      const seen = await lookAgain(url, wanted, invalidated(index), until);
      progress.anew = (progress.anew ?? 0) + (seen.state === 'fresh' ? bit : 0);
      return seen;
    },
  }));
}

async function lookAgain(url: string, wanted: Wanted, invalidated: Invalidated, until: number): Promise<Look> {
  try {
    const visited = await visit(url, wanted, until);
    return { ...statusVerdict(visited, invalidated) ?? pageVerdict(visited, invalidated), location: visited.location };
  } catch (error) {
    return lookOf(error);
  }
}

/** Visits a page before the invalidation. */
export async function visitBefore(url: string, wanted: Wanted, until: number): Promise<Visit | undefined> {
  try {
    const visited = await visit(url, wanted, until);
    const { status, age, cache, location } = visited;
    log('INFO', 'Page visited before the invalidation', { url, status, age, cache, location });
    return visited;
  } catch (error) {
    log('WARN', 'Page cannot be visited before the invalidation', { url, reason: lookOf(error).words });
    return undefined;
  }
}

/** Whether there was anything that the edge may have kept a copy of. */
export function isSeen(visited: Visit | undefined): boolean {
  return visited !== undefined && !isPassing(visited.status);
}

/** What a page is that could not be visited. */
export function lookOf(error: unknown): Look {
  if (!(error instanceof Unvisited)) {
    throw error;
  }
  return { state: error.mayHeal ? 'old' : 'hopeless', words: `${error.message}.` };
}
