import { isObject } from './event';
import { Failure } from './failure';
import { MAX_TIMEOUT_SECONDS, quote } from '../contract';

/** How far a job has come: what a continuation token carries from one invocation to the next. */
export interface Progress {
  /** The first job's id: a continuation is a new job, but the same deployment. */
  readonly callerReference: string;
  /** When the first invocation began, in epoch milliseconds. */
  readonly startedAt: number;
  /** The invalidations so far, one a batch, in order. */
  readonly invalidationIds: string[];
  /** How many of them CloudFront has completed. */
  completed: number;
  /** CloudFront's time of the first invalidation. */
  createTime?: string;
}

const VERSION = 1;

export function begin(jobId: string): Progress {
  return { callerReference: jobId, startedAt: Date.now(), invalidationIds: [], completed: 0 };
}

export function toContinuationToken(progress: Progress): string {
  return JSON.stringify({ version: VERSION, ...progress });
}

/** Reads a token back, and trusts nothing in it: it has been out of our hands. */
export function fromContinuationToken(token: string, batches: number): Progress {
  const progress = parse(token);
  if (!isProgress(progress) || progress.invalidationIds.length > batches) {
    throw new Failure('ConfigurationError', `The continuation token is not one that this version of the function wrote: ${quote(token)}. ` +
      'Retry the stage to start the invalidation anew.');
  }
  const { callerReference, startedAt, invalidationIds, completed, createTime } = progress;
  return { callerReference, startedAt, invalidationIds, completed, createTime };
}

function parse(token: string): unknown {
  try {
    return JSON.parse(token);
  } catch {
    return undefined;
  }
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
    && [0, 1].includes(value.invalidationIds.length - Number(value.completed))
    && (value.createTime === undefined || (typeof value.createTime === 'string' && !Number.isNaN(Date.parse(value.createTime))))
    && (value.createTime !== undefined) === (value.invalidationIds.length > 0);
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9-]{1,128}$/.test(value);
}
