/**
 * `run-tests.ts a b -- arguments` runs Jest with these arguments and, in what time it leaves, the tasks a and b of the project, one after the
 * other.
 *
 * Tests may wait for moments, so the tasks get the lowest priority. What they have written is printed after Jest. What fails stops nothing
 * else.
 */
import { spawn } from 'child_process';
import { availableParallelism, constants, setPriority } from 'os';
import { join } from 'path';

/** A third of the time, the handler's tests wait. Jest's own setting has no more workers than processors. */
const WORKERS = Math.ceil(availableParallelism() * 1.5);

const PROJEN = join(__dirname, '..', 'node_modules', 'projen', 'bin', 'projen');

const separator = process.argv.indexOf('--');
const tasks = process.argv.slice(2, separator);
const jest = ['jest', `--maxWorkers=${WORKERS}`, ...process.argv.slice(separator + 1)];

async function main(): Promise<void> {
  const written: Buffer[] = [];
  const failed: string[] = [];
  const runTasks = async () => {
    for (const task of tasks) {
      if (await runTask(task, written) !== 0) {
        failed.push(task);
      }
    }
  };
  const others = runTasks();
  if (await runJest() !== 0) {
    failed.unshift(jest.join(' '));
  }
  await others;
  process.stdout.write(Buffer.concat(written));
  if (failed.length > 0) {
    console.error(`Failed: ${failed.join(', ')}`);
    process.exitCode = 1;
  }
}

function runJest(): Promise<number | null> {
  const [program, ...args] = jest;
  return new Promise((resolve, reject) => {
    spawn(program, args, { stdio: 'inherit', shell: process.platform === 'win32' }).once('error', reject).once('close', resolve);
  });
}

function runTask(task: string, written: Buffer[]): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROJEN, task], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.once('spawn', () => setPriority(child.pid!, constants.priority.PRIORITY_LOW));
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => written.push(chunk));
    }
    child.once('error', reject);
    child.once('close', resolve);
  });
}

void main();
