import { Archive, Unreadable, type FileVersion, type Location } from './archive';
import { cover } from './cover';
import type { Artifact } from './event';
import { Failure } from './failure';
import { findBaselines, NoBaseline } from './history';
import { log } from './log';
import type { Found } from './paths';
import type { Changes } from './progress';
import { Site } from './urls';
import { ALL_PATHS, DEFAULT_MAX_PATHS, quote, type ChangedFilesParameters, type JobParameters } from '../contract';

/** The files of a website, by the keys of their objects. */
export type Files = ReadonlyMap<string, FileVersion>;

/**
 * The paths of what this deployment changes, against all that the cache may hold.
 *
 * @throws Failure, or Busy where another attempt may succeed
 */
export async function findChangedFiles(
  parameters: JobParameters, options: ChangedFilesParameters, artifact: Artifact, until: number,
): Promise<Found> {
  const { pipelineNameVariable, stageName, actionName, onMissingBaseline } = options;
  const pipelineName = options.pipelineName ?? process.env[String(pipelineNameVariable)];
  if (pipelineName === undefined) {
    throw new Failure('ConfigurationError', `changedFiles must name the pipeline: the function has no environment variable ${pipelineNameVariable}`);
  }
  const site = new Site(options);
  try {
    const baselines = await findBaselines({ pipelineName, stageName, actionName, artifactName: artifact.name, parameters }, until);
    const current = await filesOf(artifact.location, site, until);
    const changed = new Set<string>();
    for (const baseline of baselines) {
      // The same object: a stage that is retried, or a rollback to what is deployed.
      if (baseline.bucket !== artifact.location.bucket || baseline.key !== artifact.location.key) {
        await compare(baseline, current, site, options, changed, until);
      }
    }
    const { paths, changes } = pathsOf(changed, current, site, options);
    log('INFO', 'Changed files found', { baselines: baselines.length, files: current.size, paths: paths.length, ...changes });
    return { paths, changes };
  } catch (error) {
    if (!(error instanceof NoBaseline || error instanceof Unreadable)) {
      throw error;
    }
    if (onMissingBaseline === 'FAIL') {
      throw new Failure('JobFailed', `What has changed is not known, since ${error.message}. ` +
        'Invalidate everything once by hand and retry the stage, or let onMissingBaseline be INVALIDATE_ALL.');
    }
    log('WARN', 'What has changed is not known: everything is invalidated', { reason: error.message });
    return { paths: [ALL_PATHS], note: `everything, since ${error.message}` };
  }
}

/** The paths that cover what has changed, and what else they hit. */
export function pathsOf(
  changed: ReadonlySet<string>, current: Files, site: Site, { maxPaths = DEFAULT_MAX_PATHS }: Pick<ChangedFilesParameters, 'maxPaths'>,
): { readonly paths: string[]; readonly changes: Changes } {
  const concerning = [...changed].filter(key => !site.excludes(key));
  const paths = [...new Set(concerning.flatMap(key => site.pathsOf(key)))];
  if (paths.length === 0) {
    return { paths, changes: { changed: 0, unchanged: 0 } };
  }
  const unchanged = [...current.keys()].filter(key => !changed.has(key)).map(key => site.pathOf(key));
  const covered = cover(paths, unchanged, maxPaths);
  return { paths: [...covered.paths], changes: { changed: concerning.length, unchanged: covered.unchanged } };
}

/** The files that are part of the website, by the keys of their objects. */
export async function filesOf(location: Location, site: Site, until: number): Promise<Files> {
  const files = new Map<string, FileVersion>();
  for await (const { key, size, crc32, unreadable } of siteFiles(location, site, until)) {
    if (files.has(key)) {
      throw unreadable(`it has two files named ${quote(key)}`);
    }
    files.set(key, { size, crc32 });
  }
  return files;
}

/**
 * Adds to `changed` what was modified, removed or, since its absence may be in the cache as well, added. The files of the baseline are
 * looked at one by one, and not remembered: there may be a hundred thousand of them.
 */
export async function compare(
  baseline: Location, current: Files, site: Site, { skipAdded = false }: Pick<ChangedFilesParameters, 'skipAdded'>, changed: Set<string>, until: number,
): Promise<void> {
  const known = new Set<FileVersion>();
  for await (const { key, size, crc32 } of siteFiles(baseline, site, until)) {
    const version = current.get(key);
    if (version !== undefined) {
      known.add(version);
    }
    if (version?.size !== size || version.crc32 !== crc32) {
      changed.add(key);
    }
  }
  for (const [key, version] of current) {
    if (!skipAdded && !known.has(version)) {
      changed.add(key);
    }
  }
}

async function* siteFiles(location: Location, site: Site, until: number) {
  const archive = await Archive.open(location, until);
  const unreadable = (words: string) => archive.unreadable(words);
  let count = 0;
  for await (const { name, size, crc32 } of archive.files()) {
    const key = site.keyOf(name);
    count++;
    if (key !== undefined) {
      yield { key, size, crc32, unreadable };
    }
  }
  log('INFO', 'Artifact read', { artifact: `s3://${location.bucket}/${location.key}`, files: count, bytesRead: archive.bytesRead, size: archive.size });
}
