import { Archive, Unreadable, type FileVersion, type Location } from './archive';
import { cover } from './cover';
import type { Artifact } from './event';
import { Failure } from './failure';
import { findBaselines, NoBaseline } from './history';
import { log } from './log';
import type { Found } from './path-source';
import { Site } from './urls';
import { ALL_PATHS, DEFAULT_MAX_PATHS, type ChangedFilesParameters, type JobParameters } from '../contract';

/**
 * The paths of what this deployment changes, against all that the cache may hold.
 *
 * @throws Failure, or Busy where another attempt may succeed
 */
export async function findChangedFiles(
  parameters: JobParameters, options: ChangedFilesParameters, artifact: Artifact, until: number,
): Promise<Found> {
  const { pipelineNameVariable, stageName, actionName, maxPaths = DEFAULT_MAX_PATHS, skipAdded = false, onMissingBaseline } = options;
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
        changesOf(await filesOf(baseline, site, until), current, skipAdded).forEach(key => changed.add(key));
      }
    }
    const concerning = [...changed].filter(key => !site.excludes(key));
    const unchanged = [...current.keys()].filter(key => !changed.has(key));
    const paths = [...new Set(concerning.flatMap(key => site.pathsOf(key)))];
    const covered = paths.length === 0 ? { paths, unchanged: 0 } : cover(paths, unchanged.map(key => site.pathOf(key)), maxPaths);
    log('INFO', 'Changed files found', {
      baselines: baselines.length, files: current.size, changed: concerning.length, paths: covered.paths.length, unchanged: covered.unchanged,
    });
    return { paths: [...covered.paths], changes: { changed: concerning.length, unchanged: covered.unchanged } };
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

/** The files that are part of the website, by the keys of their objects. */
async function filesOf(location: Location, site: Site, until: number): Promise<Map<string, FileVersion>> {
  const archive = await Archive.open(location, until);
  const files = new Map<string, FileVersion>();
  for (const [name, version] of await archive.files()) {
    const key = site.keyOf(name);
    if (key !== undefined) {
      files.set(key, version);
    }
  }
  log('INFO', 'Artifact read', { artifact: `s3://${location.bucket}/${location.key}`, files: files.size, bytesRead: archive.bytesRead, size: archive.size });
  return files;
}

/** What was modified, removed or, since its absence may be in the cache as well, added. */
function changesOf(before: ReadonlyMap<string, FileVersion>, after: ReadonlyMap<string, FileVersion>, skipAdded: boolean): string[] {
  const modifiedOrRemoved = [...before].filter(([key, version]) => !isSame(version, after.get(key))).map(([key]) => key);
  const added = skipAdded ? [] : [...after.keys()].filter(key => !before.has(key));
  return [...modifiedOrRemoved, ...added];
}

function isSame(version: FileVersion, other: FileVersion | undefined): boolean {
  return version.size === other?.size && version.crc32 === other.crc32;
}
