/**
 * Runs every slow check and prints a page with what each has found. `--part` is for each change: the parts that fit into less than half an
 * hour on two processors, and a list of what was left out.
 */
import { spawn } from 'child_process';
import { readFileSync } from 'fs';
import { join } from 'path';

const ROOT = join(__dirname, '..');
const PROJEN = join(ROOT, 'node_modules', 'projen', 'bin', 'projen');

interface Check {
  readonly task: string;
  /** @default - none */
  readonly args?: readonly string[];
  /** The arguments of a part of it, or `none` where a change does not wait for it. @default - all of it */
  readonly part?: readonly string[] | 'none';
}

/** The commit from which the last round of changes began. */
const ROUND = 'c1b3cc8';

const CHECKS: readonly Check[] = [
  { task: 'upgrade:consumers' },
  { task: 'upgrade:consumers', args: [ROUND] },
  { task: 'judge:iam' },
  { task: 'judge:moto' },
  { task: 'judge:runtime' },
  { task: 'combinations', part: ['--every', '40'] },
  { task: 'reliability:faults', part: ['--every', '23'] },
  { task: 'reliability:model', part: ['--runs', '60', '--seed', '1'] },
  { task: 'reliability:lives', part: ['--runs', '2000', '--seed', '1'] },
  { task: 'reliability:fuzz', part: ['--seed', '1'] },
  { task: 'reliability:scale', part: 'none' },
  { task: 'mutation', part: 'none' },
];

/** The lines that say how much was tried and what was found, whichever check writes them. */
const FIGURES = /^(?:\d[\d,]* \w|Stale lives|SKIPPED|BROKEN|WRONG|CHANGELOG\.md|.{1,40}: \d[\d,]* \w)/;
const MAX_FIGURES = 8;

interface Result {
  readonly code: number | null;
  readonly minutes: number;
  readonly figures: readonly string[];
}

function run(task: string, args: readonly string[]): Promise<Result> {
  const startedAt = Date.now();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROJEN, task, ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const [stream, copy] of [[child.stdout, process.stdout], [child.stderr, process.stderr]] as const) {
      stream.on('data', (chunk: Buffer) => {
        copy.write(chunk);
        output += chunk.toString('utf8');
      });
    }
    child.once('error', reject);
    child.once('close', code => resolve({
      code,
      minutes: (Date.now() - startedAt) / 60_000,
      figures: output.split('\n').filter(line => FIGURES.test(line)).slice(-MAX_FIGURES),
    }));
  });
}

async function main(): Promise<void> {
  const isPart = process.argv.includes('--part');
  const { tasks } = JSON.parse(readFileSync(join(ROOT, '.projen', 'tasks.json'), 'utf8')) as { tasks: Record<string, object> };
  const page: string[] = [];
  const leftOut: string[] = [];
  let failed = 0;
  for (const { task, args = [], part } of CHECKS.filter(check => check.task in tasks)) {
    if (isPart && part === 'none') {
      leftOut.push(`${task}: all of it`);
      continue;
    }
    const chosen = isPart && part !== undefined && part !== 'none' ? part : args;
    if (chosen !== args) {
      leftOut.push(`${task}: all but ${chosen.join(' ')}`);
    }
    const { code, minutes, figures } = await run(task, chosen);
    failed += code === 0 ? 0 : 1;
    page.push([`${code === 0 ? 'ok    ' : 'FAILED'} ${[task, ...chosen].join(' ')}, ${minutes.toFixed(1)} min`, ...figures.map(figure => `         ${figure}`)].join('\n'));
  }
  console.log(`\n${'='.repeat(80)}\n${page.join('\n')}`);
  if (leftOut.length > 0) {
    console.log(`\nLeft out, and run by \`npx projen prerelease\`:\n${leftOut.map(line => `         ${line}`).join('\n')}`);
  }
  process.exitCode = failed === 0 ? 0 : 1;
}

void main();
