import { App, Duration, Stack } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Sandbox, type ActionExecution, type Distribution, type FaultKind } from '../../sandbox';
import {
  CloudFrontInvalidationFunction, CloudFrontInvalidationRole, CloudFrontInvalidationStage, InvalidationFailurePolicy,
  type CloudFrontInvalidationOptions, type CloudFrontInvalidationRoleProps,
} from '../../src';
import { givenPipeline } from '../given';
import { expectOneTerminalReport } from '../given-sandbox';

const PIPELINE = { account: '123456789012', region: 'eu-west-1' };
const WEBSITE = { account: '210987654321', region: 'us-east-1' };
const DISTRIBUTION_ID = 'E2OTHERACCOUNT';

interface World {
  readonly sandbox: Sandbox;
  readonly distribution: Distribution;
  readonly functionRoleArn: string;
  readonly distributionRoleArn: string;
  runStage(): Promise<ActionExecution>;
  requests(operation: string): Sandbox['requests'];
}

interface Options {
  readonly role?: Partial<CloudFrontInvalidationRoleProps>;
  readonly stage?: Partial<CloudFrontInvalidationOptions>;
  readonly pipelineName?: string;
  readonly functionTimeout?: Duration;
}

const sandboxes: Sandbox[] = [];

/** Two stacks of one app, each deployed to its own account of a sandbox. */
async function givenWorld({ role = {}, stage = {}, pipelineName, functionTimeout }: Options = {}): Promise<World> {
  const app = new App({ analyticsReporting: false });
  const [pipelineStack, websiteStack] = [new Stack(app, 'Pipeline', { env: PIPELINE }), new Stack(app, 'Website', { env: WEBSITE })];
  const distributionOf = (stack: Stack) => cloudfront.Distribution.fromDistributionAttributes(stack, 'Distribution', {
    distributionId: DISTRIBUTION_ID, domainName: 'www.example.com',
  });
  const invalidationFunction = new CloudFrontInvalidationFunction(pipelineStack, 'Fn', { timeout: functionTimeout });
  const distributionRole = new CloudFrontInvalidationRole(websiteStack, 'Role', {
    distribution: distributionOf(websiteStack), assumedBy: invalidationFunction, ...role,
  });
  new CloudFrontInvalidationStage(pipelineStack, 'Invalidate', {
    pipeline: givenPipeline(pipelineStack, { crossAccountKeys: false, pipelineName }),
    distribution: distributionOf(pipelineStack),
    distributionRole,
    function: invalidationFunction,
    ...stage,
  });
  const assembly = app.synth();

  // Slower than elsewhere: calls are counted, and one that takes longer than its time, since a test beside this one synthesises, is made again.
  const sandbox = await Sandbox.start({ timeScale: 8 });
  sandboxes.push(sandbox);
  const [pipeline, website] = [pipelineStack, websiteStack].map(({ stackName, account, artifactId }) =>
    sandbox.deploy(assembly.getStackArtifact(artifactId).template, { stackName, account, assetsDirectory: assembly.directory }));
  const distribution = sandbox.cloudFront.addDistribution({ id: DISTRIBUTION_ID, account: WEBSITE.account });
  Object.assign(distribution.settings, { takesEffectAfter: 1_000, completesAfter: 3_000 });
  const [{ physicalId: name }] = pipeline.resourcesOfType('AWS::CodePipeline::Pipeline');
  const [{ properties: { Role: functionRoleArn } }] = pipeline.resourcesOfType('AWS::Lambda::Function');
  const [{ physicalId: roleName }] = website.resourcesOfType('AWS::IAM::Role');
  return {
    sandbox,
    distribution,
    functionRoleArn: String(functionRoleArn),
    distributionRoleArn: `arn:aws:iam::${WEBSITE.account}:role/${roleName}`,
    runStage: async () => (await sandbox.codePipeline.startStage({ pipeline: name, stage: 'InvalidateCloudFrontCache' }).finished)[0],
    requests: operation => sandbox.requests.filter(request => request.operation === operation),
  };
}

afterAll(() => Promise.all(sandboxes.map(sandbox => sandbox.stop())));

test.concurrent('the function assumes the role, which calls CloudFront; CodePipeline gets its answer from the function itself', async () => {
  const world = await givenWorld();
  expect(await world.runStage()).toMatchObject({ status: 'Succeeded', outputVariables: { distributionId: DISTRIBUTION_ID, status: 'Completed' } });
  const roleName = world.distributionRoleArn.split('/').pop();
  expect(world.requests('AssumeRole')).toHaveLength(1);
  expect([...world.requests('CreateInvalidation'), ...world.requests('GetInvalidation')].map(({ principal }) => principal))
    .toEqual(expect.arrayContaining([roleName]));
  expect(world.requests('CreateInvalidation')).toMatchObject([{ principal: roleName, status: 201 }]);
  expect(world.requests('PutJobSuccessResult')).toMatchObject([{ principal: world.functionRoleArn.split('/').pop(), status: 200 }]);
});

test.concurrent('the session names the pipeline and the job, and is the shortest there is', async () => {
  const world = await givenWorld({ pipelineName: 'website' });
  const { jobs: [job] } = await world.runStage();
  expect(world.requests('AssumeRole').map(({ input }) => input)).toEqual([
    { RoleArn: world.distributionRoleArn, RoleSessionName: `website-${job}`, DurationSeconds: 900 },
  ]);
});

test.concurrent('a pipeline that CloudFormation names is called by what that name begins with', async () => {
  const world = await givenWorld();
  const { jobs: [job] } = await world.runStage();
  expect(world.requests('AssumeRole')).toMatchObject([{ input: { RoleSessionName: expect.stringMatching(new RegExp(`^Pipeline-Pipeline[0-9A-F]{8}-${job}$`)) } }]);
});

test.concurrent('every job has credentials of its own', async () => {
  const world = await givenWorld();
  await world.runStage();
  await world.runStage();
  expect(world.requests('AssumeRole')).toHaveLength(2);
});

test.concurrent('a wait that is longer than an invocation goes on with a new session', async () => {
  const world = await givenWorld({ functionTimeout: Duration.seconds(30) });
  world.distribution.settings.completesAfter = 30_000;
  const action = await world.runStage();
  expect(action.status).toBe('Succeeded');
  expect(action.jobs).toHaveLength(2);
  expect(world.requests('AssumeRole').map(({ input }) => String(input.RoleSessionName).slice(-36))).toEqual(action.jobs);
});

describe('an external id', () => {
  test.concurrent('of the role is named by itself', async () => {
    const world = await givenWorld({ role: { externalId: 'website' } });
    expect(await world.runStage()).toMatchObject({ status: 'Succeeded' });
    expect(world.requests('AssumeRole')).toMatchObject([{ input: { ExternalId: 'website' } }]);
  });

  test.concurrent('that is another one is refused, and the failure says what was named', async () => {
    const world = await givenWorld({ role: { externalId: 'website' }, stage: { distributionRoleExternalId: 'blog' } });
    expect((await world.runStage()).errorDetails).toMatchObject({
      code: 'PermissionError', message: expect.stringContaining('and that it requires the external ID \'blog\''),
    });
    expect(world.distribution.invalidations).toEqual([]);
  });
});

describe('a role that may not be assumed is a PermissionError, reported at once, that says which side to fix', () => {
  test.concurrent('the role trusts somebody else', async () => {
    const world = await givenWorld({ role: { assumedBy: new iam.ArnPrincipal('arn:aws:iam::123456789012:role/other') } });
    const action = await world.runStage();
    const functionName = world.sandbox.lambda.invocations[0].functionName;
    expect(action.errorDetails).toEqual({
      code: 'PermissionError',
      message: `Not allowed to assume the role ${world.distributionRoleArn}: AccessDenied: User: arn:aws:sts::123456789012:assumed-role/` +
        `${world.functionRoleArn.split('/').pop()}/${functionName} is not authorized to perform: sts:AssumeRole on resource: ${world.distributionRoleArn}. ` +
        'First, in the distribution\'s account, check that the role exists, that its trust policy names the function\'s role, and that it requires no external ID. ' +
        'If all of that is right, in the pipeline\'s account, allow the function\'s role to call sts:AssumeRole on this role, ' +
        'and check that no service control policy or permissions boundary denies it.',
    });
    expect(world.requests('AssumeRole')).toHaveLength(1);
    expectOneTerminalReport(action);
  });

  test.concurrent('the role does not exist', async () => {
    const world = await givenWorld();
    world.sandbox.role(world.distributionRoleArn.split('/').pop()!).trust.splice(0);
    expect((await world.runStage()).errorDetails).toMatchObject({ code: 'PermissionError', message: expect.stringContaining('check that the role exists') });
  });

  test.concurrent('the function\'s side denies it', async () => {
    const world = await givenWorld();
    world.sandbox.role(world.functionRoleArn.split('/').pop()!).statements.push({ Effect: 'Deny', Action: 'sts:*', Resource: '*' });
    expect((await world.runStage()).errorDetails).toMatchObject({
      code: 'PermissionError',
      message: expect.stringMatching(/with an explicit deny in an identity-based policy\. To fix it in the pipeline's account, allow .* denies it\.$/),
    });
  });

  test.concurrent('WARN is green all the same, and says it', async () => {
    const world = await givenWorld({
      role: { assumedBy: new iam.ArnPrincipal('arn:aws:iam::123456789012:role/other') },
      stage: { failurePolicy: InvalidationFailurePolicy.WARN },
    });
    expect(await world.runStage()).toMatchObject({
      status: 'Succeeded', outputVariables: { status: 'Failed', errorType: 'PermissionError', errorMessage: expect.stringContaining('Not allowed to assume the role') },
    });
  });
});

test.concurrent('a distribution that the role may not invalidate is refused, and the failure names the role', async () => {
  const world = await givenWorld();
  world.sandbox.role(world.distributionRoleArn.split('/').pop()!).statements.splice(0);
  expect((await world.runStage()).errorDetails).toMatchObject({
    code: 'PermissionError',
    message: expect.stringContaining(`Allow the role ${world.distributionRoleArn} to call cloudfront:CreateInvalidation on this distribution`),
  });
});

test.concurrent('a distribution that is in neither account is unknown to the role\'s', async () => {
  const world = await givenWorld();
  world.sandbox.cloudFront.removeDistribution(DISTRIBUTION_ID);
  expect((await world.runStage()).errorDetails).toMatchObject({
    code: 'ConfigurationError', message: expect.stringContaining(`CloudFront cannot find distribution ${DISTRIBUTION_ID} in the account of the role ${world.distributionRoleArn}`),
  });
});

describe('STS is down for a while: the action waits, and is green', () => {
  test.concurrent.each<[string, FaultKind]>([
    ['503 ServiceUnavailable', { error: 'ServiceUnavailable', status: 503 }],
    ['500 InternalFailure', { error: 'InternalFailure', status: 500 }],
    ['Throttling', { throttle: true }],
    ['a reset before the effect', { reset: 'before' }],
    ['a reset after the effect', { reset: 'after' }],
    ['a hang', { hang: 'before' }],
    ['a body that ends half-way', { truncate: true }],
    ['a body that is no XML', { malformed: true }],
  ])('%s', async (_, fault) => {
    const world = await givenWorld();
    const handle = world.sandbox.faults.add({ service: 'sts', operation: 'AssumeRole', fault, times: 2 });
    const action = await world.runStage();
    expect(handle.hits).toBe(2);
    expect(action.status).toBe('Succeeded');
    expect(world.distribution.invalidations).toHaveLength(1);
    expectOneTerminalReport(action);
  });
});

test.concurrent('STS that is not active in the Region is reported at once, with where to activate it', async () => {
  const world = await givenWorld();
  world.sandbox.faults.add({ service: 'sts', operation: 'AssumeRole', fault: { error: 'RegionDisabledException', status: 403 }, times: Infinity });
  expect((await world.runStage()).errorDetails).toMatchObject({ code: 'ConfigurationError', message: expect.stringContaining('Activate it in the IAM console of that account') });
});

test.concurrent('a function that is killed after it created the invalidation finds it again with a new session', async () => {
  const world = await givenWorld();
  world.sandbox.lambda.crash({ when: ({ operation }) => operation === 'CreateInvalidation' });
  const action = await world.runStage();
  expect(action.status).toBe('Succeeded');
  expect(world.sandbox.lambda.invocations).toMatchObject([{ outcome: 'crash' }, { attempt: 2 }]);
  expect(world.requests('AssumeRole')).toHaveLength(2);
  expect(world.distribution.invalidations).toHaveLength(1);
});

test.concurrent('no credential of the role is ever logged', async () => {
  const world = await givenWorld();
  await world.runStage();
  const lines = world.sandbox.lambda.invocations.flatMap(({ logs }) => logs).join('\n');
  expect(lines).toContain('Role assumed');
  expect(lines).not.toContain('ASIASESSION');
});
