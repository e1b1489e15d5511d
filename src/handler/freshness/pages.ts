import { createHash } from 'crypto';
import type { Look, Page } from './check';
import { isFromOrigin, pageVerdict, statusVerdict } from './verdict';
import { Unvisited, visit, type Visit } from './visit';
import { log } from '../log';
import type { CheckProgress, SeenBefore } from '../progress';

/** How much of a body without a validator is read. */
const MAX_BODY_BYTES = 1024 * 1024;

/** Long enough to tell two versions of a page apart, and short enough for a token. */
const VERSION_LENGTH = 8;

/** Visits each page before the invalidation. The result is `null` for a page that cannot be visited. */
export async function seeBefore(urls: readonly string[], until: number): Promise<SeenBefore[]> {
  return Promise.all(urls.map(async (url): Promise<SeenBefore> => {
    try {
      const visited = await look(url, urls, until);
      const { age, cache, location } = visited;
      log('INFO', 'Page visited before the invalidation', { url, status: visited.status, age, cache, location });
      return visited.status === 200 ? [versionOf(visited), isFromOrigin(visited) ? age : 0] : null;
    } catch (error) {
      if (!(error instanceof Unvisited)) {
        throw error;
      }
      log('WARN', 'Page cannot be visited before the invalidation', { url, reason: error.message });
      return null;
    }
  }));
}

/** The pages that the edge must have fetched again since an invalidation. */
export function pagesToFetchAnew(urls: readonly string[], progress: CheckProgress, invalidatedAt: number): Page[] {
  return urls.map((url, index) => ({ url, look: until => lookAgain(urls, index, progress, invalidatedAt, until) }));
}

async function lookAgain(urls: readonly string[], index: number, progress: CheckProgress, invalidatedAt: number, until: number): Promise<Look> {
  const bit = 2 ** index;
  if (Math.floor((progress.anew ?? 0) / bit) % 2 === 1) {
    return { state: 'fresh', words: '' };
  }
  try {
    const visited = await look(urls[index], urls, until);
    const { location } = visited;
    const secondsSince = (Date.now() - invalidatedAt) / 1000;
    const verdict = statusVerdict(visited) ?? pageVerdict(visited, versionOf(visited), progress.before?.[index] ?? null, secondsSince);
    if (verdict.state === 'fresh') {
      progress.anew = (progress.anew ?? 0) + bit;
    }
    return { ...verdict, location };
  } catch (error) {
    if (!(error instanceof Unvisited)) {
      throw error;
    }
    return { state: error.mayHeal ? 'old' : 'hopeless', words: `${error.message}.` };
  }
}

function look(url: string, urls: readonly string[], until: number): Promise<Visit> {
  const hosts = new Set(urls.map(each => new URL(each).host));
  return visit(url, { hosts, maxBytes: MAX_BODY_BYTES, alwaysReads: false }, until);
}

/** A digest of a page's version: of its validator or, without one, of its decoded body, because an edge may compress one copy and not another. */
function versionOf({ validator, content }: Visit): string {
  const version = validator ?? JSON.stringify(content?.decoded ?? content?.sent);
  return createHash('sha256').update(String(version)).digest('hex').slice(0, VERSION_LENGTH);
}
