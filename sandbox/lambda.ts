import { join } from 'path';
import type { Clock } from './clock';
import type { Role } from './iam';
import { LambdaProcess, type FunctionDefinition, type Usage } from './lambda-process';
import { RuntimeApi } from './runtime-api';
import type { ApiRequest } from './service';

/** The client in a function's process: the sandbox's, or the one that it is to be held against, such as AWS's own. */
const CLIENT = process.env.SANDBOX_LAMBDA_CLIENT ?? join(__dirname, 'lambda-runtime.js');

/** Lambda tries an asynchronous event again after these pauses, and then gives it up. */
const RETRY_PAUSES = [60_000, 120_000];

/** One run of a function. */
export interface Invocation {
  readonly functionName: string;
  readonly requestId: string;
  /** 1 for the first delivery of an event, up to 3. */
  readonly attempt: number;
  readonly event: unknown;
  readonly startedAt: number;
  readonly logs: string[];
  /** The header for X-Ray that it came with. */
  readonly traceId: string;
  /** What its process had used when it began, which is what the start took where it was the first. */
  usageBefore?: Usage;
  usageAfter?: Usage;
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
  readonly process: LambdaProcess;
  readonly api: RuntimeApi;
  readonly definition: FunctionDefinition;
  /** Of this process alone, as Lambda's are. */
  readonly sessionToken: string;
  invocation: Invocation | undefined;
  cancelShutdown: () => void;
  onGone: () => void;
}

/** Lambda: a fresh process for each cold start, killed when its time is up. */
export class Lambda {
  readonly invocations: Invocation[] = [];
  /** What a person should know, such as that the function does not run on its own version of Node.js. */
  readonly notices: string[] = [];
  /** The last words of each process that ended by itself: because of a rejection that nobody handled, say. */
  readonly exits: string[][] = [];
  /** Milliseconds after which a process without work is shut down. AWS does not say. @default - never */
  shutdownAfter = Infinity;

  /** How many have been started so far. */
  processes = 0;

  private readonly functions = new Map<string, FunctionDefinition>();
  private readonly instances = new Set<Instance>();
  private readonly permissions: { readonly functionName: string; readonly permission: Permission }[] = [];
  private readonly crashes: { readonly crash: Crash; left: number }[] = [];
  private stopped = false;

  constructor(private readonly clock: Clock, private readonly endpoints: () => Readonly<Record<string, string>>, private readonly client = CLIENT) {}

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
    if (entry.crash.stands) {
      instance?.process.freeze();
    } else {
      instance?.process.kill();
    }
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
      instance.process.kill();
      return instance.process.gone;
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
      functionName: definition.name, requestId: crypto.randomUUID(), attempt, event, startedAt: this.clock.now(), logs: [], traceId: traceId(),
    };
    this.invocations.push(invocation);
    const idle = [...this.instances].find(candidate => candidate.definition === definition && candidate.invocation === undefined);
    const instance = idle ?? await this.start(definition, invocation);
    instance.cancelShutdown();
    instance.invocation = invocation;
    instance.process.logs = invocation.logs;

    await new Promise<void>(resolve => {
      let cancelTimeout = () => {};
      let end: Partial<Invocation> = { outcome: 'crash', error: { type: 'Runtime.ExitError', message: 'Runtime exited' } };
      const finish = () => {
        cancelTimeout();
        instance.api.onNext = instance.api.onAnswer = instance.onGone = () => {};
        Object.assign(invocation, end, { endedAt: this.clock.now() });
        instance.invocation = undefined;
        if (this.shutdownAfter < Infinity) {
          instance.cancelShutdown = this.clock.after(this.shutdownAfter, () => instance.process.kill());
        }
        resolve();
      };
      const begin = () => {
        const milliseconds = definition.timeout * 1_000;
        cancelTimeout = this.clock.after(milliseconds, () => {
          instance.api.onAnswer = () => {};
          end = { outcome: 'timeout', error: { type: 'Sandbox.Timedout', message: `Task timed out after ${definition.timeout.toFixed(2)} seconds` } };
          instance.process.kill();
        });
        instance.api.onNext = () => {
          instance.process.freeze();
          invocation.usageAfter = instance.process.usage();
          // The log travels through a pipe of its own, and a test reads it as soon as this is over.
          setImmediate(finish);
        };
        invocation.usageBefore = instance.process.usage();
        instance.process.thaw();
        instance.api.deliver({
          event,
          requestId: invocation.requestId,
          functionArn: definition.arn,
          deadline: Math.floor(this.clock.now() + milliseconds),
          traceId: invocation.traceId,
        });
      };
      instance.api.onAnswer = answer => {
        cancelTimeout();
        end = { outcome: 'error' in answer ? 'error' : 'ok', ...answer };
      };
      instance.onGone = finish;
      if (idle === undefined) {
        instance.api.onNext = begin;
      } else {
        begin();
      }
    });
    return invocation;
  }

  private async start(definition: FunctionDefinition, invocation: Invocation): Promise<Instance> {
    const sessionToken = `session-of-${definition.role.name}-${++this.processes}`;
    const api = await RuntimeApi.start();
    const lambdaProcess = new LambdaProcess({
      definition,
      clock: this.clock,
      client: this.client,
      environment: { ...this.endpoints(), AWS_LAMBDA_RUNTIME_API: api.address, AWS_SESSION_TOKEN: sessionToken },
      onNotice: notice => void (this.notices.includes(notice) || this.notices.push(notice)),
      onGone: hasExited => {
        api.stop();
        this.instances.delete(instance);
        if (hasExited) {
          this.exits.push(lambdaProcess.logs.slice(-20));
        }
        instance.onGone();
      },
    });
    const instance: Instance = { process: lambdaProcess, api, definition, sessionToken, invocation, cancelShutdown: () => {}, onGone: () => {} };
    this.instances.add(instance);
    if (this.stopped) {
      lambdaProcess.kill();
    }
    return instance;
  }
}

/** A trace that is not sampled: Lambda names one with each event. */
function traceId(): string {
  const [time, ...rest] = crypto.randomUUID().split('-');
  return `Root=1-${time}-${rest.join('').slice(0, 24)};Parent=${rest.join('').slice(0, 16)};Sampled=0`;
}

function functionNameOf(nameOrArn: string): string {
  return nameOrArn.slice(nameOrArn.lastIndexOf(':') + 1);
}
