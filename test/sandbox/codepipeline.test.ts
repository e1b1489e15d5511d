import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import {
  CodePipelineClient, InvalidJobStateException, JobNotFoundException, PutJobFailureResultCommand, PutJobSuccessResultCommand, ValidationException,
  OutputVariablesSizeExceededException,
} from '@aws-sdk/client-codepipeline';
import { Sandbox, type Statement } from '../../sandbox';

const ALLOWED: Statement[] = [{ Effect: 'Allow', Action: ['codepipeline:PutJobSuccessResult', 'codepipeline:PutJobFailureResult'], Resource: '*' }];
const UNKNOWN_JOB = '11111111-abcd-1111-abcd-111111abcdef';

let folder: string;
let sandbox: Sandbox;
let client: CodePipelineClient;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-'));
  sandbox = await Sandbox.start({ timeScale: 600 });
  client = givenClient('reporter', ALLOWED);
});
afterEach(async () => {
  await sandbox.stop();
  rmSync(folder, { recursive: true, force: true });
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

test('no answer for 20 minutes ends the action; each answer starts them anew', async () => {
  const action = startSilentAction();
  await sandbox.clock.sleep(15 * 60_000);
  await client.send(new PutJobSuccessResultCommand({ jobId: action.jobs[0], continuationToken: 'token' }));
  await sandbox.clock.sleep(10 * 60_000);
  expect(action.status).toBe('InProgress');
  const ended = await action.finished;
  expect(ended).toMatchObject({ status: 'Failed', errorDetails: { code: 'JobFailed', message: expect.stringContaining('failed to return a result') } });
  await expect(client.send(new PutJobSuccessResultCommand({ jobId: action.jobs[1] }))).rejects.toBeInstanceOf(InvalidJobStateException);
});

test('a role that may not invoke the function fails the action, and no job is sent', async () => {
  givenFunction('exports.handler = async () => {};');
  const role = sandbox.addRole('action', [{ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: 'arn:aws:lambda:*:*:function:other' }]);
  const action = await sandbox.codePipeline.startAction({ functionName: 'fn', role }).finished;
  expect(action).toMatchObject({ status: 'Failed', jobs: [], errorDetails: { code: 'PermissionError' } });
});

describe('Lambda', () => {
  test('runs the function in a fresh process, on its own version of Node.js where that is installed', async () => {
    givenFunction('let n = 0; exports.handler = async () => ({ n: ++n, pid: process.pid, version: process.version, keys: Object.keys(process.env) , out: console.log(process.version) });');
    const first = await sandbox.lambda.invoke('fn', {});
    expect(first.outcome).toBe('ok');
    const [version] = first.logs;
    expect(version.startsWith('v24.') || sandbox.lambda.notices[0].includes('not on its runtime nodejs24.x')).toBe(true);
  });

  test('gives it what Lambda gives it, and nothing of ours', async () => {
    process.env.OF_OURS = 'secret';
    givenFunction('exports.handler = async (event, context) => { console.log(JSON.stringify({ env: process.env, event, left: context.getRemainingTimeInMillis() })); };');
    const { logs } = await sandbox.lambda.invoke('fn', { a: 1 });
    const { env, event, left } = JSON.parse(logs[0]);
    expect(event).toEqual({ a: 1 });
    expect(left).toBeLessThanOrEqual(60_000);
    expect(left).toBeGreaterThan(0);
    expect(env).toMatchObject({ KEY: 'value', AWS_REGION: 'eu-west-1', AWS_LAMBDA_FUNCTION_NAME: 'fn', AWS_ENDPOINT_URL_CLOUDFRONT: sandbox.cloudFront.endpoint });
    expect(env).not.toHaveProperty('OF_OURS');
  });

  test('tries an event that failed twice more, after one and two minutes', async () => {
    givenFunction('exports.handler = async () => { throw new TypeError("boom"); };');
    await sandbox.lambda.invokeAsync('fn', {});
    expect(sandbox.lambda.invocations).toMatchObject([1, 2, 3].map(attempt => ({ attempt, outcome: 'error', error: { type: 'TypeError', message: 'boom' } })));
    const [first, second, third] = sandbox.lambda.invocations.map(({ startedAt }) => startedAt);
    expect(second - first).toBeGreaterThanOrEqual(60_000);
    expect(third - second).toBeGreaterThanOrEqual(120_000);
  });

  test('kills it at its timeout, and starts a fresh process', async () => {
    givenFunction('exports.handler = async event => { console.log(process.pid); await new Promise(resolve => setTimeout(resolve, event.ms)); };');
    expect(await sandbox.lambda.invoke('fn', { ms: 120_000 })).toMatchObject({ outcome: 'timeout' });
    expect(await sandbox.lambda.invoke('fn', { ms: 1 })).toMatchObject({ outcome: 'ok' });
    const [first, second] = sandbox.lambda.invocations.map(({ logs }) => logs[0]);
    expect(second).not.toBe(first);
  });

  test('keeps the process for the next event, and takes another for one at the same time', async () => {
    givenFunction('exports.handler = async () => { console.log(process.pid); await new Promise(resolve => setTimeout(resolve, 1_000)); };');
    await sandbox.lambda.invoke('fn', {});
    await Promise.all([sandbox.lambda.invoke('fn', {}), sandbox.lambda.invoke('fn', {})]);
    const [first, second, third] = sandbox.lambda.invocations.map(({ logs }) => logs[0]);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });
});

function givenFunction(code: string): void {
  mkdirSync(join(folder, 'code'));
  writeFileSync(join(folder, 'code', 'index.js'), code);
  sandbox.lambda.addFunction({
    name: 'fn',
    arn: 'arn:aws:lambda:eu-west-1:123456789012:function:fn',
    code: join(folder, 'code'),
    handler: 'index.handler',
    runtime: 'nodejs24.x',
    timeout: 60,
    memorySize: 128,
    environment: { KEY: 'value' },
    role: sandbox.addRole('fn-role', ALLOWED),
  });
}

/** An action whose function never answers, so that the test can. */
function startSilentAction() {
  givenFunction('exports.handler = async () => {};');
  return sandbox.codePipeline.startAction({ functionName: 'fn' });
}

function givenClient(roleName: string, statements: Statement[]): CodePipelineClient {
  const { accessKeyId } = sandbox.addRole(roleName, statements);
  return new CodePipelineClient({ endpoint: sandbox.codePipeline.endpoint, region: 'eu-west-1', credentials: { accessKeyId, secretAccessKey: 'secret' } });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}
