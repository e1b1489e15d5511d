import { App } from 'aws-cdk-lib';
import { expectCopyable } from './given-example';
import { InvalidationFunctionStack } from '../../examples/cross-account/invalidation-function-stack';
import { PipelineStack } from '../../examples/cross-account/pipeline-stack';
import { WebsiteStack } from '../../examples/cross-account/website-stack';
import { Sandbox } from '../../sandbox';

const [PIPELINE_ACCOUNT, WEBSITE_ACCOUNT] = ['123456789012', '210987654321'];

test('it can be copied', () => expectCopyable('cross-account'));

test('deployed to two accounts of the sandbox, in the order of the README, the stage invalidates the website of the other account', async () => {
  const sandbox = await Sandbox.start({ timeScale: 20 });
  try {
    // GIVEN
    const synthesize = (distributionId: string) => {
      const app = new App({ analyticsReporting: false });
      const [pipelineEnv, websiteEnv] = [PIPELINE_ACCOUNT, WEBSITE_ACCOUNT].map(account => ({ account, region: 'eu-west-1' }));
      const invalidation = new InvalidationFunctionStack(app, 'WebsiteInvalidation', { env: pipelineEnv });
      const { invalidationFunction } = invalidation;
      const website = new WebsiteStack(app, 'Website', { env: websiteEnv, invalidationFunction });
      const pipeline = new PipelineStack(app, 'WebsitePipeline', { env: pipelineEnv, invalidationFunction, website, distributionId });
      const assembly = app.synth();
      const deploy = ({ artifactId, stackName, account }: InvalidationFunctionStack | WebsiteStack | PipelineStack) =>
        sandbox.deploy(assembly.getStackArtifact(artifactId).template, { stackName, account, assetsDirectory: assembly.directory });
      return { deploy, invalidation, website, pipeline };
    };
    const first = synthesize('E2NOTKNOWNYET');
    first.deploy(first.invalidation);
    const { DistributionId: distributionId } = first.deploy(first.website).outputs;
    const second = synthesize(distributionId);

    // WHEN
    const [{ physicalId: pipeline }] = second.deploy(second.pipeline).resourcesOfType('AWS::CodePipeline::Pipeline');
    const [action] = await sandbox.codePipeline.startStage({ pipeline, stage: 'InvalidateCloudFrontCache' }).finished;

    // THEN
    expect(action).toMatchObject({ status: 'Succeeded', outputVariables: { distributionId, status: 'Completed' } });
    expect(sandbox.requests.find(({ operation }) => operation === 'AssumeRole')?.input).toMatchObject({
      RoleSessionName: expect.stringMatching(/^WebsitePipeline-PipelineC66-[0-9a-f-]{36}$/), ExternalId: 'website-pipeline',
    });
  } finally {
    await sandbox.stop();
  }
});
