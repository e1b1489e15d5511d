/**
 * Many deployments at the same time, against what CloudFront shares out among them. `npx projen reliability:scale` runs it.
 *
 * The functions are the real ones, a process for each that runs, in real time: only CloudFront's latency and its limits are simulated.
 */
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { writeSection } from './document';
import { Sandbox, type ActionExecution, type RateLimitSettings } from '../../sandbox';
import { CloudFrontInvalidationStage, InvalidationPaths } from '../../src';
import { givenPipeline } from '../given';
import { givenArchive } from '../given-archive';
import { givenRandom } from '../given-random';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const SEED = 20261124;
const MANIFEST = 'paths.json';

interface Scenario {
  readonly name: string;
  /** One pipeline each. */
  readonly stacks: number;
  /** Actions of the stage, one a distribution. */
  readonly distributionsPerStack: number;
  /** Milliseconds over which the pipelines reach the stage. */
  readonly startedWithin: number;
  /** What CloudFront allows the account. AWS publishes no number: these are strict on purpose. */
  readonly limits: Readonly<Record<'CreateInvalidation' | 'GetInvalidation', RateLimitSettings>>;
  /** Of the i-th pipeline. */
  readonly paths: (index: number) => InvalidationPaths;
  /** Whether all pipelines are for one distribution, and compete for its quota. */
  readonly share: boolean;
  readonly timeScale: number;
}

const NO_LIMIT: RateLimitSettings = { perSecond: 1_000_000, burst: 1_000_000 };

const SCENARIOS: readonly Scenario[] = [
  {
    name: '500 distributions: ten stacks, each with a stage of 50 actions',
    stacks: 10,
    distributionsPerStack: 50,
    startedWithin: 2 * MINUTE,
    share: false,
    timeScale: 1,
    paths: () => InvalidationPaths.all(),
    limits: { CreateInvalidation: { perSecond: 10, burst: 20 }, GetInvalidation: { perSecond: 50, burst: 100 } },
  },
  {
    name: '200 pipelines that finish within a minute, 5 creations and 20 polls a second for all of them',
    stacks: 200,
    distributionsPerStack: 1,
    startedWithin: MINUTE,
    share: false,
    timeScale: 1,
    paths: () => InvalidationPaths.all(),
    limits: { CreateInvalidation: { perSecond: 5, burst: 10 }, GetInvalidation: { perSecond: 20, burst: 40 } },
  },
  {
    name: '45 pipelines of one distribution, a wildcard each, with 15 at a time',
    stacks: 45,
    distributionsPerStack: 1,
    startedWithin: 10 * SECOND,
    share: true,
    timeScale: 2,
    paths: index => InvalidationPaths.of(`/${index}/*`),
    limits: { CreateInvalidation: NO_LIMIT, GetInvalidation: NO_LIMIT },
  },
  {
    name: '12 pipelines of one distribution, 1,000 paths each, with 3,000 at a time',
    stacks: 12,
    distributionsPerStack: 1,
    startedWithin: 10 * SECOND,
    share: true,
    timeScale: 2,
    paths: () => InvalidationPaths.fromManifest(codepipeline.Artifact.artifact('site').atPath(MANIFEST)),
    limits: { CreateInvalidation: NO_LIMIT, GetInvalidation: NO_LIMIT },
  },
];

/** AWS: 95 % within 25 seconds. Most take 8 to 25 here, and one in fifty takes two minutes. */
function latency(random: () => number): number {
  return random() < 0.02 ? 2 * MINUTE : (8 + 17 * random()) * SECOND;
}

interface Measured {
  readonly scenario: Scenario;
  readonly actions: readonly ActionExecution[];
  /** Milliseconds from the start of the action to its end, sorted. */
  readonly times: readonly number[];
  /** Of each action, what CloudFront itself took for its invalidation. */
  readonly latencies: readonly number[];
  readonly calls: Readonly<Record<string, number>>;
  readonly throttled: number;
  readonly quotaFull: number;
  readonly invocations: number;
}

async function measure(scenario: Scenario): Promise<Measured> {
  const { stacks, distributionsPerStack, startedWithin, limits, share, timeScale } = scenario;
  const random = givenRandom(SEED);
  const { templates, directory } = synthesize(scenario);
  const sandbox = await Sandbox.start({ timeScale });
  try {
    sandbox.lambda.shutdownAfter = 5 * SECOND;
    Object.entries(limits).forEach(([operation, settings]) => sandbox.cloudFront.limitRate(operation, settings));
    const latencies = Array.from({ length: share ? 1 : stacks * distributionsPerStack }, (_, index) => {
      const { settings } = sandbox.cloudFront.addDistribution({ id: distributionIdOf(index) });
      Object.assign(settings, { takesEffectAfter: 4 * SECOND, completesAfter: latency(random) });
      return settings.completesAfter;
    });
    const archive = await givenArchive({ [MANIFEST]: JSON.stringify(Array.from({ length: 1_000 }, (_, path) => `/${path}.html`)) });
    const pipelines = templates.map(({ template, stackName }) => {
      const deployed = sandbox.deploy(template, { stackName, assetsDirectory: directory });
      const [{ physicalId: pipeline }] = deployed.resourcesOfType('AWS::CodePipeline::Pipeline');
      const bucket = deployed.outputs.ArtifactBucket;
      sandbox.s3.put(bucket, 'site', archive);
      return { pipeline, artifacts: { site: { bucket, key: 'site' } } };
    });

    const actions = (await Promise.all(pipelines.map(async ({ pipeline, artifacts }, index) => {
      await sandbox.clock.sleep(startedWithin * index / stacks);
      return sandbox.codePipeline.startStage({ pipeline, stage: 'InvalidateCloudFrontCache', artifacts }).finished;
    }))).flat();

    const of = (operation: string) => sandbox.requests.filter(request => request.operation === operation);
    return {
      scenario,
      actions,
      times: actions.map(({ startedAt, endedAt }) => endedAt! - startedAt).sort((a, b) => a - b),
      latencies,
      calls: Object.fromEntries(['CreateInvalidation', 'GetInvalidation', 'PutJobSuccessResult'].map(operation => [operation, of(operation).length])),
      throttled: sandbox.requests.filter(({ errorCode }) => errorCode === 'Throttling').length,
      quotaFull: sandbox.requests.filter(({ errorCode }) => errorCode === 'TooManyInvalidationsInProgress').length,
      invocations: sandbox.lambda.invocations.length,
    };
  } finally {
    await sandbox.stop();
  }
}

function distributionIdOf(index: number): string {
  return `E${String(index).padStart(12, '0')}`;
}

function synthesize({ stacks, distributionsPerStack, paths, share }: Scenario) {
  const app = new App({ analyticsReporting: false });
  const all = Array.from({ length: stacks }, (_, index) => {
    const stack = new Stack(app, `Website${index}`);
    const [first, ...others] = Array.from({ length: distributionsPerStack }, (__, each) => {
      const distributionId = distributionIdOf(share ? 0 : index * distributionsPerStack + each);
      return cloudfront.Distribution.fromDistributionAttributes(stack, `Distribution${each}`, { distributionId, domainName: 'www.example.com' });
    });
    const pipeline = givenPipeline(stack, { crossAccountKeys: false });
    const stage = new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: first, paths: paths(index) });
    new CfnOutput(stack, 'ArtifactBucket', { value: pipeline.artifactBucket.bucketName });
    others.forEach(distribution => stage.addInvalidation({ distribution, paths: paths(index) }));
    return stack;
  });
  const assembly = app.synth();
  return {
    templates: all.map(({ stackName }) => ({ stackName, template: assembly.getStackByName(stackName).template as object })),
    directory: assembly.directory,
  };
}

function quantile(sorted: readonly number[], part: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] / SECOND).toFixed(0);
}

function describe({ scenario, actions, times, latencies, calls, throttled, quotaFull, invocations }: Measured): string {
  const green = actions.filter(({ status }) => status === 'Succeeded').length;
  const own = [...latencies].sort((a, b) => a - b);
  return `| ${[
    scenario.name, `${green} of ${actions.length}`, [0.5, 0.95, 1].map(part => quantile(times, part)).join(' / '),
    [0.5, 0.95, 1].map(part => quantile(own, part)).join(' / '), calls.CreateInvalidation, calls.GetInvalidation, calls.PutJobSuccessResult,
    throttled, quotaFull, invocations,
  ].join(' | ')} |`;
}

async function main(): Promise<void> {
  const measured: Measured[] = [];
  const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : '';
  for (const scenario of SCENARIOS.filter(({ name }) => name.includes(only))) {
    measured.push(await measure(scenario));
    console.log(describe(measured[measured.length - 1]));
  }
  const red = measured.flatMap(({ actions }) => actions.filter(({ status }) => status !== 'Succeeded'));
  red.forEach(({ actionName, errorDetails }) => console.log(`RED: ${actionName}: ${errorDetails?.message}`));
  process.exitCode = red.length > 0 ? 1 : 0;
  writeSection('Scale', `\`npx projen reliability:scale\`: many deployments at the same time, in real time, a process for each function that runs. CloudFront's own
latency is 8 to 25 seconds, and two minutes for one in fifty. AWS publishes no rate limit for CloudFront's API; the limits below are deliberately strict.

| deployments | green | seconds to green: median / P95 / longest | CloudFront's own seconds | CreateInvalidation | GetInvalidation | reports | throttled | quota full | invocations |
|---|---|---|---|---|---|---|---|---|---|
${measured.map(describe).join('\n')}
`);
}

void main();
