import { Duration } from 'aws-cdk-lib';
import type { FaultKind, Invalidation } from '../../sandbox';
import { InvalidationPaths } from '../../src';
import { expectOneTerminalReport, givenWorld, stopWorlds, until, type World } from '../given-sandbox';

// Most of a test is waiting, so that several share a processor.
afterAll(stopWorlds);

const SHORT = { functionTimeout: Duration.seconds(30) };

describe('CloudFront is down for a while: the action waits, and is green', () => {
  const passing: [string, FaultKind][] = [
    ['503 ServiceUnavailable', { error: 'ServiceUnavailable', status: 503, message: 'CloudFront is unable to process the request' }],
    ['500 InternalError', { error: 'InternalError', status: 500 }],
    ['Throttling', { throttle: true }],
    ['a reset before the effect', { reset: 'before' }],
    ['a reset after the effect', { reset: 'after' }],
    ['a hang before the effect', { hang: 'before' }],
    ['a hang after the effect', { hang: 'after' }],
    ['a slow answer', { delay: 5_000 }],
    ['a body that ends half-way', { truncate: true }],
    ['a body that is no XML', { malformed: true }],
    ['a clock that is wrong', { error: 'RequestTimeTooSkewed', status: 403 }],
  ];

  describe.each(['CreateInvalidation', 'GetInvalidation'])('%s', operation => {
    test.concurrent.each(passing)('%s', async (_, fault) => {
      const world = await givenWorld();
      const handle = world.sandbox.faults.add({ service: 'cloudfront', operation, fault, times: 2 });
      const action = await world.runStage();
      expect(handle.hits).toBeGreaterThan(0);
      expect(action.status).toBe('Succeeded');
      expect(world.distribution.invalidations).toHaveLength(1);
      expectOneTerminalReport(action);
    });
  });

  test.concurrent('an outage that is longer than an invocation', async () => {
    const world = await givenWorld(SHORT);
    const outage = world.sandbox.faults.add({ service: 'cloudfront', operation: 'CreateInvalidation', fault: { error: 'ServiceUnavailable', status: 503 }, times: Infinity });
    const running = world.runStage();
    await until(() => world.requests('PutJobSuccessResult').length === 1);
    outage.remove();
    const action = await running;
    expect(action.status).toBe('Succeeded');
    expect(action.jobs.length).toBeGreaterThan(1);
    expect(action.reports[0].input).toMatchObject({
      executionDetails: { summary: `Waiting for CloudFront to accept an invalidation of distribution ${world.distribution.id}, for up to 1 hour in total.` },
    });
    expect(world.distribution.invalidations).toMatchObject([{ callerReference: expect.stringMatching(`^${action.jobs[0]}-0-1-[0-9a-f]{12}$`) }]);
  });

  test.concurrent('an outage that is longer than the timeout is red, and says so', async () => {
    const world = await givenWorld({ ...SHORT, timeout: Duration.seconds(40) });
    world.sandbox.faults.add({ service: 'cloudfront', operation: 'CreateInvalidation', fault: { error: 'ServiceUnavailable', status: 503, message: 'Try later' }, times: Infinity });
    const action = await world.runStage();
    expect(action.errorDetails).toEqual({
      code: 'SystemUnavailable',
      message: `Gave up after 40 seconds (timeout). CloudFront did not answer CreateInvalidation for distribution ${world.distribution.id}: ` +
        'ServiceUnavailable: Try later. Retry the stage once CloudFront has recovered: https://health.aws.amazon.com',
    });
    expectOneTerminalReport(action);
  });

  test.concurrent('a CloudFront that always hangs still gets the job an answer', async () => {
    const world = await givenWorld({ ...SHORT, timeout: Duration.seconds(20) });
    world.sandbox.faults.add({ service: 'cloudfront', operation: 'CreateInvalidation', fault: { hang: 'before' }, times: Infinity });
    const action = await world.runStage();
    expect(action.errorDetails).toMatchObject({ code: 'SystemUnavailable', message: expect.stringContaining('no response within') });
    expect(world.sandbox.lambda.invocations.map(({ outcome }) => outcome)).not.toContain('timeout');
  });
});

describe('the quota is full', () => {
  test.concurrent('for a while: the action waits until there is room', async () => {
    const world = await givenWorld();
    const others = fillQuota(world);
    const running = world.runStage();
    await until(() => world.requests('CreateInvalidation').length === 2);
    expect(world.requests('CreateInvalidation').map(({ errorCode }) => errorCode)).toEqual(Array(2).fill('TooManyInvalidationsInProgress'));
    others.status = 'Completed';
    const action = await running;
    expect(action.status).toBe('Succeeded');
    expect(world.distribution.invalidations.filter(({ callerReference }) => callerReference.startsWith(`${action.jobs[0]}-0-1-`))).toHaveLength(1);
  });

  test.concurrent('for longer than an invocation', async () => {
    const world = await givenWorld(SHORT);
    const others = fillQuota(world);
    const running = world.runStage();
    await until(() => world.requests('PutJobSuccessResult').length === 1);
    others.status = 'Completed';
    const action = await running;
    expect(action.status).toBe('Succeeded');
    expect(action.jobs.length).toBeGreaterThan(1);
  });

  test.concurrent('for longer than the timeout: red, with what to do about it', async () => {
    const world = await givenWorld({ timeout: Duration.seconds(10) });
    fillQuota(world);
    const action = await world.runStage();
    expect(action.errorDetails).toMatchObject({
      code: 'JobFailed',
      message: expect.stringMatching(/^Gave up after 10 seconds \(timeout\)\. The invalidation quota of distribution E\w+ is full: TooManyInvalidationsInProgress: .* longer timeout/),
    });
    expectOneTerminalReport(action);
  });

  test.concurrent('a part of it is somebody else\'s for good: the batch is halved until it fits', async () => {
    const paths = Array.from({ length: 15 }, (_, index) => `/${index}/*`);
    const world = await givenWorld({ paths: InvalidationPaths.of(...paths) });
    // Never completes.
    world.distribution.settings.completesAfter = 24 * 3_600_000;
    world.sandbox.cloudFront.invalidate(world.distribution.id, 'somebody-else', ['/held/*']);
    world.distribution.settings.completesAfter = 1_000;
    const action = await world.runStage();
    expect(action).toMatchObject({ status: 'Succeeded', outputVariables: { pathCount: '15', invalidationCount: '3' } });
    const own = world.distribution.invalidations.filter(({ callerReference }) => callerReference !== 'somebody-else');
    expect(own.map(invalidation => invalidation.paths.length)).toEqual([7, 7, 1]);
    expect(own.flatMap(invalidation => [...invalidation.paths])).toEqual(paths);
    expect(action.outputVariables.invalidationId).toBe(own.at(-1)!.id);
    expect(action.summary).toContain(`(3 invalidations, the last one is ${own.at(-1)!.id})`);
  });

  test.concurrent('an account with a lower quota: a batch that is too large is halved', async () => {
    const world = await givenWorld({ paths: InvalidationPaths.of('/a', '/b', '/c') });
    world.distribution.settings.maxPathsInProgress = 1;
    expect(await world.runStage()).toMatchObject({ status: 'Succeeded', outputVariables: { invalidationCount: '3' } });
    expect(world.distribution.invalidations.map(({ paths }) => paths)).toEqual([['/a'], ['/b'], ['/c']]);
  });

  test.concurrent('a single path that is too large never fits: red at once', async () => {
    const world = await givenWorld();
    world.sandbox.faults.add({ service: 'cloudfront', operation: 'CreateInvalidation', fault: { error: 'BatchTooLarge', status: 413 }, times: Infinity });
    const action = await world.runStage();
    expect(action.errorDetails).toMatchObject({ code: 'JobFailed', message: expect.stringMatching(/^The invalidation of distribution \w+ is too large for CloudFront/) });
    expect(world.requests('CreateInvalidation')).toHaveLength(1);
  });
});

describe('what no wait can mend is reported at once', () => {
  test.concurrent('the role may not create invalidations', async () => {
    const world = await givenWorld();
    deny(world, 'cloudfront:CreateInvalidation');
    const action = await world.runStage();
    expect(action.errorDetails).toMatchObject({ code: 'PermissionError', message: expect.stringContaining(`Not allowed to invalidate distribution ${world.distribution.id}: AccessDenied: User: arn:aws:sts::`) });
    expect(action.errorDetails?.message).toContain('Allow the function\'s role to call cloudfront:CreateInvalidation on this distribution');
    expect(world.requests('CreateInvalidation')).toHaveLength(1);
    expectOneTerminalReport(action);
  });

  test.concurrent('the role may not see invalidations', async () => {
    const world = await givenWorld();
    deny(world, 'cloudfront:GetInvalidation');
    const action = await world.runStage();
    expect(action).toMatchObject({
      status: 'Failed',
      externalExecutionId: world.distribution.invalidations[0].id,
      errorDetails: { code: 'PermissionError', message: expect.stringContaining('Allow the function\'s role to call cloudfront:GetInvalidation') },
    });
    expect(world.requests('GetInvalidation')).toHaveLength(1);
  });

  test.concurrent('the role may not list invalidations, when the earlier one must be found', async () => {
    const world = await givenWorld();
    deny(world, 'cloudfront:ListInvalidations');
    world.distribution.settings.refusesRepeatedReference = true;
    world.sandbox.faults.add({ service: 'cloudfront', operation: 'CreateInvalidation', fault: { reset: 'after' } });
    expect((await world.runStage()).errorDetails).toMatchObject({ code: 'PermissionError', message: expect.stringContaining('cloudfront:ListInvalidations') });
  });

  test.concurrent('another distribution than the function serves', async () => {
    const world = await givenWorld();
    const other = world.sandbox.cloudFront.addDistribution({ id: 'E2OTHER' });
    expect((await world.runAction({ distributionId: 'E2OTHER' })).errorDetails).toMatchObject({ code: 'PermissionError', message: expect.stringContaining('distribution E2OTHER') });
    expect(other.invalidations).toEqual([]);
  });

  test.concurrent('a distribution that is gone', async () => {
    const world = await givenWorld();
    world.sandbox.cloudFront.removeDistribution(world.distribution.id);
    const action = await world.runStage();
    expect(action.errorDetails).toEqual({
      code: 'ConfigurationError',
      message: `CloudFront cannot find distribution ${world.distribution.id} in the account of the function's role: NoSuchDistribution: The specified distribution does not exist. ` +
        'Check that it has not been deleted or replaced. For a distribution in another account, set distributionRole to a role in that account.',
    });
  });

  test.concurrent('a cache tag where the distribution has none', async () => {
    const world = await givenWorld();
    expect((await world.runAction({ paths: ['#news'] })).errorDetails).toMatchObject({
      code: 'ConfigurationError', message: expect.stringContaining('InvalidArgument: Your request contains one or more invalid invalidation paths'),
    });
  });

  test.concurrent.each([
    ['AccessDenied', 403, 'PermissionError'],
    ['NoSuchDistribution', 404, 'ConfigurationError'],
    ['InvalidArgument', 400, 'ConfigurationError'],
  ])('%s from GetInvalidation', async (error, status, code) => {
    const world = await givenWorld();
    world.sandbox.faults.add({ service: 'cloudfront', operation: 'GetInvalidation', fault: { error, status, message: 'AWS says no' }, times: Infinity });
    const action = await world.runStage();
    expect(action).toMatchObject({ status: 'Failed', errorDetails: { code, message: expect.stringContaining(`${error}: AWS says no`) } });
    expect(action.errorDetails?.message).toContain(world.distribution.id);
    expect(world.requests('GetInvalidation')).toHaveLength(1);
  });

  test.concurrent('an error that nobody knows', async () => {
    const world = await givenWorld();
    world.sandbox.faults.add({ service: 'cloudfront', operation: 'CreateInvalidation', fault: { error: 'Teapot', status: 418, message: 'short and stout' } });
    expect((await world.runStage()).errorDetails).toMatchObject({ code: 'JobFailed', message: expect.stringContaining('Teapot: short and stout') });
  });
});

describe('a configuration that is wrong is reported, and no call is made', () => {
  test.concurrent.each([
    ['no JSON', 'index.html', 'UserParameters must be a JSON object'],
    ['broken by a variable', '{"paths":["/a"b"]}', 'UserParameters must be a JSON object'],
    ['a list', '["/*"]', 'UserParameters must be a JSON object'],
    ['no paths', '{"paths":[]}', 'paths must not be empty'],
    ['a path without a slash', '{"paths":["index.html"]}', "paths must start with '/' or '#', got 'index.html'"],
    ['a path that is no string', '{"paths":[null]}', 'paths must be strings, got null'],
    ['an unknown parameter', '{"pathes":["/*"]}', "unknown parameter 'pathes'"],
    ['a timeout that is no number', '{"timeoutSeconds":"1h"}', 'timeout must be more than 0'],
    ['a policy that is none', '{"failurePolicy":"warn"}', 'failurePolicy must be FAIL or WARN'],
    ['a distribution that is none', '{"distributionId":"arn:aws:cloudfront::1:distribution/E1"}', 'distributionId must be the ID'],
  ])('%s', async (_, userParameters, message) => {
    const world = await givenWorld();
    const action = await world.runAction(userParameters);
    expect(action.errorDetails).toMatchObject({ code: 'ConfigurationError', message: expect.stringContaining(message) });
    expect(world.sandbox.requests.filter(({ service }) => service === 'cloudfront')).toEqual([]);
    expectOneTerminalReport(action);
  });

  test.concurrent.each(['garbage', '{}', '{"version":1}', '{"version":2,"callerReference":"../x","startedAt":0,"sent":0,"invalidationCount":0,"completed":0,"halvings":0}'])('the continuation token %s', async token => {
    const world = await givenWorld();
    const action = await world.runAction(undefined, token);
    expect(action.errorDetails).toMatchObject({ code: 'ConfigurationError', message: expect.stringContaining('continuation token') });
    expect(world.sandbox.requests.filter(({ service }) => service === 'cloudfront')).toEqual([]);
  });

  test.concurrent('an event that is no job is an error of the function, since there is nobody to report to', async () => {
    const world = await givenWorld();
    for (const event of [{}, { Records: [] }, { 'CodePipeline.job': {} }, null]) {
      expect(await world.sandbox.lambda.invoke(world.functionName, event))
        .toMatchObject({ outcome: 'error', error: { message: expect.stringContaining('The event is not a CodePipeline job') } });
    }
    expect(world.sandbox.requests).toEqual([]);
  });
});

test.concurrent('every report is in the log, under the same words', async () => {
  const world = await givenWorld();
  await world.runStage();
  await world.runAction('nonsense');
  await settled(world);
  expect(world.logs().filter(({ message }) => message === 'Reported to CodePipeline')).toMatchObject([
    { level: 'INFO', outcome: 'success', summary: expect.any(String) },
    { level: 'ERROR', outcome: 'failure', type: 'ConfigurationError', reason: expect.stringContaining('UserParameters must be a JSON object') },
  ]);
});

describe('CodePipeline cannot take the report', () => {
  const passing: [string, FaultKind][] = [
    ['throttled', { throttle: true }],
    ['500', { error: 'InternalFailure', status: 500 }],
    ['a reset before the effect', { reset: 'before' }],
    ['a hang before the effect', { hang: 'before' }],
  ];

  test.concurrent.each(passing)('%s, twice: it is tried again', async (_, fault) => {
    const world = await givenWorld();
    const handle = world.sandbox.faults.add({ service: 'codepipeline', operation: 'PutJobSuccessResult', fault, times: 2 });
    const action = await world.runStage();
    expect(handle.hits).toBe(2);
    expect(action.status).toBe('Succeeded');
    expectOneTerminalReport(action);
    await settled(world);
    // Not by the SDK, which does not know how much time is left.
    expect(pausesOf(world).length).toBeGreaterThanOrEqual(2);
  });

  test.concurrent.each([['reset', { reset: 'after' }], ['hang', { hang: 'after' }]] as [string, FaultKind][])('a %s after it has taken it: the second try is no error', async (_, fault) => {
    const world = await givenWorld();
    world.sandbox.faults.add({ service: 'codepipeline', operation: 'PutJobSuccessResult', fault });
    const action = await world.runStage();
    await settled(world);
    expect(action.reports.map(({ refused }) => refused)).toEqual([undefined, 'InvalidJobStateException']);
    expect(world.sandbox.lambda.invocations).toMatchObject([{ outcome: 'ok' }]);
  });

  test.concurrent('a failure is tried again, too', async () => {
    const world = await givenWorld();
    world.sandbox.faults.add({ service: 'codepipeline', operation: 'PutJobFailureResult', fault: { error: 'InternalFailure', status: 500 }, times: 2 });
    expect((await world.runAction('nonsense')).errorDetails).toMatchObject({ code: 'ConfigurationError' });
  });

  test.concurrent('for the whole invocation: Lambda delivers again, and the invalidation is still one', async () => {
    const world = await givenWorld(SHORT);
    const outage = world.sandbox.faults.add({ service: 'codepipeline', operation: 'PutJobSuccessResult', fault: { error: 'InternalFailure', status: 500 }, times: Infinity });
    const running = world.runStage();
    await settled(world);
    outage.remove();
    expect(await running).toMatchObject({ status: 'Succeeded' });
    await settled(world);
    // It gives up by itself, or is killed where the machine is busy: Lambda delivers again either way.
    expect(world.sandbox.lambda.invocations).toMatchObject([{ outcome: expect.stringMatching(/^(error|timeout)$/) }, { outcome: 'ok' }]);
    expect(world.distribution.invalidations).toHaveLength(1);
  });

  test.concurrent.each([
    ['a permission that is new', { error: 'AccessDeniedException', status: 400 }],
    ['a credential that has just run out', { error: 'ExpiredTokenException', status: 400 }],
  ] as [string, FaultKind][])('%s is refused five times, and then known everywhere', async (_, fault) => {
    const world = await givenWorld();
    const handle = world.sandbox.faults.add({ service: 'codepipeline', operation: 'PutJobSuccessResult', fault, times: 5 });
    expect(await world.runStage()).toMatchObject({ status: 'Succeeded' });
    expect(handle.hits).toBe(5);
    await settled(world);
    expect(world.sandbox.lambda.invocations).toMatchObject([{ outcome: 'ok' }]);
  });

  test.concurrent('the role may not report: the function says so in its log, and CodePipeline gives up after 20 minutes', async () => {
    const world = await givenWorld();
    deny(world, 'codepipeline:PutJobSuccessResult');
    const action = world.runStage();
    await settled(world);
    expect(world.sandbox.lambda.invocations[0]).toMatchObject({
      outcome: 'error',
      error: { message: expect.stringMatching(/Could not report job [\w-]+ to CodePipeline as success: AccessDeniedException.*Check that the function's role allows codepipeline:PutJobSuccessResult/) },
    });
    void action;
    // Eight times, in half a minute at most.
    const pauses = pausesOf(world);
    expect(world.requests('PutJobSuccessResult')).toHaveLength(8);
    expect(pauses).toHaveLength(7);
    expect(pauses[0]).toBeLessThanOrEqual(250);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(4_000);
    // Long enough for a new permission to take effect: half of what the pauses are at most.
    expect(pauses.reduce((sum, pause) => sum + pause, 0)).toBeGreaterThan(7_500);
  });

  test.concurrent.each([
    ['500', { error: 'InternalFailure', status: 500 }],
    ['a hang', { hang: 'before' }],
    ['a clock that is wrong', { error: 'RequestInTheFuture', status: 403 }],
  ] as [string, FaultKind][])('%s in every attempt: the error does not blame the role', async (_, fault) => {
    // Slower than elsewhere: its last attempt ends a moment before Lambda ends the function.
    const world = await givenWorld(SHORT, 8);
    world.sandbox.faults.add({ service: 'codepipeline', operation: 'PutJobSuccessResult', fault, times: Infinity });
    void world.runStage();
    await settled(world);
    const [{ error }] = world.sandbox.lambda.invocations;
    expect(error?.message).toMatch(/^Could not report job \S+ to CodePipeline as success: /);
    expect(error?.message).not.toContain('role');
  });

  test.concurrent('CodePipeline finds the report invalid: the pipeline is told so, and does not hang', async () => {
    const world = await givenWorld();
    const handle = world.sandbox.faults.add({
      service: 'codepipeline', operation: 'PutJobSuccessResult', fault: { error: 'ValidationException', status: 400, message: 'too long' }, times: Infinity,
    });
    const action = await world.runStage();
    expect(handle.hits).toBe(1);
    expect(action.errorDetails).toEqual({
      code: 'JobFailed',
      message: 'CodePipeline rejected the report of this job as invalid (success): ValidationException: too long. This is a bug in the function.',
    });
  });

  test.concurrent('and the report that says so, too: the function ends, instead of trying for as long as it lives', async () => {
    const world = await givenWorld();
    const handle = world.sandbox.faults.add({
      service: 'codepipeline', operation: 'PutJobFailureResult', fault: { error: 'ValidationException', status: 400, message: 'too long' }, times: Infinity,
    });
    void world.runAction('nonsense');
    await settled(world);
    expect(handle.hits).toBe(8);
    expect(world.sandbox.lambda.invocations[0]).toMatchObject({ outcome: 'error', error: { message: expect.stringMatching(/^Could not report job \S+ to CodePipeline as failure: /) } });
  });

  test.concurrent('the job is unknown by now', async () => {
    const world = await givenWorld();
    const handle = world.sandbox.faults.add({
      service: 'codepipeline', operation: 'PutJobSuccessResult', fault: { error: 'JobNotFoundException', status: 400 }, times: Infinity,
    });
    void world.runStage();
    await settled(world);
    expect(handle.hits).toBe(1);
    expect(world.sandbox.lambda.invocations).toMatchObject([{ outcome: 'ok' }]);
  });

  test.concurrent('what is long is cut to the API\'s limits', async () => {
    const world = await givenWorld();
    const action = await world.runAction({ failurePolicy: 'FAIL', paths: [`/${'x'.repeat(700)}\u0000`] });
    expect(action.errorDetails?.code).toBe('ConfigurationError');
    world.sandbox.faults.add({ service: 'cloudfront', operation: 'CreateInvalidation', fault: { error: 'AccessDenied', status: 403, message: '😀'.repeat(4_000) }, times: 2 });
    const long = await world.runAction({ failurePolicy: 'FAIL' });
    expect(long.errorDetails?.message).toHaveLength(5_000);
    expect(long.errorDetails?.message).not.toMatch(/\p{Surrogate}/u);
    const warned = await world.runAction({ failurePolicy: 'WARN' });
    expect(warned.status).toBe('Succeeded');
    expect(warned.summary?.length).toBeGreaterThan(2_040);
    expect(warned.summary?.length).toBeLessThanOrEqual(2_048);
    expect(`${warned.summary}${warned.outputVariables.errorMessage}`).not.toMatch(/\p{Surrogate}/u);
  });
});

test.concurrent('a function that is killed in every attempt leaves CodePipeline to give up after 20 minutes, and nothing else', async () => {
  const world = await givenWorld(SHORT);
  world.sandbox.lambda.crash({ when: ({ operation }) => operation === 'CreateInvalidation', times: Infinity });
  void world.runStage();
  await until(() => world.sandbox.lambda.invocations.filter(({ outcome }) => outcome === 'crash').length === 3);
  expect(world.distribution.invalidations).toHaveLength(1);
}, 60_000);

test.concurrent('a function that stands still is killed when its time is up, and the next delivery finds the invalidation', async () => {
  const world = await givenWorld(SHORT);
  world.sandbox.lambda.crash({ when: ({ operation }) => operation === 'CreateInvalidation', stands: true });
  const action = await world.runStage();
  expect(action).toMatchObject({ status: 'Succeeded' });
  expectOneTerminalReport(action);
  await settled(world);
  expect(world.sandbox.lambda.invocations).toMatchObject([{ outcome: 'timeout' }, { outcome: 'ok' }]);
  expect(world.distribution.invalidations).toHaveLength(1);
}, 60_000);

test.concurrent('a continuation that never comes back leaves CodePipeline to give up, and is never green', async () => {
  const world = await givenWorld(SHORT);
  world.sandbox.codePipeline.delivery.losesContinuations = true;
  world.distribution.settings.completesAfter = 60_000;
  const { actions: [action] } = world.sandbox.codePipeline.startStage({ pipeline: world.pipelineName, stage: 'InvalidateCloudFrontCache' });
  await until(() => action.jobs.length === 2);
  await world.sandbox.clock.sleep(60_000);
  expect(action).toMatchObject({ status: 'InProgress', reports: [{ input: { continuationToken: expect.any(String) } }] });
  expect(world.sandbox.lambda.invocations).toMatchObject([{ outcome: 'ok' }]);
  expect(world.distribution.invalidations).toHaveLength(1);
}, 60_000);

/** Milliseconds, between one attempt to report and the next. */
function pausesOf(world: World): number[] {
  return world.logs().filter(({ message }) => message === 'CodePipeline cannot accept the report now: trying again').map(({ pause }) => Number(pause));
}

/** Fifteen wildcards of somebody else are in progress, until the test completes them. */
function fillQuota({ sandbox, distribution }: World): Invalidation {
  distribution.settings.completesAfter = 60 * 60_000;
  const invalidation = sandbox.cloudFront.invalidate(distribution.id, 'somebody-else', Array.from({ length: 15 }, (_, index) => `/${index}/*`));
  distribution.settings.completesAfter = 3_000;
  return invalidation;
}

function deny(world: World, action: string): void {
  world.sandbox.role(world.sandbox.lambda.function(world.functionName).role.name).statements.push({ Effect: 'Deny', Action: action, Resource: '*' });
}

/** When the function has ended, although the action may not have. */
function settled(world: World): Promise<void> {
  const { invocations } = world.sandbox.lambda;
  return until(() => invocations.length > 0 && invocations.every(({ outcome }) => outcome !== undefined));
}
