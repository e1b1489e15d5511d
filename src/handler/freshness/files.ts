import type { Page, Look } from './check';
import { isSeen, lookOf, visitBefore } from './pages';
import { select } from './select';
import { fileVerdict, statusVerdict, type Invalidated } from './verdict';
import { visit, type Wanted } from './visit';
import { DEFAULT_MAX_PAGES, quote, type ChangedFilesSite, type FilesCheckParameters } from '../../contract';
import { Unreadable, type FileVersion } from '../archive';
import { filesOf } from '../changed-files';
import type { Artifact } from '../event';
import { Failure } from '../failure';
import { isWildcard } from '../paths';
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
  /** The paths that are invalidated, in CloudFront's form. */
  readonly paths: readonly string[];
  /** The same in all invocations of a job. */
  readonly seed: string;
  /** What a copy of each page must be newer than, or `undefined` if nothing was invalidated. */
  readonly invalidated: (index: number) => Invalidated | undefined;
}

/**
 * The pages to visit: those of changed files, if visitors can see any of them; otherwise those of a sample.
 *
 * @throws Failure, or Busy if another attempt may succeed
 */
export async function pagesOfFiles(check: FilesCheck, until: number): Promise<Page[]> {
  const { artifact, files: parameters, changedFilesSite, changedFiles = [], paths, seed, invalidated } = check;
  const { url, maxPages = DEFAULT_MAX_PAGES, include, timeoutSeconds: _, ...siteParameters } = parameters;
  const site = new Site({ ...changedFilesSite, ...withoutAbsent(siteParameters) });
  const isCompared = comparedBy(changedFilesSite);
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
  return select(candidates, file => site.isIndexDocument(file), maxPages, seed).map((file, index) => pageOf({
    urls: site.visitedPathsOf(file).map(path => base + path),
    host,
    expected: files.get(file)!,
    isInvalidated: asked => changed.length > 0 || names(paths, asked),
    isKnownToBeUnchanged: changed.length === 0 && isCompared(site.baseDirectory + file),
    invalidated: () => invalidated(index),
  }));
}

/** Whether `changedFiles` has compared a file of the artifact: its site may be another one. */
function comparedBy(options: ChangedFilesSite | undefined): (name: string) => boolean {
  if (options === undefined) {
    return () => false;
  }
  const site = new Site(options);
  return name => {
    const file = site.fileOf(name);
    return file !== undefined && !site.excludes(file);
  };
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

/** Whether a path names a URL. What a cache tag names, nobody knows. */
function names(paths: readonly string[], url: string): boolean {
  const { pathname, search } = new URL(url);
  const named = pathname + search;
  return paths.some(path => isWildcard(path) ? named.startsWith(path.slice(0, -1)) : named === path);
}

/** A file, and where to find it. */
interface VisitedFile {
  /** The page is at the first of them that has one. */
  readonly urls: readonly string[];
  readonly host: string;
  readonly expected: FileVersion;
  /** Whether the invalidation should have removed the copy of a URL. */
  readonly isInvalidated: (url: string) => boolean;
  /** Whether an old copy of the file is as good as a new one. */
  readonly isKnownToBeUnchanged: boolean;
  readonly invalidated: () => Invalidated | undefined;
}

function pageOf(file: VisitedFile): Page {
  return { url: file.urls[0], lookBefore: until => lookBefore(file, until), look: until => lookAfter(file, until) };
}

async function lookBefore({ urls, host, expected }: VisitedFile, until: number): Promise<boolean> {
  const wanted: Wanted = { hosts: new Set([host]), maxBytes: expected.size };
  for (const url of urls) {
    const visited = await visitBefore(url, wanted, until);
    if (visited === undefined || statusVerdict(visited, undefined)?.state !== 'hopeless') {
      return isSeen(visited);
    }
  }
  return true;
}

async function lookAfter({ urls, host, expected, isInvalidated, isKnownToBeUnchanged, invalidated }: VisitedFile, until: number): Promise<Look> {
  const wanted: Wanted = { hosts: new Set([host]), maxBytes: expected.size };
  let absent: Look | undefined;
  let unclaimed: Look | undefined;
  for (const url of urls) {
    try {
      const visited = await visit(url, wanted, until);
      const { location } = visited;
      const mustBeNew = isInvalidated(url);
      const bound = mustBeNew || !isKnownToBeUnchanged ? invalidated() : undefined;
      const status = statusVerdict(visited, bound);
      const isOldError = status?.state === 'old' && statusVerdict(visited, undefined)?.state === 'hopeless';
      if (status === undefined) {
        const verdict = fileVerdict(visited, expected, bound, mustBeNew);
        return verdict.state === 'fresh' && unclaimed !== undefined ? unclaimed : { ...verdict, location };
      }
      if (status.state === 'old' && (mustBeNew || !isOldError)) {
        return { ...status, location };
      }
      absent = { ...status, location };
      unclaimed = isOldError ? { ...status, state: 'unclaimed', location } : unclaimed;
    } catch (error) {
      return lookOf(error);
    }
  }
  return absent!;
}
