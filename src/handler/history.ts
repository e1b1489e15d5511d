import { ListActionExecutionsCommand, type ActionExecutionDetail, type ActionExecutionInput, type ArtifactDetail } from '@aws-sdk/client-codepipeline';
import type { Location } from './archive';
import { limited } from './budget';
import { codePipeline } from './codepipeline';
import { parseObject } from './event';
import { Busy, describe, isWorthAnotherAttempt } from './failure';
import { WARNING } from './text';
import { ACTION_MARK_LENGTH, actionMark, isDeployingCategory, isSameSite, type ChangedFilesParameters, type JobParameters } from '../contract';

/** CodePipeline's maximum. */
const PAGE_LENGTH = 100;

/** How many action executions the function reads at most. */
const MAX_RUNS = 10_000;

/**
 * No action runs longer: a run that started earlier than this before a given time was over by then. The same is true of the build behind an
 * abandoned run, which CodePipeline no longer watches.
 *
 * @see https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
 */
const LONGEST_RUN = 7 * 24 * 60 * 60 * 1000;

/** What the S3 deploy action is told of where to write. */
const TARGET_OPTIONS = ['BucketName', 'ObjectKey'] as const;

/** The function cannot know what the cache contains. Waiting does not help. */
export class Doubt extends Error {}

/** What to look for in the history. */
export interface Sought {
  readonly pipelineName: string;
  /** The job's input artifact: its name and location. */
  readonly artifact: { readonly name: string; readonly location: Location };
  readonly parameters: JobParameters;
  readonly changedFiles: ChangedFilesParameters;
  /** When the history ends for this job, by CodePipeline's clock: later runs belong to another job. @default - now */
  readonly asOf?: number;
}

/** An artifact that a run used. */
export interface DeployedArtifact extends Location {
  /** When the run used it, in epoch milliseconds. An object that S3 got later is another artifact. */
  readonly usedAt: number;
}

/** The artifacts whose files the cache may contain. */
export interface Baselines {
  /** One for each location: the first use. */
  readonly artifacts: readonly DeployedArtifact[];
  /** When the newest run in the history started. */
  readonly asOf: number;
}

/** One run of an action that may deploy. */
interface Deployment {
  readonly execution: string | undefined;
  readonly name: string;
  /** Whether the action is in the pipeline that this job knows. */
  readonly isKnown: boolean;
  readonly status: string;
  readonly start: number;
  /** When it had certainly ended. */
  readonly end: number;
  /** Its artifacts with the name of the job's own artifact. */
  readonly artifacts: readonly DeployedArtifact[];
  /** How the pipeline configures the action, as text that can be compared, if the history tells. */
  readonly configuration: string | undefined;
}

/** A successful run of the job's own action. */
interface Success {
  readonly execution: string | undefined;
  readonly start: number;
  /** Why it does not prove that all pages were fresh, if so. */
  readonly flaw: string | undefined;
}

/** What has been read so far. */
interface History {
  /** Runs of any action that may deploy. */
  readonly runs: Deployment[];
  readonly successes: Success[];
  /** The executions in which this action has the job's artifact and is in progress: this job's own, and retries of it. */
  readonly executions: Set<string | undefined>;
  /** Why something that matters is missing, if so. */
  doubt?: string;
  asOf: number;
}

/**
 * Finds everything that the origin may have served since the whole cache was last known to be fresh.
 *
 * The cache was known to be fresh when this action last succeeded. At that time, the origin had what each deploying action put there in its
 * last successful run until then, or in a run that overlapped with it. Later runs put later files there. The baselines are therefore the
 * artifacts of that run and of every run that may have been in progress since it started, whatever its result. A run among them without an
 * artifact is a doubt. So is an action that was configured differently in one of them: the same files in another bucket, under other names or
 * with other headers are other pages.
 *
 * @throws Doubt; or Busy if another attempt may succeed
 */
export async function findBaselines(sought: Sought, until: number): Promise<Baselines> {
  const history = await readHistory(sought, until);
  // This check comes first: an invalidation that runs too early is wrong, whatever it invalidates. An action in another Region has a copy of
  // the artifact elsewhere.
  const besides = history.runs.find(({ status, execution, artifacts }) => status === 'InProgress' &&
    (history.executions.has(execution) || artifacts.some(location => isSame(location, sought.artifact.location))));
  if (besides !== undefined) {
    throw new Busy('ConfigurationError', `${besides.name} is still deploying the same artifact, so this invalidation would run too early. ` +
      'Give this action a higher runOrder than that action. If that action deploys to another site, set deployedBy to the actions that deploy to this distribution.');
  }
  if (history.doubt !== undefined) {
    throw new Doubt(history.doubt);
  }
  const success = lastProof(history);
  if (success === undefined) {
    throw new Doubt(history.successes.length === 0 ? 'this action has not succeeded before' : newest(history.successes).flaw);
  }
  const deployedBy = sought.changedFiles.deployedBy;
  const runs = deployedBy.flatMap(name => runsSince(name, success, history));
  const horizon = Math.min(...runs.map(({ start }) => start));
  // An action with another name: it was renamed, removed, or added after this execution started.
  runs.push(...history.runs.filter(({ isKnown, end }) => !isKnown && end >= horizon));
  const silent = runs.find(({ artifacts }) => artifacts.length === 0);
  if (silent !== undefined) {
    throw new Doubt(`the run of ${silent.name} at ${time(silent.start)} (${silent.status}) lists no artifact ${sought.artifact.name} but may have deployed something`);
  }
  // The last entry of a location wins in the map: the first use.
  const artifacts = runs.flatMap(run => run.artifacts).sort((left, right) => right.usedAt - left.usedAt);
  return { artifacts: [...new Map(artifacts.map(artifact => [`${artifact.bucket}/${artifact.key}`, artifact])).values()], asOf: history.asOf };
}

/** The last run in which an action had deployed by then, and every run that may have been in progress since it started. */
function runsSince(name: string, then: Success, history: History): Deployment[] {
  const runs = history.runs.filter(run => run.name === name);
  const before = lastSuccess(runs, then);
  if (before === undefined) {
    throw new Doubt(`${name} had not deployed when this action last succeeded, or the pipeline's history does not go back far enough`);
  }
  const since = runs.filter(({ end }) => end >= before.start);
  if (since.some(({ configuration }) => configuration === undefined)) {
    throw new Doubt(`the pipeline's history does not say how ${name} was configured`);
  }
  if (since.some(({ configuration }) => configuration !== before.configuration)) {
    throw new Doubt(`${name} was configured differently when this action last succeeded, so the same files may be other pages`);
  }
  return since;
}

/** The last run that had ended before. With equal times, a run of the same execution had ended too, because it came before the invalidation. */
function lastSuccess(runs: readonly Deployment[], then: Success): Deployment | undefined {
  const ended = runs.filter(({ status, end, execution }) =>
    status === 'Succeeded' && (end < then.start || (end === then.start && execution === then.execution)));
  return ended.length === 0 ? undefined : newest(ended);
}

function lastProof({ successes }: History): Success | undefined {
  const proofs = successes.filter(({ flaw }) => flaw === undefined);
  return proofs.length === 0 ? undefined : newest(proofs);
}

/** Reads what there is to read. */
async function readHistory(sought: Sought, until: number): Promise<History> {
  const history: History = { runs: [], successes: [], executions: new Set(), asOf: -Infinity };
  try {
    await readInto(history, sought, until);
  } catch (error) {
    if (!(error instanceof Doubt)) {
      throw error;
    }
    history.doubt = error.message;
  }
  return history;
}

/** Reads back as far as a run can matter, in whatever order CodePipeline lists runs. */
async function readInto(history: History, sought: Sought, until: number): Promise<void> {
  const { asOf = Infinity, changedFiles: { stageName, actionName, deployedBy } } = sought;
  let count = 0;
  for await (const page of pages(sought.pipelineName, until)) {
    for (const run of page.filter(({ startTime }) => startTime === undefined || Number(startTime) <= asOf)) {
      const parameters = parametersOf(run);
      if (run.startTime === undefined) {
        const deployments = deploymentsOf(run, parameters, sought);
        history.runs.push(...deployments);
        history.doubt ??= deployments.length === 0 ? undefined : `the pipeline's history does not say when ${deployments[0].name} ran`;
        continue;
      }
      history.asOf = Math.max(history.asOf, Number(run.startTime));
      if (run.stageName !== stageName || run.actionName !== actionName) {
        history.runs.push(...deploymentsOf(run, parameters, sought));
      } else if (run.status === 'Succeeded') {
        history.successes.push({ execution: run.pipelineExecutionId, start: Number(run.startTime), flaw: flawOf(run, parameters, sought) });
      } else if (run.status === 'InProgress' && isOwn(run, sought)) {
        history.executions.add(run.pipelineExecutionId);
      }
    }
    const horizon = horizonOf(history, deployedBy);
    if (horizon !== undefined && page.length > 0 && page.every(run => Number(run.startTime) < horizon - LONGEST_RUN)) {
      return;
    }
    count += page.length;
    if (count >= MAX_RUNS) {
      throw new Doubt(`the last ${MAX_RUNS} action executions of the pipeline do not go back to what was deployed when this action last succeeded`);
    }
  }
}

/** The time before which ended runs do not matter, if it is known. */
function horizonOf(history: History, deployedBy: readonly string[]): number | undefined {
  const success = lastProof(history);
  if (success === undefined) {
    return undefined;
  }
  const starts = deployedBy.map(name => lastSuccess(history.runs.filter(run => run.name === name), success)?.start);
  return starts.every(start => start !== undefined) ? Math.min(...starts) : undefined;
}

/** Turns a run into a deployment, unless it is another invalidation or an action that does not deploy. */
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
  const configuration = textOf(input);
  return [{ execution, name, isKnown, status: String(status), start, end, artifacts, configuration }];
}

/**
 * As it is written in the pipeline, so that a variable, such as the ID of a commit, makes no difference, except where it says which files
 * are written. A Commands action, of the category Compute, has none.
 */
function textOf({ actionTypeId, configuration: written, resolvedConfiguration: resolved }: Partial<ActionExecutionInput> = {}): string | undefined {
  const known = written ?? resolved ?? (actionTypeId?.category === 'Compute' ? {} : undefined);
  if (known === undefined) {
    return undefined;
  }
  const target = Object.fromEntries(TARGET_OPTIONS.map(name => [name, resolved?.[name]]).filter(([, value]) => value !== undefined));
  const configuration = { ...known, ...target };
  return JSON.stringify(Object.entries(configuration).sort(([left], [right]) => left < right ? -1 : 1));
}

function locationsOf(artifacts: readonly ArtifactDetail[] = [], name: string, usedAt: number): DeployedArtifact[] {
  return artifacts.filter(each => each.name === name)
    .flatMap(({ s3location: { bucket, key } = {} }) => bucket === undefined || key === undefined ? [] : [{ bucket, key, usedAt }]);
}

/** The work of an abandoned run may continue for a while. A run in progress has no end yet. */
function endOf(status: string | undefined, start: number): number {
  return status === 'Abandoned' ? start + LONGEST_RUN : Infinity;
}

/** Why a success of this action does not prove that all pages were fresh, or `undefined` if it does. Reports quote it. */
function flawOf({ input, output }: ActionExecutionDetail, written: Written, { parameters, changedFiles, artifact }: Sought): string | undefined {
  const { outputVariables = {}, executionResult: { externalExecutionSummary: summary = '' } = {} } = output ?? {};
  // With failurePolicy WARN, an action succeeds even if it failed to invalidate. CodePipeline may not list variables.
  const hasInvalidated = outputVariables.status === undefined
    ? summary !== '' && !summary.startsWith(WARNING)
    : ['Completed', 'InProgress'].includes(outputVariables.status);
  if (!hasInvalidated) {
    return 'this action only warned when it last succeeded';
  }
  if (parameters.waitForCompletion && written.waitForCompletion === false) {
    return 'this action did not wait for CloudFront when it last succeeded';
  }
  const target = idOf(written) ?? idOf(Object.fromEntries(Object.entries(outputVariables).filter(([, value]) => value !== 'none')));
  if (target !== idOf(parameters)) {
    return 'this action invalidated something else when it last succeeded';
  }
  if (!isSameSite(written.paths, changedFiles)) {
    return 'the options of changedFiles were different when this action last succeeded';
  }
  return input?.inputArtifacts?.some(({ name }) => name === artifact.name)
    ? undefined
    : `the artifact of this action was not called ${artifact.name} when it last succeeded`;
}

function isOwn({ input, startTime }: ActionExecutionDetail, { artifact }: Sought): boolean {
  return locationsOf(input?.inputArtifacts, artifact.name, Number(startTime)).some(location => isSame(location, artifact.location));
}

/** The parameters of a run from the history. Their values are not checked. */
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
