import { execFile } from 'child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { promisify } from 'util';
import { TlsFront } from './tls-front';
import { Sandbox, selfSignedCertificate, type Invocation, type Role } from '../sandbox';
import { BUNDLED_HANDLER } from '../scripts/bundled-handler';
import { installLambdaClient } from '../scripts/lambda-client';

const RUNS = 15;
const FUNCTIONS = join(__dirname, 'functions');
const DISTRIBUTION_ID = 'E2QWRUHEXAMPLE';

/** One job, and the whole process that it was the first of. */
export interface ColdStart {
  readonly name: string;
  /** Milliseconds of CPU, the median: until the process asks for its first event. */
  readonly init: number;
  /** Milliseconds of CPU, the median: from the event to the answer. */
  readonly job: number;
  /** MiB, the most at one time. */
  readonly memory: number;
}

interface Sample {
  readonly init: number;
  readonly job: number;
  readonly memory: number;
}

interface Contender {
  readonly name: string;
  readonly code: string;
  readonly handler: string;
}

const CONTENDERS: readonly Contender[] = [
  { name: 'this library', code: BUNDLED_HANDLER, handler: 'index.handler' },
  { name: 'an empty handler', code: FUNCTIONS, handler: 'empty.handler' },
  { name: 'bare `node:https` with SigV4', code: FUNCTIONS, handler: 'floor.handler' },
  { name: 'the SDK for JavaScript, not bundled', code: FUNCTIONS, handler: 'sdk.handler' },
];

/** Cold jobs of each, in turn, against the sandbox behind HTTPS: each creates an invalidation, and reports. */
export async function measureColdStarts(contenders = CONTENDERS): Promise<ColdStart[]> {
  const certificate = selfSignedCertificate();
  const [cloudFront, codePipeline] = [await TlsFront.start(certificate), await TlsFront.start(certificate)];
  const client = installLambdaClient();
  if (typeof client === 'string') {
    console.log(`MISSING: AWS's client for Lambda, so that cold starts are measured with the sandbox's: ${client}`);
  }
  const sandbox = await Sandbox.start({
    endpoints: { cloudfront: cloudFront.endpoint, codepipeline: codePipeline.endpoint },
    lambdaClient: typeof client === 'string' ? undefined : client.file,
  });
  [cloudFront.target, codePipeline.target] = [sandbox.cloudFront.endpoint, sandbox.codePipeline.endpoint];
  sandbox.trust(certificate);
  // Each job is the first of its process.
  sandbox.lambda.shutdownAfter = 0;
  sandbox.cloudFront.addDistribution({ id: DISTRIBUTION_ID }).settings.completesAfter = 0;
  const role = sandbox.addRole('benchmark', [{ Effect: 'Allow', Action: ['cloudfront:*', 'codepipeline:*'], Resource: '*' }]);
  try {
    contenders.forEach((contender, index) => addFunction(sandbox, role, contender, `fn-${index}`));
    const samples = contenders.map((): Sample[] => []);
    for (let run = 0; run <= RUNS; run++) {
      for (const [index, contender] of contenders.entries()) {
        const sample = await measure(sandbox, contender, `fn-${index}`);
        // The first one of each warms the machine's file cache.
        samples[index].push(...run > 0 ? [sample] : []);
      }
    }
    const measured = contenders.map(({ name }, index) => ({ name, ...medians(samples[index]) }));
    return [...measured, ...await measureBoto3(sandbox, role)];
  } finally {
    await sandbox.stop();
    [cloudFront, codePipeline].forEach(front => front.stop());
  }
}

function addFunction(sandbox: Sandbox, role: Role, { code, handler }: Contender, name: string): void {
  sandbox.lambda.addFunction({
    name,
    arn: `arn:aws:lambda:eu-west-1:123456789012:function:${name}`,
    code,
    handler,
    runtime: 'nodejs24.x',
    timeout: 60,
    memorySize: 256,
    environment: {},
    role,
  });
}

async function measure(sandbox: Sandbox, { name, handler }: Contender, functionName: string): Promise<Sample> {
  const { usageBefore, usageAfter, logs } = await runJob(sandbox, functionName, handler !== 'empty.handler');
  if (usageBefore === undefined || usageAfter === undefined) {
    throw new Error(`${name} has not finished its job, or this machine is not Linux, which tells the CPU of another process: ${logs.join('\n')}`);
  }
  return { init: usageBefore.cpu, job: usageAfter.cpu - usageBefore.cpu, memory: usageAfter.memory };
}

async function runJob(sandbox: Sandbox, functionName: string, reports: boolean): Promise<Invocation> {
  const { invocations } = sandbox.lambda;
  const { length } = invocations;
  const action = sandbox.codePipeline.startAction({ functionName, userParameters: JSON.stringify({ distributionId: DISTRIBUTION_ID }) });
  const invocation = () => invocations.slice(length).find(({ outcome }) => outcome !== undefined);
  while (invocation() === undefined) {
    await new Promise(resolve => setTimeout(resolve, 5));
  }
  if (reports && action.status !== 'Succeeded') {
    throw new Error(`${functionName} did not report success: ${invocation()!.logs.join('\n')}`);
  }
  return invocation()!;
}

/** The function that people copy, which is Python: it has another client, and is measured as a process that runs one job. */
async function measureBoto3(sandbox: Sandbox, role: Role): Promise<ColdStart[]> {
  if (!await promisify(execFile)('python3', ['-c', 'import boto3']).then(() => true, () => false)) {
    console.log('MISSING: python3 with boto3, so that the function people copy is not measured');
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), 'cold-start-'));
  const samples: Sample[] = [];
  try {
    for (let run = 0; run <= RUNS; run++) {
      const event = join(folder, 'event.json');
      writeFileSync(event, JSON.stringify({ 'CodePipeline.job': await openJob(sandbox) }));
      const { stdout } = await promisify(execFile)('python3', [join(FUNCTIONS, 'run.py'), join(FUNCTIONS, 'boto3_function.py'), event], {
        env: {
          PATH: process.env.PATH,
          PYTHONDONTWRITEBYTECODE: '1',
          AWS_DEFAULT_REGION: 'eu-west-1',
          AWS_ACCESS_KEY_ID: role.accessKeyId,
          AWS_SECRET_ACCESS_KEY: 'secret',
          AWS_SESSION_TOKEN: 'session',
          AWS_ENDPOINT_URL_CLOUDFRONT: sandbox.cloudFront.endpoint,
          AWS_ENDPOINT_URL_CODEPIPELINE: sandbox.codePipeline.endpoint,
        },
      });
      samples.push(...run > 0 ? [JSON.parse(stdout.slice(stdout.lastIndexOf('\n@') + 2)) as Sample] : []);
    }
    return [{ name: 'the boto3 function people copy, without Lambda\'s client and over HTTP', ...medians(samples) }];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A job that no function of the sandbox answers. */
async function openJob(sandbox: Sandbox): Promise<unknown> {
  const empty = `fn-${CONTENDERS.findIndex(({ handler }) => handler === 'empty.handler')}`;
  const { event } = await runJob(sandbox, empty, false);
  return (event as Record<string, unknown>)['CodePipeline.job'];
}

function medians(samples: readonly Sample[]): Sample {
  const of = (key: keyof Sample) => median(samples.map(sample => sample[key]));
  return { init: of('init'), job: of('job'), memory: of('memory') };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
