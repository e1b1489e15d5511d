import type { Page, Look } from './check';
import { select } from './select';
import { fileVerdict, statusVerdict } from './verdict';
import { Unvisited, visit } from './visit';
import { DEFAULT_MAX_PAGES, quote, type ChangedFilesSite, type FilesCheckParameters } from '../../contract';
import { Unreadable, type FileVersion } from '../archive';
import { filesOf } from '../changed-files';
import type { Artifact } from '../event';
import { Failure } from '../failure';
import { matching, Site } from '../urls';

/** A larger file takes longer than a visit may. */
const MAX_FILE_BYTES = 10 * 1024 * 1024;

/** Which files of an artifact to visit. */
export interface FilesCheck {
  readonly artifact: Artifact;
  readonly files: FilesCheckParameters;
  /** The options of `changedFiles`, used where the check has none of its own. */
  readonly changedFilesSite?: ChangedFilesSite;
  /** The names of the changed files in the artifact, if known. */
  readonly changedFiles?: readonly string[];
  /** The same in all invocations of a job. */
  readonly seed: string;
  /** When the invalidation was created, in epoch milliseconds. */
  readonly invalidatedAt?: number;
}

/**
 * The pages to visit: those of changed files, if visitors can see any of them; otherwise those of a sample.
 *
 * @throws Failure, or Busy if another attempt may succeed
 */
export async function pagesOfFiles(check: FilesCheck, until: number): Promise<Page[]> {
  const { artifact, files: parameters, changedFilesSite = {}, changedFiles = [], seed, invalidatedAt } = check;
  const { url, maxPages = DEFAULT_MAX_PAGES, include, timeoutSeconds: _, ...siteParameters } = parameters;
  const site = new Site({ ...changedFilesSite, ...withoutAbsent(siteParameters) });
  const files = await read(artifact, site, until);
  const isIncluded = include === undefined ? () => true : matching(include);
  const isVisited = (file: string | undefined): file is string => file !== undefined && isIncluded(file) && !site.excludes(file)
    && Number(files.get(file)?.size) <= MAX_FILE_BYTES && !file.split('/').some(part => part === '.' || part === '..');
  const changed = changedFiles.map(name => site.fileOf(name)).filter(isVisited);
  const candidates = changed.length > 0 ? changed : [...files.keys()].filter(isVisited);
  if (candidates.length === 0) {
    throw new Failure('ConfigurationError', `freshnessCheck has nothing to visit: of the ${files.size} files in the artifact ${artifact.name} below ${quote(site.baseDirectory)}, ` +
      `none is at most 10 MiB${include === undefined ? '' : ` and matches include, ${quote(include)}`}.`);
  }
  const { origin, host, pathname } = new URL(url);
  const base = origin + pathname.replace(/\/+$/, '');
  return select(candidates, file => site.isIndexDocument(file), maxPages, seed)
    .map(file => pageOf(site.visitedPathsOf(file).map(path => base + path), host, files.get(file)!, invalidatedAt));
}

async function read(artifact: Artifact, site: Site, until: number): Promise<ReadonlyMap<string, FileVersion>> {
  try {
    return await filesOf(artifact, site, until);
  } catch (error) {
    throw error instanceof Unreadable ? new Failure('ConfigurationError', `freshnessCheck cannot compare the site with what was deployed, because ${error.message}`) : error;
  }
}

/** An option that was left out must not override one that was set. */
function withoutAbsent<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** The page at the first URL that has one. */
function pageOf(urls: readonly string[], host: string, expected: FileVersion, invalidatedAt: number | undefined): Page {
  const look = async (until: number): Promise<Look> => {
    let absent: Look | undefined;
    for (const url of urls) {
      try {
        const visited = await visit(url, { hosts: new Set([host]), maxBytes: expected.size, alwaysReads: true }, until);
        const { location } = visited;
        const verdict = statusVerdict(visited);
        if (verdict?.state !== 'hopeless') {
          const secondsSince = invalidatedAt === undefined ? undefined : (Date.now() - invalidatedAt) / 1000;
          return { ...verdict ?? fileVerdict(visited, expected, secondsSince), location };
        }
        absent = { ...verdict, location };
      } catch (error) {
        if (!(error instanceof Unvisited)) {
          throw error;
        }
        return { state: error.mayHeal ? 'old' : 'hopeless', words: `${error.message}.` };
      }
    }
    return absent!;
  };
  return { url: urls[0], look };
}
