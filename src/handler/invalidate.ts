import { hasTimeForCall, sleep, type Budget } from './budget';
import { Invalidations } from './cloudfront';
import type { Job } from './event';
import { Busy, Failure, InProgress, QuotaFull } from './failure';
import type { Check } from './freshness/check';
import { log } from './log';
import { findPaths } from './path-source';
import { batchAt, digestOf, normalizePaths, type Found } from './paths';
import { nextStep, type Progress } from './progress';
import { targetName, targetOf } from './target';
import { formatSeconds, truncate } from './text';
import { ALL_PATHS, type JobParameters } from '../contract';

/** Leaves room for the rest of a continuation token. */
const MAX_NOTE_LENGTH = 500;

/** How often in a row the quota may be full before the batch is halved: someone else may use part of the quota for a long time. */
const REFUSALS_BEFORE_HALVING = 3;

/** With less time than this, the visits before the invalidation are left to the next invocation. */
const SHORTEST_LOOK_BEFORE = 5_000;

/** What each step of a job needs. */
interface Work {
  readonly parameters: JobParameters;
  readonly progress: Progress;
  readonly budget: Budget;
  /** Closed at the end of the invocation. */
  readonly opened: Invalidations[];
}

/**
 * Runs the job's steps for as long as this invocation has time, and records each in `progress`.
 *
 * @returns whether the job is finished
 * @throws Failure
 */
export async function invalidate(job: Job, parameters: JobParameters, progress: Progress, budget: Budget): Promise<boolean> {
  const work: Work = { parameters, progress, budget, opened: [] };
  try {
    return await advance(job, work);
  } finally {
    work.opened.forEach(invalidations => invalidations.close());
  }
}

async function advance(job: Job, work: Work): Promise<boolean> {
  const { parameters, progress } = work;
  // Neither goes into a token: there may be too many paths, and credentials are secret.
  let found: FoundNow | undefined;
  let invalidations: Invalidations | undefined;
  for (;;) {
    let isDone: boolean;
    switch (nextStep(progress, parameters.waitForCompletion, kindOf(parameters))) {
      case 'find':
        found = await find(job, work);
        isDone = found !== undefined;
        break;
      case 'look':
        isDone = await lookBefore(job, work, found);
        break;
      case 'create':
        found ??= await find(job, work);
        invalidations ??= found && await connect(job.id, work);
        isDone = found !== undefined && invalidations !== undefined && await create(work, invalidations, found.paths);
        break;
      case 'wait':
        invalidations ??= await connect(job.id, work);
        isDone = invalidations !== undefined && await complete(work, invalidations);
        break;
      case 'check':
        isDone = await check(job, work, found);
        break;
      case 'finish':
        return true;
    }
    if (!isDone) {
      return false;
    }
  }
}

/** What this invocation found: the paths in CloudFront's form and, for a freshness check, the files behind them. */
type FoundNow = { readonly paths: readonly string[] } & Pick<Found, 'changedFiles'>;

/** Gives the same result in every invocation of a job. */
async function find(job: Job, { parameters, progress, budget }: Work): Promise<FoundNow | undefined> {
  const attempt = () => findPaths(parameters, job.artifact, progress.found?.asOf, budget.workUntil);
  const found = await waitFor(attempt, progress, parameters.timeoutSeconds, budget);
  if (found === undefined) {
    return undefined;
  }
  let paths: readonly string[] = normalizePaths(found.paths);
  const digest = digestOf(paths);
  if (progress.found !== undefined && progress.found.digest !== digest) {
    // The number of paths sent says nothing about a different list, and that one may lack what the first one had.
    log('WARN', 'The list of paths has changed since this invalidation began: invalidating everything');
    paths = [ALL_PATHS];
    const note = 'everything, because the list of paths has changed since this invalidation began';
    // The pages to check may be other ones, too.
    Object.assign(progress, {
      sent: 0,
      completed: 0,
      found: { paths: paths.length, digest: digestOf(paths), note },
      check: progress.check && { ...progress.check, seen: undefined },
    });
    return { paths };
  }
  progress.found = { paths: paths.length, digest, changes: found.changes, note: found.note && oneLine(found.note), asOf: found.asOf };
  return { paths, changedFiles: found.changedFiles };
}

/** Makes a note safe and short enough for a token. */
function oneLine(note: string): string {
  return truncate(note.replace(/[\p{Cc}\p{Surrogate}]/gu, ' '), MAX_NOTE_LENGTH);
}

async function connect(jobId: string, { parameters, progress, budget, opened }: Work): Promise<Invalidations | undefined> {
  const target = targetOf(parameters);
  const { role } = target;
  if (role === undefined) {
    return new Invalidations(target);
  }
  const { assume } = await import('./role.js');
  const credentials = await waitFor(() => assume(role, jobId, budget.workUntil), progress, parameters.timeoutSeconds, budget);
  const invalidations = credentials && new Invalidations(target, credentials);
  opened.push(...invalidations === undefined ? [] : [invalidations]);
  return invalidations;
}

async function create({ parameters, progress, budget }: Work, invalidations: Invalidations, paths: readonly string[]): Promise<boolean> {
  const { callerReference, sent, found } = progress;
  let refusals = 0;
  const created = await waitFor(async () => {
    const batch = batchAt(paths, sent, progress.halvings);
    try {
      const reference = `${callerReference}-${sent}-${batch.length}-${found!.digest}`;
      return { reference, batch, invalidation: await invalidations.create(reference, batch, budget.workUntil) };
    } catch (error) {
      if (error instanceof QuotaFull && batch.length > 1 && (error.isOfBatch || ++refusals % REFUSALS_BEFORE_HALVING === 0)) {
        progress.halvings++;
      }
      throw error instanceof QuotaFull && error.isOfBatch && batch.length === 1 ? new Failure(error.type, error.message) : error;
    }
  }, progress, parameters.timeoutSeconds, budget);
  if (created === undefined) {
    return false;
  }
  const { reference, batch, invalidation } = created;
  progress.createTime ??= (invalidation.CreateTime ?? new Date()).toISOString();
  progress.invalidationId = String(invalidation.Id);
  progress.invalidationCount++;
  progress.sent += batch.length;
  log('INFO', 'Invalidation created', {
    target: targetName(targetOf(parameters)), invalidationId: invalidation.Id, callerReference: reference, paths: batch.length,
  });
  return true;
}

async function complete({ parameters, progress, budget }: Work, invalidations: Invalidations): Promise<boolean> {
  const target = targetName(targetOf(parameters));
  const invalidationId = String(progress.invalidationId);
  const completed = await waitFor(async () => {
    const { Status } = await invalidations.get(invalidationId, budget.workUntil);
    // AWS writes Completed; some API emulators write COMPLETED.
    if (Status?.toLowerCase() === 'completed') {
      return true;
    }
    throw new InProgress(`Invalidation ${invalidationId} of ${target} is still ${Status}. It continues in CloudFront and will most ` +
      'likely complete. Set a longer timeout, or do not wait at all: set waitForCompletion to false.');
  }, progress, parameters.timeoutSeconds, budget);
  if (completed === undefined) {
    return false;
  }
  progress.completed = progress.sent;
  log('INFO', 'Invalidation completed', { target, invalidationId });
  return true;
}

function kindOf({ freshnessCheck }: JobParameters): 'files' | 'pages' | undefined {
  return freshnessCheck === null ? undefined : 'pages' in freshnessCheck ? 'pages' : 'files';
}

/** Gives the edge a copy of each page that it has to lose. Visits that fail for lack of time would leave the check without a proof. */
async function lookBefore(job: Job, { parameters, progress, budget }: Work, found: FoundNow | undefined): Promise<boolean> {
  if (!hasTimeForCall(budget.workUntil - SHORTEST_LOOK_BEFORE) && Date.now() < progress.startedAt + parameters.timeoutSeconds * 1000) {
    return false;
  }
  const { lookBeforeInvalidation } = await import('./freshness/job.js');
  const seen = await lookBeforeInvalidation({ parameters, artifact: job.artifact, progress, found }, budget.workUntil);
  progress.check = { ...progress.check, seen };
  return true;
}

/** Visits pages until all of them are fresh. */
async function check(job: Job, { parameters, progress, budget }: Work, found: FoundNow | undefined): Promise<boolean> {
  const { openCheck } = await import('./freshness/job.js');
  let opened: Check | undefined;
  const checked = await waitFor(async () => {
    opened ??= await openCheck({ parameters, artifact: job.artifact, progress, found }, budget.workUntil);
    await opened.look(budget.workUntil);
    return true;
  }, progress, parameters.timeoutSeconds, budget, lookPause);
  return checked ?? false;
}

/** The largest factor by which throttling slows polls down: all callers in the account share the same limit. */
const MAX_SLOWDOWN = 8;

/**
 * Makes an attempt, and repeats it while AWS is busy.
 *
 * @returns `undefined` if this invocation's time is up
 * @throws Failure if the job's time is up
 */
export async function waitFor<T>(
  attempt: () => Promise<T>, progress: Progress, timeoutSeconds: number, budget: Budget, pauseAfter: (waited: number) => number = pollPause,
): Promise<T | undefined> {
  const giveUpAt = progress.startedAt + timeoutSeconds * 1000;
  const waitingSince = Date.now();
  let troubles = 0;
  let slowdown = 1;
  while (hasTimeForCall(budget.workUntil)) {
    let pause: number;
    try {
      return await attempt();
    } catch (busy) {
      if (!(busy instanceof Busy)) {
        throw busy;
      }
      if (Date.now() >= giveUpAt) {
        throw new Failure(busy.type, `Gave up after ${formatSeconds(timeoutSeconds)} (timeout). ${busy.message}`);
      }
      if (busy instanceof InProgress) {
        troubles = 0;
        pause = pauseAfter(Date.now() - waitingSince) * slowdown;
      } else {
        pause = backoff(troubles++);
        slowdown = Math.min(2 * slowdown, MAX_SLOWDOWN);
        log('WARN', 'AWS is busy: waiting', { reason: busy.message, pause });
      }
    }
    pause = Math.min(pause, Math.max(0, giveUpAt - Date.now()));
    if (!hasTimeForCall(budget.workUntil - pause)) {
      return undefined;
    }
    await sleep(pause);
  }
  return undefined;
}

/**
 * AWS says that 95% of invalidations complete within 25 seconds, so the function polls every second for the first minute. The pause then
 * grows to 5 seconds, because all polls in an account share CloudFront's request quota.
 */
export function pollPause(waited: number): number {
  return Math.min(Math.max(1_000, waited / 60), 5_000);
}

/** An age is in whole seconds. Looks at any fraction of a second find out when a copy was made more exactly than that. */
export function lookPause(waited: number): number {
  return pollPause(waited) * (1 + Math.random() / 2);
}

/** 1, 2, 4, … 20 seconds, each shortened by up to a half, so that parallel actions do not retry all at once. */
export function backoff(troubles: number): number {
  return Math.min(1_000 * 2 ** troubles, 20_000) * (1 - Math.random() / 2);
}
