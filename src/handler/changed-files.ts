import { Archive, MEMORY_SIZE, Unreadable, type ArchivedFile, type FileVersion, type Location } from './archive';
import { cover } from './cover';
import type { Artifact } from './event';
import { Failure } from './failure';
import { Doubt, findBaselines, type DeployedArtifact } from './history';
import { log } from './log';
import type { Found } from './paths';
import { count } from './text';
import { Site } from './urls';
import { ALL_PATHS, DEFAULT_MAX_PATHS, quote, type ChangedFilesParameters, type JobParameters } from '../contract';

/** If a larger share of the site has changed, everything is invalidated: that is one path, and little would stay cached anyway. */
const MAX_CHANGED_SHARE = 0.5;

/** A file with a space in its name is seen under several URLs. A function with the default 256 MB has memory for this many, and for the files. */
const MAX_LISTED_PATHS = 600 * MEMORY_SIZE;

/** The share of an invocation's time for reading artifacts. The rest is for CloudFront. */
const READING_SHARE = 0.6;

/** How many file names of an artifact an error message shows. */
const MAX_NAMES_SHOWN = 10;

/** What to do while an archive is read. */
interface Reading {
  readonly onOpen?: (archive: Archive) => void;
  /** Takes the files with doubtful names. @default - those of the site are left out, and so are links */
  readonly doubtful?: Doubtful;
}

/** The files that a deployment may write under another name, also outside the site: under that name, they may be part of it. */
export type Doubtful = Map<string, ArchivedFile>;

/** The files of a website, by their names relative to the base directory. */
export type Files = ReadonlyMap<string, FileVersion>;

/**
 * Finds the paths of what this deployment changes, compared with everything that the cache may contain.
 *
 * @param asOf when the history ends for this job, if an earlier invocation has read it
 * @throws Failure, or Busy if another attempt may succeed
 */
export async function findChangedFiles(
  parameters: JobParameters, changedFiles: ChangedFilesParameters, artifact: Artifact, asOf: number | undefined, until: number,
): Promise<Found> {
  const { pipelineNameVariable, onMissingBaseline } = changedFiles;
  const pipelineName = changedFiles.pipelineName ?? process.env[String(pipelineNameVariable)];
  if (pipelineName === undefined) {
    throw new Failure('ConfigurationError', `changedFiles must have the pipeline's name, but the function has no environment variable ${pipelineNameVariable}`);
  }
  const site = new Site(changedFiles);
  const readUntil = Date.now() + (until - Date.now()) * READING_SHARE;
  try {
    let writtenAt: number | undefined;
    const [changed, doubtful]: [Set<string>, Doubtful] = [new Set(), new Map()];
    const current = await filesOf(artifact, site, until, { onOpen: archive => writtenAt = archive.writtenAt, doubtful }).catch(unlessUnreadable);
    const baselines = await findBaselines({ pipelineName, artifact, parameters, changedFiles, asOf }, until);
    // Only now: whether a deployment is still in progress matters more.
    if (current instanceof Unreadable) {
      throw current;
    }
    const isOwn = ({ bucket, key }: Location) => bucket === artifact.location.bucket && key === artifact.location.key;
    if (baselines.artifacts.some(baseline => isOwn(baseline) && isReplaced(baseline, writtenAt))) {
      throw new Doubt(`the artifact ${artifact.name} has replaced one that was deployed before`);
    }
    const others = baselines.artifacts.filter(baseline => !isOwn(baseline));
    for (const [index, baseline] of others.entries()) {
      if (index > 0 && Date.now() > readUntil) {
        throw new Doubt(`${count(others.length, 'artifact')} may be in the cache, and the function had time to compare only ${index}`);
      }
      const baselineDoubtful: Doubtful = new Map();
      await compare(baseline, current, site, { changed, doubtful: baselineDoubtful }, until);
      const different = differentOf(doubtful, baselineDoubtful) ?? differentOf(baselineDoubtful, doubtful);
      if (different !== undefined) {
        throw new Doubt(`the file name ${quote(different.name)} ${different.doubt}`);
      }
    }
    const [unknown] = site.errorDocumentsOtherThan(file => current.has(file) || changed.has(file));
    if (unknown !== undefined) {
      throw new Doubt(`the artifact ${artifact.name} has no error document ${quote(unknown)}, so whether it has changed cannot be seen. Correct errorDocuments`);
    }
    const found = pathsOf(changed, current, site, changedFiles);
    log('INFO', 'Changed files found', { baselines: baselines.artifacts.length, files: current.size, ...found.changes, note: found.note, paths: found.paths.length });
    return { ...found, asOf: baselines.asOf, changedFiles: parameters.freshnessCheck === null ? undefined : namesOf(changed, site) };
  } catch (error) {
    if (!(error instanceof Doubt || error instanceof Unreadable)) {
      throw error;
    }
    if (onMissingBaseline === 'FAIL') {
      throw new Failure('JobFailed', `Cannot tell what has changed, because ${error.message}. ` +
        'Deploy once with onMissingBaseline set to INVALIDATE_ALL, the default, to invalidate everything. Then set it to FAIL again: the next execution compares with that deployment.');
    }
    log('WARN', 'Cannot tell what has changed: invalidating everything', { reason: error.message });
    return { paths: [ALL_PATHS], note: `everything, because ${error.message}` };
  }
}

function unlessUnreadable(error: unknown): Unreadable {
  if (!(error instanceof Unreadable)) {
    throw error;
  }
  return error;
}

/** A file of the one that is not in the other as it is. */
function differentOf(one: Doubtful, other: Doubtful): ArchivedFile | undefined {
  for (const [key, file] of one) {
    if (!other.has(key)) {
      return file;
    }
  }
  return undefined;
}

/** The artifact names of the changed files that matter to the site. */
function namesOf(changed: ReadonlySet<string>, site: Site): string[] {
  return [...changed].filter(file => !site.excludes(file)).map(file => site.baseDirectory + file);
}

/** The paths that cover what has changed, and how many other files they match. */
export function pathsOf(
  changed: ReadonlySet<string>, current: Files, site: Site, { maxPaths = DEFAULT_MAX_PATHS }: Pick<ChangedFilesParameters, 'maxPaths'>,
): Pick<Found, 'paths' | 'changes' | 'note'> {
  const concerning = [...changed].filter(file => !site.excludes(file));
  if (concerning.length === 0) {
    return { paths: [], changes: { changed: 0, unchanged: 0 } };
  }
  const unchanged = [...current.keys()].filter(file => !changed.has(file));
  const everything = (reason: string) => ({
    paths: [ALL_PATHS], changes: { changed: concerning.length, unchanged: unchanged.length }, note: `everything, because ${reason}`,
  });
  const errorDocument = concerning.find(file => site.isErrorDocument(file));
  if (errorDocument !== undefined) {
    return everything(`the error document ${quote(errorDocument)} has changed and may be cached under any URL`);
  }
  const total = concerning.length + unchanged.length;
  if (concerning.length > total * MAX_CHANGED_SHARE) {
    return everything(`${concerning.length} of ${count(total, 'file')} ${concerning.length === 1 ? 'has' : 'have'} changed`);
  }
  const paths = new Set<string>();
  for (const file of concerning) {
    site.pathsOf(file).forEach(path => paths.add(path));
    if (paths.size > MAX_LISTED_PATHS) {
      return everything(`the changed files are seen under more than ${MAX_LISTED_PATHS} URLs`);
    }
  }
  const covered = cover([...paths], unchanged.map(file => site.pathOf(file)), maxPaths);
  return { paths: [...covered.paths], changes: { changed: concerning.length, unchanged: covered.unchanged } };
}

/**
 * The files that are part of the website.
 *
 * @throws Failure if there are none: every comparison would find that nothing has changed
 */
export async function filesOf({ name, location }: Artifact, site: Site, until: number, reading: Reading = {}): Promise<Files> {
  const files = new Map<string, FileVersion>();
  const atTop = new Set<string>();
  let hasConcern = false;
  for await (const { fileName, file, version, unreadable } of filesIn(location, site, until, reading)) {
    if (atTop.size <= MAX_NAMES_SHOWN) {
      atTop.add(fileName.replace(/\/.*/, '/'));
    }
    if (file === undefined) {
      continue;
    }
    if (files.has(file)) {
      throw unreadable(`it has two files named ${quote(file)}`);
    }
    files.set(file, version);
    hasConcern ||= !site.excludes(file);
  }
  if (!hasConcern) {
    throw new Failure('ConfigurationError', nothingToCompare(name, site, files.size, [...atTop]));
  }
  return files;
}

function nothingToCompare(artifact: string, site: Site, excluded: number, atTop: readonly string[]): string {
  if (excluded > 0) {
    return `exclude must leave at least one file of the artifact ${artifact}, got patterns that exclude all ${excluded}: no change would ever be seen.`;
  }
  const shown = atTop.slice(0, MAX_NAMES_SHOWN).map(quote).join(', ');
  const has = atTop.length === 0 ? 'no files' : `${shown}${atTop.length > MAX_NAMES_SHOWN ? ' and more' : ''} at the top level`;
  return `baseDirectory must be a folder with files in the artifact ${artifact}, got ${quote(site.baseDirectory)}: the artifact has ${has}.`;
}

/** What a comparison adds to. */
export interface Differences {
  readonly changed: Set<string>;
  readonly doubtful: Doubtful;
}

/**
 * Adds to `changed` every file that was modified, removed or added: a "not found" response for an added file may be in the cache. The
 * baseline's files are read one by one and not kept: there may be a hundred thousand of them.
 */
export async function compare(
  baseline: Location & Partial<DeployedArtifact>, current: Files, site: Site, { changed, doubtful }: Differences, until: number,
): Promise<void> {
  const known = new Set<FileVersion>();
  const onOpen = (archive: Archive) => {
    if (isReplaced(baseline, archive.writtenAt)) {
      throw archive.unreadable('another artifact has replaced it since it was deployed');
    }
  };
  for await (const { file, version: { size, crc32 } } of filesIn(baseline, site, until, { onOpen, doubtful })) {
    if (file === undefined) {
      continue;
    }
    const version = current.get(file);
    if (version !== undefined) {
      known.add(version);
    }
    if (version?.size !== size || version.crc32 !== crc32) {
      changed.add(file);
    }
  }
  for (const [file, version] of current) {
    if (!known.has(version)) {
      changed.add(file);
    }
  }
}

/** Whether another artifact has replaced the one that a run used. AWS does not promise a new location for each artifact. */
function isReplaced({ usedAt = Infinity }: Partial<DeployedArtifact>, writtenAt: number | undefined): boolean {
  return writtenAt !== undefined && writtenAt > usedAt;
}

async function* filesIn(location: Location, site: Site, until: number, { onOpen, doubtful }: Reading) {
  const archive = await Archive.open(location, until);
  onOpen?.(archive);
  const unreadable = (words: string) => archive.unreadable(words);
  let files = 0;
  for await (const archived of archive.files()) {
    files++;
    const { name: fileName, size, crc32, isLink, doubt } = archived;
    const file = site.fileOf(fileName);
    const matters = doubt !== undefined || (file !== undefined && !site.excludes(file));
    if (matters && (isLink || doubt !== undefined) && doubtful === undefined) {
      continue;
    }
    if (matters && isLink) {
      throw unreadable(`${quote(fileName)} is a symbolic link, whose target may change without it`);
    }
    if (doubt !== undefined) {
      doubtful?.set(`${fileName} ${size} ${crc32} ${doubt}`, archived);
    }
    yield { fileName, file, version: { size, crc32 }, unreadable };
  }
  log('INFO', 'Artifact read', { artifact: `s3://${location.bucket}/${location.key}`, files, bytesRead: archive.bytesRead, size: archive.size });
}
