import { Archive, Unreadable, type FileVersion, type Location } from './archive';
import { cover } from './cover';
import type { Artifact } from './event';
import { Failure } from './failure';
import { Doubt, findBaselines, type DeployedArtifact } from './history';
import { log } from './log';
import type { Found } from './paths';
import { count } from './text';
import { Site } from './urls';
import { ALL_PATHS, DEFAULT_MAX_PATHS, quote, type ChangedFilesParameters, type JobParameters } from '../contract';

/** When more of a site has changed, everything goes: it is one path, and little would have stayed. */
const MAX_CHANGED_SHARE = 0.5;

/** How much of an invocation's time goes into reading artifacts; the rest is for CloudFront. */
const READING_SHARE = 0.6;

/** How many names of an artifact an error message shows. */
const MAX_NAMES_SHOWN = 10;

/** The files of a website, by their names below its base directory. */
export type Files = ReadonlyMap<string, FileVersion>;

/**
 * The paths of what this deployment changes, against all that the cache may hold.
 *
 * @param asOf when the history ends for this job, where an earlier invocation has read it
 * @throws Failure, or Busy where another attempt may succeed
 */
export async function findChangedFiles(
  parameters: JobParameters, changedFiles: ChangedFilesParameters, artifact: Artifact, asOf: number | undefined, until: number,
): Promise<Found> {
  const { pipelineNameVariable, onMissingBaseline } = changedFiles;
  const pipelineName = changedFiles.pipelineName ?? process.env[String(pipelineNameVariable)];
  if (pipelineName === undefined) {
    throw new Failure('ConfigurationError', `changedFiles must name the pipeline: the function has no environment variable ${pipelineNameVariable}`);
  }
  const site = new Site(changedFiles);
  const readUntil = Date.now() + (until - Date.now()) * READING_SHARE;
  try {
    let writtenAt: number | undefined;
    const current = await filesOf(artifact, site, until, archive => writtenAt = archive.writtenAt);
    const baselines = await findBaselines({ pipelineName, artifact, parameters, changedFiles, asOf }, until);
    const isOwn = ({ bucket, key }: Location) => bucket === artifact.location.bucket && key === artifact.location.key;
    if (baselines.artifacts.some(baseline => isOwn(baseline) && isReplaced(baseline, writtenAt))) {
      throw new Doubt(`the artifact ${artifact.name} has taken the place of one that was deployed before`);
    }
    const others = baselines.artifacts.filter(baseline => !isOwn(baseline));
    const changed = new Set<string>();
    for (const [index, baseline] of others.entries()) {
      if (index > 0 && Date.now() > readUntil) {
        throw new Doubt(`${count(others.length, 'artifact')} may be in the cache, and the function has time to compare ${index}`);
      }
      await compare(baseline, current, site, changed, until);
    }
    const found = pathsOf(changed, current, site, changedFiles);
    log('INFO', 'Changed files found', { baselines: baselines.artifacts.length, files: current.size, ...found.changes, note: found.note, paths: found.paths.length });
    return { ...found, asOf: baselines.asOf, changedFiles: parameters.freshnessCheck === null ? undefined : namesOf(changed, site) };
  } catch (error) {
    if (!(error instanceof Doubt || error instanceof Unreadable)) {
      throw error;
    }
    if (onMissingBaseline === 'FAIL') {
      throw new Failure('JobFailed', `What has changed is not known, since ${error.message}. ` +
        'Deploy once with onMissingBaseline INVALIDATE_ALL, the default: it invalidates everything. With FAIL again, the next execution compares with that one.');
    }
    log('WARN', 'What has changed is not known: everything is invalidated', { reason: error.message });
    return { paths: [ALL_PATHS], note: `everything, since ${error.message}` };
  }
}

/** The names in the artifact of the files whose change concerns the site. */
function namesOf(changed: ReadonlySet<string>, site: Site): string[] {
  return [...changed].filter(file => !site.excludes(file)).map(file => site.baseDirectory + file);
}

/** The paths that cover what has changed, and what else they hit. */
export function pathsOf(
  changed: ReadonlySet<string>, current: Files, site: Site, { maxPaths = DEFAULT_MAX_PATHS }: Pick<ChangedFilesParameters, 'maxPaths'>,
): Pick<Found, 'paths' | 'changes' | 'note'> {
  const concerning = [...changed].filter(file => !site.excludes(file));
  if (concerning.length === 0) {
    return { paths: [], changes: { changed: 0, unchanged: 0 } };
  }
  const unchanged = [...current.keys()].filter(file => !changed.has(file));
  const everything = (reason: string) => ({
    paths: [ALL_PATHS], changes: { changed: concerning.length, unchanged: unchanged.length }, note: `everything, since ${reason}`,
  });
  const errorDocument = concerning.find(file => site.isErrorDocument(file));
  if (errorDocument !== undefined) {
    return everything(`the error document ${quote(errorDocument)} has changed, which may be in the cache under any URL`);
  }
  const total = concerning.length + unchanged.length;
  if (concerning.length > total * MAX_CHANGED_SHARE) {
    return everything(`${concerning.length} of ${count(total, 'file')} have changed`);
  }
  const paths = [...new Set(concerning.flatMap(file => site.pathsOf(file)))];
  const covered = cover(paths, unchanged.map(file => site.pathOf(file)), maxPaths);
  return { paths: [...covered.paths], changes: { changed: concerning.length, unchanged: covered.unchanged } };
}

/**
 * The files that are part of the website.
 *
 * @throws Failure where there are none: every comparison would find that nothing has changed
 */
export async function filesOf({ name, location }: Artifact, site: Site, until: number, onOpen?: (archive: Archive) => void): Promise<Files> {
  const files = new Map<string, FileVersion>();
  const atTop = new Set<string>();
  let hasConcern = false;
  for await (const { fileName, file, size, crc32, unreadable } of filesIn(location, site, until, onOpen)) {
    if (atTop.size <= MAX_NAMES_SHOWN) {
      atTop.add(fileName.replace(/\/.*/, '/'));
    }
    if (file === undefined) {
      continue;
    }
    if (files.has(file)) {
      throw unreadable(`it has two files named ${quote(file)}`);
    }
    files.set(file, { size, crc32 });
    hasConcern ||= !site.excludes(file);
  }
  if (!hasConcern) {
    throw new Failure('ConfigurationError', nothingToCompare(name, site, files.size, [...atTop]));
  }
  return files;
}

function nothingToCompare(artifact: string, site: Site, excluded: number, atTop: readonly string[]): string {
  if (excluded > 0) {
    return `exclude must leave a file of the site, and takes all ${excluded} of the artifact ${artifact}: no change would ever be seen.`;
  }
  const shown = atTop.slice(0, MAX_NAMES_SHOWN).map(quote).join(', ');
  const has = atTop.length === 0 ? 'no files' : `${shown}${atTop.length > MAX_NAMES_SHOWN ? ' and more' : ''} at its top`;
  return `baseDirectory must be a folder of the artifact ${artifact} that has files, got ${quote(site.baseDirectory)}: the artifact has ${has}.`;
}

/**
 * Adds to `changed` what was modified, removed or, since its absence may be in the cache as well, added. The files of the baseline are
 * looked at one by one, and not remembered: there may be a hundred thousand of them.
 */
export async function compare(
  baseline: Location & Partial<DeployedArtifact>, current: Files, site: Site, changed: Set<string>, until: number,
): Promise<void> {
  const known = new Set<FileVersion>();
  const check = (archive: Archive) => {
    if (isReplaced(baseline, archive.writtenAt)) {
      throw archive.unreadable('another has taken its place since it was deployed');
    }
  };
  for await (const { file, size, crc32 } of filesIn(baseline, site, until, check)) {
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

/** Whether something else is where an artifact was. CodePipeline promises no place of its own to each artifact. */
function isReplaced({ usedAt = Infinity }: Partial<DeployedArtifact>, writtenAt: number | undefined): boolean {
  return writtenAt !== undefined && writtenAt > usedAt;
}

async function* filesIn(location: Location, site: Site, until: number, onOpen?: (archive: Archive) => void) {
  const archive = await Archive.open(location, until);
  onOpen?.(archive);
  const unreadable = (words: string) => archive.unreadable(words);
  let files = 0;
  for await (const { name: fileName, size, crc32 } of archive.files()) {
    files++;
    yield { fileName, file: site.fileOf(fileName), size, crc32, unreadable };
  }
  log('INFO', 'Artifact read', { artifact: `s3://${location.bucket}/${location.key}`, files, bytesRead: archive.bytesRead, size: archive.size });
}
