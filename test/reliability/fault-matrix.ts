/**
 * Every call of the function, times every fault, times where it strikes, times what the platform adds. `npx projen reliability:faults` runs it.
 *
 * Each case is a deployed pipeline in a sandbox of its own, whose stage invalidates what has changed on a distribution of another account:
 * one job that makes every call.
 */
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { S3DeployAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import cloudFrontModel from '../../models/cloudfront.json';
import codePipelineModel from '../../models/codepipeline.json';
import s3Model from '../../models/s3.json';
import stsModel from '../../models/sts.json';
import { Sandbox, type ActionExecution, type Distribution, type FaultKind } from '../../sandbox';
import { CloudFrontInvalidationFunction, CloudFrontInvalidationRole, CloudFrontInvalidationStage, InvalidationPaths } from '../../src';
import { givenPipeline } from '../given';
import { givenArchive } from '../given-archive';
import { linesOf } from '../given-sandbox';

const TIME_SCALE = 20;
const PARALLEL = 20;

const PIPELINE = { account: '123456789012', region: 'eu-west-1' };
const WEBSITE = { account: '210987654321', region: 'us-east-1' };
const DISTRIBUTION_ID = 'E2OTHERACCOUNT';

const SECOND = 1_000;
/** The stage's, in milliseconds. */
const TIMEOUT = 180 * SECOND;
/** Lambda's pauses before it delivers an event again that a process did not survive. */
const RETRY_PAUSES = 180 * SECOND;
/** What a busy machine adds, in the sandbox's time. */
const SLACK = 60 * SECOND;

type Service = 'cloudfront' | 'codepipeline' | 's3' | 'sts';

interface Operation {
  readonly service: Service;
  readonly name: string;
  /** What leads to this call, where an undisturbed job does not make it. */
  readonly prepare?: (world: World) => void;
}

const OPERATIONS: readonly Operation[] = [
  { service: 'codepipeline', name: 'ListActionExecutions' },
  { service: 's3', name: 'GetObject' },
  { service: 'sts', name: 'AssumeRole' },
  { service: 'cloudfront', name: 'CreateInvalidation' },
  {
    service: 'cloudfront',
    name: 'ListInvalidations',
    // The invalidation is there, CloudFront says so, and does not say which it is.
    prepare: ({ sandbox, distribution }) => {
      distribution.settings.refusesRepeatedReference = true;
      sandbox.faults.add({ service: 'cloudfront', operation: 'CreateInvalidation', fault: { reset: 'after' } });
    },
  },
  { service: 'cloudfront', name: 'GetInvalidation' },
  { service: 'codepipeline', name: 'PutJobSuccessResult' },
  {
    service: 'codepipeline',
    name: 'PutJobFailureResult',
    prepare: ({ sandbox }) => sandbox.faults.add({
      service: 'cloudfront', operation: 'CreateInvalidation', fault: { error: 'AccessDenied', status: 403 }, times: Infinity,
    }),
  },
];

interface Model {
  readonly operations: Readonly<Record<string, { readonly errors?: readonly { readonly shape: string }[] }>>;
  readonly shapes: Readonly<Record<string, { readonly error?: { readonly httpStatusCode?: number } }>>;
}

/** JSON, of which TypeScript infers a type for each file; this is what they have in common. */
const MODELS = { cloudfront: cloudFrontModel, codepipeline: codePipelineModel, s3: s3Model, sts: stsModel } as unknown as Record<Service, Model>;

/** What AWS's model of the operation names, what every service answers, and what a network does. */
function faultsOf({ service, name }: Operation): [string, FaultKind][] {
  const { operations, shapes } = MODELS[service];
  const modelled = (operations[name].errors ?? []).map(({ shape }): [string, FaultKind] =>
    [shape, { error: shape, status: shapes[shape]?.error?.httpStatusCode ?? 400 }]);
  const denied = service === 'codepipeline' ? 'AccessDeniedException' : 'AccessDenied';
  return [
    ...modelled,
    ...(modelled.some(([error]) => error === denied) ? [] : [[denied, { error: denied, status: service === 'codepipeline' ? 400 : 403 }] as [string, FaultKind]]),
    ['Throttling', { throttle: true }],
    ['500', { error: 'InternalError', status: 500 }],
    ['503', { error: 'ServiceUnavailable', status: 503 }],
    ['wrong clock', { error: 'RequestTimeTooSkewed', status: 403 }],
    ['expired token', { error: 'ExpiredToken', status: 400 }],
    ['reset before the effect', { reset: 'before' }],
    ['reset after the effect', { reset: 'after' }],
    ['hang before the effect', { hang: 'before' }],
    ['hang after the effect', { hang: 'after' }],
    ['slow', { delay: 5 * SECOND }],
    ['truncated body', { truncate: true }],
    ['malformed body', { malformed: true }],
  ];
}

const STRIKES = {
  'the first': { skip: 0, times: 1 },
  'the second': { skip: 1, times: 1 },
  'five': { skip: 0, times: 5 },
  'all': { skip: 0, times: Infinity },
};

type Strike = keyof typeof STRIKES;

interface Platform {
  /** Seconds. */
  readonly functionTimeout: number;
  readonly prepare: (world: World, operation: Operation) => void;
}

const PLATFORMS = {
  'as usual': { functionTimeout: 60, prepare: () => {} },
  'delivered twice': {
    functionTimeout: 60,
    prepare: ({ sandbox }) => Object.assign(sandbox.codePipeline.delivery, { duplicateDeliveries: 1, duplicateAfter: SECOND }),
  },
  'killed after the effect': {
    functionTimeout: 60,
    prepare: ({ sandbox }, { name }) => sandbox.lambda.crash({ when: ({ operation }) => operation === name }),
  },
  'stands still after the effect': {
    functionTimeout: 30,
    prepare: ({ sandbox }, { name }) => sandbox.lambda.crash({ when: ({ operation }) => operation === name, stands: true }),
  },
  'over several invocations': {
    functionTimeout: 30,
    prepare: ({ distribution }) => Object.assign(distribution.settings, { completesAfter: 75 * SECOND }),
  },
} satisfies Record<string, Platform>;

type PlatformName = keyof typeof PLATFORMS;

export interface Case {
  readonly operation: Operation;
  readonly fault: string;
  readonly kind: FaultKind;
  readonly strike: Strike;
  readonly platform: PlatformName;
}

export interface Result {
  readonly case: Case;
  /** Whether the fault was met at all: a job that fails before does not get there. */
  readonly struck: boolean;
  readonly outcome: string;
  readonly broken: readonly string[];
  /** Lines that should not be in the log. */
  readonly badLines: readonly string[];
}

export const INVARIANTS = [
  'no job without an answer, unless none is accepted',
  'one accepted terminal report at most',
  'one invalidation at most',
  'green only after CloudFront has completed it',
  'no longer than the timeout and one invocation',
  'no line of the log that is not JSON, and no credential in it',
] as const;

export function cases(): Case[] {
  return OPERATIONS.flatMap(operation => faultsOf(operation).flatMap(([fault, kind]) =>
    (Object.keys(STRIKES) as Strike[]).flatMap(strike =>
      (Object.keys(PLATFORMS) as PlatformName[]).map(platform => ({ operation, fault, kind, strike, platform })))));
}

interface World {
  readonly sandbox: Sandbox;
  readonly distribution: Distribution;
  readonly stop: () => Promise<void>;
  runStage(): { readonly action: ActionExecution };
}

interface Assembly {
  readonly templates: readonly { readonly template: object; readonly stackName: string; readonly account: string }[];
  readonly directory: string;
}

const assemblies = new Map<number, Assembly>();

function synthesized(functionTimeout: number): Assembly {
  const known = assemblies.get(functionTimeout);
  if (known !== undefined) {
    return known;
  }
  const app = new App({ analyticsReporting: false });
  const [pipelineStack, websiteStack] = [new Stack(app, 'Pipeline', { env: PIPELINE }), new Stack(app, 'Website', { env: WEBSITE })];
  const distributionOf = (stack: Stack) => cloudfront.Distribution.fromDistributionAttributes(stack, 'Distribution', {
    distributionId: DISTRIBUTION_ID, domainName: 'www.example.com',
  });
  const artifact = codepipeline.Artifact.artifact('site');
  const pipeline = givenPipeline(pipelineStack, { crossAccountKeys: false, pipelineName: 'Website' });
  pipeline.addStage({
    stageName: 'Deploy', actions: [new S3DeployAction({ actionName: 'Deploy', bucket: new Bucket(pipelineStack, 'Site'), input: artifact })],
  });
  const invalidationFunction = new CloudFrontInvalidationFunction(pipelineStack, 'Fn', { timeout: Duration.seconds(functionTimeout) });
  new CloudFrontInvalidationStage(pipelineStack, 'Invalidate', {
    pipeline,
    distribution: distributionOf(pipelineStack),
    distributionRole: new CloudFrontInvalidationRole(websiteStack, 'Role', { distribution: distributionOf(websiteStack), assumedBy: invalidationFunction }),
    function: invalidationFunction,
    paths: InvalidationPaths.changedFiles(artifact),
    timeout: Duration.millis(TIMEOUT),
  });
  new CfnOutput(pipelineStack, 'ArtifactBucket', { value: pipeline.artifactBucket.bucketName });
  const assembly = app.synth();
  const templates = [pipelineStack, websiteStack].map(({ stackName, account, artifactId }) =>
    ({ template: assembly.getStackArtifact(artifactId).template as object, stackName, account }));
  assemblies.set(functionTimeout, { templates, directory: assembly.directory });
  return { templates, directory: assembly.directory };
}

async function givenWorld(functionTimeout: number): Promise<World> {
  const { templates, directory } = synthesized(functionTimeout);
  const sandbox = await Sandbox.start({ timeScale: TIME_SCALE });
  const [deployed] = templates.map(({ template, stackName, account }) =>
    sandbox.deploy(template, { stackName, account, assetsDirectory: directory }));
  const distribution = sandbox.cloudFront.addDistribution({ id: DISTRIBUTION_ID, account: WEBSITE.account });
  Object.assign(distribution.settings, { takesEffectAfter: SECOND, completesAfter: 3 * SECOND });
  sandbox.codePipeline.delivery.continuationInterval = 5 * SECOND;
  const bucket = deployed.outputs.ArtifactBucket;
  sandbox.s3.put(bucket, 'site', await givenArchive({ 'index.html': 'new' }));
  const artifacts = { site: { bucket, key: 'site' } };
  sandbox.codePipeline.recordAction({ pipeline: 'Website', stage: 'Deploy', action: 'Deploy', artifacts });
  return {
    sandbox,
    distribution,
    stop: () => sandbox.stop(),
    runStage: () => {
      const { actions: [action] } = sandbox.codePipeline.startStage({ pipeline: 'Website', stage: 'InvalidateCloudFrontCache', artifacts });
      return { action };
    },
  };
}

async function run(each: Case): Promise<Result> {
  const { operation, kind, strike, platform } = each;
  const { functionTimeout, prepare } = PLATFORMS[platform];
  const world = await givenWorld(functionTimeout);
  const { sandbox, distribution } = world;
  try {
    operation.prepare?.(world);
    prepare(world, operation);
    const fault = sandbox.faults.add({ service: operation.service, operation: operation.name, fault: kind, ...STRIKES[strike] });
    const action = await world.runStage().action.finished;
    // What was delivered twice, or goes on in spite of the answer, may still do harm.
    await sandbox.clock.sleep(3 * SECOND);
    const { status, errorDetails, reports } = action;
    const accepted = reports.filter(({ refused, input }) => refused === undefined && input.continuationToken === undefined);
    // CodePipeline refuses each answer, or says that the job is over.
    const unanswerable = operation.name.startsWith('PutJob') && (strike === 'all' || ['JobNotFoundException', 'InvalidJobStateException'].includes(each.fault));
    const elapsed = action.endedAt! - action.startedAt;
    const longest = TIMEOUT + functionTimeout * SECOND + (platform.endsWith('after the effect') ? RETRY_PAUSES : 0) + SLACK;
    const completedAt = distribution.invalidations[0] && distribution.invalidations[0].createTime + distribution.settings.completesAfter;
    const badLines = [
      ...linesOf(sandbox).filter(line => !isJson(line)),
      ...sandbox.lambda.invocations.flatMap(({ logs }) => logs).filter(line => /secretAccessKey|SessionToken"/i.test(line)),
    ];
    const holds: Record<typeof INVARIANTS[number], boolean> = {
      'no job without an answer, unless none is accepted': accepted.length > 0 || unanswerable,
      'one accepted terminal report at most': accepted.length <= 1,
      'one invalidation at most': distribution.invalidations.length <= 1,
      'green only after CloudFront has completed it': status !== 'Succeeded' || completedAt <= action.endedAt!,
      'no longer than the timeout and one invocation': elapsed <= longest || unanswerable,
      'no line of the log that is not JSON, and no credential in it': badLines.length === 0,
    };
    return {
      case: each,
      struck: fault.hits > 0,
      outcome: status === 'Succeeded' ? 'green' : accepted.length === 0 ? 'no answer accepted' : `red: ${errorDetails?.code}`,
      broken: INVARIANTS.filter(invariant => !holds[invariant]),
      badLines,
    };
  } finally {
    await world.stop();
  }
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** Runs cases several at a time. */
export async function runAll(all: readonly Case[], progress: (done: number) => void): Promise<Result[]> {
  const results = new Array<Result>(all.length);
  let next = 0;
  let done = 0;
  await Promise.all(Array.from({ length: PARALLEL }, async () => {
    while (next < all.length) {
      const index = next++;
      results[index] = await run(all[index]);
      progress(++done);
    }
  }));
  return results;
}
