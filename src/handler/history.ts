import { ListActionExecutionsCommand, type ActionExecutionDetail, type ArtifactDetail } from '@aws-sdk/client-codepipeline';
import type { Location } from './archive';
import { limited } from './budget';
import { codePipeline } from './codepipeline';
import { parseObject } from './event';
import { Busy, describe, isWorthAnotherAttempt } from './failure';
import { WARNING } from './text';
import { ACTION_MARK_LENGTH, actionMark, isDeployingCategory, isSameSite, type ChangedFilesParameters, type JobParameters } from '../contract';

/** CodePipeline's most. */
const PAGE_LENGTH = 100;

/** How far back the history is read, in runs of the pipeline's actions. */
const MAX_RUNS = 10_000;

/**
 * No action runs longer: a run that began earlier than this before some moment was over by then. The same goes for the build behind an
 * abandoned run, which CodePipeline no longer watches.
 *
 * @see https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
 */
const LONGEST_RUN = 7 * 24 * 60 * 60 * 1000;

/** It is not known what the cache may hold. Waiting does not help. */
export class Doubt extends Error {}

/** What to look for in the history. */
export interface Sought {
  readonly pipelineName: string;
  /** The input artifact of the job: its name, and where it is. */
  readonly artifact: { readonly name: string; readonly location: Location };
  readonly parameters: JobParameters;
  readonly changedFiles: ChangedFilesParameters;
  /** When the history ends for this job, in CodePipeline's own time: what began later is another job's. @default - now */
  readonly asOf?: number;
}

/** An artifact as it was deployed. */
export interface DeployedArtifact extends Location {
  /** When it was there, in epoch milliseconds: what was put in its place later is another one. */
  readonly usedAt: number;
}

/** What the cache may hold parts of. */
export interface Baselines {
  /** Each place once. */
  readonly artifacts: readonly DeployedArtifact[];
  /** When the newest run began that was seen. */
  readonly asOf: number;
}

/** One run of an action that may deploy. */
interface Deployment {
  readonly execution: string | undefined;
  readonly name: string;
  /** Whether the action is part of the pipeline as this job knows it. */
  readonly isKnown: boolean;
  readonly status: string;
  readonly start: number;
  /** When it had ended for certain. */
  readonly end: number;
  /** Those of the name that the job's own artifact has. */
  readonly artifacts: readonly DeployedArtifact[];
}

/** A run of the job's own action that succeeded. */
interface Success {
  readonly execution: string | undefined;
  readonly start: number;
  /** What keeps it from being a proof that all was fresh. */
  readonly flaw: string | undefined;
}

/** What was read so far. */
interface History {
  /** Runs of any action. */
  readonly runs: Deployment[];
  readonly successes: Success[];
  asOf: number;
}

/**
 * Everything that the origin may have served since all of the cache was last known to be fresh.
 *
 * That was when this action last succeeded. What the origin had then, an action that deploys had put there, in its last run until then or in
 * one that overlapped with that run; what came later, a later run did. So these are the artifacts of that run, and of every one that may have
 * been in progress since it began, whatever became of it. A run among them without an artifact is a doubt.
 *
 * @throws Doubt; or Busy where another attempt may succeed
 */
export async function findBaselines(sought: Sought, until: number): Promise<Baselines> {
  const history = await readHistory(sought, until);
  // First of all: too early is too early, whatever is invalidated.
  const besides = history.runs.find(({ status, artifacts }) => status === 'InProgress' && artifacts.some(location => isSame(location, sought.artifact.location)));
  if (besides !== undefined) {
    throw new Busy('ConfigurationError', `${besides.name} is still deploying the same artifact, so that this invalidation would come too early. ` +
      'Give this action a runOrder after that one, or, if it deploys to something else, name in deployedBy what deploys to this distribution.');
  }
  const success = lastProof(history);
  if (success === undefined) {
    throw new Doubt(history.successes.length === 0 ? 'this action has not succeeded before' : newest(history.successes).flaw);
  }
  const deployedBy = sought.changedFiles.deployedBy;
  const runs = deployedBy.flatMap(name => runsSince(name, success, history));
  const horizon = Math.min(...runs.map(({ start }) => start));
  // An action of another name: it was renamed, or is gone, or is newer than this execution.
  runs.push(...history.runs.filter(({ isKnown, end }) => !isKnown && end >= horizon));
  const silent = runs.find(({ artifacts }) => artifacts.length === 0);
  if (silent !== undefined) {
    throw new Doubt(`the run of ${silent.name} of ${time(silent.start)} (${silent.status}) shows no artifact ${sought.artifact.name}, and may have deployed something`);
  }
  // Of each place its first use, which comes last into the map.
  const artifacts = runs.flatMap(run => run.artifacts).sort((left, right) => right.usedAt - left.usedAt);
  return { artifacts: [...new Map(artifacts.map(artifact => [`${artifact.bucket}/${artifact.key}`, artifact])).values()], asOf: history.asOf };
}

/** The last run of an action that had deployed by then, and all that may have been in progress since it began. */
function runsSince(name: string, then: Success, history: History): Deployment[] {
  const runs = history.runs.filter(run => run.name === name);
  const before = lastSuccess(runs, then);
  if (before === undefined) {
    throw new Doubt(`${name} had not deployed yet when this action last succeeded, or too long ago for the pipeline's history`);
  }
  return runs.filter(({ end }) => end >= before.start);
}

/** The last that had ended before. At the very moment, a run of the same execution had, since that came to the invalidation by it. */
function lastSuccess(runs: readonly Deployment[], then: Success): Deployment | undefined {
  const ended = runs.filter(({ status, end, execution }) =>
    status === 'Succeeded' && (end < then.start || (end === then.start && execution === then.execution)));
  return ended.length === 0 ? undefined : newest(ended);
}

function lastProof({ successes }: History): Success | undefined {
  const proofs = successes.filter(({ flaw }) => flaw === undefined);
  return proofs.length === 0 ? undefined : newest(proofs);
}

/** Reads as far back as a run can matter, in whatever order CodePipeline lists them. */
async function readHistory(sought: Sought, until: number): Promise<History> {
  const { asOf = Infinity, changedFiles: { stageName, actionName, deployedBy } } = sought;
  const history: History = { runs: [], successes: [], asOf: -Infinity };
  let count = 0;
  for await (const page of pages(sought.pipelineName, until)) {
    const runs = page.filter(run => Number(run.startTime) <= asOf);
    for (const run of runs) {
      history.asOf = Math.max(history.asOf, Number(run.startTime));
      const parameters = parametersOf(run);
      if (run.stageName !== stageName || run.actionName !== actionName) {
        history.runs.push(...deploymentsOf(run, parameters, sought));
      } else if (run.status === 'Succeeded') {
        history.successes.push({ execution: run.pipelineExecutionId, start: Number(run.startTime), flaw: flawOf(run, parameters, sought) });
      }
    }
    const horizon = horizonOf(history, deployedBy);
    if (horizon !== undefined && page.every(run => Number(run.startTime) < horizon - LONGEST_RUN)) {
      return history;
    }
    count += page.length;
    if (count >= MAX_RUNS) {
      throw new Doubt(`the last ${MAX_RUNS} runs of the pipeline's actions do not reach back to what was deployed when this action last succeeded`);
    }
  }
  return history;
}

/** Before which nothing matters that was over by then, once that is known. */
function horizonOf(history: History, deployedBy: readonly string[]): number | undefined {
  const success = lastProof(history);
  if (success === undefined) {
    return undefined;
  }
  const starts = deployedBy.map(name => lastSuccess(history.runs.filter(run => run.name === name), success)?.start);
  return starts.every(start => start !== undefined) ? Math.min(...starts) : undefined;
}

/** A run as a deployment, unless it is none: another invalidation, or an action that the pipeline has for something else. */
function deploymentsOf(run: ActionExecutionDetail, written: Written, { artifact, changedFiles: { deployedBy, otherActions } }: Sought): Deployment[] {
  const { pipelineExecutionId: execution, stageName, actionName, status, startTime, lastUpdateTime, input, output } = run;
  const name = `${stageName}.${actionName}`;
  const isKnown = deployedBy.includes(name);
  const isNone = otherActions === undefined || hasMark(otherActions, name) || idOf(written) !== undefined ||
    !isDeployingCategory(input?.actionTypeId?.category);
  if (!isKnown && isNone) {
    return [];
  }
  const start = Number(startTime);
  const isOver = (status === 'Succeeded' || status === 'Failed') && lastUpdateTime !== undefined;
  const end = isOver ? Number(lastUpdateTime) : endOf(status, start);
  const artifacts = [...locationsOf(input?.inputArtifacts, artifact.name, start), ...locationsOf(output?.outputArtifacts, artifact.name, end)];
  return [{ execution, name, isKnown, status: String(status), start, end, artifacts }];
}

function locationsOf(artifacts: readonly ArtifactDetail[] = [], name: string, usedAt: number): DeployedArtifact[] {
  return artifacts.filter(each => each.name === name)
    .flatMap(({ s3location: { bucket, key } = {} }) => bucket === undefined || key === undefined ? [] : [{ bucket, key, usedAt }]);
}

/** The work of an abandoned run goes on for a while; one in progress has no end yet. */
function endOf(status: string | undefined, start: number): number {
  return status === 'Abandoned' ? start + LONGEST_RUN : Infinity;
}

/** Why a success of this action does not prove that all was fresh, in the words of a report; nothing where it does. */
function flawOf({ input, output }: ActionExecutionDetail, written: Written, { parameters, changedFiles, artifact }: Sought): string | undefined {
  const { outputVariables = {}, executionResult: { externalExecutionSummary: summary = '' } = {} } = output ?? {};
  // With failurePolicy WARN an action succeeds without an invalidation. CodePipeline may list no variables.
  const hasInvalidated = outputVariables.status === undefined
    ? summary !== '' && !summary.startsWith(WARNING)
    : ['Completed', 'InProgress'].includes(outputVariables.status);
  if (!hasInvalidated) {
    return 'this action only warned when it last succeeded';
  }
  const target = idOf(written) ?? idOf(Object.fromEntries(Object.entries(outputVariables).filter(([, value]) => value !== 'none')));
  if (target !== idOf(parameters)) {
    return 'this action invalidated something else when it last succeeded';
  }
  if (!isSameSite(written.paths, changedFiles)) {
    return 'the options of changedFiles were others when this action last succeeded';
  }
  return input?.inputArtifacts?.some(({ name }) => name === artifact.name)
    ? undefined
    : `the artifact of this action was not called ${artifact.name} when it last succeeded`;
}

/** The parameters of a run as its history has them: nothing of them is known. */
type Written = Partial<Record<keyof JobParameters, unknown>>;

function parametersOf({ input }: ActionExecutionDetail): Written {
  return parseObject(input?.resolvedConfiguration?.UserParameters ?? input?.configuration?.UserParameters ?? '') ?? {};
}

function hasMark(marks: string, name: string): boolean {
  const mark = actionMark(name);
  return Array.from({ length: marks.length / ACTION_MARK_LENGTH }, (_, index) => index * ACTION_MARK_LENGTH).some(at => marks.startsWith(mark, at));
}

function idOf(parameters: Partial<Record<'distributionId' | 'distributionTenantId', unknown>>): unknown {
  return parameters.distributionId ?? parameters.distributionTenantId;
}

function newest<T extends { readonly start: number }>(runs: readonly T[]): T {
  return runs.reduce((left, right) => right.start > left.start ? right : left);
}

function isSame(left: Location, right: Location): boolean {
  return left.bucket === right.bucket && left.key === right.key;
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

async function* pages(pipelineName: string, until: number): AsyncGenerator<readonly ActionExecutionDetail[]> {
  let nextToken: string | undefined;
  do {
    const command = new ListActionExecutionsCommand({ pipelineName, maxResults: PAGE_LENGTH, nextToken });
    try {
      const answer = await limited(until, abortSignal => codePipeline.send(command, { abortSignal }));
      nextToken = answer.nextToken;
      yield answer.actionExecutionDetails ?? [];
    } catch (error) {
      const { words } = describe(error);
      throw isWorthAnotherAttempt(error)
        ? new Busy('SystemUnavailable', `CodePipeline did not answer ListActionExecutions for the pipeline ${pipelineName}: ${words}. ` +
          'Retry the stage once CodePipeline has recovered: https://health.aws.amazon.com')
        : new Doubt(`the history of the pipeline ${pipelineName} cannot be read: ${words}`);
    }
  } while (nextToken !== undefined);
}
