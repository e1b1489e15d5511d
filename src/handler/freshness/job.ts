import { Check, lookBefore, MAX_LOOKS_BEFORE, PAUSE_BEFORE, type Page } from './check';
import { pagesOfFiles } from './files';
import { pagesToFetchAnew } from './pages';
import type { Invalidated } from './verdict';
import { ALL_PATHS, DEFAULT_CHECK_TIMEOUT_SECONDS, type JobParameters } from '../../contract';
import { hasTimeForCall, sleep } from '../budget';
import type { Artifact } from '../event';
import { Busy, Failure } from '../failure';
import { log } from '../log';
import { findPaths } from '../path-source';
import { digestOf, normalizePaths, type Found } from '../paths';
import type { Progress } from '../progress';

/** What a job's check needs. */
export interface CheckedJob {
  readonly parameters: JobParameters;
  readonly artifact?: Artifact;
  readonly progress: Progress;
  /** The paths in CloudFront's form and the changed files, if this invocation has found them. */
  readonly found?: FoundFiles;
}

type FoundFiles = { readonly paths: readonly string[] } & Pick<Found, 'changedFiles'>;

/**
 * Visits the pages before the invalidation. Nothing that goes wrong here stops the invalidation: the check itself will say so.
 *
 * @returns the indexes of the pages that could be visited
 */
export async function lookBeforeInvalidation(job: CheckedJob, until: number): Promise<number[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await lookBefore(await pagesOf(job, until), until);
    } catch (error) {
      if (!(error instanceof Failure || error instanceof Busy)) {
        throw error;
      }
      log('WARN', 'Pages cannot be visited before the invalidation', { reason: error.message });
      if (error instanceof Failure || attempt === MAX_LOOKS_BEFORE || !hasTimeForCall(until - PAUSE_BEFORE)) {
        return [];
      }
    }
    await sleep(PAUSE_BEFORE);
  }
}

/**
 * Creates the check of a job, in its first or any later invocation.
 *
 * @throws Failure, or Busy if another attempt may succeed
 */
export async function openCheck(job: CheckedJob, until: number): Promise<Check> {
  const { parameters: { freshnessCheck }, progress } = job;
  const files = freshnessCheck !== null && 'files' in freshnessCheck ? freshnessCheck.files : undefined;
  return new Check(await pagesOf(job, until), {
    goal: files === undefined ? 'fetched again' : 'seen fresh',
    timeoutSeconds: files?.timeoutSeconds ?? DEFAULT_CHECK_TIMEOUT_SECONDS,
    progress: progress.check ??= {},
  });
}

async function pagesOf(job: CheckedJob, until: number): Promise<Page[]> {
  const { parameters: { freshnessCheck, paths }, progress, artifact } = job;
  if (freshnessCheck === null || 'pages' in freshnessCheck) {
    const invalidated = (index: number) => invalidatedOf(progress, index) ?? { at: progress.startedAt, isSeenBefore: false };
    return pagesToFetchAnew(freshnessCheck?.pages ?? [], progress.check ??= {}, invalidated);
  }
  if (artifact === undefined) {
    throw new Failure('ConfigurationError', 'freshnessCheck needs the files of an artifact, but the action has no input artifact: add one');
  }
  return pagesOfFiles({
    artifact,
    files: freshnessCheck.files,
    changedFilesSite: 'changedFiles' in paths ? paths.changedFiles : undefined,
    ...await foundOf(job, artifact, until),
    seed: progress.callerReference,
    invalidated: index => invalidatedOf(progress, index),
  }, until);
}

/** What a copy of a page must be newer than, or `undefined` if nothing was invalidated. */
function invalidatedOf({ createTime, check }: Progress, index: number): Invalidated | undefined {
  if (createTime === undefined) {
    return undefined;
  }
  const created = Date.parse(createTime);
  return {
    // A time in whole seconds was rounded down.
    at: created % 1000 === 0 ? created + 999 : created,
    isSeenBefore: check?.seen?.includes(index) ?? false,
  };
}

/** A later invocation finds them again, because a token has no room for them. */
async function foundOf(job: CheckedJob, artifact: Artifact, until: number): Promise<FoundFiles> {
  const { parameters, progress } = job;
  const { found: known } = progress;
  if (job.found !== undefined || known === undefined || known.paths === 0) {
    return job.found ?? { paths: [] };
  }
  const { paths, changedFiles } = await findPaths(parameters, artifact, known.asOf, until);
  const normalized = normalizePaths(paths);
  if (digestOf(normalized) === known.digest) {
    return { paths: normalized, changedFiles };
  }
  // Not the pages that were visited before.
  Object.assign(progress.check ??= {}, { seen: [] });
  return { paths: [ALL_PATHS] };
}
