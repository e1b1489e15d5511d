/**
 * Random lives of a site, each held against the rule that green is never stale (site-life.ts). `npx projen reliability:lives` runs it; `--runs N`
 * changes how many, `--seed N` repeats, `--shape S` does one shape.
 *
 * Two figures come of it: how many lives were stale, which fails the task; and how often everything was invalidated, which fails it for a plain
 * pipeline at one deployment in ten.
 */
import * as fc from 'fast-check';
import { writeSection } from './document';
import { narrate, reasonOf, type Outcome, type Plan } from './site-life';
import { FAILING_BUILDS, FAILING_DEPLOYMENTS, KINDS, PLAIN, plansOf, type Kind } from './site-life-generator';
import { LifeProcess } from './site-life-process';
import { shapeOf } from './site-shapes';

const RUNS = Number(argument('--runs') ?? 20_000);
const SEED = Number(argument('--seed') ?? Math.floor(Math.random() * 2 ** 31));
const SHAPE = argument('--shape');
const PROCESSES = 2;
/** How many of the stale lives of a shape are shrunk, and for how long. */
const SHRUNK = 2;
const SHRINKING_MILLISECONDS = 60_000;
/** Of a plain pipeline's deployments, those that invalidate everything. */
const MAX_EVERYTHING = 0.1;

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
  /** Why invalidations were red. */
  readonly failures: Record<string, number>;
  /** Pages whose fresh copy was left, of all pages. */
  kept: number;
  pages: number;
}

/** A life that was lived. */
interface Lived {
  readonly kind: Kind;
  /** Which one of its kind. */
  readonly index: number;
  readonly isStale: boolean;
}

function argument(name: string): string | undefined {
  const index = process.argv.indexOf(name);
  return index === -1 ? undefined : process.argv[index + 1];
}

function noFigures(): Figures {
  return { lives: 0, stale: 0, executions: 0, green: 0, red: 0, later: 0, everything: 0, reasons: {}, failures: {}, kept: 0, pages: 0 };
}

function count(counts: Record<string, number>, name: string, times = 1): void {
  counts[name] = (counts[name] ?? 0) + times;
}

function tally(figures: Figures, plan: Plan, { invalidations, failures, stale }: Outcome): void {
  figures.lives++;
  figures.stale += stale.length > 0 ? 1 : 0;
  figures.executions += plan.executions.length;
  figures.green += invalidations.length;
  figures.red += failures.length;
  failures.forEach(words => count(figures.failures, reasonOf(words)));
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
      count(figures.reasons, reason);
    }
  }
}

function sum(all: readonly Figures[]): Figures {
  const total = noFigures();
  for (const { reasons, failures, ...numbers } of all) {
    Object.entries(numbers).forEach(([name, value]) => total[name as keyof typeof numbers] += value);
    Object.entries(reasons).forEach(([reason, times]) => count(total.reasons, reason, times));
    Object.entries(failures).forEach(([words, times]) => count(total.failures, words, times));
  }
  return total;
}

/** The lives of one kind. */
function seedOf(kind: Kind): number {
  return SEED + KINDS.indexOf(kind);
}

/** The smallest life like one that is stale, for a person to follow. */
async function shrink(lives: LifeProcess, kind: Kind, index: number): Promise<string> {
  const property = fc.asyncProperty(plansOf(kind), async plan => (await lives.live(plan)).stale.length === 0);
  const { counterexample } = await fc.check(property, { seed: seedOf(kind), path: String(index), interruptAfterTimeLimit: SHRINKING_MILLISECONDS });
  if (counterexample === null) {
    return 'It is not stale when it is lived again.';
  }
  const [plan] = counterexample;
  return narrate(plan, await lives.live(plan));
}

/** Does something with each item, in as many processes as there are. */
async function inProcesses<Item>(
  processes: readonly LifeProcess[], items: Iterable<Item>, action: (lives: LifeProcess, item: Item) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  await Promise.all(processes.map(async lives => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) {
      await action(lives, next.value);
    }
  }));
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
  const processes = await Promise.all(Array.from({ length: PROCESSES }, () => LifeProcess.start()));
  const figures = new Map(kinds.map(kind => [kind, noFigures()]));
  const lived: Lived[] = [];
  const started = performance.now();
  const planned = kinds.flatMap(kind => fc.sample(plansOf(kind), { numRuns: Math.ceil(RUNS / kinds.length), seed: seedOf(kind) })
    .map((plan, index) => ({ kind, index, plan })));
  await inProcesses(processes, planned, async (lives, { kind, index, plan }) => {
    const outcome = await lives.live(plan);
    tally(figures.get(kind)!, plan, outcome);
    lived.push({ kind, index, isStale: outcome.stale.length > 0 });
  });
  const seconds = (performance.now() - started) / 1000;
  const total = sum([...figures.values()]);
  console.log(`${total.lives} lives in ${seconds.toFixed(0)} s, ${(total.lives / seconds).toFixed(1)} a second`);

  const toShrink = kinds.flatMap(kind => lived.filter(life => life.kind === kind && life.isStale).slice(0, SHRUNK));
  await inProcesses(processes, toShrink, async (lives, { kind, index }) => {
    console.log(`\n${kind}, seed ${SEED}, life ${index}:\n${await shrink(lives, kind, index)}`);
  });
  await Promise.all(processes.map(lives => lives.stop()));

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
  console.log(`Why invalidations were red:\n${oftenFirst(total.failures).map(([words, times]) => `${String(times).padStart(6)}  ${words}`).join('\n')}`);
  writeSection('Lives', text);
  if (total.stale > 0) {
    process.exitCode = 1;
  }
  if (plain !== undefined && plain.everything >= MAX_EVERYTHING * plain.later) {
    console.log(`A plain pipeline must invalidate everything in less than ${100 * MAX_EVERYTHING} % of its deployments, got ${percentOf(plain.everything, plain.later)}`);
    process.exitCode = 1;
  }
}

function oftenFirst(counts: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(counts).sort(([, one], [, other]) => other - one);
}

function figuresRow(kind: Kind, { lives, stale, green, red, everything, later, kept, pages }: Figures): string {
  return `| ${titleOf(kind)} | ${lives} | ${stale} | ${green} | ${red} | ${percentOf(everything, later)} | ${percentOf(kept, pages)} |`;
}

function reasonRows(total: Figures, plain: Figures | undefined): string[] {
  return oftenFirst(total.reasons).map(([reason, times]) => {
    const ofPlain = plain?.reasons[reason] ?? 0;
    return `| ${reason} | ${ofPlain} | ${times - ofPlain} |`;
  });
}

main().catch(error => {
  console.error(error);
  process.exit(1);
});
