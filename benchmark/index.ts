/**
 * What this library costs, beside what a user would pick instead. `npx projen benchmark` prints it, and holds what does not depend on the
 * machine against benchmark/baseline.json; with `--write`, it writes docs/performance.md, its plots and the baseline.
 */
import { readFileSync, writeFileSync } from 'fs';
import { join } from 'path';
import { bars } from './bars';
import { measureBundles, type Bundle } from './bundle';
import { measureColdStarts, type ColdStart } from './cold-start';
import { COUNTS, measureImport, measureSynthesis, type Synthesis } from './synth';
import { simulateWaiting, type Waiting } from './wait';

const ROOT = join(__dirname, '..');
const BASELINE = join(__dirname, 'baseline.json');
const WRITE = process.argv.includes('--write');

/** Lambda gives a function with this memory one processor: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const MEMORY_OF_ONE_CPU = 1_769;
const MEMORIES = [128, 256, 512, 1_024];
const ARM_GB_SECOND = 0.0000133334;

/** A figure that is the same on every machine, and how much more of it is no regression yet. */
interface Gated {
  readonly value: number;
  readonly tolerance: number;
}

async function main(): Promise<void> {
  const bundles = await measureBundles();
  const waiting = simulateWaiting();
  const synthesis = measureSynthesis();
  const imported = measureImport();
  const coldStarts = await measureColdStarts();

  const report = [
    ...coldStartSection(coldStarts), ...bundleSection(bundles), ...waitingSection(waiting), ...memorySection(coldStarts[0], waiting[0]),
    ...synthesisSection(synthesis, imported),
    '## Changed files', '', 'What `InvalidationPaths.changedFiles()` reads, computes and spares has [a page of its own](changed-files.md).', '',
  ].join('\n');
  process.stdout.write(`${report}\n`);

  const figures: Record<string, Gated> = {
    'bytes that every job loads': { value: bundles[0].bytes, tolerance: 0.05 },
    'bytes of the bundle': { value: bundles[1].bytes, tolerance: 0.05 },
    ...Object.fromEntries(COUNTS.map((count, index) => [`resources of ${count} distributions`, { value: synthesis[0].of[index].resources, tolerance: 0 }])),
    'calls of CloudFront in a deployment': { value: round(waiting[0].cloudFrontCalls), tolerance: 0.02 },
    'reports of a deployment': { value: round(waiting[0].reports), tolerance: 0.02 },
    'seconds to green, the median': { value: round(waiting[0].late.median), tolerance: 0.05 },
  };
  if (WRITE) {
    writeFileSync(join(ROOT, 'docs', 'performance.md'), `${PREFACE}\n${report}`);
    writeFileSync(join(ROOT, 'docs', 'cold-start.svg'), bars({
      title: 'CPU of one cold job',
      subtitle: 'Milliseconds of the whole process: less is better',
      unit: 'ms',
      values: coldStarts.map(coldStart => ({ name: coldStart.name.replace(/`/g, ''), value: whole(coldStart) })),
    }));
    writeFileSync(join(ROOT, 'docs', 'time-to-green.svg'), bars({
      title: 'From CloudFront\'s Completed to a green stage',
      subtitle: 'Seconds, the median of 1,000 simulated deployments: less is better',
      unit: 's',
      values: waiting.filter(({ waits }) => waits).map(({ name, late }) => ({ name, value: late.median })),
    }));
    writeFileSync(BASELINE, `${JSON.stringify(figures, null, 2)}\n`);
  }
  process.exitCode = gate(figures) ? 0 : 1;
}

const PREFACE = `# Performance

Written by \`npx projen benchmark --write\`. The times are from one machine. Compare the ratios: all rows of a
table are measured in turn in the same run.
`;

function coldStartSection(coldStarts: readonly ColdStart[]): string[] {
  const own = whole(coldStarts[0]);
  return [
    '## Cold start', '',
    'One job in a fresh process, with AWS\'s own client (`aws-lambda-ric`) on the Node.js version of the Lambda runtime, over HTTPS: it creates an invalidation, ' +
      'finds it completed, and reports. The boto3 function does not look whether it is completed. Lambda gives a whole processor to init, and a part of one to the job.', '',
    '![CPU of one cold job](cold-start.svg)', '',
    '| function | CPU of init | CPU of the job | both, relative to this library | memory |', '|---|---|---|---|---|',
    ...coldStarts.map(coldStart => `| ${coldStart.name} | ${coldStart.init.toFixed(0)} ms | ${coldStart.job.toFixed(0)} ms | ` +
      `× ${(whole(coldStart) / own).toFixed(2)} | ${coldStart.memory.toFixed(0)} MiB |`), '',
  ];
}

function whole({ init, job }: ColdStart): number {
  return init + job;
}

function bundleSection(bundles: readonly Bundle[]): string[] {
  const naive = bundles[bundles.length - 1].bytes;
  return [
    '## Bundle', '', '| what | bytes | gzipped | relative to the naive bundle |', '|---|---|---|---|',
    ...bundles.map(({ name, bytes, gzipped }) =>
      `| ${name} | ${bytes.toLocaleString('en-US')} | ${gzipped.toLocaleString('en-US')} | × ${(bytes / naive).toFixed(2)} |`), '',
  ];
}

function waitingSection(waiting: readonly Waiting[]): string[] {
  const [{ dollarsPerThousand: own }] = waiting;
  return [
    '## Time to green, and what waiting costs', '',
    'A thousand deployments in simulated time, with the released pauses and timeout. CloudFront completes 95% of the invalidations within 25 seconds, as AWS reports; ' +
      'we assume that half complete within 10 seconds, and that one in fifty takes two to ten minutes. Each call takes 0.1 seconds. CodePipeline invokes the function ' +
      'again after 30 seconds, also an assumption. Prices are for Lambda (256 MB on arm64; BucketDeployment has 128 MB on x86) and CodeBuild in us-east-1. Calls to ' +
      'CloudFront and CodePipeline are free, and a V2 pipeline costs the same per minute whatever waits.', '',
    '![From CloudFront\'s Completed to a green stage](time-to-green.svg)', '',
    '| who waits | seconds late: median / P95 | CloudFront calls | reports | GB-seconds | $ per 1,000 deployments | relative to this library |',
    '|---|---|---|---|---|---|---|',
    ...waiting.map(({ name, waits, late, cloudFrontCalls, reports, gbSeconds, dollarsPerThousand }) =>
      `| ${name} | ${waits ? `${late.median.toFixed(2)} / ${late.p95.toFixed(2)}` : 'green before the pages are fresh'} | ${cloudFrontCalls.toFixed(1)} | ` +
      `${reports.toFixed(1)} | ${gbSeconds.toFixed(2)} | ${dollarsPerThousand.toFixed(4)} | × ${(dollarsPerThousand / own).toFixed(2)} |`), '',
  ];
}

/** A model, not a measurement: the measured CPU under the share of a processor that Lambda gives. */
function memorySection({ job, memory: used }: ColdStart, { gbSeconds }: Waiting): string[] {
  const seconds = gbSeconds / 0.25;
  return [
    '## Memory', '',
    `What the CPU of a cold job, without init, takes with the share of a processor that Lambda gives to each size, and what a deployment of ${seconds.toFixed(1)} seconds costs. A job uses ` +
      `${used.toFixed(0)} MiB, and up to 207 MB to compare two artifacts of 100,000 files: 256 MB, the default, is the smallest size for both. The cost of waiting grows with the size; ` +
      'the wait gets no shorter.', '',
    '| memory | cold job | $ per 1,000 deployments |', '|---|---|---|',
    ...MEMORIES.map(memory => `| ${memory} MB | ${(job / Math.min(1, memory / MEMORY_OF_ONE_CPU)).toFixed(0)} ms | ${(1_000 * seconds * memory / 1_024 * ARM_GB_SECOND).toFixed(3)} |`), '',
  ];
}

function synthesisSection(synthesis: readonly Synthesis[], { own, cdk }: { readonly own: number; readonly cdk: number }): string[] {
  return [
    '## Synthesis', '',
    `| who adds it | ${COUNTS.map(count => `${count} distribution${count === 1 ? '' : 's'}`).join(' | ')} |`, `|---|${COUNTS.map(() => '---|').join('')}`,
    ...synthesis.map(({ name, of }) => `| ${name} | ${of.map(({ resources, milliseconds }, index) =>
      `${resources} resources, × ${(milliseconds / synthesis[0].of[index].milliseconds).toFixed(2)} the time`).join(' | ')} |`), '',
    `Importing the package takes ${own.toFixed(0)} ms, beside ${cdk.toFixed(0)} ms for the modules of CDK that such an app loads.`, '',
  ];
}

/** Prints each figure beside the baseline. Returns whether none is worse than its tolerance allows. */
function gate(figures: Readonly<Record<string, Gated>>): boolean {
  const baseline = JSON.parse(readFileSync(BASELINE, 'utf8')) as Record<string, Gated>;
  const worse = Object.entries(figures).filter(([name, { value }]) => {
    const before = baseline[name];
    console.log(`${name}: ${value}${before === undefined ? ', new' : `, × ${(value / before.value).toFixed(3)} of the baseline`}`);
    return before === undefined || value > before.value * (1 + before.tolerance);
  });
  worse.forEach(([name]) => console.log(`WORSE: ${name}. Where there is a reason for it, write the baseline anew with --write, and say so in the commit.`));
  return worse.length === 0;
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

void main();
