import {
  PutJobFailureResultCommand,
  PutJobSuccessResultCommand,
  type ExecutionDetails,
  type FailureType,
} from '@aws-sdk/client-codepipeline';
import { CALL_TIMEOUT, hasTimeForCall, limited, sleep } from './budget';
import { codePipeline } from './codepipeline';
import { describe, isPermissionError, isWorthAnotherAttempt } from './failure';
import { log } from './log';
import { truncate } from './text';
import type { OutputVariable } from '../contract';

/** @see https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ExecutionDetails.html */
const MAX_SUMMARY_LENGTH = 2048;
const MAX_EXTERNAL_EXECUTION_ID_LENGTH = 1500;

/** @see https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_FailureDetails.html */
const MAX_MESSAGE_LENGTH = 5000;

/** How often a rejected call is tried: a new permission or a rotated credential takes some seconds to take effect. */
const MAX_REFUSALS = 8;

/** The names of errors that the same report would get again. */
const INVALID: readonly string[] = ['ValidationException', 'OutputVariablesSizeExceededException'];

/** The one answer to a job, as CodePipeline receives it. */
export type Report =
  | { readonly outcome: 'success'; readonly summary: string; readonly externalId?: string; readonly variables: Record<OutputVariable, string> }
  | { readonly outcome: 'continue'; readonly summary: string; readonly externalId?: string; readonly percentComplete: number; readonly token: string }
  | { readonly outcome: 'failure'; readonly type: FailureType; readonly message: string; readonly externalId?: string };

/**
 * Tries until CodePipeline accepts the report: a job without an answer blocks the pipeline for 20 minutes.
 *
 * @throws Error if it cannot be reported, so that Lambda delivers the event again
 */
export async function report(jobId: string, answer: Report, until: number): Promise<void> {
  let refusals = 0;
  for (let attempt = 0; ; attempt++) {
    try {
      // Half of a call's usual time: if CodePipeline hangs, enough time must be left for another attempt.
      await limited(Math.min(until, Date.now() + CALL_TIMEOUT / 2), abortSignal => send(jobId, answer, abortSignal));
      log(answer.outcome === 'failure' ? 'ERROR' : 'INFO', 'Reported to CodePipeline', detailsOf(answer));
      return;
    } catch (error) {
      const { name, words } = describe(error);
      if (name === 'InvalidJobStateException' || name === 'JobNotFoundException') {
        log('WARN', 'CodePipeline already has an answer to this job, or no longer waits for one', { reason: words });
        return;
      }
      if (INVALID.includes(name) && answer.outcome !== 'failure') {
        // CodePipeline would reject the same report again, and without one the pipeline would hang.
        const message = `CodePipeline rejected the report of this job as invalid (${answer.outcome}): ${words}. This is a bug in the function.`;
        return report(jobId, { outcome: 'failure', type: 'JobFailed', message, externalId: answer.externalId }, until);
      }
      const pause = Math.min(250 * 2 ** attempt, 4_000) * (1 - Math.random() / 2);
      const isRefused = !isWorthAnotherAttempt(error);
      refusals += isRefused ? 1 : 0;
      if (refusals >= MAX_REFUSALS || !hasTimeForCall(until - pause)) {
        const advice = isPermissionError(error) && isRefused ? ' Check that the function\'s role allows codepipeline:PutJobSuccessResult and codepipeline:PutJobFailureResult.' : '';
        throw new Error(`Could not report job ${jobId} to CodePipeline as ${answer.outcome}: ${words}.${advice}`, { cause: error });
      }
      log('WARN', 'CodePipeline cannot accept the report now: trying again', { reason: words, pause });
      await sleep(pause);
    }
  }
}

/** A line of the log has a message of its own. */
function detailsOf(answer: Report) {
  if (answer.outcome !== 'failure') {
    return answer;
  }
  const { message: reason, ...details } = answer;
  return { ...details, reason };
}

async function send(jobId: string, answer: Report, abortSignal: AbortSignal): Promise<void> {
  const externalExecutionId = answer.externalId && truncate(answer.externalId, MAX_EXTERNAL_EXECUTION_ID_LENGTH);
  if (answer.outcome === 'failure') {
    const failureDetails = { type: answer.type, message: truncate(answer.message, MAX_MESSAGE_LENGTH), externalExecutionId };
    await codePipeline.send(new PutJobFailureResultCommand({ jobId, failureDetails }), { abortSignal });
    return;
  }
  const executionDetails: ExecutionDetails = { summary: truncate(answer.summary, MAX_SUMMARY_LENGTH), externalExecutionId };
  await codePipeline.send(new PutJobSuccessResultCommand(answer.outcome === 'success'
    ? { jobId, executionDetails: { ...executionDetails, percentComplete: 100 }, outputVariables: answer.variables }
    : { jobId, executionDetails: { ...executionDetails, percentComplete: answer.percentComplete }, continuationToken: answer.token }),
  { abortSignal });
}
