import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { expectCopyable } from './given-example';
import { PipelineStack } from '../../examples/multi-distribution/pipeline-stack';
import { WebsitesStack } from '../../examples/multi-distribution/websites-stack';
import { Sandbox, type DeployedStack } from '../../sandbox';

test('it can be copied', () => expectCopyable('multi-distribution'));

describe('deployed to the sandbox', () => {
  let sandbox: Sandbox;
  let websites: DeployedStack;
  let pipeline: DeployedStack;

  beforeAll(async () => {
    const app = new App({ analyticsReporting: false });
    const websitesStack = new WebsitesStack(app, 'Websites');
    const pipelineStack = new PipelineStack(app, 'WebsitesPipeline', { websites: websitesStack });
    const assembly = app.synth();
    sandbox = await Sandbox.start({ timeScale: 20 });
    [websites, pipeline] = [websitesStack, pipelineStack].map(({ stackName, artifactId }) =>
      sandbox.deploy(assembly.getStackArtifact(artifactId).template, { stackName, assetsDirectory: assembly.directory }));
    Template.fromStack(pipelineStack).resourceCountIs('AWS::Logs::LogGroup', 1);
  });

  afterAll(() => sandbox.stop());

  function run(release: string) {
    const [{ physicalId }] = pipeline.resourcesOfType('AWS::CodePipeline::Pipeline');
    return sandbox.codePipeline.startStage({ pipeline: physicalId, stage: 'InvalidateCloudFrontCache', variables: { 'variables.release': release } }).finished;
  }

  test('each cache has one invalidation, with the paths that were asked for', async () => {
    const actions = await run('2.1');
    expect(actions.map(({ actionName, status }) => [actionName, status])).toEqual([
      ['InvalidateWebsite', 'Succeeded'], ['InvalidateBlog', 'Succeeded'], ['InvalidateShop-north', 'Succeeded'], ['InvalidateShop-south', 'Succeeded'],
    ]);
    const targets = [
      ...websites.resourcesOfType('AWS::CloudFront::Distribution').filter(({ logicalId }) => logicalId !== 'Shop'),
      ...websites.resourcesOfType('AWS::CloudFront::DistributionTenant'),
    ];
    expect(targets.map(({ physicalId }) => sandbox.cloudFront.distribution(physicalId).invalidations.map(({ paths }) => paths))).toEqual([
      [['/*']], [['/releases/2.1/*', '/index.html', '/feed.xml']], [['/*']], [['/*']],
    ]);
  });

  test('a variable with quotes in it fails its own action, and changes nothing', async () => {
    const before = sandbox.requests.length;
    const actions = await run('"],"distributionId":"E2OTHER","paths":["/*');
    expect(actions.map(({ status }) => status)).toEqual(['Succeeded', 'Failed', 'Succeeded', 'Succeeded']);
    expect(actions[1].errorDetails).toMatchObject({ code: 'ConfigurationError', message: expect.stringContaining("name each parameter once, got 'distributionId' twice") });
    expect(sandbox.requests.slice(before).filter(({ operation, input }) => operation === 'CreateInvalidation' && input.DistributionId === 'E2OTHER')).toEqual([]);
  });
});
