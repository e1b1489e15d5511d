import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join } from 'path';
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { S3DeployAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { givenDistribution, givenPipeline } from './given';
import { givenArchive } from './given-archive';
import { linesOf } from './given-sandbox';
import { Edge, Sandbox, type ActionExecution, type Distribution, type EdgeOptions } from '../sandbox';
import {
  CloudFrontInvalidationFunction, CloudFrontInvalidationStage, FreshnessCheck, type CloudFrontInvalidationOptions, type FreshnessCheckFilesOptions,
} from '../src';

export type Files = Readonly<Record<string, string | Buffer>>;

/** Two versions of a site, each with four pages. */
export const FIRST = { 'index.html': '<h1>Home 1</h1>', 'blog/index.html': '<h1>Blog 1</h1>', 'blog/post.html': '<h1>Post 1</h1>', 'style.css': 'body {}' };
export const SECOND = { ...FIRST, 'index.html': '<h1>Home 2</h1>', 'blog/index.html': '<h1>Blog 2</h1>' };

/** Where the site is, which is known only once it runs. */
const URL_VARIABLE = '#{site.url}';

export interface CheckedSiteOptions {
  /** Of `FreshnessCheck.files`. */
  readonly files?: Partial<FreshnessCheckFilesOptions>;
  /** Of `FreshnessCheck.pages` instead: paths of the site. */
  readonly pages?: readonly string[];
  readonly stage?: (artifact: codepipeline.Artifact) => Partial<CloudFrontInvalidationOptions>;
  readonly edge?: Partial<EdgeOptions>;
  readonly functionTimeout?: Duration;
  /** Whether each deployment puts its artifact in the same place. @default false */
  readonly reusesKeys?: boolean;
  /** Whether functions trust the certificate of the edge. @default true */
  readonly trusted?: boolean;
}

/** A site that a pipeline deploys, with a stage that checks it, and what a test looks at. */
export interface CheckedSite {
  readonly sandbox: Sandbox;
  readonly edge: Edge;
  readonly distribution: Distribution;
  /** Deploys: to the origin, as an artifact, and in the pipeline's history. */
  deploy(files: Files): Promise<void>;
  /** Only to the origin, as a newer execution does. */
  publish(files: Files): void;
  /** Runs the stage for what was deployed last. */
  run(): Promise<ActionExecution>;
  /** Visits a page as somebody else. */
  visit(path: string): Promise<Response>;
  /** The URLs that the function has visited since the last deployment, in order. */
  visited(): string[];
  logs(): Record<string, unknown>[];
}

/** The sandbox's time runs this much faster than ours. A visit has a second of ours, enough where many tests run at a time. */
const TIME_SCALE = 10;

const stops: (() => Promise<void>)[] = [];

const assemblies = new Map<string, Assembly>();

interface Assembly {
  readonly template: object;
  readonly directory: string;
}

/** Each app once, but for those that a function describes. */
function synthesize(options: CheckedSiteOptions): Assembly {
  if (options.stage !== undefined) {
    return synthesizeAnew(options);
  }
  const { files, pages, functionTimeout } = options;
  const key = JSON.stringify([{ ...files, timeout: files?.timeout?.toSeconds() }, pages, functionTimeout?.toSeconds()]);
  const assembly = assemblies.get(key) ?? synthesizeAnew(options);
  assemblies.set(key, assembly);
  return assembly;
}

function synthesizeAnew(options: CheckedSiteOptions): Assembly {
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, 'Website', { env: { account: '123456789012', region: 'eu-west-1' } });
  const distribution = givenDistribution(stack);
  const artifact = codepipeline.Artifact.artifact('site');
  const pipeline = givenPipeline(stack, { crossAccountKeys: false, pipelineName: 'website' });
  pipeline.addStage({ stageName: 'Deploy', actions: [new S3DeployAction({ actionName: 'Deploy', bucket: new Bucket(stack, 'Site'), input: artifact })] });
  new CloudFrontInvalidationStage(stack, 'Invalidate', {
    pipeline,
    distribution,
    function: new CloudFrontInvalidationFunction(stack, 'Fn', { timeout: options.functionTimeout }),
    freshnessCheck: options.pages === undefined
      ? FreshnessCheck.files(artifact, { url: `${URL_VARIABLE}/`, timeout: Duration.seconds(30), ...options.files })
      : FreshnessCheck.pages(...options.pages.map(path => URL_VARIABLE + path)),
    ...options.stage?.(artifact),
  });
  new CfnOutput(stack, 'DistributionId', { value: distribution.distributionId });
  new CfnOutput(stack, 'ArtifactBucket', { value: pipeline.artifactBucket.bucketName });
  const assembly = app.synth();
  return { template: assembly.getStackArtifact(stack.artifactId).template as object, directory: assembly.directory };
}

export async function givenCheckedSite(options: CheckedSiteOptions = {}): Promise<CheckedSite> {
  const { template, directory } = synthesize(options);
  const sandbox = await Sandbox.start({ timeScale: TIME_SCALE });
  const { outputs } = sandbox.deploy(template, { stackName: 'Website', assetsDirectory: directory });
  const deployed = sandbox.cloudFront.distribution(outputs.DistributionId);
  // Ages are in whole seconds: an invalidation that takes effect or completes within one takes another look.
  Object.assign(deployed.settings, { takesEffectAfter: 1_500, completesAfter: 2_000 });
  sandbox.codePipeline.delivery.continuationInterval = 5_000;
  const origin = mkdtempSync(join(tmpdir(), 'checked-site-'));
  const edge = await Edge.start({ clock: sandbox.clock, cloudFront: sandbox.cloudFront, distributionId: deployed.id, origin, ...options.edge });
  if (options.edge?.certificate !== undefined && options.trusted !== false) {
    sandbox.trust(options.edge.certificate);
  }
  stops.push(async () => {
    await Promise.all([edge.stop(), sandbox.stop()]);
    rmSync(origin, { recursive: true, force: true });
  });

  let key = '';
  let count = 0;
  const context = () => ({ pipeline: 'website', artifacts: { site: { bucket: outputs.ArtifactBucket, key } } });
  const publish = (files: Files) => Object.entries(files).forEach(([name, content]) => {
    mkdirSync(dirname(join(origin, name)), { recursive: true });
    writeFileSync(join(origin, name), content);
  });
  return {
    sandbox,
    edge,
    distribution: deployed,
    publish,
    deploy: async files => {
      publish(files);
      key = `website/site/${options.reusesKeys ? 1 : ++count}`;
      sandbox.s3.put(outputs.ArtifactBucket, key, await givenArchive(files));
      sandbox.codePipeline.recordAction({ ...context(), stage: 'Deploy', action: 'Deploy' });
      // The stage begins later: of the same moment, nobody could tell.
      await sandbox.clock.sleep(1_000);
      edge.visits.length = 0;
    },
    run: async () => {
      const variables = { 'site.url': edge.url };
      const [action] = await sandbox.codePipeline.startStage({ ...context(), stage: 'InvalidateCloudFrontCache', variables }).finished;
      return action;
    },
    visit: path => fetch(edge.url + path),
    visited: () => edge.visits.filter(({ headers }) => headers['user-agent']?.includes('cdk-cloudfront-invalidation-stage')).map(({ url }) => url),
    logs: () => linesOf(sandbox).map(line => JSON.parse(line) as Record<string, unknown>),
  };
}

/** Somebody has seen the first version of every page, so that the edge has it, and the second one is deployed. */
export async function givenSecondVersion(site: CheckedSite, second: Files = SECOND): Promise<void> {
  await site.deploy(FIRST);
  for (const path of ['/', '/index.html', '/blog/index.html', '/blog/post.html', '/style.css']) {
    await site.visit(path);
  }
  await site.deploy(second);
}

export async function stopCheckedSites(): Promise<void> {
  await Promise.all(stops.splice(0).map(stop => stop()));
}
