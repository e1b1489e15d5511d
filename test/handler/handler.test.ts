import { Duration } from 'aws-cdk-lib';
import { ARTIFACT_CREDENTIALS, type ActionExecution } from '../../sandbox';
import { InvalidationFailurePolicy, InvalidationPaths } from '../../src';
import { expectOneTerminalReport, givenWorld, stopWorlds, until, type World } from '../given-sandbox';

// Most of a test is waiting, so that several share a processor.
afterAll(stopWorlds);

/** Shorter than most waits, so that they take several invocations. */
const SHORT = { functionTimeout: Duration.seconds(30) };

describe('a deployment', () => {
  test.concurrent('is one invalidation of everything, and green when CloudFront has completed it', async () => {
    const world = await givenWorld();
    const action = await world.runStage();

    const [invalidation] = world.distribution.invalidations;
    expect(world.distribution.invalidations).toHaveLength(1);
    expect(invalidation).toMatchObject({ paths: ['/*'], callerReference: expect.stringMatching(`^${action.jobs[0]}-0-1-[0-9a-f]{12}$`), status: 'Completed' });
    expect(action).toMatchObject({
      status: 'Succeeded',
      externalExecutionId: invalidation.id,
      percentComplete: 100,
      summary: expect.stringMatching(new RegExp(`^Invalidated 1 path of distribution ${world.distribution.id} in [\\d.]+ seconds? \\(invalidation ${invalidation.id}\\)\\.$`)),
      outputVariables: {
        distributionId: world.distribution.id,
        distributionTenantId: 'none',
        invalidationId: invalidation.id,
        status: 'Completed',
        pathCount: '1',
        createTime: new Date(invalidation.createTime).toISOString(),
        errorType: 'none',
        errorMessage: 'none',
      },
    });
    expectOneTerminalReport(action);
  });

  test.concurrent('is several requests to see it completed, and one invocation', async () => {
    const world = await givenWorld();
    world.distribution.settings.completesAfter = 40_000;
    const action = await world.runStage();
    expect(world.requests('GetInvalidation').length).toBeGreaterThan(2);
    expect(world.sandbox.lambda.invocations).toHaveLength(1);
    expect(action.jobs).toHaveLength(1);
  });

  test.concurrent('that does not wait is green while the invalidation is in progress', async () => {
    const world = await givenWorld({ waitForCompletion: false });
    world.distribution.settings.completesAfter = 60_000;
    const action = await world.runStage();
    expect(action).toMatchObject({ status: 'Succeeded', outputVariables: { status: 'InProgress', pathCount: '1' } });
    expect(action.summary).toContain('did not wait for it: waitForCompletion is false');
    expect(world.distribution.invalidations).toMatchObject([{ status: 'InProgress' }]);
    expect(world.requests('GetInvalidation')).toEqual([]);
  });

  test.concurrent('without parameters invalidates everything of the function\'s own distribution', async () => {
    const world = await givenWorld();
    const action = await world.runAction();
    expect(action.status).toBe('Succeeded');
    expect(world.distribution.invalidations).toMatchObject([{ paths: ['/*'] }]);
  });

  test.concurrent('sends paths encoded as CloudFront wants them, each once', async () => {
    const world = await givenWorld({ paths: InvalidationPaths.of('/a b', '/a%20b', '/straße/*', '/x?q=1', '/~') });
    const action = await world.runStage();
    expect(action).toMatchObject({ status: 'Succeeded', outputVariables: { pathCount: '4' } });
    expect(world.distribution.invalidations[0].paths).toEqual(['/stra%C3%9Fe/*', '/a%20b', '/x?q=1', '/%7E']);
  });

  test.concurrent('sends cache tags as they are', async () => {
    const world = await givenWorld({ paths: InvalidationPaths.of('#news', '/index.html') });
    world.distribution.settings.cacheTags = true;
    expect(await world.runStage()).toMatchObject({ status: 'Succeeded' });
    expect(world.distribution.invalidations[0].paths).toEqual(['#news', '/index.html']);
  });

  test.concurrent('puts a pipeline variable into the paths', async () => {
    const world = await givenWorld({ paths: InvalidationPaths.of('/releases/#{variables.release}/*') });
    expect(await world.runStage({ 'variables.release': '1.2 beta' })).toMatchObject({ status: 'Succeeded' });
    expect(world.distribution.invalidations[0].paths).toEqual(['/releases/1.2%20beta/*']);
  });
});

describe('a wait that is longer than an invocation', () => {
  test.concurrent('goes on in the next one, with the same invalidation, and shows what it waits for', async () => {
    const world = await givenWorld(SHORT);
    world.distribution.settings.completesAfter = 60_000;
    const action = await world.runStage();

    expect(action.status).toBe('Succeeded');
    expect(action.jobs.length).toBeGreaterThan(1);
    expect(world.distribution.invalidations).toHaveLength(1);
    expect(action.reports[0].input).toMatchObject({
      continuationToken: expect.any(String),
      executionDetails: {
        externalExecutionId: world.distribution.invalidations[0].id,
        summary: `Waiting for CloudFront to complete invalidation ${world.distribution.invalidations[0].id} of distribution ${world.distribution.id}, for up to 1 hour in total.`,
        percentComplete: 0,
      },
    });
    expect(action.reports[0].input).not.toHaveProperty('outputVariables');
    expect(world.sandbox.lambda.invocations.map(({ outcome }) => outcome)).not.toContain('timeout');
    expectOneTerminalReport(action);
  });

  test.concurrent('ends at the timeout, with the invalidation\'s id', async () => {
    const world = await givenWorld({ ...SHORT, timeout: Duration.seconds(40) });
    world.distribution.settings.completesAfter = 10 * 60_000;
    const action = await world.runStage();
    const [{ id }] = world.distribution.invalidations;
    expect(action).toMatchObject({
      status: 'Failed',
      externalExecutionId: id,
      errorDetails: { code: 'JobFailed', message: expect.stringContaining(`Gave up after 40 seconds (timeout). Invalidation ${id} of distribution ${world.distribution.id} is still InProgress`) },
    });
    expectOneTerminalReport(action);
  });
});

describe('more than CloudFront takes at a time', () => {
  const paths = InvalidationPaths.of(...Array.from({ length: 33 }, (_, index) => `/${index}/*`), '/a', '/b');

  test.concurrent('goes in batches, none before the one before it is completed', async () => {
    const world = await givenWorld({ paths });
    const action = await world.runStage();
    expect(action).toMatchObject({ status: 'Succeeded', outputVariables: { pathCount: '35' } });
    expect(world.distribution.invalidations.map(invalidation => invalidation.paths.length)).toEqual([17, 15, 3]);
    expectReferences(world, action, ['0-17', '17-15', '32-3']);
    expect(action.outputVariables).toMatchObject({ invalidationId: world.distribution.invalidations[2].id, invalidationCount: '3' });
    expect(world.sandbox.requests.filter(({ errorCode }) => errorCode !== undefined)).toEqual([]);
  });

  test.concurrent('goes on with the next batch in the next invocation', async () => {
    const world = await givenWorld({ ...SHORT, paths });
    world.distribution.settings.completesAfter = 15_000;
    const action = await world.runStage();
    expect(action.status).toBe('Succeeded');
    expect(action.jobs.length).toBeGreaterThan(1);
    expect(world.distribution.invalidations).toHaveLength(3);
    expectReferences(world, action, ['0-17', '17-15', '32-3']);
  });

  test.concurrent('does not wait for the last batch with waitForCompletion false', async () => {
    const world = await givenWorld({ paths, waitForCompletion: false });
    world.distribution.settings.completesAfter = 15_000;
    expect(await world.runStage()).toMatchObject({ status: 'Succeeded', outputVariables: { status: 'InProgress' } });
    expect(world.distribution.invalidations.map(({ status }) => status)).toEqual(['Completed', 'Completed', 'InProgress']);
  });
});

describe('a continuation', () => {
  test.concurrent('an action whose distribution is replaced while it waits is red: nobody has invalidated the other one', async () => {
    const world = await givenWorld(SHORT);
    world.distribution.settings.completesAfter = 10 * 60_000;
    const userParameters = JSON.stringify({ distributionId: world.distribution.id });
    const first = world.sandbox.codePipeline.startAction({ functionName: world.functionName, userParameters });
    await until(() => first.reports.length > 0);
    world.sandbox.codePipeline.abandon(first);
    const action = await world.runAction({ distributionId: 'E2ANOTHER' }, String(first.reports[0].input.continuationToken));
    expect(action.errorDetails).toMatchObject({
      code: 'ConfigurationError', message: `The action was for ${world.distribution.id} when it began, and is for distribution E2ANOTHER now. Retry the stage.`,
    });
    expect(world.requests('CreateInvalidation').every(({ input }) => input.DistributionId === world.distribution.id)).toBe(true);
  });
});

describe('the same event again', () => {
  test.concurrent('delivered twice at once: one invalidation, one accepted report', async () => {
    const world = await givenWorld();
    world.sandbox.codePipeline.delivery.duplicateDeliveries = 1;
    const action = await world.runStage();
    await allInvocations(world.sandbox.lambda, 2);
    expect(world.distribution.invalidations).toHaveLength(1);
    expect(action.status).toBe('Succeeded');
    expectOneTerminalReport(action);
    expect(action.reports.filter(({ refused }) => refused === 'InvalidJobStateException')).toHaveLength(1);
    expect(world.sandbox.lambda.invocations.map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
    expect(world.logs()).toContainEqual(expect.objectContaining({ message: 'CodePipeline already has an answer to this job, or no longer waits for one' }));
  });

  test.concurrent('delivered long after it is done: the earlier invalidation, and no error', async () => {
    const world = await givenWorld();
    Object.assign(world.sandbox.codePipeline.delivery, { duplicateDeliveries: 1, duplicateAfter: 30_000 });
    expect(await world.runStage()).toMatchObject({ status: 'Succeeded' });
    await allInvocations(world.sandbox.lambda, 2);
    expect(world.distribution.invalidations).toHaveLength(1);
    expect(world.sandbox.lambda.invocations.map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
  });

  test.concurrent.each(['InvalidArgument', 'InvalidationBatchAlreadyExists'] as const)('where CloudFront says %s to its caller reference: the earlier invalidation', async error => {
    const world = await givenWorld();
    Object.assign(world.distribution.settings, { refusesRepeatedReference: true, callerReferenceError: error });
    world.sandbox.cloudFront.invalidate(world.distribution.id, 'somebody-else', ['/other']);
    world.sandbox.faults.add({ service: 'cloudfront', operation: 'CreateInvalidation', fault: { reset: 'after' } });
    const action = await world.runStage();
    expect(action.status).toBe('Succeeded');
    expect(world.distribution.invalidations).toHaveLength(2);
    expect(action.outputVariables.invalidationId).toBe(world.distribution.invalidations[1].id);
  });

  test.concurrent('finds the earlier invalidation behind more than one page of newer ones', async () => {
    const world = await givenWorld();
    Object.assign(world.distribution.settings, { refusesRepeatedReference: true });
    world.sandbox.faults.add({ service: 'cloudfront', operation: 'CreateInvalidation', fault: { hang: 'after' } });
    const running = world.runStage();
    await until(() => world.distribution.invalidations.length === 1);
    for (let index = 0; index < 120; index++) {
      world.sandbox.cloudFront.invalidate(world.distribution.id, `other-${index}`, [`/${index}`]);
    }
    expect(await running).toMatchObject({ status: 'Succeeded', outputVariables: { invalidationId: world.distribution.invalidations[0].id } });
    expect(world.requests('ListInvalidations')).toHaveLength(2);
  });

  test.concurrent('after a crash between the invalidation and its answer: one invalidation', async () => {
    const world = await givenWorld();
    world.sandbox.lambda.crash({ when: ({ operation }) => operation === 'CreateInvalidation' });
    const action = await world.runStage();
    await allInvocations(world.sandbox.lambda, 2);
    expect(action.status).toBe('Succeeded');
    expect(world.sandbox.lambda.invocations.map(({ outcome }) => outcome)).toEqual(['crash', 'ok']);
    expect(world.distribution.invalidations).toHaveLength(1);
    expectOneTerminalReport(action);
  });

  test.concurrent('after a crash between the report and its answer: the report stands', async () => {
    const world = await givenWorld();
    world.sandbox.lambda.crash({ when: ({ operation }) => operation === 'PutJobSuccessResult' });
    const action = await world.runStage();
    await allInvocations(world.sandbox.lambda, 2);
    expect(action.status).toBe('Succeeded');
    expect(world.distribution.invalidations).toHaveLength(1);
    expect(world.sandbox.lambda.invocations.map(({ outcome }) => outcome)).toEqual(['crash', 'ok']);
    expectOneTerminalReport(action);
  });

  test.concurrent('after a crash in a continuation: one invalidation', async () => {
    const world = await givenWorld(SHORT);
    world.distribution.settings.completesAfter = 40_000;
    let reports = 0;
    world.sandbox.lambda.crash({ when: ({ operation }) => operation === 'GetInvalidation' && (reports = world.requests('PutJobSuccessResult').length) === 1 });
    const action = await world.runStage();
    expect(reports).toBe(1);
    expect(action.status).toBe('Succeeded');
    expect(world.sandbox.lambda.invocations.map(({ outcome }) => outcome)).toContain('crash');
    expect(world.distribution.invalidations).toHaveLength(1);
  });
});

describe('a distribution tenant', () => {
  test.concurrent('is invalidated by its own calls, with permission for it alone', async () => {
    const world = await givenWorld({ tenant: true });
    const action = await world.runStage();
    expect(action).toMatchObject({
      status: 'Succeeded',
      summary: expect.stringContaining(`Invalidated 1 path of distribution tenant ${world.distribution.id}`),
      outputVariables: { distributionId: 'none', distributionTenantId: world.distribution.id, status: 'Completed' },
    });
    expect(world.requests('CreateInvalidationForDistributionTenant')).toHaveLength(1);
    expect(world.requests('CreateInvalidation')).toEqual([]);
  });

  test.concurrent('whose invalidation an earlier delivery created is not invalidated again', async () => {
    const world = await givenWorld({ tenant: true });
    world.distribution.settings.refusesRepeatedReference = true;
    world.sandbox.faults.add({ service: 'cloudfront', operation: 'CreateInvalidationForDistributionTenant', fault: { reset: 'after' } });
    expect(await world.runStage()).toMatchObject({ status: 'Succeeded' });
    expect(world.distribution.invalidations).toHaveLength(1);
    expect(world.requests('ListInvalidationsForDistributionTenant')).toHaveLength(1);
  });

  test.concurrent('that is gone is reported at once', async () => {
    const world = await givenWorld({ tenant: true });
    world.sandbox.cloudFront.removeDistribution(world.distribution.id);
    expect((await world.runStage()).errorDetails).toMatchObject({
      code: 'ConfigurationError',
      message: expect.stringContaining(`CloudFront cannot find distribution tenant ${world.distribution.id} in the account of the function's role: EntityNotFound`),
    });
  });

  test.concurrent('that another function serves is refused, with the action to allow', async () => {
    const world = await givenWorld({ tenant: true });
    world.sandbox.cloudFront.addDistributionTenant({ id: 'dt_other' });
    expect((await world.runAction('{"distributionTenantId":"dt_other"}')).errorDetails).toMatchObject({
      code: 'PermissionError',
      message: expect.stringContaining('cloudfront:CreateInvalidationForDistributionTenant on this distribution tenant'),
    });
  });
});

describe('a retry of the stage', () => {
  test.concurrent('is a new deployment with an invalidation of its own', async () => {
    const world = await givenWorld();
    await world.runStage();
    await world.runStage();
    expect(new Set(world.distribution.invalidations.map(({ callerReference }) => callerReference)).size).toBe(2);
  });
});

describe('the log', () => {
  test.concurrent('has neither the event nor a credential in it, and cannot be forged by a path', async () => {
    const world = await givenWorld({ paths: InvalidationPaths.of('/#{variables.path}') });
    await world.runStage({ 'variables.path': 'x\\n{\\"level\\":\\"ERROR\\",\\"message\\":\\"forged\\"}' });
    await world.runStage({ 'variables.path': 'fine' });
    const lines = world.sandbox.lambda.invocations.flatMap(({ logs }) => logs);
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) {
      expect(JSON.parse(line)).toMatchObject({ timestamp: expect.any(String), level: expect.stringMatching(/^(INFO|WARN|ERROR)$/), message: expect.not.stringMatching(/^forged$/) });
      for (const secret of [...Object.values(ARTIFACT_CREDENTIALS), 'artifactCredentials', 'CodePipeline.job', 'session-of-', 'secret-of-']) {
        expect(line).not.toContain(secret);
      }
    }
  });
});

describe('WARN', () => {
  test.concurrent('turns a failure into a success that says what went wrong', async () => {
    const world = await givenWorld({ failurePolicy: InvalidationFailurePolicy.WARN });
    world.sandbox.cloudFront.removeDistribution(world.distribution.id);
    const action = await world.runStage();
    expect(action).toMatchObject({
      status: 'Succeeded',
      summary: expect.stringMatching(/^WARNING: visitors may still see old pages\. ConfigurationError: CloudFront cannot find distribution/),
      outputVariables: {
        distributionId: world.distribution.id,
        distributionTenantId: 'none',
        invalidationId: 'none',
        status: 'Failed',
        pathCount: '1',
        createTime: 'none',
        errorType: 'ConfigurationError',
        errorMessage: expect.stringContaining('NoSuchDistribution: The specified distribution does not exist'),
      },
    });
    expectOneTerminalReport(action);
  });

  test.concurrent('holds for parameters that are wrong, as soon as the policy itself can be read', async () => {
    const world = await givenWorld();
    const action = await world.runAction({ failurePolicy: 'WARN', paths: ['index.html'] });
    expect(action).toMatchObject({ status: 'Succeeded', outputVariables: { status: 'Failed', errorType: 'ConfigurationError' } });
    expect(world.requests('CreateInvalidation')).toEqual([]);
  });

  test.concurrent('warns about a timeout with the id of the invalidation that goes on', async () => {
    const world = await givenWorld({ failurePolicy: InvalidationFailurePolicy.WARN, timeout: Duration.seconds(5) });
    world.distribution.settings.completesAfter = 60_000;
    expect(await world.runStage()).toMatchObject({
      status: 'Succeeded',
      externalExecutionId: world.distribution.invalidations[0].id,
      outputVariables: { status: 'Failed', errorType: 'JobFailed', invalidationId: world.distribution.invalidations[0].id },
    });
  });

  test.concurrent('changes nothing about a success', async () => {
    const world = await givenWorld({ failurePolicy: InvalidationFailurePolicy.WARN });
    expect(await world.runStage()).toMatchObject({ status: 'Succeeded', outputVariables: { status: 'Completed', errorType: 'none' } });
  });
});

async function allInvocations(lambda: { readonly invocations: readonly { readonly outcome?: string }[] }, count: number): Promise<void> {
  await until(() => lambda.invocations.length === count && lambda.invocations.every(({ outcome }) => outcome !== undefined));
}

/** Each reference has the job's id, the place and the length of its batch, and the same digest of all paths. */
function expectReferences({ distribution }: World, { jobs: [job] }: ActionExecution, batches: readonly string[]): void {
  const digests = new Set(distribution.invalidations.map(({ callerReference }) => callerReference.slice(-12)));
  expect(digests.size).toBe(1);
  expect(distribution.invalidations.map(({ callerReference }) => callerReference)).toEqual(batches.map(batch => `${job}-${batch}-${[...digests][0]}`));
}
