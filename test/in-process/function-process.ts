import { EventEmitter } from 'events';
import { readFileSync } from 'fs';
import * as http from 'http';
import * as https from 'https';
import { createRequire } from 'module';
import { join } from 'path';
import { PassThrough } from 'stream';
import { rootCertificates } from 'tls';
import { compileFunction } from 'vm';

/** What `npx projen mutation:handler` builds from `src/handler`, with all mutants in it. */
const HANDLER = join(__dirname, '..', '..', 'reports', 'handler.cjs');

/** What is a function's own: its clock, its timers, its environment and its connections. */
const OWN = ['process', 'globalThis', 'Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'AbortSignal'] as const;

interface Stryker {
  hitCount?: number;
}

type Compiled = (...values: unknown[]) => void;

const COMPILED = new Map<string, Compiled>();

/** Each file once a test file: to run it again gives a new module of it. */
function compiled(file: string): Compiled {
  let code = COMPILED.get(file);
  if (code === undefined) {
    const source = readFileSync(file, 'utf8').replace(/\bimport\((?=pathToFileURL)/g, 'importHandler(');
    const names = ['exports', 'require', 'module', '__filename', '__dirname', 'importHandler', ...OWN];
    code = compileFunction(source, names, { filename: file }) as Compiled;
    COMPILED.set(file, code);
  }
  return code;
}

/** Instead of `child_process.spawn`, for the processes of the sandbox's functions. */
export function spawnInProcess(_: string, args: readonly string[], { env }: { readonly env: Readonly<Record<string, string>> }): FunctionProcess {
  return new FunctionProcess(args.at(-1)!, env);
}

/**
 * What Node.js runs in a process of its own, in this one: killed, it never comes to its next timer or call. It is all that the sandbox asks of
 * a `ChildProcess`.
 */
class FunctionProcess extends EventEmitter {
  readonly pid = process.pid;
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  exitCode: number | null = null;

  private readonly inside = new EventEmitter();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly requests = new Set<http.ClientRequest>();
  /** What waits until the process is thawed. */
  private frozen: (() => void)[] | undefined;
  private isGone = false;
  private readonly scale: number;
  private readonly epoch: number;
  private readonly env: Record<string, string | undefined>;

  constructor(script: string, { SANDBOX_TIME_SCALE = '1', SANDBOX_EPOCH, ...env }: Readonly<Record<string, string | undefined>>) {
    super();
    this.scale = Number(SANDBOX_TIME_SCALE);
    this.epoch = Number(SANDBOX_EPOCH ?? Date.now());
    // Its time is scaled here already.
    this.env = { ...env, SANDBOX_TIME_SCALE: '1', SANDBOX_EPOCH: '0', __STRYKER_ACTIVE_MUTANT__: process.env.__STRYKER_ACTIVE_MUTANT__ };
    setImmediate(() => this.load(script));
  }

  send(message: unknown): boolean {
    const text = JSON.stringify(message);
    this.later(() => this.inside.emit('message', JSON.parse(text)));
    return true;
  }

  kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): boolean {
    if (signal === 'SIGSTOP') {
      this.frozen ??= [];
    } else if (signal === 'SIGCONT') {
      const waiting = this.frozen?.splice(0) ?? [];
      this.frozen = undefined;
      waiting.forEach(action => action());
    } else {
      this.end();
    }
    return true;
  }

  private end(): void {
    if (this.isGone) {
      return;
    }
    this.isGone = true;
    this.timers.forEach(timer => clearTimeout(timer));
    // Whoever asked never hears of it.
    this.requests.forEach(request => request.removeAllListeners().on('error', () => undefined).destroy());
    this.stdout.end();
    this.stderr.end();
    setImmediate(() => this.emit('close', this.exitCode, 'SIGKILL'));
  }

  private later(action: () => void): void {
    setImmediate(() => this.whenAlive(action));
  }

  private whenAlive(action: () => void): void {
    if (this.isGone) {
      return;
    }
    if (this.frozen !== undefined) {
      this.frozen.push(() => this.whenAlive(action));
      return;
    }
    action();
  }

  /** Runs a CommonJS file with the function's own globals, in the realm of Node.js, whose errors and arrays are those of its modules. */
  private load(file: string): Record<string, unknown> {
    const module = { exports: {} as Record<string, unknown> };
    const globals = this.globals();
    compiled(file)(module.exports, this.require(file), module, file, join(file, '..'), async () => this.load(HANDLER), ...OWN.map(name => globals[name]));
    return module.exports;
  }

  private require(file: string): (name: string) => unknown {
    const real = createRequire(file);
    return name => {
      const builtin = name.replace(/^node:/, '');
      return builtin === 'process' ? this.process()
        : builtin === 'http' ? { ...http, request: this.request(http.request) }
          : builtin === 'https' ? { ...https, request: this.request(https.request) }
            : real(name) as unknown;
    };
  }

  /** Every connection is known, so that it ends with the process; one over TLS also trusts what the process was told to trust. */
  private request(request: typeof https.request): (url: string | URL | https.RequestOptions, ...rest: [https.RequestOptions?]) => http.ClientRequest {
    return (url, ...rest) => {
      if (this.isGone) {
        throw new Error('the process was killed');
      }
      const trusted = this.env.NODE_EXTRA_CA_CERTS;
      const [options, ...others] = rest;
      const ca = trusted === undefined ? {} : { ca: [...rootCertificates, readFileSync(trusted, 'utf8')] };
      const asking = typeof url === 'string' || url instanceof URL || url.constructor.name === 'URL'
        ? request(url as URL, { ...options, ...ca }, ...others as [])
        : request({ ...url, ...ca }, ...rest as []);
      this.requests.add(asking);
      asking.once('close', () => this.requests.delete(asking));
      return asking;
    };
  }

  private globals(): Record<typeof OWN[number], unknown> {
    const now = () => Math.floor(this.epoch + (Date.now() - this.epoch) * this.scale);
    class SandboxDate extends Date {
      static now = now;

      constructor(value: string | number | Date = now()) {
        super(value);
      }
    }
    const after = (milliseconds: number, action: () => void) => {
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        this.whenAlive(action);
      }, milliseconds / this.scale);
      this.timers.add(timer);
      return timer;
    };
    const own: Record<typeof OWN[number], unknown> = {
      process: this.process(),
      globalThis: undefined,
      Date: SandboxDate,
      setTimeout: (action: (...values: unknown[]) => void, milliseconds = 0, ...values: unknown[]) => after(milliseconds, () => action(...values)),
      clearTimeout: (timer: NodeJS.Timeout | undefined) => clearTimeout(timer),
      setInterval: (action: (...values: unknown[]) => void, milliseconds = 0, ...values: unknown[]) => {
        const timer = setInterval(() => this.whenAlive(() => action(...values)), milliseconds / this.scale);
        this.timers.add(timer);
        return timer;
      },
      clearInterval: (timer: NodeJS.Timeout | undefined) => clearInterval(timer),
      AbortSignal: Object.assign(Object.create(AbortSignal) as object, {
        timeout: (milliseconds: number) => {
          const controller = new AbortController();
          after(milliseconds, () => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'))).unref();
          return controller.signal;
        },
      }),
    };
    const realm = (compileFunction('return globalThis') as () => object)();
    const { globalThis: _, ...rest } = own;
    // Defined, not assigned: a setter of Node.js would give everybody this process.
    own.globalThis = Object.create(realm, Object.getOwnPropertyDescriptors({ ...rest, __stryker__: this.stryker() }));
    return own;
  }

  /** Where Stryker counts what a test has run. A process that outlives its test must not set the mutant of the next. */
  private stryker(): Stryker {
    const { __stryker__: shared = {} } = globalThis as { __stryker__?: Stryker };
    const { __STRYKER_ACTIVE_MUTANT__: activeMutant } = this.env;
    return activeMutant === undefined ? shared : Object.create(shared, {
      activeMutant: { value: activeMutant },
      hitCount: { get: () => shared.hitCount, set: (count: number) => { shared.hitCount = count; } },
    }) as Stryker;
  }

  private process(): object {
    const { env, stdout, stderr, inside } = this;
    return Object.create(process, Object.getOwnPropertyDescriptors({
      env,
      stdout,
      stderr,
      on: inside.on.bind(inside),
      once: inside.once.bind(inside),
      send: (message: unknown) => {
        const text = JSON.stringify(message);
        // Where it was killed meanwhile, nobody hears it.
        setImmediate(() => this.isGone || this.emit('message', JSON.parse(text)));
      },
      exit: (code: number) => {
        this.exitCode = code;
        this.end();
      },
      getBuiltinModule: this.require(__filename),
    })) as object;
  }
}
