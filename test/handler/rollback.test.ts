import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { S3DeployAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Edge, Sandbox } from '../../sandbox';
import { CloudFrontInvalidationAction, CloudFrontInvalidationStage, InvalidationPaths } from '../../src';
import { givenDistribution, givenPipeline } from '../given';
import { givenArchive } from '../given-archive';

/** Where the invalidation is: in the stage that deploys, or in one of its own. */
type Form = 'action' | 'stage';

const SITE = codepipeline.Artifact.artifact('site');
const worlds: World[] = [];

interface Parts {
  readonly sandbox: Sandbox;
  readonly edge: Edge;
  /** The folder that the deploy action writes to. */
  readonly origin: string;
  readonly bucket: string;
  readonly pipeline: string;
  /** Those that the sandbox runs. */
  readonly stages: readonly string[];
}

/** A website with a page in the cache of the edge, and the pipeline that deploys it. */
class World {
  static async start(form: Form, paths: InvalidationPaths): Promise<World> {
    const app = new App({ analyticsReporting: false });
    const stack = new Stack(app, 'Website', { env: { account: '123456789012', region: 'eu-west-1' } });
    const distribution = givenDistribution(stack);
    const pipeline = givenPipeline(stack, { crossAccountKeys: false });
    const deployStage = pipeline.addStage({
      stageName: 'Deploy', actions: [new S3DeployAction({ actionName: 'Deploy', bucket: new Bucket(stack, 'Site'), input: SITE })],
    });
    if (form === 'action') {
      deployStage.addAction(new CloudFrontInvalidationAction({ actionName: 'Invalidate', distribution, paths }));
    } else {
      new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution, paths });
    }
    new CfnOutput(stack, 'DistributionId', { value: distribution.distributionId });
    new CfnOutput(stack, 'ArtifactBucket', { value: pipeline.artifactBucket.bucketName });
    const assembly = app.synth();

    const sandbox = await Sandbox.start({ timeScale: 20 });
    const deployed = sandbox.deploy(assembly.getStackArtifact(stack.artifactId).template, { stackName: 'Website', assetsDirectory: assembly.directory });
    const { DistributionId: distributionId, ArtifactBucket: bucket } = deployed.outputs;
    Object.assign(sandbox.cloudFront.distribution(distributionId).settings, { takesEffectAfter: 500, completesAfter: 1_000 });
    const origin = mkdtempSync(join(tmpdir(), 'rollback-'));
    const edge = await Edge.start({ clock: sandbox.clock, cloudFront: sandbox.cloudFront, distributionId, origin });
    const [{ physicalId }] = deployed.resourcesOfType('AWS::CodePipeline::Pipeline');
    const world = new World({ sandbox, edge, origin, bucket, pipeline: physicalId, stages: form === 'action' ? ['Deploy'] : ['Deploy', 'InvalidateCloudFrontCache'] });
    worlds.push(world);
    return world;
  }

  private constructor(private readonly parts: Parts) {}

  set rollbackRunsLaterStages(value: boolean) {
    this.parts.sandbox.codePipeline.rollbackRunsLaterStages = value;
  }

  /** Runs the pipeline with a version of the site. */
  async deploy(version: string): Promise<void> {
    const { sandbox, bucket, pipeline, stages } = this.parts;
    const key = `site/${version}`;
    sandbox.s3.put(bucket, key, await givenArchive({ 'index.html': version }));
    const execution = { pipeline, pipelineExecutionId: version, artifacts: { site: { bucket, key } } };
    this.runDeployAction(version, version);
    for (const stage of stages) {
      const actions = await sandbox.codePipeline.startStage({ ...execution, stage }).finished;
      expect(actions.map(({ status }) => status)).toEqual(actions.map(() => 'Succeeded'));
    }
  }

  /** Rolls the stage back that deploys; everything that runs is green. */
  async rollBack(version: string): Promise<void> {
    const pipelineExecutionId = crypto.randomUUID();
    this.runDeployAction(version, pipelineExecutionId);
    const { sandbox, pipeline } = this.parts;
    const rollback = sandbox.codePipeline.rollback({ pipeline, stage: 'Deploy', pipelineExecutionId, targetPipelineExecutionId: version });
    const actions = await rollback.finished;
    expect(actions.map(({ status }) => status)).toEqual(actions.map(() => 'Succeeded'));
  }

  /** What a visitor gets, whose visit fills the cache. */
  async visit(): Promise<string> {
    return (await fetch(`${this.parts.edge.url}/index.html`)).text();
  }

  async stop(): Promise<void> {
    const { sandbox, edge, origin } = this.parts;
    await edge.stop();
    await sandbox.stop();
    rmSync(origin, { recursive: true });
  }

  /** The action before the invalidation, which the sandbox does not run itself. */
  private runDeployAction(version: string, pipelineExecutionId: string): void {
    const { sandbox, origin, bucket, pipeline } = this.parts;
    writeFileSync(join(origin, 'index.html'), version);
    sandbox.codePipeline.recordAction({
      pipeline, pipelineExecutionId, stage: 'Deploy', action: 'Deploy', artifacts: { site: { bucket, key: `site/${version}` } },
    });
  }
}

afterAll(() => Promise.all(worlds.map(world => world.stop())));

const PATHS = { 'everything': InvalidationPaths.all(), 'changed files': InvalidationPaths.changedFiles(SITE) };

describe.each(Object.entries(PATHS))('a rollback of the stage that deploys, with %s', (_, paths) => {
  test.concurrent.each<[Form, boolean, 'fresh' | 'stale']>([
    ['action', false, 'fresh'],
    ['action', true, 'fresh'],
    ['stage', true, 'fresh'],
    // What the README warns of.
    ['stage', false, 'stale'],
  ])('the invalidation is an %s, and later stages run: %s. Visitors get a page that is %s', async (form, rollbackRunsLaterStages, expected) => {
    // GIVEN
    const world = await World.start(form, paths);
    world.rollbackRunsLaterStages = rollbackRunsLaterStages;
    await world.deploy('version 1');
    expect(await world.visit()).toBe('version 1');
    await world.deploy('version 2');
    expect(await world.visit()).toBe('version 2');

    // WHEN
    await world.rollBack('version 1');

    // THEN
    expect(await world.visit()).toBe(expected === 'fresh' ? 'version 1' : 'version 2');
  });
});
