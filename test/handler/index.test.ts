import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { createServer } from 'http';
import type { AddressInfo } from 'net';
import { tmpdir } from 'os';
import { join } from 'path';
import { Edge, Sandbox, type ActionExecution, type Distribution } from '../../sandbox';
import { actionMark } from '../../src/contract';
import { handler } from '../../src/handler';
import * as budget from '../../src/handler/budget';
import { Invalidations } from '../../src/handler/cloudfront';
import * as pathsModule from '../../src/handler/paths';
import { givenArchive } from '../given-archive';
import { givenClients } from '../given-clients';
import { expectGreen, expectOneTerminalReport, until } from '../given-sandbox';

// The function in the tests' own process, whose pauses are short. The bundle that ships has its tests in handler.test.ts and faults.test.ts.
let sandbox: Sandbox;
let distribution: Distribution;
let count = 0;

/** How long each invocation may take, in milliseconds. The last one is for all that follow. */
let timeouts: number[];

/** The invocations that have begun: of all tests, and of this one. */
const running: Promise<void>[] = [];
let invocations = 0;

beforeAll(async () => {
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  sandbox = await Sandbox.start();
  sandbox.codePipeline.delivery.continuationInterval = 1;
  givenClients(sandbox, 'cloudfront:*', 'codepipeline:*', 's3:GetObject', 'sts:AssumeRole');
  jest.spyOn(budget, 'sleep').mockImplementation(milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds / 50)));
  jest.spyOn(sandbox.lambda, 'invokeAsync').mockImplementation(async (_, event) => {
    invocations++;
    const end = Date.now() + (timeouts.length > 1 ? timeouts.shift()! : timeouts[0]);
    running.push(handler(event, { awsRequestId: 'request', getRemainingTimeInMillis: () => end - Date.now() }));
    await running.at(-1);
  });
});

afterAll(async () => {
  await Promise.all(running);
  await sandbox.stop();
});

beforeEach(() => {
  timeouts = [60_000];
  invocations = 0;
  distribution = sandbox.cloudFront.addDistribution({ id: `E${++count}` });
  Object.assign(distribution.settings, { takesEffectAfter: 0, completesAfter: 0 });
});

async function run(parameters: object): Promise<ActionExecution> {
  const userParameters = JSON.stringify({ distributionId: distribution.id, ...parameters });
  const action = await sandbox.codePipeline.startAction({ functionName: 'function', userParameters }).finished;
  expectOneTerminalReport(action);
  return action;
}

/** The reports before the last one. */
function continuations({ reports }: ActionExecution) {
  type Details = { readonly summary: string; readonly percentComplete: number; readonly externalExecutionId?: string };
  return reports.slice(0, -1).map(({ input }) => input.executionDetails as Details);
}

describe('a success says', () => {
  test('what was invalidated, and how long it took', async () => {
    const action = await run({ paths: ['/a', '/b'] });
    const [{ id }] = distribution.invalidations;
    expectGreen(action);
    expect(action.summary).toMatch(new RegExp(`^Invalidated 2 paths of distribution ${distribution.id} in [\\d.]+ seconds? \\(invalidation ${id}\\)\\.$`));
    expect(action.externalExecutionId).toBe(id);
    expect(action.outputVariables).toEqual({
      distributionId: distribution.id,
      distributionTenantId: 'none',
      invalidationId: id,
      invalidationCount: '1',
      status: 'Completed',
      pathCount: '2',
      changedFileCount: 'none',
      unchangedFileCount: 'none',
      checkedPageCount: 'none',
      createTime: expect.stringMatching(/^20.*Z$/),
      errorType: 'none',
      errorMessage: 'none',
    });
  });

  test('how many invalidations it took, and which was the last', async () => {
    distribution.settings.maxWildcardsInProgress = 15;
    const action = await run({ paths: Array.from({ length: 16 }, (_, index) => `/${index}/*`) });
    const { invalidations } = distribution;
    expect(action.summary).toMatch(/^Invalidated 16 paths .* \(2 invalidations, the last one is I\w+\)\.$/);
    expect(action.summary).toContain(invalidations[1].id);
    expect(action.outputVariables).toMatchObject({ invalidationCount: '2', invalidationId: invalidations[1].id, pathCount: '16' });
    expect(invalidations.flatMap(({ paths }) => paths)).toHaveLength(16);
  });

  test('that it has not waited, where waitForCompletion is false', async () => {
    distribution.settings.completesAfter = 60_000;
    const action = await run({ waitForCompletion: false });
    expectGreen(action);
    expect(action.summary).toBe(`Started the invalidation of 1 path of distribution ${distribution.id} (invalidation ${distribution.invalidations[0].id}) ` +
      'and did not wait for it: waitForCompletion is false.');
    expect(action.outputVariables).toMatchObject({ status: 'InProgress' });
  });

  test('that it was a tenant of a distribution', async () => {
    const tenant = sandbox.cloudFront.addDistributionTenant({ id: `dt_${count}` });
    Object.assign(tenant.settings, { takesEffectAfter: 0, completesAfter: 0 });
    const action = await run({ distributionId: undefined, distributionTenantId: tenant.id });
    expect(action.summary).toMatch(new RegExp(`^Invalidated 1 path of distribution tenant ${tenant.id} in`));
    expect(action.outputVariables).toMatchObject({ distributionId: 'none', distributionTenantId: tenant.id });
  });
});

describe('what is found in the artifact', () => {
  const BUCKET = 'artifacts';
  const SITE = { 'index.html': '1', 'a.html': '1', 'b.html': '1', 'c.html': '1', 'd.html': '1', 'e.html': '1' };

  /** A run of a pipeline that deploys these files, with the action beside it. */
  async function runFor(files: Readonly<Record<string, string>>, options: object): Promise<ActionExecution> {
    const key = `site/${crypto.randomUUID()}`;
    sandbox.s3.put(BUCKET, key, await givenArchive(files));
    const pipeline = `Website${count}`;
    const context = { pipeline, artifacts: { site: { bucket: BUCKET, key } }, pipelineExecutionId: crypto.randomUUID() };
    const userParameters = JSON.stringify({ distributionId: distribution.id, ...options });
    sandbox.codePipeline.addStage(pipeline, 'Invalidate', [
      { name: 'Invalidate', runOrder: 1, functionName: 'function', userParameters, inputArtifacts: ['site'] },
    ]);
    sandbox.codePipeline.recordAction({ ...context, stage: 'Deploy', action: 'Site', configuration: { BucketName: 'website' } });
    const [action] = await sandbox.codePipeline.startStage({ ...context, stage: 'Invalidate' }).finished;
    return action;
  }

  const changedFiles = () => ({
    paths: {
      changedFiles: {
        pipelineName: `Website${count}`, stageName: 'Invalidate', actionName: 'Invalidate', deployedBy: ['Deploy.Site'], otherActions: actionMark('Build.Build'),
      },
    },
  });

  test('is a manifest without a path: nothing is invalidated', async () => {
    const action = await runFor({ 'paths.txt': '# none\n' }, { paths: { manifest: 'paths.txt' } });
    expectGreen(action);
    expect(action.summary).toBe(`Nothing to invalidate for distribution ${distribution.id}: the manifest lists no paths.`);
    expect(action.outputVariables).toMatchObject({ invalidationId: 'none', invalidationCount: '0', pathCount: '0', createTime: 'none', status: 'Completed' });
    expect(distribution.invalidations).toEqual([]);
  });

  test('may be read only by a later invocation', async () => {
    timeouts = [1_500, 60_000];
    const fault = sandbox.faults.add({ service: 's3', operation: 'GetObject', fault: { throttle: true }, times: Infinity });
    const action = runFor({ 'paths.txt': '/a\n' }, { paths: { manifest: 'paths.txt' } });
    await until(() => invocations === 2);
    fault.remove();
    expectGreen(await action);
    expect(distribution.invalidations.map(({ paths }) => paths)).toEqual([['/a']]);
  });

  test('is visited by a freshness check of files, and the summary says how many were seen fresh', async () => {
    const origin = createServer((_, response) => response.writeHead(200, { 'x-cache': 'Miss from cloudfront' }).end('1'));
    await new Promise<void>(resolve => origin.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
    const action = await runFor(SITE, { freshnessCheck: { files: { url, maxPages: 2 } } });
    expectGreen(action);
    expect(action.summary).toMatch(/\(invalidation I\w+\), and 2 pages were seen fresh\.$/);
    origin.close();
    origin.closeAllConnections();
  });

  test('is compared with the last success: why everything, then what has changed, then that nothing has', async () => {
    const first = await runFor(SITE, changedFiles());
    expect(first.summary).toMatch(/: everything, because this action has not succeeded before \(invalidation I\w+\)\.$/);
    expect(first.outputVariables).toMatchObject({ pathCount: '1', changedFileCount: 'none', unchangedFileCount: 'none' });
    const second = await runFor({ ...SITE, 'a.html': '2' }, changedFiles());
    expect(second.summary).toMatch(/: 1 file changed, and no unchanged file was invalidated with it \(invalidation I\w+\)\.$/);
    expect(second.outputVariables).toMatchObject({ pathCount: '1', changedFileCount: '1', unchangedFileCount: '0' });
    const third = await runFor({ ...SITE, 'a.html': '2' }, changedFiles());
    expect(third.summary).toBe(`Nothing has changed since the last invalidation of distribution ${distribution.id}, so nothing was invalidated.`);
    expect(third.outputVariables).toMatchObject({ pathCount: '0', changedFileCount: '0', unchangedFileCount: '0', invalidationId: 'none' });
    expect(distribution.invalidations.map(({ paths }) => paths)).toEqual([['/*'], ['/a.html']]);
  });

  test.each([
    [{ 'docs/a.html': '1', 'docs/b.html': '1', 'docs/c.html': '1' }, { 'docs/a.html': '2', 'docs/b.html': '2', 'docs/c.html': '1' },
      '2 files changed, and 1 unchanged file was invalidated with them'],
    [
      { 'docs/a.html': '1', 'docs/b.html': '1', 'docs/c.html': '1', 'docs/d.html': '1' }, { 'docs/a.html': '2', 'docs/b.html': '2', 'docs/c.html': '1', 'docs/d.html': '1' },
      '2 files changed, and 2 unchanged files were invalidated with them',
    ],
  ])('is covered by a wildcard: which unchanged files were invalidated, too', async (before, after, words) => {
    const others = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`${index}.html`, '']));
    const options = { paths: { changedFiles: { ...changedFiles().paths.changedFiles, maxPaths: 1 } } };
    await runFor({ ...others, ...before }, options);
    const action = await runFor({ ...others, ...after }, options);
    expect(distribution.invalidations.at(-1)?.paths).toEqual(['/docs/*']);
    expect(action.summary).toContain(words);
  });

  test.each([
    ['once part of the list was', 1, 20, [15, 1]],
    ['although nothing has been yet, and the list is empty now', 0, 0, [1]],
  ])('is another list in a later invocation: everything is invalidated, %s', async (_, skip, listedLater, batches) => {
    const key = `site/paths${count}`;
    const put = async (from: number, length: number) => {
      const lines = Array.from({ length }, (__, index) => `/${from + index}/*\n`);
      sandbox.s3.put(BUCKET, key, await givenArchive({ 'paths.txt': `# ${length}\n${lines.join('')}` }));
    };
    await put(0, 20);
    const pipeline = `Website${count}`;
    const userParameters = JSON.stringify({ distributionId: distribution.id, paths: { manifest: 'paths.txt' } });
    sandbox.codePipeline.addStage(pipeline, 'Invalidate', [
      { name: 'Invalidate', runOrder: 1, functionName: 'function', userParameters, inputArtifacts: ['site'] },
    ]);
    timeouts = [1_500, 60_000];
    const { delivery } = sandbox.codePipeline;
    delivery.continuationInterval = 1_000;
    const fault = givenFullQuota({ skip });
    const { actions, finished } = sandbox.codePipeline.startStage({ pipeline, stage: 'Invalidate', artifacts: { site: { bucket: BUCKET, key } } });
    await until(() => fault.hits > 0);
    await put(100, listedLater);
    await until(() => actions[0].reports.length > 0);
    fault.remove();
    const [action] = await finished;
    delivery.continuationInterval = 1;
    expectGreen(action);
    expect(distribution.invalidations.map(({ paths }) => paths.length)).toEqual(batches);
    expect(distribution.invalidations.at(-1)?.paths).toEqual(['/*']);
    expect(action.summary).toContain(': everything, because the list of paths has changed since this invalidation began');
    expect(action.outputVariables).toMatchObject({ pathCount: '1', invalidationCount: String(batches.length) });
  });
});

describe('an invocation whose time is up', () => {
  beforeEach(() => {
    timeouts = [1_500, 60_000];
  });

  test('says which invalidation it waits for, and the next one goes on with it', async () => {
    distribution.settings.completesAfter = 1_200;
    const action = await run({ timeoutSeconds: 600 });
    expectGreen(action);
    const [{ id }] = distribution.invalidations;
    expect(distribution.invalidations).toHaveLength(1);
    expect(continuations(action)).toEqual([{
      summary: `Waiting for CloudFront to complete invalidation ${id} of distribution ${distribution.id}, for up to 10 minutes in total.`,
      percentComplete: 0,
      externalExecutionId: id,
    }]);
    expect(action.outputVariables).toMatchObject({ invalidationId: id, invalidationCount: '1', pathCount: '1' });
  });

  test('says that it waits for the quota, and invalidates as soon as there is room', async () => {
    const fault = givenFullQuota();
    const action = run({});
    await until(() => invocations === 2);
    fault.remove();
    expectGreen(await action);
    const [{ summary, percentComplete, externalExecutionId }] = continuations(await action);
    expect(summary).toBe(`Waiting for CloudFront to accept an invalidation of distribution ${distribution.id}, for up to 1 hour in total.`);
    expect([percentComplete, externalExecutionId]).toEqual([0, undefined]);
  });

  test('before the paths were found or a role was assumed goes on with that in the next one', async () => {
    const fault = sandbox.faults.add({ service: 'sts', operation: 'AssumeRole', fault: { throttle: true }, times: Infinity });
    const action = run({ distributionRole: { arn: 'arn:aws:iam::123456789012:role/missing' } });
    await until(() => invocations === 2);
    fault.remove();
    expect((await action).errorDetails?.code).toBe('PermissionError');
    expect(continuations(await action)[0]).toMatchObject({ percentComplete: 0 });
    expect(distribution.invalidations).toEqual([]);
  });

  test('says how much is done', async () => {
    const fault = givenFullQuota({ skip: 1 });
    const action = run({ paths: Array.from({ length: 20 }, (_, index) => `/${index}/*`) });
    await until(() => invocations === 2);
    fault.remove();
    expectGreen(await action);
    expect(continuations(await action)[0]).toMatchObject({ percentComplete: 75, externalExecutionId: distribution.invalidations[0].id });
  });

  test('is the last one if the action is for another distribution by then: red, since nobody has invalidated that', async () => {
    const { delivery } = sandbox.codePipeline;
    delivery.continuationInterval = 600_000;
    distribution.settings.completesAfter = 60_000;
    const { id } = distribution;
    const action = sandbox.codePipeline.startAction({ functionName: 'function', userParameters: id });
    await until(() => action.reports.length > 0);
    delivery.continuationInterval = 1;
    const other = sandbox.cloudFront.addDistribution({ id: `E${++count}` });
    const continued = await sandbox.codePipeline.startAction({
      functionName: 'function', userParameters: other.id, continuationToken: String(action.reports[0].input.continuationToken),
    }).finished;
    expect(continued.errorDetails).toEqual({
      code: 'ConfigurationError', message: `The action was for ${id} when it began, and is for distribution ${other.id} now. Retry the stage.`,
    });
    expect(other.invalidations).toEqual([]);
  });
});

/** CloudFront has no room for an invalidation. */
function givenFullQuota(options: { skip?: number; times?: number; error?: string } = {}) {
  const { error = 'TooManyInvalidationsInProgress', ...others } = options;
  return sandbox.faults.add({
    service: 'cloudfront', operation: 'CreateInvalidation', distributionId: distribution.id, fault: { error, status: 400 }, times: Infinity, ...others,
  });
}

describe('a batch that CloudFront has no room for', () => {
  const PATHS = Array.from({ length: 15 }, (_, index) => `/${index}/*`);
  const sizes = () => distribution.invalidations.map(({ paths }) => paths.length);

  test('is tried again as it is, as long as the quota may only be full', async () => {
    givenFullQuota({ times: 2 });
    expectGreen(await run({ paths: PATHS }));
    expect(sizes()).toEqual([15]);
  });

  test('is not halved because CloudFront is busy', async () => {
    givenFullQuota({ times: 6, error: 'Throttling' });
    expectGreen(await run({ paths: PATHS }));
    expect(sizes()).toEqual([15]);
  });

  test('is halved after three refusals, and again after six', async () => {
    givenFullQuota({ times: 3 });
    expectGreen(await run({ paths: PATHS }));
    expect(sizes()).toEqual([7, 7, 1]);
    distribution = sandbox.cloudFront.addDistribution({ id: `E${++count}` });
    Object.assign(distribution.settings, { takesEffectAfter: 0, completesAfter: 0 });
    givenFullQuota({ times: 6 });
    expectGreen(await run({ paths: PATHS }));
    expect(sizes()).toEqual([3, 3, 3, 3, 3]);
  });

  test('is halved at once if it can never fit', async () => {
    givenFullQuota({ times: 1, error: 'BatchTooLarge' });
    expectGreen(await run({ paths: PATHS }));
    expect(sizes()).toEqual([7, 7, 1]);
  });

  test('is waited for if it is a single path and the quota is full', async () => {
    givenFullQuota({ times: 7 });
    expectGreen(await run({ paths: ['/a'] }));
    expect(sizes()).toEqual([1]);
  });

  test('is red if it is a single path that can never fit', async () => {
    const fault = givenFullQuota({ error: 'BatchTooLarge' });
    expect((await run({ paths: ['/a'] })).errorDetails).toEqual({
      code: 'JobFailed', message: expect.stringContaining(`The invalidation of distribution ${distribution.id} is too large for CloudFront`),
    });
    expect(fault.hits).toBe(1);
  });
});

test('the log tells what happened, with the first job of the action in each line', async () => {
  timeouts = [1_500, 60_000];
  distribution.settings.completesAfter = 200;
  await Promise.all(running);
  jest.mocked(process.stdout.write).mockClear();
  const fault = givenFullQuota();
  const action = run({});
  await until(() => invocations === 2);
  fault.remove();
  const { jobs: [first] } = await action;
  await Promise.all(running);
  const lines = jest.mocked(process.stdout.write).mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>);
  const [{ id, callerReference }] = distribution.invalidations;
  const target = `distribution ${distribution.id}`;
  expect(lines.map(({ firstJobId }) => firstJobId)).toEqual(lines.map(({ message, jobId }) => message === 'Job received' ? jobId : first));
  expect(lines.filter(({ message }) => message === 'Job received')).toEqual(
    [false, true].map(continued => expect.objectContaining({ level: 'INFO', requestId: 'request', continued })));
  expect(lines).toContainEqual(expect.objectContaining({ level: 'WARN', message: 'AWS is busy: waiting', reason: expect.stringContaining('TooMany'), pause: expect.any(Number) }));
  expect(lines).toContainEqual(expect.objectContaining({
    level: 'INFO', message: 'Invalidation created', target, invalidationId: id, callerReference, paths: 1,
  }));
  expect(lines).toContainEqual(expect.objectContaining({ level: 'INFO', message: 'Invalidation completed', target, invalidationId: id }));
});

describe('the caller reference', () => {
  test('is the same for the same paths of a job, and another one for others', async () => {
    await run({ paths: ['/a'] });
    const action = await run({ paths: Array.from({ length: 16 }, (_, index) => `/${index}/*`) });
    const [first, ...others] = distribution.invalidations.map(({ callerReference }) => callerReference);
    expect(new Set([first, ...others]).size).toBe(3);
    expect(others.every(reference => reference.startsWith(`${action.jobs[0]}-`))).toBe(true);
    expect(others.map(reference => reference.slice(action.jobs[0].length).split('-').slice(1, 3))).toEqual([['0', '15'], ['15', '1']]);
  });

  test('is that of the first job in every later one, so that an invalidation whose answer was lost is found again', async () => {
    timeouts = [1_500, 60_000];
    const fault = sandbox.faults.add({
      service: 'cloudfront', operation: 'CreateInvalidation', distributionId: distribution.id, fault: { reset: 'after' }, times: Infinity,
    });
    const action = run({});
    await until(() => invocations === 2);
    fault.remove();
    expectGreen(await action);
    expect(distribution.invalidations).toHaveLength(1);
  });
});

describe('a failure says', () => {
  test('what is wrong with the parameters', async () => {
    const action = await run({ paths: ['a'] });
    expect(action.errorDetails).toEqual({ code: 'ConfigurationError', message: expect.stringMatching(/^paths must start with '\/' or '#'/) });
    expect(action.externalExecutionId).toBeUndefined();
    expect(distribution.invalidations).toEqual([]);
  });

  test('which invalidation did not complete in time', async () => {
    distribution.settings.completesAfter = 60_000;
    const action = await run({ timeoutSeconds: 1 });
    const [{ id }] = distribution.invalidations;
    expect(action.errorDetails).toEqual({
      code: 'JobFailed',
      message: `Gave up after 1 second (timeout). Invalidation ${id} of distribution ${distribution.id} is still InProgress. It continues in CloudFront ` +
        'and will most likely complete. Set a longer timeout, or do not wait at all: set waitForCompletion to false.',
    });
    expect(action.externalExecutionId).toBe(id);
  });

  test('that the artifact is missing', async () => {
    expect((await run({ paths: { manifest: 'paths.txt' } })).errorDetails?.message).toBe('paths come from an artifact, but the action has no input artifact: add one');
  });

  test('what nobody has expected, and where to read more', async () => {
    jest.mocked(process.stdout.write).mockClear();
    const bug = jest.spyOn(pathsModule, 'normalizePaths').mockImplementationOnce(() => {
      throw new RangeError('of all things');
    });
    expect((await run({})).errorDetails).toEqual({
      code: 'JobFailed', message: "The function failed with an unexpected error: RangeError: of all things. See the function's log.",
    });
    expect(bug).toHaveBeenCalledTimes(1);
    const lines = jest.mocked(process.stdout.write).mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>);
    expect(lines).toContainEqual(expect.objectContaining({ level: 'ERROR', message: 'Unexpected error', stack: expect.stringContaining('RangeError: of all things\n') }));
  });
});

describe('with failurePolicy WARN, a failure', () => {
  const WARN = { failurePolicy: 'WARN' };

  test('is a success whose summary and variables say what went wrong', async () => {
    distribution.settings.completesAfter = 60_000;
    const action = await run({ ...WARN, timeoutSeconds: 1 });
    expectGreen(action);
    expect(action.summary).toMatch(/^WARNING: visitors may still see old pages\. JobFailed: Gave up after 1 second \(timeout\)\./);
    expect(action.externalExecutionId).toBe(distribution.invalidations[0].id);
    expect(action.outputVariables).toMatchObject({
      distributionId: distribution.id,
      status: 'Failed',
      invalidationId: distribution.invalidations[0].id,
      pathCount: '1',
      errorType: 'JobFailed',
      errorMessage: expect.stringMatching(/^Gave up after 1 second/),
    });
  });

  test('of the parameters is one, too', async () => {
    const action = await run({ ...WARN, paths: ['a'] });
    expectGreen(action);
    expect(action.outputVariables).toMatchObject({ distributionId: 'none', status: 'Failed', pathCount: 'none', invalidationCount: '0', errorType: 'ConfigurationError' });
  });

  test('has a message that is cut off where the other variables need the room', async () => {
    sandbox.faults.add({
      service: 'cloudfront', operation: 'CreateInvalidation', distributionId: distribution.id, fault: { error: 'AccessDenied', status: 403, message: 'x'.repeat(3_000) }, times: Infinity,
    });
    const action = await run(WARN);
    expectGreen(action);
    expect(action.outputVariables.errorMessage).toHaveLength(2_000);
  });
});

describe('a distribution in another account', () => {
  const OTHER_ACCOUNT = '210987654321';

  beforeEach(() => {
    distribution = sandbox.cloudFront.addDistribution({ id: `E${++count}`, account: OTHER_ACCOUNT });
    Object.assign(distribution.settings, { takesEffectAfter: 0, completesAfter: 0 });
  });

  function givenRole(): string {
    const RoleName = `invalidator${count}`;
    sandbox.deploy({
      Resources: {
        Role: {
          Type: 'AWS::IAM::Role',
          Properties: {
            RoleName,
            AssumeRolePolicyDocument: { Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: 'arn:aws:iam::123456789012:role/function' } }] },
            Policies: [{ PolicyDocument: { Statement: [{ Effect: 'Allow', Action: 'cloudfront:*', Resource: '*' }] } }],
          },
        },
      },
    }, { stackName: `Other${count}`, assetsDirectory: '.', account: OTHER_ACCOUNT });
    return `arn:aws:iam::${OTHER_ACCOUNT}:role/${RoleName}`;
  }

  test('is invalidated with the role, which is assumed once in an invocation, in the name of the pipeline and the job', async () => {
    const arn = givenRole();
    sandbox.requests.splice(0);
    const action = await run({ distributionRole: { arn, pipelineName: 'website' }, paths: Array.from({ length: 16 }, (_, index) => `/${index}/*`) });
    expectGreen(action);
    const [assumed, ...others] = sandbox.requests.filter(({ operation }) => !operation.startsWith('PutJob'));
    expect([assumed.operation, assumed.input]).toEqual(['AssumeRole', expect.objectContaining({ RoleArn: arn, RoleSessionName: `website-${action.jobs[0]}` })]);
    expect(new Set(others.map(({ operation }) => operation))).toEqual(new Set(['CreateInvalidation', 'GetInvalidation']));
    expect(new Set(others.map(({ principal }) => principal))).toEqual(new Set([`invalidator${count}`]));
  });

  test('has a client of its own for each job, which is closed at the end of the invocation; that of the function stays open', async () => {
    const close = jest.spyOn(Invalidations.prototype, 'close');
    expectGreen(await run({ distributionRole: { arn: givenRole() } }));
    await Promise.all(running);
    expect(close).toHaveBeenCalledTimes(1);
    sandbox.cloudFront.addDistribution({ id: `E${++count}` });
    await run({ distributionId: `E${count}`, waitForCompletion: false });
    await Promise.all(running);
    expect(close).toHaveBeenCalledTimes(1);
    close.mockRestore();
  });

  test('whose role is missing is red at once', async () => {
    const action = await run({ distributionRole: { arn: `arn:aws:iam::${OTHER_ACCOUNT}:role/missing` } });
    expect(action.errorDetails?.code).toBe('PermissionError');
    expect(distribution.invalidations).toEqual([]);
  });
});

describe('a freshness check', () => {
  let edge: Edge;
  let origin: string;

  beforeEach(async () => {
    origin = mkdtempSync(join(tmpdir(), 'origin-'));
    writeFileSync(join(origin, 'index.html'), '<h1>Home</h1>');
    writeFileSync(join(origin, 'about.html'), '<h1>About</h1>');
    edge = await Edge.start({ clock: sandbox.clock, cloudFront: sandbox.cloudFront, distributionId: distribution.id, origin });
    // Ages are in whole seconds.
    Object.assign(distribution.settings, { takesEffectAfter: 1_100, completesAfter: 1_200 });
  });

  afterEach(async () => {
    await edge.stop();
    rmSync(origin, { recursive: true, force: true });
  });

  test('visits each page before the invalidation and after it, and says so', async () => {
    const action = await run({ freshnessCheck: { pages: [`${edge.url}/`, `${edge.url}/about.html`] } });
    expectGreen(action);
    expect(action.summary).toMatch(/\(invalidation I\w+\), and 2 pages were fetched again at DUB56-P1\.$/);
    expect(action.outputVariables).toMatchObject({ checkedPageCount: '2' });
    const [firstBatch] = distribution.invalidations;
    expect(firstBatch.paths).toEqual(['/*']);
    expect(edge.visits.slice(0, 2).map(({ url }) => url).sort()).toEqual(['/', '/about.html']);
  });

  test('of a page that no path matches is red, also where the function was killed once CloudFront had taken the invalidation', async () => {
    const { create } = Invalidations.prototype;
    jest.spyOn(Invalidations.prototype, 'create').mockImplementationOnce(async function (this: Invalidations, ...args) {
      await create.apply(this, args);
      return new Promise(() => {});
    });
    const events: unknown[] = [];
    const invoke = jest.mocked(sandbox.lambda.invokeAsync);
    const invokeNow = invoke.getMockImplementation()!;
    invoke.mockImplementationOnce(async (_, event) => {
      events.push(event);
      void handler(event, { awsRequestId: 'killed', getRemainingTimeInMillis: () => 60_000 });
    });
    const userParameters = JSON.stringify({
      distributionId: distribution.id, paths: ['/other/*'], freshnessCheck: { pages: [`${edge.url}/`] }, timeoutSeconds: 4,
    });
    const action = sandbox.codePipeline.startAction({ functionName: 'function', userParameters });
    await until(() => distribution.invalidations.length === 1);
    await invokeNow('function', events[0]);
    expect((await action.finished).errorDetails?.message).toMatch(/\/ was not fetched again: expected a copy newer than the invalidation/);
    expect(distribution.invalidations).toHaveLength(1);
  });

  test('of one page has a summary of its own', async () => {
    expect((await run({ freshnessCheck: { pages: [`${edge.url}/`] } })).summary).toMatch(/, and 1 page was fetched again at DUB56-P1\.$/);
  });

  test('leaves the visits before the invalidation to the next invocation, where there is no time for them', async () => {
    timeouts = [7_500, 60_000];
    const action = await run({ freshnessCheck: { pages: [`${edge.url}/`] } });
    expectGreen(action);
    expect(continuations(action)).toMatchObject([{ summary: expect.stringContaining('Waiting for CloudFront to accept an invalidation') }]);
    expect(distribution.invalidations).toHaveLength(1);
  });

  test('does not keep the pages from being invalidated, where no invocation ever has time for the visits', async () => {
    timeouts = [7_000];
    await run({ freshnessCheck: { pages: [`${edge.url}/`] }, timeoutSeconds: 1 });
    expect(distribution.invalidations).toHaveLength(1);
  });

  test('goes on in the next invocation, and says what it waits for', async () => {
    timeouts = [8_500, 60_000];
    const end = edge.faults.keep('/index.html');
    const action = run({ freshnessCheck: { pages: [`${edge.url}/`] } });
    await until(() => invocations === 2);
    end();
    edge.invalidate(['/*']);
    expectGreen(await action);
    expect(continuations(await action)[0]).toMatchObject({
      summary: `Waiting for visitors to get the new pages of distribution ${distribution.id}, for up to 1 hour in total.`, percentComplete: 100,
    });
    expect(distribution.invalidations).toHaveLength(1);
  });
});
