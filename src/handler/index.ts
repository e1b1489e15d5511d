import type { FailureType } from '@aws-sdk/client-codepipeline';
import { budgetOf, type Budget } from './budget';
import { parseEvent, type Context, type Job } from './event';
import { describe, Failure } from './failure';
import { invalidate } from './invalidate';
import { log, logJob } from './log';
import { checkParameters, failurePolicyOf, readParameters } from './parameters';
import { begin, fromContinuationToken, toContinuationToken, type Changes, type Progress } from './progress';
import { report, type Report } from './report';
import { targetName, targetOf } from './target';
import { count, formatSeconds, truncate, WARNING } from './text';
import { NO_VALUE, type FailurePolicy, type JobParameters, type OutputVariable } from '../contract';

/** Leaves room for the other variables within CodePipeline's limit for one action. */
const MAX_ERROR_MESSAGE_LENGTH = 2000;

/** What is known about a job when it ends, whatever the outcome. */
interface Known {
  failurePolicy: FailurePolicy;
  parameters?: JobParameters;
  progress?: Progress;
}

/**
 * One job in, exactly one report out.
 *
 * @throws Error if the event is not a job, or CodePipeline cannot be reached
 */
export async function handler(event: unknown, context: Context): Promise<void> {
  const job = parseEvent(event);
  const budget = budgetOf(context);
  logJob(job.id, job.id);
  log('INFO', 'Job received', { requestId: context.awsRequestId, continued: job.continuationToken !== undefined });
  await report(job.id, await run(job, budget), budget.reportUntil);
}

async function run(job: Job, budget: Budget): Promise<Report> {
  const known: Known = { failurePolicy: 'FAIL' };
  try {
    const raw = readParameters(job.userParameters);
    known.failurePolicy = failurePolicyOf(raw);
    const parameters = known.parameters = checkParameters(raw, process.env);
    const target = targetOf(parameters);
    const progress = known.progress = job.continuationToken === undefined ? begin(job.id, target.id) : fromContinuationToken(job.continuationToken);
    logJob(job.id, progress.callerReference);
    if (progress.targetId !== target.id) {
      throw new Failure('ConfigurationError', `The action was for ${progress.targetId} when it began, and is for ${targetName(target)} now. Retry the stage.`);
    }

    const finished = await invalidate(job, parameters, progress, budget);
    return finished ? success(known, parameters, progress) : unfinished(parameters, progress);
  } catch (error) {
    const failure = error instanceof Failure ? error : unexpected(error);
    return known.failurePolicy === 'WARN' ? warning(failure, known) : failed(failure, known);
  }
}

function success(known: Known, parameters: JobParameters, progress: Progress): Report {
  return {
    outcome: 'success',
    summary: summary(parameters, progress),
    externalId: progress.invalidationId,
    variables: variables(known, parameters.waitForCompletion ? 'Completed' : 'InProgress'),
  };
}

function summary(parameters: JobParameters, progress: Progress): string {
  const { found, startedAt, invalidationId, invalidationCount } = progress;
  const target = targetName(targetOf(parameters));
  const seen = checkSummary(parameters, progress);
  if (invalidationCount === 0) {
    return found?.changes === undefined
      ? `Nothing to invalidate for ${target}: the manifest lists no paths${seen}.`
      : `Nothing has changed since the last invalidation of ${target}, so nothing was invalidated${seen}.`;
  }
  const what = `${count(found?.paths ?? 0, 'path')} of ${target}`;
  const why = found?.note ?? (found?.changes && changeSummary(found.changes));
  const which = invalidationCount === 1 ? `invalidation ${invalidationId}` : `${invalidationCount} invalidations, the last one is ${invalidationId}`;
  const details = `${why === undefined ? '' : `: ${why}`} (${which})`;
  return parameters.waitForCompletion
    ? `Invalidated ${what} in ${formatSeconds((Date.now() - startedAt) / 1000)}${details}${seen}.`
    : `Started the invalidation of ${what}${details} and did not wait for it: waitForCompletion is false.`;
}

function checkSummary({ freshnessCheck }: JobParameters, { check }: Progress): string {
  if (freshnessCheck === null || check?.pages === undefined) {
    return '';
  }
  const how = 'files' in freshnessCheck ? 'seen fresh' : 'fetched again';
  return `, and ${count(check.pages, 'page')} ${check.pages === 1 ? 'was' : 'were'} ${how}${check.location === undefined ? '' : ` at ${check.location}`}`;
}

function changeSummary({ changed, unchanged }: Changes): string {
  const others = unchanged === 0 ? 'no unchanged file' : count(unchanged, 'unchanged file');
  return `${count(changed, 'file')} changed, and ${others} ${unchanged === 1 || unchanged === 0 ? 'was' : 'were'} invalidated with ${changed === 1 ? 'it' : 'them'}`;
}

function unfinished(parameters: JobParameters, progress: Progress): Report {
  const { found, completed } = progress;
  return {
    outcome: 'continue',
    summary: `Waiting for ${waitedFor(progress)} of ${targetName(targetOf(parameters))}, for up to ${formatSeconds(parameters.timeoutSeconds)} in total.`,
    externalId: progress.invalidationId,
    percentComplete: Math.floor(100 * completed / Math.max(1, found?.paths ?? 1)),
    token: toContinuationToken(progress),
  };
}

function waitedFor({ sent, completed, invalidationId, check }: Progress): string {
  if (check?.since !== undefined) {
    return 'visitors to get the new pages';
  }
  return sent > completed ? `CloudFront to complete invalidation ${invalidationId}` : 'CloudFront to accept an invalidation';
}

function failed({ type, message }: Failure, { progress }: Known): Report {
  return { outcome: 'failure', type, message, externalId: progress?.invalidationId };
}

/** `failurePolicy` WARN: the pipeline continues, and the summary and the output variables say what went wrong. */
function warning(failure: Failure, known: Known): Report {
  return {
    outcome: 'success',
    summary: `${WARNING}: visitors may still see old pages. ${failure.type}: ${failure.message}`,
    externalId: known.progress?.invalidationId,
    variables: variables(known, 'Failed', failure),
  };
}

/** Reports bugs of this function too: a job without an answer blocks the pipeline for 20 minutes. */
function unexpected(error: unknown): Failure {
  log('ERROR', 'Unexpected error', { stack: error instanceof Error ? error.stack : String(error) });
  return new Failure('JobFailed', `The function failed with an unexpected error: ${describe(error).words}. See the function's log.`);
}

function variables(
  { parameters, progress }: Known,
  status: 'Completed' | 'InProgress' | 'Failed',
  failure?: { readonly type: FailureType; readonly message: string },
): Record<OutputVariable, string> {
  return {
    distributionId: parameters?.distributionId ?? NO_VALUE,
    distributionTenantId: parameters?.distributionTenantId ?? NO_VALUE,
    invalidationId: progress?.invalidationId ?? NO_VALUE,
    invalidationCount: String(progress?.invalidationCount ?? 0),
    status,
    pathCount: String(progress?.found?.paths ?? NO_VALUE),
    changedFileCount: String(progress?.found?.changes?.changed ?? NO_VALUE),
    unchangedFileCount: String(progress?.found?.changes?.unchanged ?? NO_VALUE),
    checkedPageCount: String(progress?.check?.pages ?? NO_VALUE),
    createTime: progress?.createTime ?? NO_VALUE,
    errorType: failure?.type ?? NO_VALUE,
    errorMessage: failure === undefined ? NO_VALUE : truncate(failure.message, MAX_ERROR_MESSAGE_LENGTH),
  };
}
