import { fork, type ChildProcess } from 'child_process';
import { join } from 'path';
import type { Outcome, Plan } from './site-life';
import { LifeSandbox } from './site-life-runner';

/** What the process says: that it is ready, what became of a life, or why it could not be lived. */
type Message = { readonly ready: true } | { readonly outcome: Outcome } | { readonly error: string };

/**
 * A process in which lives are lived, one after the other. The function's modules find their endpoints in its environment, and write their log
 * where nobody reads it.
 */
export class LifeProcess {
  static async start(): Promise<LifeProcess> {
    const child = fork(__filename, {
      execArgv: ['--import', 'tsx'],
      env: { ...process.env, TSX_TSCONFIG_PATH: join(__dirname, '..', '..', 'tsconfig.dev.json'), NODE_NO_WARNINGS: '1' },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // A removed file is one whose version is undefined, which JSON does not know.
      serialization: 'advanced',
    });
    const started = new LifeProcess(child);
    await started.next();
    return started;
  }

  private readonly answers: { resolve: (message: Message) => void; reject: (error: Error) => void }[] = [];

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (message: Message) => this.answers.shift()?.resolve(message));
    child.on('exit', code => this.answers.splice(0).forEach(({ reject }) => reject(new Error(`The process of a life ended with ${code}`))));
  }

  async live(plan: Plan): Promise<Outcome> {
    this.child.send(plan);
    const message = await this.next();
    if ('outcome' in message) {
      return message.outcome;
    }
    throw new Error('error' in message ? message.error : 'The process of a life was started again');
  }

  async stop(): Promise<void> {
    const ended = new Promise(resolve => this.child.once('exit', resolve));
    this.child.disconnect();
    await ended;
  }

  private next(): Promise<Message> {
    return new Promise((resolve, reject) => this.answers.push({ resolve, reject }));
  }
}

async function work(say: (message: Message) => void): Promise<void> {
  const sandbox = await LifeSandbox.start();
  process.on('disconnect', () => void sandbox.stop());
  let busy = Promise.resolve();
  process.on('message', (plan: Plan) => busy = busy.then(() => sandbox.live(plan)).then(
    outcome => say({ outcome }),
    error => say({ error: error instanceof Error ? String(error.stack) : String(error) }),
  ));
  say({ ready: true });
}

if (require.main === module && process.send !== undefined) {
  void work(message => process.send!(message));
}
