import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { givenDistribution, givenPipeline } from './given';
import { Sandbox, type ActionExecution, type Distribution } from '../sandbox';
import { CloudFrontInvalidationStage, type CloudFrontInvalidationOptions } from '../src';

/** The sandbox's time runs this much faster than ours. */
export const TIME_SCALE = 20;

/** A deployed pipeline with the stage, and what a test looks at. */
export interface World {
  readonly sandbox: Sandbox;
  readonly distribution: Distribution;
  readonly pipelineName: string;
  readonly functionName: string;
  /** Runs the stage as it was synthesised. */
  runStage(variables?: Record<string, string>): Promise<ActionExecution>;
  /** Runs the function with parameters of any kind. */
  runAction(userParameters?: unknown, continuationToken?: string): Promise<ActionExecution>;
}

/** Synthesises the smallest app that has the stage, and deploys it to a sandbox of its own. */
export async function givenWorld(options: Partial<CloudFrontInvalidationOptions> = {}): Promise<World> {
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, 'Website');
  const distribution = givenDistribution(stack);
  const pipeline = givenPipeline(stack, { crossAccountKeys: false });
  new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution, ...options });
  new CfnOutput(stack, 'DistributionId', { value: distribution.distributionId });
  const assembly = app.synth();

  const sandbox = await Sandbox.start({ timeScale: TIME_SCALE });
  const deployed = sandbox.deploy(assembly.getStackByName('Website').template, { stackName: 'Website', assetsDirectory: assembly.directory });
  const distributionId = deployed.outputs.DistributionId;
  const [pipelineName] = deployed.resourcesOfType('AWS::CodePipeline::Pipeline').map(({ physicalId }) => physicalId);
  const [functionName] = deployed.resourcesOfType('AWS::Lambda::Function').map(({ physicalId }) => physicalId);
  return {
    sandbox,
    distribution: sandbox.cloudFront.distribution(distributionId),
    pipelineName,
    functionName,
    runStage: async variables => {
      const [action] = await sandbox.codePipeline.startStage({ pipeline: pipelineName, stage: 'InvalidateCloudFrontCache', variables }).finished;
      return action;
    },
    runAction: (userParameters, continuationToken) => sandbox.codePipeline.startAction({
      functionName,
      userParameters: userParameters === undefined || typeof userParameters === 'string' ? userParameters : JSON.stringify({ distributionId, ...userParameters }),
      continuationToken,
    }).finished,
  };
}
