import type { Artifact } from './event';
import { Failure } from './failure';
import type { Found } from './paths';
import type { JobParameters } from '../contract';

/**
 * Finds the paths of a job. Loads the code that reads artifacts only when it is needed.
 *
 * @param asOf when the pipeline's history ends for this job, if an earlier invocation has read it
 * @throws Failure, or Busy if another attempt may succeed
 */
export async function findPaths(
  parameters: JobParameters, artifact: Artifact | undefined, asOf: number | undefined, until: number,
): Promise<Found> {
  const { paths } = parameters;
  if (Array.isArray(paths)) {
    return { paths };
  }
  if (artifact === undefined) {
    throw new Failure('ConfigurationError', 'paths come from an artifact, but the action has no input artifact: add one');
  }
  if ('manifest' in paths) {
    const { readManifest } = await import('./manifest.js');
    return { paths: await readManifest(paths.manifest, artifact, until) };
  }
  const { findChangedFiles } = await import('./changed-files.js');
  return findChangedFiles(parameters, paths.changedFiles, artifact, asOf, until);
}
