import { App, Stack } from 'aws-cdk-lib';
import { Distribution } from 'aws-cdk-lib/aws-cloudfront';
import { Artifact, Pipeline } from 'aws-cdk-lib/aws-codepipeline';
import { S3SourceAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Sandbox, type ActionExecution } from '../../sandbox';
import { CloudFrontInvalidationFunction, CloudFrontInvalidationStage } from '../../src';
import { expectOneTerminalReport, givenWorld, stopWorlds } from '../given-sandbox';

// What docs/security.md says that stops an attacker, attacked.
afterAll(stopWorlds);

const FORGED_TOKEN = {
  version: 2,
  callerReference: 'forged',
  targetId: 'E1',
  startedAt: Date.now(),
  found: { paths: 1, digest: '0123456789ab' },
  sent: 1,
  invalidationCount: 1,
  completed: 0,
  halvings: 0,
  createTime: new Date().toISOString(),
};

describe('someone who edits the pipeline', () => {
  test.concurrent('cannot invalidate a distribution that the function does not serve', async () => {
    const world = await givenWorld();
    const other = world.sandbox.cloudFront.addDistribution({ id: 'E2ANOTHER', account: '123456789012' });
    const action = await world.runAction({ distributionId: other.id });
    expect(action).toMatchObject({ status: 'Failed', errorDetails: { code: 'PermissionError' } });
    expect(other.invalidations).toEqual([]);
    expectOneTerminalReport(action);
  });

  test.concurrent('cannot have it assume a role that it was not given', async () => {
    const world = await givenWorld();
    const action = await world.runAction({ distributionRole: { arn: 'arn:aws:iam::123456789012:role/admin', pipelineName: 'Website' } });
    expect(action).toMatchObject({ status: 'Failed', errorDetails: { code: 'PermissionError' } });
    expect(world.distribution.invalidations).toEqual([]);
    expectOneTerminalReport(action);
  });

  test.concurrent.each([
    'https://169.254.169.254/latest/meta-data/', 'https://[fd00:ec2::254]/', 'https://10.0.0.1/', 'https://[::ffff:169.254.169.254]/', 'https://2852039166/',
  ])('cannot have it visit %s', async url => {
    const world = await givenWorld();
    const action = await world.runAction({ freshnessCheck: { pages: [url] } });
    expect(action).toMatchObject({ status: 'Failed', errorDetails: { message: expect.stringMatching(/ cannot be visited: \S+ is not a public address\.$/) } });
    expectOneTerminalReport(action);
  });

  test.concurrent('cannot have it visit what is not encrypted', async () => {
    const world = await givenWorld();
    const action = await world.runAction({ freshnessCheck: { pages: ['http://169.254.169.254/'] } });
    expect(action).toMatchObject({ status: 'Failed', errorDetails: { code: 'ConfigurationError' } });
    expect(world.distribution.invalidations).toEqual([]);
  });

  test.concurrent('cannot have it read an artifact, when the pipeline\'s stages do not', async () => {
    const world = await givenWorld();
    const action = await world.runAction({ paths: { manifest: 'secrets.txt' } });
    expect(action.status).toBe('Failed');
    expect(world.requests('GetObject')).toEqual([]);
    expectOneTerminalReport(action);
  });
});

describe('someone who invokes the function with an event of their own', () => {
  test.concurrent('cannot look at an invalidation of another distribution by a forged continuation token', async () => {
    const world = await givenWorld();
    const other = world.sandbox.cloudFront.addDistribution({ id: 'E2ANOTHER', account: '123456789012' });
    const action = await world.runAction({ distributionId: other.id }, JSON.stringify({ ...FORGED_TOKEN, targetId: other.id, invalidationId: 'I2J0I21PCUYOIK' }));
    expect(action).toMatchObject({ status: 'Failed', errorDetails: { code: 'PermissionError' } });
  });

  test.concurrent('finds no credential in the log, and none of the event', async () => {
    const world = await givenWorld();
    await world.runStage();
    const [{ event }] = world.sandbox.lambda.invocations;
    const { artifactCredentials } = (event as { 'CodePipeline.job': { data: { artifactCredentials: Record<string, string> } } })['CodePipeline.job'].data;
    const written = JSON.stringify(world.logs());
    expect(Object.keys(artifactCredentials).length).toBeGreaterThan(0);
    expect(Object.values(artifactCredentials).filter(secret => written.includes(secret))).toEqual([]);
    expect(written).not.toContain('artifactCredentials');
  });
});

test('pipelines with a function each cannot invalidate each other\'s distribution, as those that share one can', async () => {
  // GIVEN
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, 'Websites');
  const [shared, ...own] = ['Shared', 'A', 'B'].map(id => new CloudFrontInvalidationFunction(stack, id));
  const distributions = ['A', 'B'].map(name => Distribution.fromDistributionAttributes(stack, `Distribution${name}`, {
    distributionId: `E2DISTRIBUTION${name}`, domainName: 'www.example.com',
  }));
  const bucket = new Bucket(stack, 'Bucket', { versioned: true });
  distributions.forEach((distribution, index) => {
    const pipeline = new Pipeline(stack, `Pipeline${index}`, {
      crossAccountKeys: false,
      stages: [{ stageName: 'Source', actions: [new S3SourceAction({ actionName: 'Source', bucket, bucketKey: 'site.zip', output: new Artifact() })] }],
    });
    const stage = new CloudFrontInvalidationStage(stack, `Own${index}`, { pipeline, distribution, function: own[index] });
    stage.addInvalidation({ distribution, function: shared, actionName: 'Shared' });
  });
  const assembly = app.synth();
  const sandbox = await Sandbox.start({ timeScale: 20 });
  try {
    const deployed = sandbox.deploy(assembly.getStackByName('Websites').template as object, { stackName: 'Websites', assetsDirectory: assembly.directory });
    distributions.forEach(({ distributionId }) => sandbox.cloudFront.addDistribution({ id: distributionId, account: '123456789012' }));
    const attack = (construct: CloudFrontInvalidationFunction): Promise<ActionExecution> => sandbox.codePipeline.startAction({
      functionName: deployed.physicalId(stack.getLogicalId(construct.lambdaFunction.node.defaultChild as never)),
      userParameters: JSON.stringify({ distributionId: distributions[1].distributionId, waitForCompletion: false }),
    }).finished;

    // WHEN
    const [withOwn, withShared] = await Promise.all([attack(own[0]), attack(shared)]);

    // THEN
    expect(withOwn).toMatchObject({ status: 'Failed', errorDetails: { code: 'PermissionError' } });
    expect(withShared.status).toBe('Succeeded');
  } finally {
    await sandbox.stop();
  }
});
