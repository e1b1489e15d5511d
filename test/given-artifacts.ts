import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { S3DeployAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { givenDistribution, givenPipeline } from './given';
import { givenArchive } from './given-archive';
import { Sandbox, type ActionExecution, type ActionRecord, type Distribution, type RecordedAction } from '../sandbox';
import {
  CloudFrontInvalidationFunction, CloudFrontInvalidationStage, InvalidationPaths, type ChangedFilesOptions, type CloudFrontInvalidationOptions,
} from '../src';

/** Two versions of a site: three files are not in both, or differ. */
export const FIRST: Files = { 'index.html': 'a', 'blog/index.html': 'b', 'blog/post.html': 'c', 'about.html': 'd', 'old.html': 'e' };
export const SECOND: Files = { 'index.html': 'a', 'blog/index.html': 'B', 'blog/post.html': 'c', 'about.html': 'd', 'new.html': 'f' };

export type Files = Readonly<Record<string, string>>;

export interface World {
  readonly sandbox: Sandbox;
  readonly distribution: Distribution;
  readonly bucket: string;
  readonly pipelineName: string;
  /** What the last job was told. */
  resolvedParameters(): Record<string, unknown>;
  /** Puts an artifact on S3. */
  givenArtifact(files: Files | Buffer): Promise<string>;
  /** A run of the pipeline: the deployment, as the history shows it, and the stage. */
  run(key: string, options?: { pipelineExecutionId?: string; deploy?: boolean }): Promise<ActionExecution>;
  /** Only the deployment: the execution fails or is superseded before the stage. */
  deploy(key: string, pipelineExecutionId?: string, run?: Partial<ActionRecord>): RecordedAction;
  requests(operation: string): Sandbox['requests'];
  /** The paths of the last invalidation. */
  lastPaths(): readonly string[] | undefined;
}

interface Options {
  readonly changedFiles?: ChangedFilesOptions;
  readonly pipelineName?: string;
  readonly encrypted?: boolean;
  readonly stage?: Partial<CloudFrontInvalidationOptions>;
  readonly functionTimeout?: Duration;
}

const sandboxes: Sandbox[] = [];

interface Assembly {
  readonly template: object;
  readonly directory: string;
}

const assemblies = new Map<string, Assembly>();

/** Each app once: synthesis holds up the sandboxes of the tests beside it. */
function synthesize(options: Options): Assembly {
  const key = JSON.stringify({ ...options, stage: options.stage && Object.entries(options.stage).map(([name, value]) => [name, sourceOf(value)]) });
  const assembly = assemblies.get(key) ?? synthesizeAnew(options);
  assemblies.set(key, assembly);
  return assembly;
}

function sourceOf(value: unknown): unknown {
  return value instanceof InvalidationPaths ? value._source : value;
}

function synthesizeAnew({ changedFiles, pipelineName, encrypted, stage, functionTimeout }: Options): Assembly {
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, 'Website', { env: { account: '123456789012', region: 'eu-west-1' } });
  const distribution = givenDistribution(stack);
  const artifact = codepipeline.Artifact.artifact('site');
  const pipeline = givenPipeline(stack, { crossAccountKeys: encrypted ?? false, pipelineName });
  pipeline.addStage({
    stageName: 'Deploy', actions: [new S3DeployAction({ actionName: 'Deploy', bucket: new Bucket(stack, 'Site'), input: artifact })],
  });
  new CloudFrontInvalidationStage(stack, 'Invalidate', {
    pipeline,
    distribution,
    paths: InvalidationPaths.changedFiles(artifact, changedFiles),
    function: new CloudFrontInvalidationFunction(stack, 'Fn', { timeout: functionTimeout }),
    ...stage,
  });
  new CfnOutput(stack, 'DistributionId', { value: distribution.distributionId });
  new CfnOutput(stack, 'ArtifactBucket', { value: pipeline.artifactBucket.bucketName });
  new CfnOutput(stack, 'KeyArn', { value: pipeline.artifactBucket.encryptionKey?.keyArn ?? 'none' });
  const assembly = app.synth();
  return { template: assembly.getStackArtifact(stack.artifactId).template as object, directory: assembly.directory };
}

export async function givenWorld(options: Options = {}): Promise<World> {
  const { template, directory } = synthesize(options);
  const sandbox = await Sandbox.start({ timeScale: 12 });
  sandboxes.push(sandbox);
  const deployed = sandbox.deploy(template, { stackName: 'Website', assetsDirectory: directory });
  const { DistributionId: distributionId, ArtifactBucket: bucket, KeyArn: keyArn } = deployed.outputs;
  const [{ physicalId: name }] = deployed.resourcesOfType('AWS::CodePipeline::Pipeline');
  const deployedDistribution = sandbox.cloudFront.distribution(distributionId);
  Object.assign(deployedDistribution.settings, { takesEffectAfter: 500, completesAfter: 1_000 });
  let count = 0;
  const contextOf = (key: string, pipelineExecutionId: string) => ({ pipeline: name, pipelineExecutionId, artifacts: { site: { bucket, key } } });
  const deploy = (key: string, pipelineExecutionId: string = crypto.randomUUID(), run: Partial<ActionRecord> = {}) =>
    sandbox.codePipeline.recordAction({ ...contextOf(key, pipelineExecutionId), stage: 'Deploy', action: 'Deploy', ...run });
  return {
    sandbox,
    distribution: deployedDistribution,
    bucket,
    pipelineName: name,
    resolvedParameters: () => {
      const event = sandbox.lambda.invocations.at(-1)?.event as { 'CodePipeline.job': { data: { actionConfiguration: { configuration: { UserParameters: string } } } } };
      return JSON.parse(event['CodePipeline.job'].data.actionConfiguration.configuration.UserParameters);
    },
    givenArtifact: async files => {
      const key = `Website-Pipeline/site/${++count}`;
      sandbox.s3.put(bucket, key, Buffer.isBuffer(files) ? files : await givenArchive(files as Files), options.encrypted ? keyArn : undefined);
      return key;
    },
    deploy,
    run: async (key, { pipelineExecutionId = crypto.randomUUID(), deploy: deploys = true } = {}) => {
      if (deploys) {
        deploy(key, pipelineExecutionId);
      }
      const [action] = await sandbox.codePipeline.startStage({ ...contextOf(key, pipelineExecutionId), stage: 'InvalidateCloudFrontCache' }).finished;
      return action;
    },
    requests: operation => sandbox.requests.filter(request => request.operation === operation),
    lastPaths: () => deployedDistribution.invalidations.at(-1)?.paths,
  };
}

/** Fails, and tells what the parameters are. */
export async function failedRun(world: World, key: string): Promise<void> {
  world.sandbox.faults.add({ service: 'cloudfront', operation: 'CreateInvalidation', fault: { error: 'AccessDenied', status: 403 } });
  expect((await world.run(key)).status).toBe('Failed');
}

/** A success of the action in the history, with the parameters of its last run. */
export function succeeded(world: World, key: string, record: Partial<ActionRecord>): void {
  world.sandbox.codePipeline.recordAction({
    pipeline: world.pipelineName,
    artifacts: { site: { bucket: world.bucket, key } },
    stage: 'InvalidateCloudFrontCache',
    action: 'InvalidateDistribution',
    userParameters: JSON.stringify(world.resolvedParameters()),
    ...record,
  });
}

export async function stopWorlds(): Promise<void> {
  await Promise.all(sandboxes.splice(0).map(sandbox => sandbox.stop()));
}
