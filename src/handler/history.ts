import { ListActionExecutionsCommand, type ActionExecutionDetail, type ActionExecutionFilter } from '@aws-sdk/client-codepipeline';
import type { Location } from './archive';
import { limited } from './budget';
import { codePipeline } from './codepipeline';
import { parseObject } from './event';
import { Busy, describe, isWorthAnotherAttempt } from './failure';
import type { JobParameters } from '../contract';

/** CodePipeline's most. */
const PAGE_LENGTH = 100;

/** How far back the history is read, in executions of the pipeline's actions. */
const MAX_EXECUTIONS = 2_000;

/** How many artifacts are compared. */
const MAX_BASELINES = 10;

/** It is not known what the cache may hold. Waiting does not help. */
export class NoBaseline extends Error {}

/** What to look for in the history. */
export interface Sought {
  readonly pipelineName: string;
  readonly stageName: string;
  readonly actionName: string;
  readonly artifactName: string;
  /** The last success must have been one with the same target and the same paths. */
  readonly parameters: Pick<JobParameters, 'distributionId' | 'distributionTenantId' | 'paths'>;
}

/**
 * The artifacts that the cache may hold parts of: the one of this action's last success, and each that any action of the pipeline has used
 * since that one was first used. They may have been deployed, and seen by visitors, although their execution failed or was superseded
 * later, or is still running.
 *
 * @throws NoBaseline, or Busy where another attempt may succeed
 */
export async function findBaselines(sought: Sought, until: number): Promise<Location[]> {
  const { pipelineName, artifactName } = sought;
  const executions: ActionExecutionDetail[] = [];
  let last: ActionExecutionDetail | undefined;
  let since = -Infinity;
  for await (const execution of newestFirst(pipelineName, undefined, until)) {
    if (last !== undefined && Number(execution.startTime) < since) {
      break;
    }
    executions.push(execution);
    if (last === undefined && isSuccess(execution, sought)) {
      last = execution;
      since = await firstUse(sought, last, until);
    }
    if (executions.length === MAX_EXECUTIONS) {
      throw new NoBaseline(`this action is not among the last ${MAX_EXECUTIONS} of the pipeline's that succeeded`);
    }
  }
  if (last === undefined) {
    throw new NoBaseline('this action has not succeeded before with the same parameters');
  }
  const artifacts = executions.filter(execution => execution === last || Number(execution.lastUpdateTime ?? execution.startTime) >= since)
    .flatMap(execution => inputsOf(execution, artifactName));
  const baselines = new Map(artifacts.map(location => [`${location.bucket}/${location.key}`, location]));
  if (baselines.size > MAX_BASELINES) {
    throw new NoBaseline(`${baselines.size} artifacts may have been deployed since this action last succeeded`);
  }
  return [...baselines.values()];
}

/** When the artifact of a success was first used, which is when its deployment began at the earliest. */
async function firstUse({ pipelineName, artifactName }: Sought, success: ActionExecutionDetail, until: number): Promise<number> {
  const times = [Number(success.startTime)];
  for await (const execution of newestFirst(pipelineName, { pipelineExecutionId: success.pipelineExecutionId }, until)) {
    if (inputsOf(execution, artifactName).length > 0) {
      times.push(Number(execution.startTime));
    }
  }
  return Math.min(...times);
}

function isSuccess({ stageName, actionName, status, input, output }: ActionExecutionDetail, sought: Sought): boolean {
  // With failurePolicy WARN an action succeeds without an invalidation; its variables say so.
  const hasInvalidated = ['Completed', 'InProgress'].includes(output?.outputVariables?.status ?? '');
  if (stageName !== sought.stageName || actionName !== sought.actionName || status !== 'Succeeded' || !hasInvalidated) {
    return false;
  }
  const { distributionId, distributionTenantId, paths } =
    parseObject(input?.resolvedConfiguration?.UserParameters ?? input?.configuration?.UserParameters ?? '') ?? {};
  const isSameTarget = (distributionId ?? distributionTenantId) === undefined // the function's own
    || (distributionId === sought.parameters.distributionId && distributionTenantId === sought.parameters.distributionTenantId);
  return isSameTarget && JSON.stringify(paths) === JSON.stringify(sought.parameters.paths);
}

function inputsOf({ input }: ActionExecutionDetail, artifactName: string): Location[] {
  return (input?.inputArtifacts ?? []).filter(({ name }) => name === artifactName)
    .flatMap(({ s3location: { bucket, key } = {} }) => bucket === undefined || key === undefined ? [] : [{ bucket, key }]);
}

async function* newestFirst(pipelineName: string, filter: ActionExecutionFilter | undefined, until: number): AsyncGenerator<ActionExecutionDetail> {
  let nextToken: string | undefined;
  do {
    const command = new ListActionExecutionsCommand({ pipelineName, filter, maxResults: PAGE_LENGTH, nextToken });
    try {
      const answer = await limited(until, abortSignal => codePipeline.send(command, { abortSignal }));
      nextToken = answer.nextToken;
      yield* answer.actionExecutionDetails ?? [];
    } catch (error) {
      const { words } = describe(error);
      throw isWorthAnotherAttempt(error)
        ? new Busy('SystemUnavailable', `CodePipeline did not answer ListActionExecutions for the pipeline ${pipelineName}: ${words}. ` +
          'Retry the stage once CodePipeline has recovered: https://health.aws.amazon.com')
        : new NoBaseline(`the history of the pipeline ${pipelineName} cannot be read: ${words}`);
    }
  } while (nextToken !== undefined);
}
