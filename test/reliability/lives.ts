/**
 * Random lives of a site, each held against the rule that green is never stale (site-life.ts). `npx projen reliability:lives` runs it; `--runs N`
 * changes how many, `--seed N` repeats, `--shape S` does one shape.
 *
 * Two figures come of it: how many lives were stale, which fails the task; and how often everything was invalidated, which fails it for a plain
 * pipeline at one deployment in ten.
 */
import { fork, type ChildProcess } from 'child_process';
import * as fc from 'fast-check';
import { writeSection } from './document';
import { narrate, type Outcome, type Plan } from './site-life';
import { FAILING_BUILDS, FAILING_DEPLOYMENTS, KINDS, PLAIN, plansOf, type Kind } from './site-life-generator';
import { LifeSandbox } from './site-life-runner';
import { shapeOf } from './site-shapes';

const RUNS = Number(argument('--runs') ?? 20_000);
const SEED = Number(argument('--seed') ?? Math.floor(Math.random() * 2 ** 31));
const SHAPE = argument('--shape');
const WORKERS = 2;
/** Lives of one seed. */
const CHUNK = 250;
/** How many of the stale lives of a shape are shrunk, and for how long. */
const SHRUNK = 2;
const SHRINKING_MILLISECONDS = 60_000;
/** Of a plain pipeline's deployments, those that invalidate everything. */
const MAX_EVERYTHING = 0.1;

/** The lives of one kind from one seed, or one of them to be shrunk. */
interface Task {
  readonly kind: Kind;
  readonly seed: number;
  readonly runs: number;
  readonly shrink?: number;
}

interface Figures {
  lives: number;
  stale: number;
  executions: number;
  green: number;
  red: number;
  /** Of the green invalidations without the first of each life: how many, those of everything, and why. */
  later: number;
  everything: number;
  readonly reasons: Record<string, number>;
  /** Pages whose fresh copy was left, of all pages. */
  kept: number;
  pages: number;
}

interface Result {
  readonly task: Task;
  readonly figures: Figures;
  /** Which lives are stale. */
  readonly stale: readonly number[];
  /** The shrunk life. */
  readonly story?: string;
}

function argument(name: string): string | undefined {
  const index = process.argv.indexOf(name);
  return index === -1 ? undefined : process.argv[index + 1];
}

function noFigures(): Figures {
  return { lives: 0, stale: 0, executions: 0, green: 0, red: 0, later: 0, everything: 0, reasons: {}, kept: 0, pages: 0 };
}

function tally(figures: Figures, plan: Plan, { invalidations, failures, stale }: Outcome): void {
  figures.lives++;
  figures.stale += stale.length > 0 ? 1 : 0;
  figures.executions += plan.executions.length;
  figures.green += invalidations.length;
  figures.red += failures.length;
  const sites = new Set<number>();
  for (const { site, reason, kept, of } of invalidations) {
    if (!sites.has(site)) {
      sites.add(site);
      continue;
    }
    figures.later++;
    figures.kept += kept;
    figures.pages += of;
    if (reason !== undefined) {
      figures.everything++;
      figures.reasons[reason] = (figures.reasons[reason] ?? 0) + 1;
    }
  }
}

function sum(all: readonly Figures[]): Figures {
  const total = noFigures();
  for (const { reasons, ...numbers } of all) {
    Object.entries(numbers).forEach(([name, value]) => total[name as keyof typeof numbers] += value);
    Object.entries(reasons).forEach(([reason, count]) => total.reasons[reason] = (total.reasons[reason] ?? 0) + count);
  }
  return total;
}

async function perform(sandbox: LifeSandbox, task: Task): Promise<Result> {
  const figures = noFigures();
  if (task.shrink !== undefined) {
    return { task, figures, stale: [], story: await shrink(sandbox, task, task.shrink) };
  }
  const stale: number[] = [];
  for (const [index, plan] of fc.sample(plansOf(task.kind), { numRuns: task.runs, seed: task.seed }).entries()) {
    const outcome = await sandbox.live(plan);
    tally(figures, plan, outcome);
    if (outcome.stale.length > 0) {
      stale.push(index);
    }
  }
  return { task, figures, stale };
}

/** The smallest life like one that is stale. */
async function shrink(sandbox: LifeSandbox, { kind, seed }: Task, index: number): Promise<string> {
  const property = fc.asyncProperty(plansOf(kind), async plan => (await sandbox.live(plan)).stale.length === 0);
  const { counterexample } = await fc.check(property, { seed, path: String(index), interruptAfterTimeLimit: SHRINKING_MILLISECONDS });
  if (counterexample === null) {
    return `life ${index} of seed ${seed} (${kind}) is not stale when it is lived again`;
  }
  const [plan] = counterexample;
  return narrate(plan, await sandbox.live(plan));
}

/** Lives what the parent asks for. */
async function work(): Promise<void> {
  const sandbox = await LifeSandbox.start();
  process.on('message', (task: Task) => void perform(sandbox, task).then(result => process.send!(result), error => {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    process.exit(1);
  }));
  process.on('disconnect', () => void sandbox.stop());
  process.send!('ready');
}

/** Has the tasks performed, each by the next worker that is idle. */
async function performAll(tasks: readonly Task[], onResult: (result: Result) => void): Promise<void> {
  const queue = [...tasks];
  await Promise.all(Array.from({ length: WORKERS }, () => new Promise<void>((resolve, reject) => {
    // The function's log goes nowhere.
    const worker: ChildProcess = fork(__filename, ['--worker'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    worker.on('message', (message: Result | 'ready') => {
      if (message !== 'ready') {
        onResult(message);
      }
      const task = queue.shift();
      if (task === undefined) {
        worker.disconnect();
      } else {
        worker.send(task);
      }
    });
    worker.on('exit', code => code === 0 ? resolve() : reject(new Error(`A worker ended with ${code}`)));
  })));
}

function percentOf(part: number, whole: number): string {
  return whole === 0 ? '–' : `${(100 * part / whole).toFixed(1)} %`;
}

function titleOf(kind: Kind): string {
  return kind === PLAIN ? 'plain pipeline' : shapeOf(kind).title;
}

async function main(): Promise<void> {
  console.log(`seed ${SEED}`);
  const kinds = KINDS.filter(kind => SHAPE === undefined || kind === SHAPE);
  if (kinds.length === 0) {
    throw new Error(`--shape must be one of ${KINDS.join(', ')}, got ${SHAPE}`);
  }
  const started = performance.now();
  const chunks = Math.ceil(RUNS / kinds.length / CHUNK);
  const tasks = Array.from({ length: chunks }, (_, chunk) => kinds.map((kind): Task => ({
    kind, seed: SEED + chunk * KINDS.length + KINDS.indexOf(kind), runs: Math.min(CHUNK, Math.ceil(RUNS / kinds.length) - chunk * CHUNK),
  }))).flat();
  const results: Result[] = [];
  await performAll(tasks, result => results.push(result));
  const figures = new Map(kinds.map(kind => [kind, sum(results.filter(({ task }) => task.kind === kind).map(result => result.figures))]));
  const total = sum([...figures.values()]);
  const seconds = (performance.now() - started) / 1000;
  console.log(`${total.lives} lives in ${seconds.toFixed(0)} s, ${(total.lives / seconds).toFixed(1)} a second`);

  const toShrink = kinds.flatMap(kind => results.filter(({ task }) => task.kind === kind)
    .flatMap(({ task, stale }) => stale.map(index => ({ ...task, shrink: index }))).slice(0, SHRUNK));
  await performAll(toShrink, ({ task, story }) => console.log(`\n${task.kind}, seed ${task.seed}, life ${task.shrink}:\n${story}`));

  const plain = figures.get(PLAIN);
  const text = `\`npx projen reliability:lives\`: random lives of a site, each of two to ten executions of its pipeline. Builds and deployments fail before,
in the middle of and after their effect, are abandoned and go on, are retried and rolled back, overlap and supersede each other; between them the
user renames, replaces and reconfigures what there is. The cache has every copy that a visitor could have brought into it. After each green
invalidation, no copy from before it may differ from what the origin had at that moment (\`test/reliability/site-life.ts\`).

${total.lives.toLocaleString('en-US')} lives, ${total.executions.toLocaleString('en-US')} executions, ${total.green.toLocaleString('en-US')} green invalidations (seed ${SEED}).
Stale lives: ${total.stale}.

The other side: how often everything is invalidated, the first time in each life not counted, and how many of the pages in the cache are kept.

| pipeline | lives | stale | green | red | everything | kept |
|---|---|---|---|---|---|---|
${[...figures].map(([kind, each]) => figuresRow(kind, each)).join('\n')}

The plain pipeline is a source, a build, an S3 deploy action and the invalidation; ${FAILING_BUILDS} % of its builds and ${FAILING_DEPLOYMENTS} % of its deployments fail, and nobody
changes it. The others have all of the above happen to them, far more often than in practice. Why everything was invalidated there:

| why | plain pipeline | all others |
|---|---|---|
${reasonRows(total, plain).join('\n')}
`;
  console.log(`\n${text}`);
  writeSection('Lives', text);
  if (total.stale > 0) {
    process.exitCode = 1;
  }
  if (plain !== undefined && plain.everything >= MAX_EVERYTHING * plain.later) {
    console.log(`A plain pipeline must invalidate everything in less than ${100 * MAX_EVERYTHING} % of its deployments, got ${percentOf(plain.everything, plain.later)}`);
    process.exitCode = 1;
  }
}

function figuresRow(kind: Kind, { lives, stale, green, red, everything, later, kept, pages }: Figures): string {
  return `| ${titleOf(kind)} | ${lives} | ${stale} | ${green} | ${red} | ${percentOf(everything, later)} | ${percentOf(kept, pages)} |`;
}

function reasonRows(total: Figures, plain: Figures | undefined): string[] {
  return Object.entries(total.reasons).sort(([, one], [, other]) => other - one).map(([reason, count]) => {
    const ofPlain = plain?.reasons[reason] ?? 0;
    return `| ${reason} | ${ofPlain} | ${count - ofPlain} |`;
  });
}

void (process.argv.includes('--worker') ? work() : main().catch(error => {
  console.error(error);
  process.exitCode = 1;
}));
