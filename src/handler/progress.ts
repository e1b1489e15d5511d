import { parseObject } from './event';
import { Failure } from './failure';
import { isObject, MAX_MAX_PAGES, MAX_TIMEOUT_SECONDS, quote } from '../contract';

/** The changes that `changedFiles` found. */
export interface Changes {
  /** Files that were modified, removed or added. */
  readonly changed: number;
  /** Unchanged files that the paths also match. */
  readonly unchanged: number;
}

/** What is known about the paths. There may be too many of them for a token. */
export interface FoundPaths {
  readonly paths: number;
  readonly digest: string;
  readonly changes?: Changes;
  readonly note?: string;
  /** When the pipeline's history ends for this job, in CodePipeline's epoch milliseconds. */
  readonly asOf?: number;
}

/** What the freshness check has seen so far. */
export interface CheckProgress {
  /** The indexes of the pages that could be visited before the invalidation, once that was tried. */
  seen?: readonly number[];
  /** When the pages were first visited after the invalidation was complete, in epoch milliseconds. */
  since?: number;
  /** How many rounds in a row saw a problem that waiting does not fix. */
  hopeless?: number;
  /** Which pages an earlier invocation saw fetched again: one bit per page. */
  anew?: number;
  /** How many pages were visited, once all were fresh. */
  pages?: number;
  /** The edge locations that served them. */
  location?: string;
}

/** The progress of a job: a continuation token carries it from one invocation to the next. Its length does not grow with the number of paths. */
export interface Progress {
  /** the first job's ID: a continuation is a new job of the same deployment. */
  readonly callerReference: string;
  /** The ID of the distribution or tenant that the job began with. */
  readonly targetId: string;
  /** When the first invocation began, in epoch milliseconds. */
  readonly startedAt: number;
  /** The paths to invalidate, once they are found. */
  found?: FoundPaths;
  /** How many paths CloudFront has accepted, in how many invalidations, and the ID of the last one. */
  sent: number;
  invalidationCount: number;
  invalidationId?: string;
  /** How many of the paths CloudFront has invalidated. */
  completed: number;
  /** How often a batch was halved because the quota had no room for it. */
  halvings: number;
  /** When CloudFront created the first invalidation. */
  createTime?: string;
  check?: CheckProgress;
}

/**
 * What a job does next:
 *
 *     find ──▶ look ──▶ create ⇄ wait ──▶ check ──▶ finish
 *
 * An invocation may end after any step, and the next one continues from there. `look` and `check` are only for a job with a freshness check.
 */
export type Step = 'find' | 'look' | 'create' | 'wait' | 'check' | 'finish';

/** Batches run one after the other, and each completes before the next is created: together they could exceed CloudFront's quota. */
export function nextStep({ found, sent, completed, check }: Progress, waitForCompletion: boolean, freshnessCheck?: 'files' | 'pages'): Step {
  if (found === undefined) {
    return 'find';
  }
  if (sent === found.paths && (completed === sent || !waitForCompletion)) {
    // Without an invalidation, the edge has no reason to fetch a page again.
    const isChecked = freshnessCheck === undefined || check?.pages !== undefined || (freshnessCheck === 'pages' && found.paths === 0);
    return isChecked ? 'finish' : 'check';
  }
  if (freshnessCheck !== undefined && sent === 0 && check?.seen === undefined) {
    return 'look';
  }
  return sent > completed ? 'wait' : 'create';
}

const VERSION = 2;

export function begin(jobId: string, targetId: string): Progress {
  return { callerReference: jobId, targetId, startedAt: Date.now(), sent: 0, invalidationCount: 0, completed: 0, halvings: 0 };
}

export function toContinuationToken(progress: Progress): string {
  return JSON.stringify({ version: VERSION, ...progress });
}

/** Reads a token and checks every field: it has been outside the function. */
export function fromContinuationToken(token: string): Progress {
  const progress = parseObject(token);
  if (!isProgress(progress)) {
    throw new Failure('ConfigurationError', `The continuation token is not one that this version of the function wrote: ${quote(token)}. ` +
      'Retry the stage to start a new invalidation.');
  }
  const { callerReference, targetId, startedAt, found, sent, invalidationCount, invalidationId, completed, halvings, createTime, check } = progress;
  return { callerReference, targetId, startedAt, found, sent, invalidationCount, invalidationId, completed, halvings, createTime, check };
}

function isProgress(value: unknown): value is Progress {
  if (!isObject(value) || value.version !== VERSION || !isId(value.callerReference) || !isId(value.targetId)) {
    return false;
  }
  const { startedAt, found, sent, invalidationCount, invalidationId, completed, halvings, createTime, check } = value;
  return typeof startedAt === 'number'
    && Math.abs(Date.now() - startedAt) <= 2 * MAX_TIMEOUT_SECONDS * 1000
    && isCount(sent) && isCount(completed) && isCount(invalidationCount) && isCount(halvings)
    && completed <= sent
    && (found === undefined ? sent === 0 : isFoundPaths(found) && sent <= found.paths)
    && (sent === 0 || invalidationCount > 0)
    && (check === undefined || isCheckProgress(check))
    && (invalidationCount > 0
      ? isId(invalidationId) && isTime(createTime)
      : invalidationId === undefined && createTime === undefined);
}

function isFoundPaths(value: unknown): value is FoundPaths {
  return isObject(value)
    && isCount(value.paths)
    && isId(value.digest)
    && (value.changes === undefined || (isObject(value.changes) && isCount(value.changes.changed) && isCount(value.changes.unchanged)))
    && (value.note === undefined || typeof value.note === 'string')
    && (value.asOf === undefined || typeof value.asOf === 'number');
}

function isCheckProgress(value: unknown): value is CheckProgress {
  if (!isObject(value)) {
    return false;
  }
  const { seen, since, hopeless, anew, pages, location } = value;
  return (seen === undefined || (Array.isArray(seen) && seen.length <= MAX_MAX_PAGES && seen.every(isCount)))
    && (since === undefined || typeof since === 'number')
    && [hopeless, anew, pages].every(count => count === undefined || isCount(count))
    && (location === undefined || typeof location === 'string');
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0;
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{1,128}$/.test(value);
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}
