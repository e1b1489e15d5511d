import { budgetOf } from '../src/handler/budget';
import { pollPause } from '../src/handler/invalidate';
import { givenRandom } from '../test/given-random';

const DEPLOYMENTS = 1_000;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Of one API call, to be the same for everybody. */
const CALL = 100;
/** From an answer with a continuation token to the next job: AWS does not say. */
const CONTINUATION = 30 * SECOND;

/** Dollars, us-east-1: https://aws.amazon.com/lambda/pricing/ and https://aws.amazon.com/codebuild/pricing/ */
const PRICES = { armGbSecond: 0.0000133334, x86GbSecond: 0.0000166667, invocation: 0.0000002, buildMinute: 0.005 };

/** What one deployment comes to. */
interface Deployment {
  /** Milliseconds from CloudFront's Completed to the accepted report; negative for a report that comes too early. */
  readonly late: number;
  readonly cloudFrontCalls: number;
  readonly reports: number;
  readonly gbSeconds: number;
  readonly dollars: number;
}

export interface Waiting {
  readonly name: string;
  readonly waits: boolean;
  /** Seconds: the median, and what 95 of 100 do not exceed. */
  readonly late: { readonly median: number; readonly p95: number };
  readonly cloudFrontCalls: number;
  readonly reports: number;
  readonly gbSeconds: number;
  readonly dollarsPerThousand: number;
}

type Strategy = (latency: number, random: () => number) => Deployment;

interface Lambda {
  readonly memory: number;
  readonly gbSecond: number;
}

const OWN: Lambda = { memory: 256, gbSecond: PRICES.armGbSecond };

function lambdaDeployment(
  { memory, gbSecond }: Lambda, duration: number, invocations: number, rest: Pick<Deployment, 'late' | 'cloudFrontCalls' | 'reports'>,
): Deployment {
  const gbSeconds = memory / 1_024 * duration / SECOND;
  return { ...rest, gbSeconds, dollars: gbSeconds * gbSecond + invocations * PRICES.invocation };
}

/** With the shipped function's own pauses, budget and timeout. */
function thisLibrary(latency: number): Deployment {
  const timeout = 5 * MINUTE;
  let now = CALL;
  let duration = CALL;
  let invocations = 1;
  let invocationStart = 0;
  let waitingSince = now;
  let cloudFrontCalls = 1;
  for (;;) {
    cloudFrontCalls++;
    now += CALL;
    duration += CALL;
    if (now >= latency) {
      return lambdaDeployment(OWN, duration + CALL, invocations, { late: now + CALL - latency, cloudFrontCalls, reports: invocations });
    }
    const pause = pollPause(now - waitingSince);
    const { workUntil } = budgetOf({ awsRequestId: '', getRemainingTimeInMillis: () => timeout - (now - invocationStart) });
    if (pause > workUntil - Date.now()) {
      invocations++;
      duration += CALL;
      now += CALL + CONTINUATION;
      [invocationStart, waitingSince] = [now, now];
    } else {
      now += pause;
      duration += pause;
    }
  }
}

/** `waitUntilInvalidationCompleted` of the SDK for JavaScript: 20 seconds, and up to twice that more each time. */
function sdkWaiter(latency: number, random: () => number): Deployment {
  let now = CALL;
  let cloudFrontCalls = 1;
  for (let attempt = 1; ; attempt++) {
    cloudFrontCalls++;
    now += CALL;
    if (now >= latency) {
      return lambdaDeployment(OWN, now + CALL, 1, { late: now + CALL - latency, cloudFrontCalls, reports: 1 });
    }
    const most = Math.min(20 * SECOND * 2 ** (attempt - 1), 600 * SECOND);
    now += 20 * SECOND + random() * (most - 20 * SECOND);
  }
}

/** One look at CloudFront in each invocation, and a continuation token. */
function tokenOnly(latency: number): Deployment {
  let now = CALL;
  let duration = CALL;
  for (let invocations = 1; ; invocations++) {
    now += CALL;
    duration += 2 * CALL;
    if (now >= latency) {
      return lambdaDeployment(OWN, duration, invocations, { late: now + CALL - latency, cloudFrontCalls: 1 + invocations, reports: invocations });
    }
    now += CALL + CONTINUATION;
  }
}

function fireAndForget(latency: number): Deployment {
  return lambdaDeployment(OWN, 2 * CALL, 1, { late: 2 * CALL - latency, cloudFrontCalls: 1, reports: 1 });
}

/** A wait that looks every 20 seconds: the AWS CLI's and boto3's. */
function everyTwentySeconds(latency: number): { readonly end: number; readonly calls: number } {
  const looks = Math.max(1, Math.ceil((latency - 2 * CALL) / (20 * SECOND + CALL)) + 1);
  return { end: CALL + looks * CALL + (looks - 1) * 20 * SECOND, calls: 1 + looks };
}

/** `aws cloudfront wait invalidation-completed` on the smallest build machine, whose minutes are billed whole. */
function build(latency: number): Deployment {
  const { end, calls } = everyTwentySeconds(latency);
  return { late: end - latency, cloudFrontCalls: calls, reports: 0, gbSeconds: 0, dollars: Math.ceil(end / MINUTE) * PRICES.buildMinute };
}

/** The custom resource of CDK's BucketDeployment, which waits with boto3. */
function bucketDeployment(latency: number): Deployment {
  const { end, calls } = everyTwentySeconds(latency);
  return lambdaDeployment({ memory: 128, gbSecond: PRICES.x86GbSecond }, end, 1, { late: end - latency, cloudFrontCalls: calls, reports: 0 });
}

const STRATEGIES: readonly { readonly name: string; readonly waits: boolean; readonly strategy: Strategy }[] = [
  { name: 'this library', waits: true, strategy: thisLibrary },
  { name: 'the SDK\'s waiter in a function', waits: true, strategy: sdkWaiter },
  { name: 'a continuation token for each look, every 30 seconds', waits: true, strategy: tokenOnly },
  { name: 'a CodeBuild step, or a Commands action', waits: true, strategy: build },
  { name: 'BucketDeployment\'s handler', waits: true, strategy: bucketDeployment },
  { name: 'fire and forget', waits: false, strategy: fireAndForget },
];

/** AWS: 95 % within 25 seconds. Half of them within 10 here, and one in fifty takes two to ten minutes. */
function latencies(random: () => number): number[] {
  const sigma = Math.log(25 / 10) / 1.645;
  return Array.from({ length: DEPLOYMENTS }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return random() < 0.02 ? (2 + 8 * random()) * MINUTE : 10 * SECOND * Math.exp(sigma * normal);
  });
}

/** The same deployments for each, in simulated time. */
export function simulateWaiting(): Waiting[] {
  const random = givenRandom(20261124);
  const times = latencies(random);
  return STRATEGIES.map(({ name, waits, strategy }) => {
    const deployments = times.map(latency => strategy(latency, random));
    const late = deployments.map(deployment => deployment.late / SECOND).sort((a, b) => a - b);
    const mean = (of: (deployment: Deployment) => number) => deployments.reduce((sum, deployment) => sum + of(deployment), 0) / deployments.length;
    return {
      name,
      waits,
      late: { median: late[late.length / 2], p95: late[late.length * 0.95] },
      cloudFrontCalls: mean(({ cloudFrontCalls }) => cloudFrontCalls),
      reports: mean(({ reports }) => reports),
      gbSeconds: mean(({ gbSeconds }) => gbSeconds),
      dollarsPerThousand: 1_000 * mean(({ dollars }) => dollars),
    };
  });
}
