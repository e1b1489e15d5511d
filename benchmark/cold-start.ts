import { execFile } from 'child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join } from 'path';
import { promisify } from 'util';
import { Sandbox } from '../sandbox';

const RUNS = 15;
const FUNCTIONS = join(__dirname, 'functions');
const NODE = join(dirname(require.resolve('node/package.json')), 'bin', 'node');
const DISTRIBUTION_ID = 'E2QWRUHEXAMPLE';

/** One job, and the whole process that it was the first of. */
export interface ColdStart {
  readonly name: string;
  /** Milliseconds, the median. */
  readonly cpu: number;
  /** MiB, the most at one time. */
  readonly memory: number;
}

interface Contender {
  readonly name: string;
  readonly command: readonly string[];
}

const CONTENDERS: readonly Contender[] = [
  { name: 'this library', command: [NODE, join(FUNCTIONS, 'run.mjs'), join(__dirname, '..', 'assets', 'handler', 'index.mjs')] },
  { name: 'bare `node:http` with SigV4', command: [NODE, join(FUNCTIONS, 'run.mjs'), join(FUNCTIONS, 'floor.mjs')] },
  { name: 'the SDK for JavaScript, not bundled', command: [NODE, join(FUNCTIONS, 'run.mjs'), join(FUNCTIONS, 'sdk.mjs')] },
];
const BOTO3: Contender = { name: 'the boto3 function people copy', command: ['python3', join(FUNCTIONS, 'run.py'), join(FUNCTIONS, 'boto3_function.py')] };

/** Cold jobs of each, in turn, against the sandbox: each creates an invalidation, and reports. */
export async function measureColdStarts(): Promise<ColdStart[]> {
  const contenders = await hasBoto3() ? [...CONTENDERS, BOTO3] : CONTENDERS;
  if (contenders === CONTENDERS) {
    console.log('MISSING: python3 with boto3, so that the function people copy is not measured');
  }
  const folder = mkdtempSync(join(tmpdir(), 'cold-start-'));
  const sandbox = await Sandbox.start();
  try {
    sandbox.cloudFront.addDistribution({ id: DISTRIBUTION_ID }).settings.completesAfter = 0;
    const samples = contenders.map((): { cpu: number; memory: number }[] => []);
    for (let run = 0; run <= RUNS; run++) {
      for (const [index, { command: [file, ...args] }] of contenders.entries()) {
        const event = join(folder, 'event.json');
        const action = await startJob(sandbox, folder, event);
        const { stdout } = await promisify(execFile)(file, [...args, event], { env: { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: '1', ...environment(sandbox) } });
        if (action.status !== 'Succeeded') {
          throw new Error(`${contenders[index].name} did not report success: ${stdout}`);
        }
        // The first one of each warms the machine's file cache.
        if (run > 0) {
          samples[index].push(JSON.parse(stdout.slice(stdout.lastIndexOf('\n@') + 2)) as { cpu: number; memory: number });
        }
      }
    }
    return contenders.map(({ name }, index) => ({
      name, cpu: median(samples[index].map(({ cpu }) => cpu)), memory: median(samples[index].map(({ memory }) => memory)),
    }));
  } finally {
    await sandbox.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An open job, whose event is left in a file instead of a function. */
async function startJob(sandbox: Sandbox, folder: string, eventFile: string) {
  const role = sandbox.addRole('benchmark', [{ Effect: 'Allow', Action: ['cloudfront:*', 'codepipeline:*'], Resource: '*' }]);
  writeFileSync(join(folder, 'index.js'), 'exports.handler = async () => {};');
  sandbox.lambda.addFunction({
    name: 'open',
    arn: 'arn:aws:lambda:eu-west-1:123456789012:function:open',
    code: folder,
    handler: 'index.handler',
    runtime: 'nodejs24.x',
    timeout: 60,
    memorySize: 128,
    environment: {},
    role,
  });
  const action = sandbox.codePipeline.startAction({ functionName: 'open', userParameters: JSON.stringify({ distributionId: DISTRIBUTION_ID }) });
  const started = sandbox.lambda.invocations.length;
  while (sandbox.lambda.invocations[started]?.outcome === undefined) {
    await new Promise(resolve => setTimeout(resolve, 5));
  }
  writeFileSync(eventFile, JSON.stringify(sandbox.lambda.invocations[started].event));
  return action;
}

function environment(sandbox: Sandbox): Record<string, string> {
  return {
    AWS_REGION: 'eu-west-1',
    AWS_DEFAULT_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: sandbox.role('benchmark').accessKeyId,
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'session',
    AWS_LAMBDA_FUNCTION_NAME: 'benchmark',
    AWS_ENDPOINT_URL_CLOUDFRONT: sandbox.cloudFront.endpoint,
    AWS_ENDPOINT_URL_CODEPIPELINE: sandbox.codePipeline.endpoint,
  };
}

async function hasBoto3(): Promise<boolean> {
  return promisify(execFile)('python3', ['-c', 'import boto3']).then(() => true, () => false);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
