/**
 * The life of a job of two batches, with random things done to it by the platform, at random times, several at once. A model of the life
 * says what must never come of it. `npx projen reliability:model` runs it; `--runs N` changes how often, `--seed N` repeats.
 */
import { App, Duration, Stack } from 'aws-cdk-lib';
import * as fc from 'fast-check';
import { writeSection } from './document';
import { Sandbox, type FaultKind } from '../../sandbox';
import { CloudFrontInvalidationFunction, CloudFrontInvalidationStage, InvalidationPaths } from '../../src';
import { batchAt, normalizePaths } from '../../src/handler/paths';
import { begin, fromContinuationToken, nextStep, type Progress } from '../../src/handler/progress';
import { givenDistribution, givenPipeline } from '../given';

const RUNS = Number(argument('--runs') ?? 200);
const SEED = Number(argument('--seed') ?? Math.floor(Math.random() * 2 ** 31));
const TIME_SCALE = 20;
const PARALLEL = 10;
const SECOND = 1_000;
const FUNCTION_TIMEOUT = 30 * SECOND;
const TIMEOUT = 240 * SECOND;
/** Twenty wildcards, where CloudFront takes fifteen at a time. */
const PATHS = Array.from({ length: 20 }, (_, index) => `/${index}/*`);
/** The order in which the function sends them. */
const ORDER = normalizePaths(PATHS);
const BATCHES = 2;
/** How often Lambda delivers an event whose invocation ends badly. */
const ATTEMPTS = 3;

const OPERATIONS = {
  CreateInvalidation: 'cloudfront', GetInvalidation: 'cloudfront', ListInvalidations: 'cloudfront', PutJobSuccessResult: 'codepipeline',
} as const;

type Happening =
  | { readonly kind: 'fault'; readonly operation: keyof typeof OPERATIONS; readonly fault: FaultKind; readonly skip: number; readonly times: number }
  | { readonly kind: 'crash'; readonly operation: keyof typeof OPERATIONS; readonly skip: number; readonly stands: boolean }
  /** The event of the n-th invocation comes again, that much after it came. */
  | { readonly kind: 'redelivery'; readonly invocation: number; readonly after: number }
  /** Somebody else's wildcards fill the quota for that long. */
  | { readonly kind: 'quota'; readonly at: number; readonly for: number }
  | { readonly kind: 'latency'; readonly completesAfter: number };

const operation = fc.constantFrom(...Object.keys(OPERATIONS) as (keyof typeof OPERATIONS)[]);
const seconds = (max: number) => fc.integer({ min: 0, max }).map(value => value * SECOND);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    kind: fc.constant('fault' as const),
    operation,
    fault: fc.constantFrom<FaultKind[]>(
      { throttle: true }, { error: 'ServiceUnavailable', status: 503 }, { reset: 'before' }, { reset: 'after' }, { hang: 'before' }, { hang: 'after' },
      { delay: 4 * SECOND }, { truncate: true }, { malformed: true },
    ),
    skip: fc.nat(4),
    times: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({ kind: fc.constant('crash' as const), operation, skip: fc.nat(2), stands: fc.boolean() }),
  fc.record({ kind: fc.constant('redelivery' as const), invocation: fc.nat(3), after: seconds(60) }),
  fc.record({ kind: fc.constant('quota' as const), at: seconds(30), for: seconds(60) }),
  fc.record({ kind: fc.constant('latency' as const), completesAfter: seconds(60) }),
);
const plan = fc.array(happening, { minLength: 1, maxLength: 6 });

function argument(name: string): string | undefined {
  const index = process.argv.indexOf(name);
  return index === -1 ? undefined : process.argv[index + 1];
}

function synthesize() {
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, 'Website');
  new CloudFrontInvalidationStage(stack, 'Invalidate', {
    pipeline: givenPipeline(stack, { crossAccountKeys: false }),
    distribution: givenDistribution(stack),
    function: new CloudFrontInvalidationFunction(stack, 'Fn', { timeout: Duration.millis(FUNCTION_TIMEOUT) }),
    paths: InvalidationPaths.of(...PATHS),
    timeout: Duration.millis(TIMEOUT),
  });
  const assembly = app.synth();
  return { template: assembly.getStackByName('Website').template as object, directory: assembly.directory };
}

interface Outcome {
  readonly status: string;
  readonly jobs: number;
  readonly invocations: number;
  readonly broken: readonly string[];
}

async function live({ template, directory }: ReturnType<typeof synthesize>, happenings: readonly Happening[]): Promise<Outcome> {
  const sandbox = await Sandbox.start({ timeScale: TIME_SCALE });
  try {
    const deployed = sandbox.deploy(template, { stackName: 'Website', assetsDirectory: directory });
    const [{ physicalId: distributionId }] = deployed.resourcesOfType('AWS::CloudFront::Distribution');
    const [{ physicalId: pipeline }] = deployed.resourcesOfType('AWS::CodePipeline::Pipeline');
    const distribution = sandbox.cloudFront.distribution(distributionId);
    Object.assign(distribution.settings, { takesEffectAfter: SECOND, completesAfter: 8 * SECOND });
    sandbox.codePipeline.delivery.continuationInterval = 5 * SECOND;
    happenings.forEach(each => arrange(sandbox, distributionId, each));

    const { actions: [action] } = sandbox.codePipeline.startStage({ pipeline, stage: 'InvalidateCloudFrontCache' });
    await action.finished;
    // What goes on in spite of the answer may still do harm.
    await sandbox.clock.sleep(60 * SECOND);

    const accepted = action.reports.filter(({ refused }) => refused === undefined);
    const terminal = accepted.filter(({ input }) => input.continuationToken === undefined);
    const states = accepted.flatMap(({ input: { continuationToken } }) =>
      continuationToken === undefined ? [] : [fromContinuationToken(String(continuationToken))]);
    const own = distribution.invalidations.filter(({ callerReference }) => callerReference.startsWith(action.jobs[0]));
    // Whoever is killed on the last of its attempts too can answer nothing: the pipeline's own time-out is what ends the job.
    const unanswerable = sandbox.lambda.invocations.some(({ attempt, outcome }) => attempt === ATTEMPTS && (outcome === 'crash' || outcome === 'timeout'));
    const isQuotaUsed = happenings.some(({ kind }) => kind === 'quota');
    const rules: Record<string, boolean> = {
      'one accepted terminal report': unanswerable ? terminal.length <= 1 : terminal.length === 1,
      'one invalidation a batch': new Set(own.map(({ callerReference }) => callerReference)).size === own.length &&
        (isQuotaUsed || own.length <= BATCHES),
      // A batch that was halved before a delivery that knows nothing of it is created once more.
      'every path is in a batch': action.status !== 'Succeeded' || isSame([...new Set(own.flatMap(({ paths }) => paths))], PATHS),
      'green only after CloudFront has completed every path': action.status !== 'Succeeded' || PATHS.every(path =>
        own.some(({ paths, createTime }) => paths.includes(path) && createTime + distribution.settings.completesAfter <= action.endedAt!)),
      // The batches of a delivery that knows nothing of a halving overlap with those of the one that halved.
      'a batch is created after every path before it has been completed': own.every(({ paths: [first], createTime }) =>
        ORDER.slice(0, ORDER.indexOf(first)).every(path => own.some(before =>
          before.paths.includes(path) && before.createTime + distribution.settings.completesAfter <= createTime))),
      'each token is a state of the model that the one before it leads to': states.every((state, index) =>
        leadsTo(index === 0 ? undefined : states[index - 1], state)),
      'no longer than the timeout, one invocation and the deliveries of a crash': unanswerable || action.endedAt! - action.startedAt <= TIMEOUT + FUNCTION_TIMEOUT +
        happenings.filter(({ kind }) => kind === 'crash').length * 180 * SECOND + 60 * SECOND,
      'nobody else\'s invalidation is touched': distribution.invalidations.length - own.length === happenings.filter(({ kind }) => kind === 'quota').length,
    };
    return {
      status: action.status === 'Succeeded' ? 'green' : `red: ${action.errorDetails?.code}`,
      jobs: action.jobs.length,
      invocations: sandbox.lambda.invocations.length,
      broken: Object.keys(rules).filter(rule => !rules[rule]),
    };
  } finally {
    await sandbox.stop();
  }
}

function arrange(sandbox: Sandbox, distributionId: string, each: Happening): void {
  switch (each.kind) {
    case 'fault':
      sandbox.faults.add({ service: OPERATIONS[each.operation], ...each });
      return;
    case 'crash': {
      let left = each.skip;
      sandbox.lambda.crash({ when: request => request.operation === each.operation && left-- === 0, stands: each.stands });
      return;
    }
    case 'redelivery': {
      const poll = () => {
        const invocation = sandbox.lambda.invocations[each.invocation];
        sandbox.clock.after(invocation === undefined ? SECOND : each.after, invocation === undefined ? poll : () =>
          void sandbox.lambda.invokeAsync(invocation.functionName, invocation.event));
      };
      poll();
      return;
    }
    case 'quota':
      sandbox.clock.after(each.at, () => {
        const invalidation = sandbox.cloudFront.invalidate(distributionId, `somebody-else-${each.at}-${Math.random()}`, PATHS.slice(0, 15));
        sandbox.clock.after(each.for, () => {
          invalidation.status = 'Completed';
        });
      });
      return;
    case 'latency':
      sandbox.cloudFront.distribution(distributionId).settings.completesAfter = each.completesAfter;
  }
}

/** Whether the model's steps lead from one state to another, in one invocation. */
function leadsTo(from: Progress | undefined, to: Progress): boolean {
  const isSameJob = from === undefined || from.callerReference === to.callerReference && from.startedAt === to.startedAt;
  return isSameJob && isReached(from ?? { ...begin(to.callerReference, to.targetId), startedAt: to.startedAt }, to);
}

/** A batch may have been halved before any of the steps. */
function isReached(state: Progress, to: Progress): boolean {
  if (state.sent === to.sent && state.completed === to.completed && (state.found === undefined) === (to.found === undefined)) {
    return true;
  }
  if (state.sent > to.sent || state.completed > to.completed) {
    return false;
  }
  switch (nextStep(state, true)) {
    case 'find':
      return to.found !== undefined && isReached({ ...state, found: to.found }, to);
    case 'create':
      return Array.from({ length: to.halvings - state.halvings + 1 }, (_, index) => state.halvings + index).some(halvings => {
        const sent = state.sent + batchAt(ORDER, state.sent, halvings).length;
        return isReached({ ...state, halvings, sent }, to);
      });
    case 'wait':
      return isReached({ ...state, completed: state.sent }, to);
    default:
      return false;
  }
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return JSON.stringify([...one].sort()) === JSON.stringify([...other].sort());
}

async function main(): Promise<void> {
  console.log(`seed ${SEED}`);
  const assembly = synthesize();
  const plans = fc.sample(plan, { numRuns: RUNS, seed: SEED });
  const outcomes: Outcome[] = [];
  let next = 0;
  await Promise.all(Array.from({ length: PARALLEL }, async () => {
    while (next < plans.length) {
      const happenings = plans[next++];
      const outcome = await live(assembly, happenings);
      outcomes.push(outcome);
      if (outcome.broken.length > 0) {
        console.log(`BROKEN: ${outcome.broken.join('; ')} (${outcome.status}): ${JSON.stringify(happenings)}`);
        process.exitCode = 1;
      }
    }
  }));
  const count = (status: string) => outcomes.filter(outcome => outcome.status === status).length;
  const statuses = [...new Set(outcomes.map(({ status }) => status))].sort();
  const text = `\`npx projen reliability:model\`: a job of two batches, and one to six things that happen to it at random: faults of every kind, processes that
are killed or stand still, events that come again, a quota that somebody else fills, CloudFront slow or fast. After each, the requests and
the tokens are held against the model of a job's life.

${outcomes.length} lives, ${outcomes.reduce((sum, { jobs }) => sum + jobs, 0)} jobs, ${outcomes.reduce((sum, { invocations }) => sum + invocations, 0)} invocations: ` +
    `${statuses.map(status => `${count(status)} ${status}`).join(', ')}. Rules of the model broken: ${outcomes.reduce((sum, { broken }) => sum + broken.length, 0)}.
`;
  console.log(text);
  writeSection('Model', text);
}

void main();
