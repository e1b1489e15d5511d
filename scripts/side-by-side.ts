/**
 * Runs tasks of the project, as many at a time as there are processors, and prints what each has written once it is over: `a,b c` runs b
 * after a, where a has succeeded, and c beside them. What fails stops nothing else.
 */
import { spawn } from 'child_process';
import { availableParallelism } from 'os';
import { join } from 'path';

const PROJEN = join(__dirname, '..', 'node_modules', 'projen', 'bin', 'projen');

const waiting = process.argv.slice(2);

async function worker(): Promise<void> {
  for (let chain = waiting.shift(); chain !== undefined; chain = waiting.shift()) {
    for (const task of chain.split(',')) {
      if (await run(task) !== 0) {
        process.exitCode = 1;
        break;
      }
    }
  }
}

function run(task: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROJEN, task], { stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    }
    child.once('error', reject);
    child.once('close', code => {
      process.stdout.write(Buffer.concat(chunks));
      resolve(code);
    });
  });
}

void Promise.all(Array.from({ length: availableParallelism() }, worker));
