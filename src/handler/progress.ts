import { parseObject } from './event';
import { Failure } from './failure';
import { isObject, MAX_TIMEOUT_SECONDS, quote } from '../contract';

/** What `changedFiles` found out. */
export interface Changes {
  /** Files that were modified, removed or added. */
  readonly changed: number;
  /** Unchanged files that the paths hit all the same. */
  readonly unchanged: number;
}

/** What a report says of the paths, which themselves may be too many for a token. */
export interface FoundPaths {
  readonly paths: number;
  readonly batches: number;
  readonly changes?: Changes;
  readonly note?: string;
}

/** How far a job has come: what a continuation token carries from one invocation to the next. */
export interface Progress {
  /** The first job's id: a continuation is a new job, but the same deployment. */
  readonly callerReference: string;
  /** When the first invocation began, in epoch milliseconds. */
  readonly startedAt: number;
  /** What was found to invalidate, once it was. */
  found?: FoundPaths;
  /** The invalidations so far, one a batch, in order. */
  readonly invalidationIds: string[];
  /** How many of them CloudFront has completed. */
  completed: number;
  /** CloudFront's time of the first invalidation. */
  createTime?: string;
}

/**
 * What a job does next:
 *
 *     find ──▶ create ⇄ wait ──▶ finish
 *
 * An invocation may end after any step, and the next one goes on from there.
 */
export type Step = 'find' | 'create' | 'wait' | 'finish';

/** One batch after the other, each completed before the next is created: together they could be more than CloudFront takes. */
export function nextStep({ found, invalidationIds, completed }: Progress, waitForCompletion: boolean): Step {
  if (found === undefined) {
    return 'find';
  }
  const areAllCreated = invalidationIds.length === found.batches;
  if (areAllCreated && (completed === found.batches || !waitForCompletion)) {
    return 'finish';
  }
  return invalidationIds.length > completed ? 'wait' : 'create';
}

const VERSION = 1;

export function begin(jobId: string): Progress {
  return { callerReference: jobId, startedAt: Date.now(), invalidationIds: [], completed: 0 };
}

export function toContinuationToken(progress: Progress): string {
  return JSON.stringify({ version: VERSION, ...progress });
}

/** Reads a token back, and trusts nothing in it: it has been out of our hands. */
export function fromContinuationToken(token: string): Progress {
  const progress = parseObject(token);
  if (!isProgress(progress)) {
    throw new Failure('ConfigurationError', `The continuation token is not one that this version of the function wrote: ${quote(token)}. ` +
      'Retry the stage to start the invalidation anew.');
  }
  const { callerReference, startedAt, found, invalidationIds, completed, createTime } = progress;
  return { callerReference, startedAt, found, invalidationIds, completed, createTime };
}

function isProgress(value: unknown): value is Progress {
  return isObject(value)
    && value.version === VERSION
    && isId(value.callerReference)
    && typeof value.startedAt === 'number'
    && Math.abs(Date.now() - value.startedAt) <= 2 * MAX_TIMEOUT_SECONDS * 1000
    && Array.isArray(value.invalidationIds)
    && value.invalidationIds.every(isId)
    && Number.isInteger(value.completed)
    && (value.found === undefined ? value.invalidationIds.length === 0 : isFoundPaths(value.found, value.invalidationIds.length))
    && [0, 1].includes(value.invalidationIds.length - Number(value.completed))
    && (value.createTime === undefined || (typeof value.createTime === 'string' && !Number.isNaN(Date.parse(value.createTime))))
    && (value.createTime !== undefined) === (value.invalidationIds.length > 0);
}

function isFoundPaths(value: unknown, invalidations: number): value is FoundPaths {
  return isObject(value)
    && isCount(value.paths)
    && isCount(value.batches) && invalidations <= value.batches
    && (value.changes === undefined || (isObject(value.changes) && isCount(value.changes.changed) && isCount(value.changes.unchanged)))
    && (value.note === undefined || typeof value.note === 'string');
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0;
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9-]{1,128}$/.test(value);
}
