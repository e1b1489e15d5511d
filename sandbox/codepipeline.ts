import { denial, type Role } from './iam';
import type { Lambda } from './lambda';
import { isRecord, problemsOf, type ApiModel } from './model';
import { Service, ServiceError, type Answer, type Call, type Caller, type RawRequest, type Surroundings } from './service';
import model from '../models/codepipeline.json';

const TARGET_PREFIX = 'CodePipeline_20150709.';

/** A job without an answer ends the action after 20 minutes, whatever is answered in between after 24 hours. */
const JOB_TIMEOUT = 20 * 60_000;
const ACTION_TIMEOUT = 24 * 60 * 60_000;

const MAX_OUTPUT_VARIABLES_BYTES = 122_880;

const JSON_TYPE = { 'content-type': 'application/x-amz-json-1.1' };

/** Credentials for the artifacts, which no log may show. */
export const ARTIFACT_CREDENTIALS = {
  accessKeyId: 'ASIASANDBOXARTIFACT',
  secretAccessKey: 'sandbox-artifact-secret',
  sessionToken: 'sandbox-artifact-session',
};

/** An action as a deployed template defines it. */
export interface ActionDefinition {
  readonly name: string;
  readonly runOrder: number;
  readonly functionName: string;
  readonly userParameters?: string;
  /** The names of its input artifacts. @default - none */
  readonly inputArtifacts?: readonly string[];
  /** Where later actions find its output variables. @default - nowhere */
  readonly namespace?: string;
  /** Who invokes the function. @default - somebody who may */
  readonly role?: Role;
}

/** An answer that a function gave, and what CodePipeline said to it. */
export interface Report {
  readonly jobId: string;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly at: number;
  readonly refused?: string;
}

/** One run of an action. */
export interface ActionExecution {
  readonly actionName: string;
  readonly startedAt: number;
  /** The jobs that were sent to the function: the first, and one for each continuation. */
  readonly jobs: string[];
  /** Every answer, in the order of their arrival. */
  readonly reports: Report[];
  status: 'InProgress' | 'Succeeded' | 'Failed' | 'Abandoned';
  endedAt?: number;
  summary?: string;
  externalExecutionId?: string;
  percentComplete?: number;
  errorDetails?: { readonly code: string; readonly message: string };
  outputVariables: Readonly<Record<string, string>>;
  /** Resolves when the action has ended. */
  readonly finished: Promise<ActionExecution>;
}

/** Where an artifact is on S3. */
export interface ArtifactLocation {
  readonly bucket: string;
  readonly key: string;
}

/** The run of a pipeline that a stage or an action is part of. */
export interface PipelineContext {
  readonly pipeline: string;
  readonly stage: string;
  /** @default - a new one */
  readonly pipelineExecutionId?: string;
  /** By their names. @default - none */
  readonly artifacts?: Readonly<Record<string, ArtifactLocation>>;
}

/** What kind of action it is, such as Deploy / AWS / S3 / 1. */
export interface ActionType {
  readonly category: 'Approval' | 'Build' | 'Compute' | 'Deploy' | 'Invoke' | 'Source' | 'Test';
  readonly owner: 'AWS' | 'Custom' | 'ThirdParty';
  readonly provider: string;
  readonly version: string;
}

/** How an action's run ended. */
export interface ActionEnd {
  readonly status: 'Abandoned' | 'Failed' | 'Succeeded';
  /** Epoch milliseconds. @default - now */
  readonly endedAt?: number;
  /** By their names. @default - none */
  readonly outputArtifacts?: Readonly<Record<string, ArtifactLocation>>;
  readonly outputVariables?: Readonly<Record<string, string>>;
  readonly externalExecutionId?: string;
  readonly summary?: string;
  readonly errorDetails?: ActionExecution['errorDetails'];
}

/** A run of an action that the sandbox does not run itself, such as a deployment, as the history is to show it. */
export interface ActionRecord extends PipelineContext, Omit<ActionEnd, 'status'> {
  readonly action: string;
  /** @default - not told */
  readonly actionType?: ActionType;
  readonly namespace?: string;
  readonly userParameters?: string;
  /** What the pipeline says of the action beside that. @default - nothing */
  readonly configuration?: Readonly<Record<string, string>>;
  /** The same with the values of variables. @default - the configuration */
  readonly resolvedConfiguration?: Readonly<Record<string, string>>;
  /** @default 'Succeeded' */
  readonly status?: ActionExecution['status'];
  /** Epoch milliseconds. @default - now */
  readonly startedAt?: number;
}

/** A run in the history. */
export interface RecordedAction {
  readonly pipelineExecutionId: string;
  /** Ends a run that is in progress. */
  end(end: ActionEnd): void;
}

/** What the history tells where AWS does not say what it tells. */
export interface HistorySettings {
  /** Whether the output variables of an action without a namespace are listed. @default true */
  listsVariablesWithoutNamespace: boolean;
  /** Whether the summary is listed that a job was reported with. @default true */
  listsSummaries: boolean;
  /** Whether the configuration of an action is listed as the pipeline has it. @default true */
  listsConfigurations: boolean;
  /** Whether the start of a run is listed. @default - of each */
  listsStartOf: (run: { readonly stage: string; readonly action: string }) => boolean;
  /** Which runs come first, by their start. @default 'newestFirst' */
  order: 'newestFirst' | 'oldestFirst';
  /** Whether times are cut to seconds. @default false */
  wholeSeconds: boolean;
  /** Milliseconds from the start of a run until it is listed. @default 0 */
  listedAfter: number;
}

/** What the history keeps of an action's run. */
interface HistoryEntry {
  readonly context: PipelineContext & { readonly pipelineExecutionId: string };
  readonly definition: Pick<ActionDefinition, 'name' | 'userParameters' | 'inputArtifacts' | 'namespace'> & Pick<ActionRecord, 'actionType' | 'configuration' | 'resolvedConfiguration'>;
  readonly execution: ActionExecution;
  readonly actionExecutionId: string;
  outputArtifacts: Readonly<Record<string, ArtifactLocation>>;
}

const LAMBDA_INVOKE: ActionType = { category: 'Invoke', owner: 'AWS', provider: 'Lambda', version: '1' };

/** One run of a stage. */
export interface StageExecution {
  readonly actions: ActionExecution[];
  readonly finished: Promise<ActionExecution[]>;
}

/** One run of a stage that goes back to what an earlier execution deployed. */
export interface RollbackExecution extends StageExecution {
  readonly pipelineExecutionId: string;
  readonly executionType: 'ROLLBACK';
  readonly rollbackTargetPipelineExecutionId: string;
}

/** How CodePipeline and Lambda's queue deliver. */
export interface DeliverySettings {
  /** Milliseconds from an answer with a continuation token to the next job. AWS does not say. @default 30000 */
  continuationInterval: number;
  /** How often each event is delivered again, although nothing went wrong. @default 0 */
  duplicateDeliveries: number;
  /** Milliseconds between them. @default 0 */
  duplicateAfter: number;
  /** Whether the job of a continuation never reaches the function. @default false */
  losesContinuations: boolean;
  /** Whether a continuation is a job of the same id. @default false */
  keepsJobIds: boolean;
  /** Where a continuation finds the input artifact that the first job found there, if anywhere. AWS does not say. @default - the same place */
  continuationArtifact: (location: ArtifactLocation) => ArtifactLocation | undefined;
  /** What an answer to a job gets that has one. AWS does not say. @default 'InvalidJobStateException' */
  secondAnswer: 'InvalidJobStateException' | 'JobNotFoundException' | 'ValidationException' | 'accepted';
  /** Whether the values of variables are escaped, as JSON wants it, where they are put in (https://github.com/aws/aws-cdk/issues/31213). @default false */
  escapesVariables: boolean;
}

interface Job {
  readonly execution: ActionExecution;
  readonly definition: ActionDefinition;
  open: boolean;
  readonly cancelTimeout: () => void;
}

/** CodePipeline: its JSON API for jobs, and what stands behind it. */
export class CodePipeline extends Service {
  readonly delivery: DeliverySettings = {
    continuationInterval: 30_000,
    duplicateDeliveries: 0,
    duplicateAfter: 0,
    losesContinuations: false,
    keepsJobIds: false,
    continuationArtifact: location => location,
    secondAnswer: 'InvalidJobStateException',
    escapesVariables: false,
  };

  readonly historySettings: HistorySettings = {
    listsVariablesWithoutNamespace: true, listsSummaries: true, listsConfigurations: true, listsStartOf: () => true, order: 'newestFirst', wholeSeconds: false, listedAfter: 0,
  };

  /** Whether the stages after one that is rolled back run as well. AWS does not say. */
  rollbackRunsLaterStages = false;

  protected readonly credentialScope: RegExp;

  private readonly stages = new Map<string, readonly ActionDefinition[]>();
  private readonly jobs = new Map<string, Job>();
  /** Of the actions that are part of a pipeline, by its name, in the order in which they were recorded. */
  private readonly histories = new Map<string, HistoryEntry[]>();
  private readonly contexts = new Map<ActionExecution, PipelineContext>();
  /** What each execution of a pipeline has, by its id: rollbacks go back to it. */
  private readonly executions = new Map<string, Pick<PipelineContext, 'artifacts'> & { readonly variables: Readonly<Record<string, string>> }>();
  /** What to do when an action ends, for each that has not. */
  private readonly running = new Map<ActionExecution, () => void>();

  constructor(
    surroundings: Surroundings,
    private readonly lambda: Lambda,
    private readonly roleAt: (arn: string) => Role,
    private readonly account: string,
    private readonly region: string,
  ) {
    super('codepipeline', surroundings);
    this.credentialScope = new RegExp(`^${region}/codepipeline$`);
  }

  addStage(pipeline: string, stage: string, actions: readonly ActionDefinition[]): void {
    this.stages.set(`${pipeline}/${stage}`, actions);
  }

  /** Runs the actions of a deployed stage that invoke a function: those of one run order in parallel, the next once they have succeeded. */
  startStage({ variables = {}, ...pipelineContext }: PipelineContext & { readonly variables?: Readonly<Record<string, string>> }): StageExecution {
    const { pipeline, stage } = pipelineContext;
    const context = { ...pipelineContext, pipelineExecutionId: pipelineContext.pipelineExecutionId ?? crypto.randomUUID() };
    const definitions = this.stages.get(`${pipeline}/${stage}`);
    if (definitions === undefined) {
      throw new Error(`The sandbox has no stage ${stage} in a pipeline ${pipeline}`);
    }
    const actions: ActionExecution[] = [];
    const known: Record<string, string> = { ...variables };
    this.executions.set(context.pipelineExecutionId, { artifacts: context.artifacts, variables: known });
    const runAll = async () => {
      for (const runOrder of [...new Set(definitions.map(definition => definition.runOrder))].sort((a, b) => a - b)) {
        const group = definitions.filter(definition => definition.runOrder === runOrder);
        const started = group.map(definition => this.run(definition, known, context));
        actions.push(...started);
        const ended = await Promise.all(started.map(({ finished }) => finished));
        ended.forEach((execution, index) => Object.entries(execution.outputVariables)
          .forEach(([key, value]) => known[`${group[index].namespace}.${key}`] = value));
        if (ended.some(({ status }) => status !== 'Succeeded')) {
          break;
        }
      }
      return actions;
    };
    return { actions, finished: runAll() };
  }

  /**
   * Rolls a stage back: a new execution, of the artifacts and the variables of an earlier one.
   *
   * @param rollback its `pipelineExecutionId` is that of the new execution
   * @see https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
   */
  rollback({ pipeline, stage, pipelineExecutionId = crypto.randomUUID(), targetPipelineExecutionId }: Omit<PipelineContext, 'artifacts'> & {
    readonly targetPipelineExecutionId: string;
  }): RollbackExecution {
    const target = this.executions.get(targetPipelineExecutionId);
    if (target === undefined) {
      throw new Error(`The sandbox has no execution ${targetPipelineExecutionId} to go back to`);
    }
    const run = (name: string) => this.startStage({ pipeline, stage: name, pipelineExecutionId, ...target });
    const { actions, finished } = run(stage);
    const names = [...this.stages.keys()].filter(name => name.startsWith(`${pipeline}/`)).map(name => name.slice(pipeline.length + 1));
    const laterStages = this.rollbackRunsLaterStages ? names.slice(names.indexOf(stage) + 1) : [];
    const runAll = async () => {
      let ended = await finished;
      for (const name of laterStages) {
        if (ended.every(({ status }) => status === 'Succeeded')) {
          ended = await run(name).finished;
          actions.push(...ended);
        }
      }
      return actions;
    };
    return { pipelineExecutionId, executionType: 'ROLLBACK', rollbackTargetPipelineExecutionId: targetPipelineExecutionId, actions, finished: runAll() };
  }

  /** Runs an action of no template. Without a role's ARN, nobody asks whether the function may be invoked. */
  startAction({ functionName, userParameters, continuationToken, actionName = 'Action', roleArn }: {
    readonly functionName: string;
    readonly userParameters?: string;
    readonly continuationToken?: string;
    readonly actionName?: string;
    readonly roleArn?: string;
  }): ActionExecution {
    const role = roleArn === undefined ? undefined : this.roleAt(roleArn);
    return this.run({ name: actionName, runOrder: 1, functionName, userParameters, role }, {}, undefined, continuationToken);
  }

  /** Writes a run of an action into the history that the sandbox does not run itself, such as a deployment. */
  recordAction({
    action, actionType, namespace, userParameters, configuration, resolvedConfiguration, status = 'Succeeded', startedAt = this.surroundings.clock.now(), endedAt = startedAt,
    outputArtifacts = {}, outputVariables = {}, externalExecutionId, summary, errorDetails, ...context
  }: ActionRecord): RecordedAction {
    let resolve: (execution: ActionExecution) => void;
    const finished = new Promise<ActionExecution>(fulfil => resolve = fulfil);
    const execution: ActionExecution = { actionName: action, startedAt, jobs: [], reports: [], status, outputVariables: {}, finished };
    const inputArtifacts = Object.keys(context.artifacts ?? {});
    const definition = { name: action, actionType, namespace, userParameters, configuration, resolvedConfiguration, inputArtifacts };
    const entry = this.remember(context, definition, execution);
    const end = ({ endedAt: at = this.surroundings.clock.now(), outputArtifacts: artifacts = {}, ...change }: ActionEnd) => {
      if (execution.endedAt !== undefined) {
        throw new Error(`The run of ${action} has ended already`);
      }
      Object.assign(execution, change, { endedAt: at });
      entry.outputArtifacts = artifacts;
      resolve(execution);
    };
    if (status !== 'InProgress') {
      end({ status, endedAt, outputArtifacts, outputVariables, externalExecutionId, summary, errorDetails });
    }
    return { pipelineExecutionId: entry.context.pipelineExecutionId, end };
  }

  /** Deletes a pipeline with its history. */
  removePipeline(pipeline: string): void {
    this.histories.delete(pipeline);
    [...this.stages.keys()].filter(name => name.startsWith(`${pipeline}/`)).forEach(name => this.stages.delete(name));
  }

  /** Ends an action as "Stop and abandon" does: the function goes on, and its answer is refused. */
  abandon(execution: ActionExecution): void {
    this.end(execution, { status: 'Abandoned' });
  }

  protected parse({ headers, body }: RawRequest): Call {
    const target = String(headers['x-amz-target'] ?? '');
    const operation = target.slice(TARGET_PREFIX.length);
    if (!target.startsWith(TARGET_PREFIX) || !['PutJobSuccessResult', 'PutJobFailureResult', 'ListActionExecutions'].includes(operation)) {
      throw new ServiceError('UnknownOperationException', 400, `The sandbox knows no operation '${target}'.`);
    }
    const input = parseJson(body);
    return isRecord(input) ? { operation, input } : { operation, input: {}, problem: new ServiceError('SerializationException', 400, 'The body is no JSON object.') };
  }

  protected perform({ operation, input }: Call, caller: Caller | undefined): Answer {
    if (caller === undefined) {
      throw new ServiceError('UnrecognizedClientException', 400, 'The security token included in the request is invalid.');
    }
    const resource = operation === 'ListActionExecutions' ? `arn:aws:codepipeline:${this.region}:${this.account}:${String(input.pipelineName)}` : undefined;
    if (!caller.role.allows(`codepipeline:${operation}`, resource ?? '*')) {
      throw new ServiceError('AccessDeniedException', 400, denial(caller.role, caller.session, `codepipeline:${operation}`, resource));
    }
    const problems = problemsOf(model as ApiModel, operation, input);
    if (problems.length > 0) {
      throw new ServiceError('ValidationException', 400, `${problems.length} validation error${problems.length === 1 ? '' : 's'} detected: ${problems.join('; ')}`);
    }
    if (operation === 'ListActionExecutions') {
      return { status: 200, body: JSON.stringify(this.listActionExecutions(input)), headers: JSON_TYPE };
    }
    const job = this.jobs.get(String(input.jobId));
    if (job === undefined) {
      throw new ServiceError('JobNotFoundException', 400, `The job ${String(input.jobId)} does not exist.`);
    }
    const problem = this.judge(job, operation, input);
    job.execution.reports.push({
      jobId: String(input.jobId), operation, input, at: this.surroundings.clock.now(), ...(problem === undefined ? {} : { refused: problem.code }),
    });
    const isIgnored = !job.open && this.delivery.secondAnswer === 'accepted';
    if (problem !== undefined && !isIgnored) {
      throw problem;
    }
    if (!isIgnored) {
      this.answer(job, operation, input);
    }
    return { status: 200, body: '{}', headers: JSON_TYPE };
  }

  protected error({ code, status, message }: ServiceError): Answer {
    return { status, body: JSON.stringify({ __type: code, message }), headers: JSON_TYPE };
  }

  private listActionExecutions({ pipelineName, filter, maxResults = 100, nextToken }: Call['input']): object {
    if (![...this.stages.keys()].some(name => name.startsWith(`${String(pipelineName)}/`))) {
      throw new ServiceError('PipelineNotFoundException', 400, `The account with id '${this.account}' does not include a pipeline with the name '${String(pipelineName)}'`);
    }
    const only = isRecord(filter) ? filter.pipelineExecutionId : undefined;
    const { order, listedAfter } = this.historySettings;
    const listed = (this.histories.get(String(pipelineName)) ?? [])
      .filter(({ context }) => only === undefined || context.pipelineExecutionId === only)
      .filter(({ execution }) => execution.startedAt + listedAfter <= this.surroundings.clock.now())
      .reverse()
      .sort((one, other) => other.execution.startedAt - one.execution.startedAt);
    const runs = order === 'newestFirst' ? listed : listed.reverse();
    const start = nextToken === undefined ? 0 : Number(nextToken);
    const end = start + Number(maxResults);
    return {
      actionExecutionDetails: runs.slice(start, end).map(entry => detailOf(entry, this.historySettings)),
      ...(end < runs.length ? { nextToken: String(end) } : {}),
    };
  }

  private remember(context: PipelineContext, definition: HistoryEntry['definition'], execution: ActionExecution): HistoryEntry {
    const entry: HistoryEntry = {
      context: { ...context, pipelineExecutionId: context.pipelineExecutionId ?? crypto.randomUUID() },
      definition,
      execution,
      actionExecutionId: crypto.randomUUID(),
      outputArtifacts: {},
    };
    const history = this.histories.get(context.pipeline) ?? [];
    history.push(entry);
    this.histories.set(context.pipeline, history);
    return entry;
  }

  private judge(job: Job, operation: string, input: Call['input']): ServiceError | undefined {
    if (!job.open) {
      const { secondAnswer } = this.delivery;
      const code = secondAnswer === 'accepted' ? 'InvalidJobStateException' : secondAnswer;
      return new ServiceError(code, 400, `The job ${String(input.jobId)} is not in a state in which a result can be put.`);
    }
    if (operation === 'PutJobSuccessResult' && input.outputVariables !== undefined) {
      if (input.continuationToken !== undefined) {
        return new ServiceError('ValidationException', 400, 'Output variables cannot be provided together with a continuation token.');
      }
      if (Buffer.byteLength(JSON.stringify(input.outputVariables)) > MAX_OUTPUT_VARIABLES_BYTES) {
        return new ServiceError('OutputVariablesSizeExceededException', 400, 'The output variables exceed 122,880 bytes.');
      }
    }
    return undefined;
  }

  private answer(job: Job, operation: string, input: Call['input']): void {
    const { clock } = this.surroundings;
    close(job);
    if (operation === 'PutJobFailureResult') {
      const details = input.failureDetails as { type: string; message: string; externalExecutionId?: string };
      this.end(job.execution, { status: 'Failed', externalExecutionId: details.externalExecutionId, errorDetails: { code: details.type, message: details.message } });
      return;
    }
    const { externalExecutionId, summary, percentComplete } = (input.executionDetails ?? {}) as Partial<ActionExecution>;
    const progress = { externalExecutionId, summary, percentComplete };
    if (input.continuationToken === undefined) {
      this.end(job.execution, { status: 'Succeeded', ...progress, outputVariables: (input.outputVariables ?? {}) as Record<string, string> });
      return;
    }
    Object.assign(job.execution, progress);
    const token = String(input.continuationToken);
    clock.after(this.delivery.continuationInterval, () => this.sendJob(job.execution, job.definition, token));
  }

  private run(
    definition: ActionDefinition, variables: Readonly<Record<string, string>>, context?: HistoryEntry['context'], continuationToken?: string,
  ): ActionExecution {
    const { clock } = this.surroundings;
    let resolve: (execution: ActionExecution) => void;
    const finished = new Promise<ActionExecution>(fulfil => resolve = fulfil);
    const execution: ActionExecution = {
      actionName: definition.name, startedAt: clock.now(), jobs: [], reports: [], status: 'InProgress', outputVariables: {}, finished,
    };
    const cancelTimeout = clock.after(ACTION_TIMEOUT, () =>
      this.end(execution, { status: 'Failed', errorDetails: { code: 'JobTimedOut', message: 'The action timed out after 24 hours.' } }));
    this.running.set(execution, () => {
      cancelTimeout();
      resolve(execution);
    });

    if (definition.role !== undefined && !this.lambda.mayInvoke(definition.role, definition.functionName)) {
      this.end(execution, {
        status: 'Failed',
        errorDetails: { code: 'PermissionError', message: `The provided role does not have permission to invoke the AWS Lambda function ${definition.functionName}` },
      });
      return execution;
    }
    // CodePipeline puts values in as they are, quotes and all (https://github.com/aws/aws-cdk/issues/31213).
    const escaped = (value: string) => this.delivery.escapesVariables ? JSON.stringify(value).slice(1, -1) : value;
    const userParameters = definition.userParameters?.replace(/#\{([^}]+)\}/g, (expression, name: string) =>
      name in variables ? escaped(variables[name]) : expression);
    const resolved = { ...definition, userParameters };
    if (context !== undefined) {
      this.remember(context, { ...resolved, actionType: LAMBDA_INVOKE }, execution);
      this.contexts.set(execution, context);
    }
    this.sendJob(execution, resolved, continuationToken);
    return execution;
  }

  private end(execution: ActionExecution, change: Partial<ActionExecution>): void {
    const ended = this.running.get(execution);
    if (ended !== undefined) {
      this.running.delete(execution);
      // A job of an ended action is over, too, whether or not it was answered.
      [...this.jobs.values()].filter(job => job.execution === execution).forEach(close);
      Object.assign(execution, change, { endedAt: this.surroundings.clock.now() });
      ended();
    }
  }

  private sendJob(execution: ActionExecution, definition: ActionDefinition, continuationToken: string | undefined): void {
    if (execution.status !== 'InProgress') {
      return;
    }
    const { clock } = this.surroundings;
    const { keepsJobIds, continuationArtifact } = this.delivery;
    const id = keepsJobIds ? execution.jobs[0] ?? crypto.randomUUID() : crypto.randomUUID();
    const inputArtifacts = artifactsOf(definition, this.contexts.get(execution)).flatMap(({ name, location }) => {
      const found = continuationToken === undefined ? location : continuationArtifact(location);
      return found === undefined ? [] : [{ name, location: found }];
    });
    const job: Job = {
      execution,
      definition,
      open: true,
      cancelTimeout: clock.after(JOB_TIMEOUT, () => this.end(execution, {
        status: 'Failed',
        errorDetails: {
          code: 'JobFailed',
          message: `The AWS Lambda function ${definition.functionName} failed to return a result. Check the function to verify that it has permission ` +
            'to call the PutJobSuccessResult action and that it made a call to PutJobSuccessResult.',
        },
      })),
    };
    this.jobs.set(id, job);
    execution.jobs.push(id);
    const event = {
      'CodePipeline.job': {
        id,
        accountId: this.account,
        data: {
          actionConfiguration: {
            configuration: {
              FunctionName: definition.functionName,
              ...(definition.userParameters === undefined ? {} : { UserParameters: definition.userParameters }),
            },
          },
          inputArtifacts: inputArtifacts.map(({ name, location: { bucket, key } }) => ({
            name, revision: null, location: { type: 'S3', s3Location: { bucketName: bucket, objectKey: key } },
          })),
          outputArtifacts: [],
          artifactCredentials: ARTIFACT_CREDENTIALS,
          ...(continuationToken === undefined ? {} : { continuationToken }),
        },
      },
    };
    if (continuationToken !== undefined && this.delivery.losesContinuations) {
      return;
    }
    for (let delivery = 0; delivery <= this.delivery.duplicateDeliveries; delivery++) {
      clock.after(delivery * this.delivery.duplicateAfter, () => void this.lambda.invokeAsync(definition.functionName, event));
    }
  }
}

function artifactsOf({ inputArtifacts = [] }: HistoryEntry['definition'], context: PipelineContext | undefined) {
  return inputArtifacts.flatMap(name => {
    const location = context?.artifacts?.[name];
    return location === undefined ? [] : [{ name, location }];
  });
}

/** An action's run as `ListActionExecutions` tells it, with times in seconds. */
function detailOf(
  { context, definition, execution, actionExecutionId, outputArtifacts }: HistoryEntry,
  { listsVariablesWithoutNamespace, listsSummaries, listsConfigurations, listsStartOf, wholeSeconds }: HistorySettings,
): object {
  const { externalExecutionId, summary, errorDetails, outputVariables, status, startedAt, endedAt } = execution;
  const configuration = { ...definition.configuration, ...definition.userParameters !== undefined && { UserParameters: definition.userParameters } };
  const isResolved = listsConfigurations || definition.userParameters !== undefined;
  const seconds = (milliseconds: number) => wholeSeconds ? Math.floor(milliseconds / 1_000) : milliseconds / 1_000;
  return {
    pipelineExecutionId: context.pipelineExecutionId,
    actionExecutionId,
    stageName: context.stage,
    actionName: definition.name,
    startTime: listsStartOf({ stage: context.stage, action: definition.name }) ? seconds(startedAt) : undefined,
    lastUpdateTime: seconds(endedAt ?? startedAt),
    status,
    input: {
      actionTypeId: definition.actionType,
      configuration: listsConfigurations ? configuration : undefined,
      resolvedConfiguration: isResolved ? { ...configuration, ...definition.resolvedConfiguration } : undefined,
      inputArtifacts: artifactsOf(definition, context).map(({ name, location }) => ({ name, s3location: location })),
      namespace: definition.namespace,
    },
    output: {
      executionResult: { externalExecutionId, externalExecutionSummary: listsSummaries ? summary : undefined, errorDetails },
      outputVariables: definition.namespace !== undefined || listsVariablesWithoutNamespace ? outputVariables : undefined,
      outputArtifacts: Object.entries(outputArtifacts).map(([name, location]) => ({ name, s3location: location })),
    },
  };
}

function close(job: Job): void {
  job.open = false;
  job.cancelTimeout();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
