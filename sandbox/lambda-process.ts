import { spawn, type ChildProcess } from 'child_process';
import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { createInterface } from 'readline';
import type { Clock } from './clock';
import type { Role } from './iam';
import { nodeOf } from './lambda-node';

/** Windows cannot stop a process for a while. */
const FREEZES = process.platform !== 'win32';

export interface FunctionDefinition {
  readonly name: string;
  readonly arn: string;
  /** The folder with the unpacked code. */
  readonly code: string;
  readonly handler: string;
  /** Such as `nodejs24.x`. */
  readonly runtime: string;
  /** Seconds. */
  readonly timeout: number;
  readonly memorySize: number;
  readonly environment: Readonly<Record<string, string>>;
  /** @default - `Text`, as with Lambda */
  readonly logFormat?: 'Text' | 'JSON';
  readonly role: Role;
}

/** What a process has used since it was started. */
export interface Usage {
  /** Milliseconds. */
  readonly cpu: number;
  /** MiB, the most at one time. */
  readonly memory: number;
}

export interface ProcessOptions {
  readonly definition: FunctionDefinition;
  readonly clock: Clock;
  /** What Node.js runs in it: the client that loads the handler. */
  readonly client: string;
  /** Of this process alone. */
  readonly environment: Readonly<Record<string, string>>;
  /** Takes what a person should know. */
  onNotice(notice: string): void;
  /** @param hasExited whether it has ended by itself, and nobody has killed it */
  onGone(hasExited: boolean): void;
}

/** A process of a function, frozen while it has nothing to do. */
export class LambdaProcess {
  /** Resolves when the process is gone. */
  readonly gone: Promise<void>;
  /** Where lines go: those of an ended invocation may still arrive. */
  logs: string[] = [];

  private readonly child: ChildProcess;

  constructor({ definition, clock, client, environment, onNotice, onGone }: ProcessOptions) {
    const node = nodeOf(definition.runtime);
    if (node.notice !== undefined) {
      onNotice(node.notice);
    }
    const isScaled = clock.timeScale !== 1;
    const flags = [
      // As Lambda sets them.
      `--max-semi-space-size=${Math.floor(definition.memorySize * 0.05)}`,
      `--max-old-space-size=${Math.floor(definition.memorySize * 0.9)}`,
      ...isScaled ? ['--require', join(__dirname, 'lambda-time.js')] : [],
    ];
    this.child = spawn(node.binary, [...flags, client], {
      // Only what Lambda sets: what the tests happen to run with must not reach the function.
      env: {
        ...definition.environment,
        ...environmentOf(definition),
        ...environment,
        // What another version of Node.js warns of is not the function's own.
        ...node.notice !== undefined && { NODE_NO_WARNINGS: '1' },
        ...isScaled && { SANDBOX_TIME_SCALE: String(clock.timeScale), SANDBOX_EPOCH: String(clock.epoch) },
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // Not 'exit': what the process wrote last may come later than that.
    this.gone = new Promise<void>(resolve => this.child.once('close', () => {
      onGone(this.child.exitCode !== null);
      resolve();
    }));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      createInterface({ input: stream! }).on('line', line => this.logs.push(line));
    }
    // Such as a signal to a process that is being killed: nothing that the function has written.
    this.child.on('error', error => onNotice(`${definition.name}: ${String(error)}`));
  }

  /** As Linux counts it; `undefined` elsewhere. */
  usage(): Usage | undefined {
    const folder = `/proc/${this.child.pid}`;
    try {
      const threads = readdirSync(`${folder}/task`).map(thread => readFileSync(`${folder}/task/${thread}/schedstat`, 'utf8'));
      const [, kibibytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`${folder}/status`, 'utf8'))!;
      return { cpu: threads.reduce((sum, line) => sum + Number(line.split(' ')[0]), 0) / 1e6, memory: Number(kibibytes) / 1_024 };
    } catch {
      return undefined;
    }
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  /** Nothing of it runs until it is thawed: no timer, no answer, no end of a connection. */
  freeze(): void {
    if (FREEZES) {
      this.child.kill('SIGSTOP');
    }
  }

  thaw(): void {
    if (FREEZES) {
      this.child.kill('SIGCONT');
    }
  }
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
function environmentOf({ name, arn, code, handler, runtime, memorySize, logFormat, role }: FunctionDefinition): Record<string, string> {
  const region = arn.split(':')[3];
  return {
    PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    _HANDLER: handler,
    LAMBDA_TASK_ROOT: code,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memorySize),
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: `2026/01/01/[$LATEST]${crypto.randomUUID().replaceAll('-', '')}`,
    ...logFormat !== undefined && { AWS_LAMBDA_LOG_FORMAT: logFormat },
    AWS_ACCESS_KEY_ID: role.accessKeyId,
    AWS_SECRET_ACCESS_KEY: `secret-of-${role.name}`,
  };
}
