import { cpSync, mkdirSync } from 'fs';
import { join } from 'path';
import { App } from 'aws-cdk-lib';
import { Edge, Sandbox, type Distribution, type Role } from '../../../sandbox';
import { PipelineStack } from '../pipeline-stack';
import { WebsiteStack } from '../website-stack';

const INVALIDATION_STAGE = 'InvalidateCloudFrontCache';

/** Milliseconds; within what AWS promises for 95 of 100 invalidations: 5 seconds, and 25 seconds. */
const TAKES_EFFECT_AFTER = 3_000;
const COMPLETES_AFTER = 5_000;

interface PipelineProperties {
  readonly Stages: readonly {
    readonly Name: string;
    readonly Actions: readonly { readonly Name: string; readonly Configuration: Readonly<Record<string, string>> }[];
  }[];
}

/** The example, deployed to a sandbox. */
export interface World {
  readonly sandbox: Sandbox;
  readonly edge: Edge;
  readonly distribution: Distribution;
  readonly pipelineName: string;
  readonly stageName: string;
  readonly actionName: string;
  readonly functionRole: Role;
  /** Puts a version of the site where the pipeline's deploy action would: what is in the bucket is overwritten. */
  publish(version: string): void;
  stop(): Promise<void>;
}

/** Synthesises the example as `cdk deploy` would, and deploys the templates. */
export async function deployExample(workspace: string): Promise<World> {
  const app = new App({ outdir: join(workspace, 'cdk.out'), analyticsReporting: false });
  const website = new WebsiteStack(app, 'Website');
  const pipeline = new PipelineStack(app, 'WebsitePipeline', { website });
  const assembly = app.synth();

  const sandbox = await Sandbox.start();
  const [websiteStack, pipelineStack] = [website, pipeline].map(({ artifactId, stackName }) =>
    sandbox.deploy(assembly.getStackArtifact(artifactId).template, { stackName, assetsDirectory: assembly.directory }));

  const [deployedPipeline] = pipelineStack.resourcesOfType('AWS::CodePipeline::Pipeline');
  const { Stages: stages } = deployedPipeline.properties as Readonly<Record<string, unknown>> & PipelineProperties;
  const actionsOf = (stageName: string) => stages.find(({ Name }) => Name === stageName)?.Actions ?? [];
  const [invalidation] = actionsOf(INVALIDATION_STAGE);
  const [deployment] = actionsOf('Deploy');
  const functionRole = pipelineStack.resourcesOfType('AWS::Lambda::Function')
    .filter(({ physicalId }) => physicalId === invalidation.Configuration.FunctionName)
    .map(({ properties }) => sandbox.role(String(properties.Role).split('/')[1]))[0];

  const distribution = sandbox.cloudFront.distribution(websiteStack.resourcesOfType('AWS::CloudFront::Distribution')[0].physicalId);
  Object.assign(distribution.settings, { takesEffectAfter: TAKES_EFFECT_AFTER, completesAfter: COMPLETES_AFTER });

  const origin = join(workspace, 'bucket');
  mkdirSync(origin);
  const edge = await Edge.start({
    clock: sandbox.clock,
    cloudFront: sandbox.cloudFront,
    distributionId: distribution.id,
    origin,
    cacheControl: () => deployment.Configuration.CacheControl,
  });

  return {
    sandbox,
    edge,
    distribution,
    pipelineName: deployedPipeline.physicalId,
    stageName: INVALIDATION_STAGE,
    actionName: invalidation.Name,
    functionRole,
    publish: version => cpSync(version, origin, { recursive: true, force: true }),
    stop: async () => {
      await edge.stop();
      await sandbox.stop();
    },
  };
}
