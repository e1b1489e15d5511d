import { execFileSync, spawn, type ChildProcess } from 'child_process';
import { existsSync } from 'fs';
import { dirname, join } from 'path';
import { createInterface } from 'readline';
import type { Clock } from './clock';
import type { Role } from './iam';
import type { ApiRequest } from './service';

/** Lambda tries an asynchronous event again after these pauses, and then gives it up. */
const RETRY_PAUSES = [60_000, 120_000];

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
  readonly role: Role;
}

/** One run of a function. */
export interface Invocation {
  readonly functionName: string;
  readonly requestId: string;
  /** 1 for the first delivery of an event, up to 3. */
  readonly attempt: number;
  readonly event: unknown;
  readonly startedAt: number;
  readonly logs: string[];
  endedAt?: number;
  outcome?: 'ok' | 'error' | 'timeout' | 'crash';
  /** What the handler returned. */
  result?: unknown;
  error?: { readonly type: string; readonly message: string };
}

/** What a function's own policy allows: an `AWS::Lambda::Permission`. */
export interface Permission {
  readonly action: string;
  readonly principal: string;
  /** Whether it is for calls on behalf of some other resource only, which a role's calls are not. */
  readonly onBehalfOnly: boolean;
}

/** Ends a function when a request of it has had its effect, and is not answered yet. */
export interface Crash {
  readonly when: (request: ApiRequest) => boolean;
  /** How often. @default 1 */
  readonly times?: number;
  /** Whether it only stands still, until Lambda kills it because its time is up. @default false */
  readonly stands?: boolean;
}

interface Instance {
  readonly process: ChildProcess;
  readonly definition: FunctionDefinition;
  /** Of this process alone, as Lambda's are. */
  readonly sessionToken: string;
  /** Resolves when the process is gone. */
  readonly gone: Promise<void>;
  invocation?: Invocation;
  cancelShutdown: () => void;
  /** Where lines go: those of an ended invocation may still arrive. */
  logs: string[];
  onMessage: (message: Message) => void;
  onGone: () => void;
}

type Message = { readonly ready: true } | { readonly result: unknown } | { readonly error: { readonly type: string; readonly message: string } };

/** Lambda: a fresh process for each cold start, killed when its time is up. */
export class Lambda {
  readonly invocations: Invocation[] = [];
  /** What a person should know, such as that the function does not run on its own version of Node.js. */
  readonly notices: string[] = [];
  /** Milliseconds after which a process without work is shut down. AWS does not say. @default - never */
  shutdownAfter = Infinity;

  private readonly functions = new Map<string, FunctionDefinition>();
  private readonly instances = new Set<Instance>();
  private readonly permissions: { readonly functionName: string; readonly permission: Permission }[] = [];
  private readonly crashes: { readonly crash: Crash; left: number }[] = [];
  private started = 0;
  private stopped = false;

  constructor(private readonly clock: Clock, private readonly endpoints: () => Readonly<Record<string, string>>) {}

  addFunction(definition: FunctionDefinition): void {
    this.functions.set(definition.name, definition);
  }

  function(nameOrArn: string): FunctionDefinition {
    const definition = this.functions.get(functionNameOf(nameOrArn));
    if (definition === undefined) {
      throw new Error(`The sandbox has no function ${nameOrArn}`);
    }
    return definition;
  }

  addPermission(functionName: string, permission: Permission): void {
    this.permissions.push({ functionName: functionNameOf(functionName), permission });
  }

  /** Whether a role may invoke the function: by its own policies, or by the function's. */
  mayInvoke(role: Role, functionName: string): boolean {
    const { name, arn } = this.function(functionName);
    const judgement = role.judge('lambda:InvokeFunction', arn);
    return judgement === 'allowed' || judgement === 'not allowed' && this.permissions.some(({ functionName: owner, permission }) =>
      owner === name && ['lambda:InvokeFunction', 'lambda:*'].includes(permission.action) &&
      [role.arn, '*'].includes(permission.principal) && !permission.onBehalfOnly);
  }

  crash(crash: Crash): void {
    this.crashes.push({ crash, left: crash.times ?? 1 });
  }

  /** The function whose process has this session token. */
  functionOf(sessionToken: string): string | undefined {
    return this.instanceOf(sessionToken)?.definition.name;
  }

  /** Ends the process that sent this request, if a crash is due. Returns whether it did. */
  crashesAfter(request: ApiRequest, sessionToken: string): boolean {
    const instance = this.instanceOf(sessionToken);
    const entry = instance && this.crashes.find(({ crash, left }) => left > 0 && crash.when(request));
    if (entry === undefined) {
      return false;
    }
    entry.left--;
    instance?.process.kill(entry.crash.stands ? 'SIGSTOP' : 'SIGKILL');
    return true;
  }

  /** Delivers an event as Lambda's queue does: again, twice, after an error. */
  async invokeAsync(functionName: string, event: unknown): Promise<void> {
    for (let attempt = 1; !this.stopped; attempt++) {
      const { outcome } = await this.run(functionName, event, attempt);
      const pause = RETRY_PAUSES[attempt - 1];
      if (outcome === 'ok' || pause === undefined) {
        return;
      }
      await this.clock.sleep(pause);
    }
  }

  /** Runs the function once, and waits for it. */
  invoke(functionName: string, event: unknown): Promise<Invocation> {
    return this.run(functionName, event, 1);
  }

  /** Kills all functions, and waits until they are gone. */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all([...this.instances].map(instance => {
      instance.process.kill('SIGKILL');
      return instance.gone;
    }));
  }

  private instanceOf(sessionToken: string): Instance | undefined {
    return [...this.instances].find(instance => instance.sessionToken === sessionToken);
  }

  private async run(functionName: string, event: unknown, attempt: number): Promise<Invocation> {
    if (this.stopped) {
      throw new Error(`The sandbox is stopped: it no longer runs ${functionName}`);
    }
    const definition = this.function(functionName);
    const invocation: Invocation = {
      functionName: definition.name, requestId: crypto.randomUUID(), attempt, event, startedAt: this.clock.now(), logs: [],
    };
    this.invocations.push(invocation);
    const idle = [...this.instances].find(candidate => candidate.definition === definition && candidate.invocation === undefined);
    const instance = idle ?? this.start(definition);
    instance.cancelShutdown();
    instance.invocation = invocation;
    instance.logs = invocation.logs;

    await new Promise<void>(resolve => {
      let cancelTimeout = () => {};
      let timedOut = false;
      const end = (change: Partial<Invocation>) => {
        cancelTimeout();
        instance.onMessage = instance.onGone = () => {};
        Object.assign(invocation, change, { endedAt: this.clock.now() });
        instance.invocation = undefined;
        if (this.shutdownAfter < Infinity) {
          instance.cancelShutdown = this.clock.after(this.shutdownAfter, () => instance.process.kill('SIGKILL'));
        }
        resolve();
      };
      const begin = () => {
        cancelTimeout = this.clock.after(definition.timeout * 1_000, () => {
          timedOut = true;
          instance.process.kill('SIGKILL');
        });
        instance.process.send({ event, requestId: invocation.requestId, functionArn: definition.arn, timeout: definition.timeout * 1_000 });
      };
      instance.onMessage = message => {
        if ('ready' in message) {
          begin();
        } else {
          instance.onGone = () => {};
          // The log travels through a pipe of its own, and a test reads it as soon as this is over.
          setImmediate(() => end({ outcome: 'error' in message ? 'error' : 'ok', ...message }));
        }
      };
      instance.onGone = () => end(timedOut
        ? { outcome: 'timeout', error: { type: 'Sandbox.Timedout', message: `Task timed out after ${definition.timeout.toFixed(2)} seconds` } }
        : { outcome: 'crash', error: { type: 'Runtime.ExitError', message: 'Runtime exited' } });
      if (idle !== undefined) {
        begin();
      }
    });
    return invocation;
  }

  private start(definition: FunctionDefinition): Instance {
    const { role } = definition;
    const region = definition.arn.split(':')[3];
    const sessionToken = `session-of-${role.name}-${++this.started}`;
    const node = this.nodeFor(definition.runtime);
    const child = spawn(node.binary, [`--max-old-space-size=${definition.memorySize}`, join(__dirname, 'lambda-runtime.js')], {
      // Only what Lambda sets: what the tests happen to run with must not reach the function.
      env: {
        ...definition.environment,
        ...this.endpoints(),
        PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
        LANG: 'en_US.UTF-8',
        TZ: ':UTC',
        _HANDLER: definition.handler,
        LAMBDA_TASK_ROOT: definition.code,
        AWS_REGION: region,
        AWS_DEFAULT_REGION: region,
        AWS_EXECUTION_ENV: `AWS_Lambda_${definition.runtime}`,
        AWS_LAMBDA_FUNCTION_NAME: definition.name,
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memorySize),
        AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${definition.name}`,
        AWS_ACCESS_KEY_ID: role.accessKeyId,
        AWS_SECRET_ACCESS_KEY: `secret-of-${role.name}`,
        AWS_SESSION_TOKEN: sessionToken,
        // What another version of Node.js warns of is not the function's own.
        ...(node.isOwn ? {} : { NODE_NO_WARNINGS: '1' }),
        SANDBOX_TIME_SCALE: String(this.clock.timeScale),
        SANDBOX_EPOCH: String(this.clock.epoch),
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    // Not 'exit': what the process wrote last may come later than that.
    const gone = new Promise<void>(resolve => child.once('close', () => resolve()));
    const instance: Instance = {
      process: child, definition, sessionToken, gone, logs: [], cancelShutdown: () => {}, onMessage: () => {}, onGone: () => {},
    };
    this.instances.add(instance);
    child.on('message', (message: Message) => instance.onMessage(message));
    child.once('close', () => {
      this.instances.delete(instance);
      instance.onGone();
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream! }).on('line', line => instance.logs.push(line));
    }
    // Such as a message to a process that is being killed: nothing that the function has written.
    child.on('error', error => this.notices.push(`${definition.name}: ${String(error)}`));
    return instance;
  }

  /** The Node.js of the function's runtime, which the `node` package brings; the one at hand where that package brings none. */
  private nodeFor(runtime: string): { readonly binary: string; readonly isOwn: boolean } {
    const major = /^nodejs(\d+)/.exec(runtime)?.[1];
    const candidates = [nodePackage(), process.execPath].filter(candidate => candidate !== undefined);
    const own = candidates.find(candidate => majorOf(candidate) === major);
    if (own !== undefined) {
      return { binary: own, isOwn: true };
    }
    const notice = `The function runs on Node.js ${process.version}, not on its runtime ${runtime}: ` +
      'the "node" package is not installed, or its install script was not allowed.';
    if (!this.notices.includes(notice)) {
      this.notices.push(notice);
    }
    if (!told.has(notice)) {
      told.add(notice);
      process.stderr.write(`${notice}\n`);
    }
    return { binary: process.execPath, isOwn: false };
  }
}

/** One line a process, however many sandboxes it starts. */
const told = new Set<string>();

function functionNameOf(nameOrArn: string): string {
  return nameOrArn.slice(nameOrArn.lastIndexOf(':') + 1);
}

function nodePackage(): string | undefined {
  try {
    const binary = join(dirname(require.resolve('node/package.json')), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

const majors = new Map<string, string>();

function majorOf(binary: string): string {
  const major = majors.get(binary) ?? execFileSync(binary, ['--print', 'process.versions.node.split(".")[0]'], { encoding: 'utf8' }).trim();
  majors.set(binary, major);
  return major;
}
