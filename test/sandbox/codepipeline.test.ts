import {
  CodePipelineClient, InvalidJobStateException, JobNotFoundException, ListActionExecutionsCommand, OutputVariablesSizeExceededException,
  PutJobFailureResultCommand, PutJobSuccessResultCommand, ValidationException,
} from '@aws-sdk/client-codepipeline';
import { givenFunction, MAY_REPORT, PUT, removeFolders, until } from './given-function';
import { ARTIFACT_CREDENTIALS, Sandbox, type Statement } from '../../sandbox';

const UNKNOWN_JOB = '11111111-abcd-1111-abcd-111111abcdef';

let sandbox: Sandbox;
let client: CodePipelineClient;

beforeEach(async () => {
  sandbox = await Sandbox.start({ timeScale: 600 });
  client = givenClient('reporter', MAY_REPORT);
});
afterEach(() => sandbox.stop());
afterAll(removeFolders);

// Both wait, so they do it side by side, and beside the tests below.
describe('time ends an action', () => {
  test.concurrent('no answer for 20 minutes; each answer starts them anew', () => withSandbox(600, async waiting => {
    const action = startSilentAction(waiting);
    const reporter = givenClient('reporter', MAY_REPORT, waiting);
    await waiting.clock.sleep(15 * 60_000);
    await reporter.send(new PutJobSuccessResultCommand({ jobId: action.jobs[0], continuationToken: 'token' }));
    await waiting.clock.sleep(10 * 60_000);
    expect(action.status).toBe('InProgress');
    const ended = await action.finished;
    expect(ended).toMatchObject({ status: 'Failed', errorDetails: { code: 'JobFailed', message: expect.stringContaining('failed to return a result') } });
    // 15 minutes until the answer, half a minute until the next job, and its 20 minutes.
    expect(Number(ended.endedAt) - ended.startedAt).toBeGreaterThanOrEqual(35 * 60_000);
    expect(Number(ended.endedAt) - ended.startedAt).toBeLessThan(45 * 60_000);
    await expect(reporter.send(new PutJobSuccessResultCommand({ jobId: action.jobs[1] }))).rejects.toBeInstanceOf(InvalidJobStateException);
  }));

  test.concurrent('24 hours, and with it the job that is open then', () => withSandbox(7_200, async waiting => {
    const reporter = givenClient('reporter', MAY_REPORT, waiting);
    // The first request takes a client longest, and the job below has 20 minutes: a sixth of a second.
    await expect(reporter.send(new PutJobSuccessResultCommand({ jobId: crypto.randomUUID() }))).rejects.toThrow();
    const action = startSilentAction(waiting);
    // The next job comes 15 minutes before the end, too late for its own 20 minutes to pass.
    waiting.codePipeline.delivery.continuationInterval = 23.75 * 60 * 60_000 - (waiting.clock.now() - action.startedAt);
    await reporter.send(new PutJobSuccessResultCommand({ jobId: action.jobs[0], continuationToken: 'token' }));
    const { jobs, errorDetails } = await action.finished;
    expect(errorDetails).toMatchObject({ code: 'JobTimedOut' });
    await expect(reporter.send(new PutJobSuccessResultCommand({ jobId: jobs[jobs.length - 1] }))).rejects.toBeInstanceOf(InvalidJobStateException);
  }));
});

describe('an answer to a job', () => {
  test('success ends the action, with its variables', async () => {
    const action = startSilentAction();
    await client.send(new PutJobSuccessResultCommand({
      jobId: action.jobs[0], executionDetails: { summary: 'done', externalExecutionId: 'I1', percentComplete: 100 }, outputVariables: { key: 'value' },
    }));
    expect(await action.finished).toMatchObject({ status: 'Succeeded', summary: 'done', externalExecutionId: 'I1', outputVariables: { key: 'value' } });
  });

  test('failure ends the action, with its reason', async () => {
    const action = startSilentAction();
    await client.send(new PutJobFailureResultCommand({ jobId: action.jobs[0], failureDetails: { type: 'PermissionError', message: 'no' } }));
    expect(await action.finished).toMatchObject({ status: 'Failed', errorDetails: { code: 'PermissionError', message: 'no' } });
  });

  test('the first job has no continuation token, and parameters only where the action has some', async () => {
    const action = startSilentAction();
    await until(() => sandbox.lambda.invocations.length === 1);
    expect(sandbox.lambda.invocations[0].event).toEqual({
      'CodePipeline.job': {
        id: action.jobs[0],
        accountId: '123456789012',
        data: {
          actionConfiguration: { configuration: { FunctionName: 'fn' } },
          inputArtifacts: [],
          outputArtifacts: [],
          artifactCredentials: ARTIFACT_CREDENTIALS,
        },
      },
    });
    sandbox.codePipeline.startAction({ functionName: 'fn', userParameters: '{}', continuationToken: 'token' });
    await until(() => sandbox.lambda.invocations.length === 2);
    expect(sandbox.lambda.invocations[1].event).toMatchObject({
      'CodePipeline.job': { data: { actionConfiguration: { configuration: { FunctionName: 'fn', UserParameters: '{}' } }, continuationToken: 'token' } },
    });
  });

  test('a continuation token comes back in a new job', async () => {
    const action = startSilentAction();
    await client.send(new PutJobSuccessResultCommand({ jobId: action.jobs[0], continuationToken: 'token' }));
    await until(() => sandbox.lambda.invocations.length === 2);
    expect(action.status).toBe('InProgress');
    expect(action.jobs).toHaveLength(2);
    expect(action.jobs[1]).not.toBe(action.jobs[0]);
    expect(sandbox.lambda.invocations[1].event).toMatchObject({ 'CodePipeline.job': { id: action.jobs[1], data: { continuationToken: 'token' } } });
  });

  test('a second answer is refused', async () => {
    const action = startSilentAction();
    const answer = new PutJobSuccessResultCommand({ jobId: action.jobs[0] });
    await client.send(answer);
    await expect(client.send(answer)).rejects.toBeInstanceOf(InvalidJobStateException);
    expect(action.reports.map(({ refused }) => refused)).toEqual([undefined, 'InvalidJobStateException']);
  });

  test('to a job that is none', async () => {
    await expect(client.send(new PutJobSuccessResultCommand({ jobId: UNKNOWN_JOB }))).rejects.toBeInstanceOf(JobNotFoundException);
  });

  test.each([
    ['a job id that is none', { jobId: 'x' }],
    ['a summary that is too long', { jobId: UNKNOWN_JOB, executionDetails: { summary: 'x'.repeat(2_049) } }],
    ['a summary that is empty', { jobId: UNKNOWN_JOB, executionDetails: { summary: '' } }],
    ['a percentage over 100', { jobId: UNKNOWN_JOB, executionDetails: { percentComplete: 101 } }],
    ['a token that is too long', { jobId: UNKNOWN_JOB, continuationToken: 'x'.repeat(2_049) }],
    ['a variable with a dot in its key', { jobId: UNKNOWN_JOB, outputVariables: { 'a.b': 'c' } }],
  ])('%s breaks the model', async (_, input) => {
    await expect(client.send(new PutJobSuccessResultCommand(input))).rejects.toBeInstanceOf(ValidationException);
  });

  test('variables with a continuation token, and too many variables', async () => {
    const action = startSilentAction();
    const [jobId] = action.jobs;
    await expect(client.send(new PutJobSuccessResultCommand({ jobId, continuationToken: 'token', outputVariables: { a: 'b' } }))).rejects.toBeInstanceOf(ValidationException);
    await expect(client.send(new PutJobSuccessResultCommand({ jobId, outputVariables: { a: 'b'.repeat(122_880) } })))
      .rejects.toBeInstanceOf(OutputVariablesSizeExceededException);
    expect(action.status).toBe('InProgress');
  });

  test('by a role that may not', async () => {
    const action = startSilentAction();
    client = givenClient('stranger', [{ Effect: 'Allow', Action: '*', Resource: 'arn:aws:codepipeline:*' }]);
    await expect(client.send(new PutJobSuccessResultCommand({ jobId: action.jobs[0] }))).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});

test('an answer to an action that was abandoned is refused', async () => {
  const action = startSilentAction();
  sandbox.codePipeline.abandon(action);
  expect(await action.finished).toMatchObject({ status: 'Abandoned', endedAt: expect.any(Number) });
  await expect(client.send(new PutJobSuccessResultCommand({ jobId: action.jobs[0] }))).rejects.toBeInstanceOf(InvalidJobStateException);
  expect(action.status).toBe('Abandoned');
});

test.each([
  [{ duplicateDeliveries: 1, duplicateAfter: 0 }, 2],
  [{ duplicateDeliveries: 2, duplicateAfter: 5_000 }, 3],
])('%j delivers the same event again', async (delivery, deliveries) => {
  Object.assign(sandbox.codePipeline.delivery, delivery);
  const action = startSilentAction();
  await until(() => sandbox.lambda.invocations.length === deliveries);
  expect(action.jobs).toHaveLength(1);
  expect(sandbox.lambda.invocations).toMatchObject(Array(deliveries).fill({ attempt: 1, event: { 'CodePipeline.job': { id: action.jobs[0] } } }));
  const [first, ...others] = sandbox.lambda.invocations.map(({ startedAt }) => startedAt);
  expect(others[others.length - 1] - first).toBeGreaterThanOrEqual((deliveries - 1) * delivery.duplicateAfter * 0.8);
});

test('another operation than the sandbox knows is refused, and so is a body that is no JSON', async () => {
  const post = async (operation: string, body: string) => {
    const { accessKeyId } = sandbox.role('reporter');
    const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260101/eu-west-1/codepipeline/aws4_request, SignedHeaders=host, Signature=0`;
    const headers = { 'x-amz-target': `CodePipeline_20150709.${operation}`, authorization };
    const response = await fetch(sandbox.codePipeline.endpoint, { method: 'POST', headers, body });
    return { status: response.status, ...await response.json() as object };
  };
  expect(await post('ListPipelines', '{}')).toMatchObject({ status: 400, __type: 'UnknownOperationException' });
  expect(await post('PutJobSuccessResult', '{')).toMatchObject({ status: 400, __type: 'SerializationException' });
  expect(await post('PutJobSuccessResult', '{"jobId":"x"}')).toEqual({
    status: 400,
    __type: 'ValidationException',
    message: "1 validation error detected: Value 'x' at 'jobId' failed to satisfy constraint: " +
      'Member must satisfy regular expression pattern: [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
  });
  expect(await post('PutJobSuccessResult', `{"jobId":"${UNKNOWN_JOB}","sumary":"typo"}`)).toMatchObject({ __type: 'ValidationException' });
});

test('a role that may not invoke the function fails the action, and no job is sent', async () => {
  givenFunction(sandbox, 'exports.handler = async () => {};');
  const role = sandbox.addRole('action', [{ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: 'arn:aws:lambda:*:*:function:other' }]);
  const action = await sandbox.codePipeline.startAction({ functionName: 'fn', roleArn: role.arn }).finished;
  expect(action).toMatchObject({ status: 'Failed', jobs: [], errorDetails: { code: 'PermissionError' } });
});

describe('a rollback', () => {
  /** Two stages, of which each says what it was told, and an execution of them. */
  async function givenExecution(): Promise<void> {
    givenFunction(sandbox, `${PUT}
      exports.handler = async ({ 'CodePipeline.job': { id, data } }) => put('PutJobSuccessResult', { jobId: id, outputVariables: {
        parameters: data.actionConfiguration.configuration.UserParameters, key: data.inputArtifacts[0].location.s3Location.objectKey,
      } });`);
    for (const stage of ['Deploy', 'After', 'Last']) {
      sandbox.codePipeline.addStage('site', stage, [{ name: stage, runOrder: 1, functionName: 'fn', userParameters: '#{Source.version}', inputArtifacts: ['site'] }]);
    }
    const execution = { pipeline: 'site', pipelineExecutionId: 'first', artifacts: { site: { bucket: 'artifacts', key: 'site/1' } }, variables: { 'Source.version': '1' } };
    await sandbox.codePipeline.startStage({ ...execution, stage: 'Deploy' }).finished;
  }

  test.each<[boolean, string[]]>([
    [false, ['Deploy']],
    [true, ['Deploy', 'After', 'Last']],
  ])('with rollbackRunsLaterStages: %s runs with what the earlier execution had', async (rollbackRunsLaterStages, expected) => {
    await givenExecution();
    sandbox.codePipeline.rollbackRunsLaterStages = rollbackRunsLaterStages;
    const rollback = sandbox.codePipeline.rollback({ pipeline: 'site', stage: 'Deploy', targetPipelineExecutionId: 'first' });
    expect(rollback).toMatchObject({ executionType: 'ROLLBACK', rollbackTargetPipelineExecutionId: 'first', pipelineExecutionId: expect.not.stringMatching(/^first$/) });
    const actions = await rollback.finished;
    expect(actions.map(({ actionName }) => actionName)).toEqual(expected);
    expect(actions.map(({ outputVariables }) => outputVariables)).toEqual(expected.map(() => ({ parameters: '1', key: 'site/1' })));
  });

  test('that fails runs no later stage', async () => {
    await givenExecution();
    sandbox.codePipeline.rollbackRunsLaterStages = true;
    givenFunction(sandbox, `${PUT}
      exports.handler = async event => put('PutJobFailureResult', { jobId: event['CodePipeline.job'].id, failureDetails: { type: 'JobFailed', message: 'no' } });`);
    const actions = await sandbox.codePipeline.rollback({ pipeline: 'site', stage: 'Deploy', targetPipelineExecutionId: 'first' }).finished;
    expect(actions.map(({ actionName, status }) => [actionName, status])).toEqual([['Deploy', 'Failed']]);
  });

  test('to an execution that never was', () => {
    expect(() => sandbox.codePipeline.rollback({ pipeline: 'site', stage: 'Deploy', targetPipelineExecutionId: 'none' })).toThrow('no execution none to go back to');
  });
});

describe('the history', () => {
  const site = { bucket: 'artifacts', key: 'site/1' };
  const source = { bucket: 'artifacts', key: 'source/1' };
  const build = {
    pipeline: 'Website',
    stage: 'Build',
    action: 'Build',
    actionType: { category: 'Build', owner: 'AWS', provider: 'CodeBuild', version: '1' },
    artifacts: { source },
  } as const;

  beforeEach(() => {
    client = givenClient('reader', [{ Effect: 'Allow', Action: 'codepipeline:ListActionExecutions', Resource: '*' }]);
    sandbox.codePipeline.addStage('Website', 'Invalidate', []);
  });

  async function history(filter?: { pipelineExecutionId: string }) {
    const { actionExecutionDetails = [] } = await client.send(new ListActionExecutionsCommand({ pipelineName: 'Website', filter }));
    return actionExecutionDetails;
  }

  test('shows a run with its artifacts, type, times and result', async () => {
    const { pipelineExecutionId } = sandbox.codePipeline.recordAction({
      ...build,
      startedAt: 60_000,
      endedAt: 120_000,
      outputArtifacts: { site },
      namespace: 'Built',
      outputVariables: { color: 'red' },
      externalExecutionId: 'Project:1',
      summary: 'built',
    });
    expect(await history()).toEqual([expect.objectContaining({
      pipelineExecutionId,
      stageName: 'Build',
      actionName: 'Build',
      status: 'Succeeded',
      startTime: new Date(60_000),
      lastUpdateTime: new Date(120_000),
      input: {
        actionTypeId: build.actionType,
        configuration: {},
        resolvedConfiguration: {},
        inputArtifacts: [{ name: 'source', s3location: source }],
        namespace: 'Built',
      },
      output: {
        executionResult: { externalExecutionId: 'Project:1', externalExecutionSummary: 'built' },
        outputVariables: { color: 'red' },
        outputArtifacts: [{ name: 'site', s3location: site }],
      },
    })]);
  });

  test.each(['Abandoned', 'Failed', 'Succeeded'] as const)('shows a run in progress, which ends as %s', async status => {
    const run = sandbox.codePipeline.recordAction({ ...build, status: 'InProgress', startedAt: 60_000 });
    const before = await history();
    run.end({ status, endedAt: 180_000, outputArtifacts: { site } });
    const after = await history();
    expect(before).toMatchObject([{ status: 'InProgress', startTime: new Date(60_000), lastUpdateTime: new Date(60_000), output: { outputArtifacts: [] } }]);
    expect(after).toMatchObject([{
      actionExecutionId: before[0].actionExecutionId, status, lastUpdateTime: new Date(180_000), output: { outputArtifacts: [{ name: 'site' }] },
    }]);
    expect(() => run.end({ status })).toThrow('The run of Build has ended already');
  });

  test('is ordered by the start of the runs, the newest first', async () => {
    for (const startedAt of [2_000, 3_000, 1_000, 3_000]) {
      sandbox.codePipeline.recordAction({ ...build, startedAt, externalExecutionId: String(startedAt) });
    }
    expect((await history()).map(({ startTime }) => Number(startTime))).toEqual([3_000, 3_000, 2_000, 1_000]);
  });

  test('of one execution', async () => {
    sandbox.codePipeline.recordAction(build);
    const { pipelineExecutionId } = sandbox.codePipeline.recordAction(build);
    expect(await history({ pipelineExecutionId })).toMatchObject([{ pipelineExecutionId }]);
  });

  test.each([
    [true, undefined, { color: 'red' }],
    [false, undefined, undefined],
    [false, 'Built', { color: 'red' }],
  ])('with listsVariablesWithoutNamespace: %s, an action of namespace %s has the variables %j', async (listsVariablesWithoutNamespace, namespace, expected) => {
    Object.assign(sandbox.codePipeline.historySettings, { listsVariablesWithoutNamespace });
    sandbox.codePipeline.recordAction({ ...build, namespace, outputVariables: { color: 'red' } });
    expect((await history())[0].output?.outputVariables).toEqual(expected);
  });

  test('shows that an action which the sandbox runs invokes a function, and its namespace', async () => {
    givenFunction(sandbox, 'exports.handler = async () => {};');
    sandbox.codePipeline.addStage('Website', 'Invalidate', [{ name: 'Invalidate', runOrder: 1, functionName: 'fn', namespace: 'Invalidation' }]);
    sandbox.codePipeline.startStage({ pipeline: 'Website', stage: 'Invalidate' });
    expect(await history()).toMatchObject([{
      status: 'InProgress', input: { actionTypeId: { category: 'Invoke', owner: 'AWS', provider: 'Lambda', version: '1' }, namespace: 'Invalidation' },
    }]);
  });

  test('goes with its pipeline', async () => {
    sandbox.codePipeline.recordAction(build);
    sandbox.codePipeline.removePipeline('Website');
    await expect(history()).rejects.toMatchObject({ name: 'PipelineNotFoundException' });
    sandbox.codePipeline.addStage('Website', 'Invalidate', []);
    expect(await history()).toEqual([]);
  });
});

/** An action whose function never answers, so that the test can. */
function startSilentAction(where = sandbox) {
  givenFunction(where, 'exports.handler = async () => {};');
  return where.codePipeline.startAction({ functionName: 'fn' });
}

function givenClient(roleName: string, statements: readonly Statement[], where = sandbox): CodePipelineClient {
  const { accessKeyId } = where.addRole(roleName, statements);
  return new CodePipelineClient({ endpoint: where.codePipeline.endpoint, region: 'eu-west-1', credentials: { accessKeyId, secretAccessKey: 'secret' } });
}

async function withSandbox(timeScale: number, use: (sandbox: Sandbox) => Promise<void>): Promise<void> {
  const own = await Sandbox.start({ timeScale });
  try {
    await use(own);
  } finally {
    await own.stop();
  }
}
