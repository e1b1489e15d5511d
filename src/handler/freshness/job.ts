import { Check } from './check';
import { pagesOfFiles } from './files';
import { pagesToFetchAnew } from './pages';
import { DEFAULT_CHECK_TIMEOUT_SECONDS, type JobParameters } from '../../contract';
import type { Artifact } from '../event';
import { Failure } from '../failure';
import { findPaths } from '../path-source';
import type { Progress } from '../progress';

/** What a job's check needs. */
export interface CheckedJob {
  readonly parameters: JobParameters;
  readonly artifact?: Artifact;
  readonly progress: Progress;
  /** The changed files, if this invocation has found them. */
  readonly changedFiles?: readonly string[];
}

/**
 * Creates the check of a job, in its first or any later invocation.
 *
 * @throws Failure, or Busy if another attempt may succeed
 */
export async function openCheck(job: CheckedJob, until: number): Promise<Check> {
  const { parameters: { freshnessCheck, paths }, progress, artifact } = job;
  const check = progress.check ??= {};
  const invalidatedAt = progress.createTime === undefined ? undefined : Date.parse(progress.createTime);
  if (freshnessCheck === null || 'pages' in freshnessCheck) {
    return new Check(pagesToFetchAnew(freshnessCheck?.pages ?? [], check, invalidatedAt ?? progress.startedAt), {
      goal: 'fetched again', timeoutSeconds: DEFAULT_CHECK_TIMEOUT_SECONDS, progress: check,
    });
  }
  if (artifact === undefined) {
    throw new Failure('ConfigurationError', 'freshnessCheck needs the files of an artifact, but the action has no input artifact: add one');
  }
  const { files } = freshnessCheck;
  const pages = await pagesOfFiles({
    artifact,
    files,
    changedFilesSite: 'changedFiles' in paths ? paths.changedFiles : undefined,
    changedFiles: await changedFilesOf(job, artifact, until),
    seed: progress.callerReference,
    invalidatedAt,
  }, until);
  return new Check(pages, { goal: 'seen fresh', timeoutSeconds: files.timeoutSeconds ?? DEFAULT_CHECK_TIMEOUT_SECONDS, progress: check });
}

/** A later invocation finds them again, because a token has no room for them. */
async function changedFilesOf(job: CheckedJob, artifact: Artifact, until: number): Promise<readonly string[] | undefined> {
  const { parameters, progress: { found }, changedFiles } = job;
  return changedFiles !== undefined || !found?.changes?.changed
    ? changedFiles
    : (await findPaths(parameters, artifact, found.asOf, until)).changedFiles;
}
