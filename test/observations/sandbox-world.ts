import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join } from 'path';
import { CloudFrontClient } from '@aws-sdk/client-cloudfront';
import { CodePipelineClient } from '@aws-sdk/client-codepipeline';
import { S3Client } from '@aws-sdk/client-s3';
import { App } from 'aws-cdk-lib';
import { visit } from './visit';
import type { World } from './world';
import { archiveOf, Edge, Sandbox, selfSignedCertificate, type DeliverySettings, type DistributionSettings, type EdgeOptions } from '../../sandbox';
import { WebsiteStack, type WebsiteOutputs } from '../integration/website-stack';

const SITE = join(__dirname, '..', 'integration', 'website');

export interface SandboxWorldOptions {
  /** From the first execution on. */
  readonly delivery?: (sandbox: Sandbox) => Partial<DeliverySettings>;
  readonly edge?: Partial<EdgeOptions>;
  /** Whether each execution puts its artifact in the same place. @default false */
  readonly reusesArtifactKeys?: boolean;
}

/** The sandbox, with the stack of the integration test. */
export interface SandboxWorld extends World {
  readonly sandbox: Sandbox;
  /** Of both distributions. */
  set(settings: Partial<DistributionSettings>): void;
  stop(): Promise<void>;
}

export async function startSandboxWorld({ delivery, edge: edgeOptions, reusesArtifactKeys }: SandboxWorldOptions = {}): Promise<SandboxWorld> {
  const app = new App({ analyticsReporting: false });
  // Three of our seconds, enough where many tests run at a time.
  const stack = new WebsiteStack(app, 'CloudFrontInvalidationStageIntegration', 30);
  const assembly = app.synth();

  const sandbox = await Sandbox.start({ timeScale: 10 });
  const certificate = selfSignedCertificate();
  sandbox.trust(certificate);
  const origin = mkdtempSync(join(tmpdir(), 'observed-'));
  // One edge serves both distributions.
  const edge = await Edge.start({
    clock: sandbox.clock,
    cloudFront: { onInvalidation: listener => sandbox.cloudFront.onInvalidation(event => listener({ ...event, distributionId: 'both' })) },
    distributionId: 'both',
    origin,
    certificate,
    forwardQueryStrings: true,
    ...edgeOptions,
  });
  const deployed = sandbox.deploy(assembly.getStackArtifact(stack.artifactId).template, {
    stackName: stack.stackName, assetsDirectory: assembly.directory, domainName: new URL(edge.url).host,
  });
  const outputs = deployed.outputs as Readonly<Record<string, string>> & WebsiteOutputs;
  const [{ properties }] = deployed.resourcesOfType('AWS::CodePipeline::Pipeline');
  const bucket = String((properties.ArtifactStore as { Location: string }).Location);
  const pipeline = outputs.PipelineName;
  Object.assign(sandbox.codePipeline.delivery, { continuationInterval: 5_000 }, delivery?.(sandbox));

  const { accessKeyId } = sandbox.addRole('Observer', [{ Effect: 'Allow', Action: '*', Resource: '*' }]);
  const client = { region: 'eu-west-1', credentials: { accessKeyId, secretAccessKey: 'secret' }, maxAttempts: 1 };
  const executions = new Map<string, Promise<unknown>>();
  const archive = await archiveOf(SITE);
  let count = 0;

  const publish = (name: string, content: string | Buffer) => {
    mkdirSync(dirname(join(origin, name)), { recursive: true });
    writeFileSync(join(origin, name), content);
  };
  /** The actions before the invalidation, which the sandbox does not run itself. */
  const deploy = (pipelineExecutionId: string, artifacts: Readonly<Record<'Site', { bucket: string; key: string }>>) => {
    readdirSync(SITE).forEach(name => publish(name, readFileSync(join(SITE, name))));
    sandbox.codePipeline.recordAction({
      pipeline,
      pipelineExecutionId,
      stage: 'Deploy',
      action: 'Deploy',
      artifacts,
      actionType: { category: 'Deploy', owner: 'AWS', provider: 'S3', version: '1' },
      configuration: { BucketName: 'site', Extract: 'true' },
    });
  };
  const artifactsOf = new Map<string, Parameters<typeof deploy>[1]>();

  const world: SandboxWorld = {
    sandbox,
    outputs,
    cloudFront: new CloudFrontClient({ ...client, endpoint: sandbox.cloudFront.endpoint }),
    codePipeline: new CodePipelineClient({ ...client, endpoint: sandbox.codePipeline.endpoint }),
    s3: new S3Client({ ...client, endpoint: sandbox.s3.endpoint, forcePathStyle: true }),
    visit: path => visit(edge.url + path, certificate.cert),
    publish: async (name, content) => publish(name, content),
    start: async () => {
      const pipelineExecutionId = crypto.randomUUID();
      const artifacts = { Site: { bucket, key: `Pipeline/Site/${reusesArtifactKeys ? 1 : ++count}` } };
      sandbox.s3.put(bucket, artifacts.Site.key, archive);
      artifactsOf.set(pipelineExecutionId, artifacts);
      deploy(pipelineExecutionId, artifacts);
      await sandbox.clock.sleep(1_000);
      const { finished } = sandbox.codePipeline.startStage({ pipeline, pipelineExecutionId, stage: 'InvalidateCloudFrontCache', artifacts });
      executions.set(pipelineExecutionId, finished);
      return pipelineExecutionId;
    },
    rollBack: async targetPipelineExecutionId => {
      const pipelineExecutionId = crypto.randomUUID();
      deploy(pipelineExecutionId, artifactsOf.get(targetPipelineExecutionId)!);
      const { finished } = sandbox.codePipeline.rollback({ pipeline, stage: 'Deploy', pipelineExecutionId, targetPipelineExecutionId });
      executions.set(pipelineExecutionId, finished);
      return pipelineExecutionId;
    },
    ended: async executionId => {
      await executions.get(executionId);
    },
    logs: async () => sandbox.lambda.invocations.filter(({ functionName }) => functionName === outputs.HurriedFunctionName)
      .flatMap(({ logs }) => logs.map(line => JSON.parse(line) as Record<string, unknown>)),
    now: () => sandbox.clock.now(),
    sleep: milliseconds => sandbox.clock.sleep(milliseconds),
    set: settings => [outputs.DistributionId, outputs.MirrorId].forEach(id => Object.assign(sandbox.cloudFront.distribution(id).settings, settings)),
    stop: async () => {
      await Promise.all([edge.stop(), sandbox.stop()]);
      rmSync(origin, { recursive: true, force: true });
    },
  };
  // As the integration test does. An invocation of the function with too little time ends before the invalidation does.
  world.set({ takesEffectAfter: 1_000, completesAfter: 25_000 });
  await world.ended(await world.start());
  world.set({ takesEffectAfter: 500, completesAfter: 1_000 });
  return world;
}
