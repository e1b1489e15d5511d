import { cpSync, mkdirSync } from 'fs';
import { join } from 'path';
import { App } from 'aws-cdk-lib';
import type { ChangedFilesOptions } from 'cdk-cloudfront-invalidation-stage';
import { archiveOf, Edge, Sandbox, selfSignedCertificate, type ActionExecution, type ActionType, type Distribution, type PipelineContext, type Role } from '../../../sandbox';
import { PipelineStack } from '../pipeline-stack';
import { WebsiteStack } from '../website-stack';

const INVALIDATION_STAGE = 'InvalidateCloudFrontCache';

const S3_DEPLOY: ActionType = { category: 'Deploy', owner: 'AWS', provider: 'S3', version: '1' };

/** Milliseconds; within what AWS promises for 95 of 100 invalidations: 5 seconds, and 25 seconds. */
const PACE = { takesEffectAfter: 3_000, completesAfter: 5_000 };
const AT_ONCE = { takesEffectAfter: 0, completesAfter: 0 };

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
  /** Puts a version of the site where the pipeline's deploy action would: what is in the bucket is overwritten, and nothing deleted. */
  publish(version: string): Promise<void>;
  /** Runs the pipeline's last stage for what was published last. */
  runStage(): Promise<ActionExecution>;
  /** The same at once: where there is nothing in the cache yet, nobody need wait. */
  runFirstStage(): Promise<ActionExecution>;
  stop(): Promise<void>;
}

/** Synthesises the example as `cdk deploy` would, and deploys the templates. */
export async function deployExample(workspace: string, changedFiles?: ChangedFilesOptions): Promise<World> {
  const app = new App({ outdir: join(workspace, 'cdk.out'), analyticsReporting: false });
  const website = new WebsiteStack(app, 'Website');
  const pipeline = new PipelineStack(app, 'WebsitePipeline', { website, changedFiles });
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
  Object.assign(distribution.settings, PACE);

  Object.assign(deployed, { distributionId: distribution.id, cacheControl: deployment.Configuration.CacheControl });

  const [site] = invalidation.InputArtifacts ?? [];
  let execution: Omit<PipelineContext, 'stage'> = { pipeline: deployedPipeline.physicalId };
  const runStage = async () => {
    const [action] = await sandbox.codePipeline.startStage({ ...execution, stage: INVALIDATION_STAGE }).finished;
    return action;
  };

  return {
    sandbox,
    edge,
    distribution,
    certificate: certificate.cert,
    stageName: INVALIDATION_STAGE,
    actionName: invalidation.Name,
    functionRole,
    publish: async version => {
      // Each execution has an artifact of its own.
      const artifact = { bucket: artifactStore.Location, key: `${crypto.randomUUID()}.zip` };
      sandbox.s3.put(artifact.bucket, artifact.key, await archiveOf(version, false));
      execution = { pipeline: deployedPipeline.physicalId, pipelineExecutionId: crypto.randomUUID(), artifacts: { [site.Name]: artifact } };
      const deploying = sandbox.codePipeline.recordAction({ ...execution, stage: 'Deploy', action: deployment.Name, actionType: S3_DEPLOY, status: 'InProgress' });
      cpSync(version, origin, { recursive: true, force: true });
      deploying.end({ status: 'Succeeded' });
    },
    runStage,
    runFirstStage: async () => {
      Object.assign(distribution.settings, AT_ONCE);
      const action = await runStage();
      Object.assign(distribution.settings, PACE);
      return action;
    },
    stop: async () => {
      await edge.stop();
      await sandbox.stop();
    },
  };
}
