import { cpSync, mkdirSync } from 'fs';
import { join } from 'path';
import { App } from 'aws-cdk-lib';
import { archiveOf } from './archive';
import { Edge, Sandbox, selfSignedCertificate, type ActionExecution, type Distribution, type Role } from '../../../sandbox';
import { PipelineStack } from '../pipeline-stack';
import { WebsiteStack } from '../website-stack';

const INVALIDATION_STAGE = 'InvalidateCloudFrontCache';

/** Milliseconds; within what AWS promises for 95 of 100 invalidations: 5 seconds, and 25 seconds. */
const TAKES_EFFECT_AFTER = 3_000;
const COMPLETES_AFTER = 5_000;

interface PipelineProperties {
  readonly ArtifactStore: { readonly Location: string };
  readonly Stages: readonly {
    readonly Name: string;
    readonly Actions: readonly {
      readonly Name: string;
      readonly Configuration: Readonly<Record<string, string>>;
      readonly InputArtifacts?: readonly { readonly Name: string }[];
    }[];
  }[];
}

/** The example, deployed to a sandbox. */
export interface World {
  readonly sandbox: Sandbox;
  readonly edge: Edge;
  readonly distribution: Distribution;
  /** That of the edge, which nobody else trusts. */
  readonly certificate: string;
  readonly stageName: string;
  readonly actionName: string;
  readonly functionRole: Role;
  /** Puts a version of the site where the pipeline's deploy action would: what is in the bucket is overwritten. */
  publish(version: string): Promise<void>;
  /** Runs the pipeline's last stage for what was published last. */
  runStage(): Promise<ActionExecution>;
  stop(): Promise<void>;
}

/** Synthesises the example as `cdk deploy` would, and deploys the templates. */
export async function deployExample(workspace: string): Promise<World> {
  const app = new App({ outdir: join(workspace, 'cdk.out'), analyticsReporting: false });
  const website = new WebsiteStack(app, 'Website');
  const pipeline = new PipelineStack(app, 'WebsitePipeline', { website });
  const assembly = app.synth();

  const sandbox = await Sandbox.start();
  const certificate = selfSignedCertificate();
  sandbox.trust(certificate);
  const origin = join(workspace, 'bucket');
  mkdirSync(origin);
  // The templates need the address of the edge, and the edge needs to know what they make of it.
  const deployed = { distributionId: '', cacheControl: '' };
  const edge = await Edge.start({
    clock: sandbox.clock,
    cloudFront: sandbox.cloudFront,
    distributionId: () => deployed.distributionId,
    origin,
    certificate,
    cacheControl: () => deployed.cacheControl,
  });
  const [websiteStack, pipelineStack] = [website, pipeline].map(({ artifactId, stackName }) => sandbox.deploy(
    assembly.getStackArtifact(artifactId).template, { stackName, assetsDirectory: assembly.directory, domainName: new URL(edge.url).host }));

  const [deployedPipeline] = pipelineStack.resourcesOfType('AWS::CodePipeline::Pipeline');
  const { Stages: stages, ArtifactStore: artifactStore } = deployedPipeline.properties as Readonly<Record<string, unknown>> & PipelineProperties;
  const actionsOf = (stageName: string) => stages.find(({ Name }) => Name === stageName)?.Actions ?? [];
  const [invalidation] = actionsOf(INVALIDATION_STAGE);
  const [deployment] = actionsOf('Deploy');
  const functionRole = pipelineStack.resourcesOfType('AWS::Lambda::Function')
    .filter(({ physicalId }) => physicalId === invalidation.Configuration.FunctionName)
    .map(({ properties }) => sandbox.role(String(properties.Role).split('/')[1]))[0];

  const distribution = sandbox.cloudFront.distribution(websiteStack.resourcesOfType('AWS::CloudFront::Distribution')[0].physicalId);
  Object.assign(distribution.settings, { takesEffectAfter: TAKES_EFFECT_AFTER, completesAfter: COMPLETES_AFTER });

  Object.assign(deployed, { distributionId: distribution.id, cacheControl: deployment.Configuration.CacheControl });

  const [site] = invalidation.InputArtifacts ?? [];
  const artifact = { bucket: artifactStore.Location, key: 'site.zip' };

  return {
    sandbox,
    edge,
    distribution,
    certificate: certificate.cert,
    stageName: INVALIDATION_STAGE,
    actionName: invalidation.Name,
    functionRole,
    publish: async version => {
      cpSync(version, origin, { recursive: true, force: true });
      sandbox.s3.put(artifact.bucket, artifact.key, await archiveOf(version));
    },
    runStage: async () => {
      const { finished } = sandbox.codePipeline.startStage({
        pipeline: deployedPipeline.physicalId, stage: INVALIDATION_STAGE, artifacts: { [site.Name]: artifact },
      });
      const [action] = await finished;
      return action;
    },
    stop: async () => {
      await edge.stop();
      await sandbox.stop();
    },
  };
}
