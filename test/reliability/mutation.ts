/**
 * What Stryker found: how many changes of the source some test noticed, and those that none did. Of the modules that run in the tests' own
 * process, each of these has its reason in survivors.ts. `npx projen mutation` and `mutation:handler` run it.
 */
import { existsSync, readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { writeSection } from './document';
import { SURVIVORS } from './survivors';

const ROOT = join(__dirname, '..', '..');
const LEAST_KILLED = 0.9;
const MAX_CODE_LENGTH = 60;

interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

interface Mutant {
  readonly status: 'Killed' | 'Timeout' | 'Survived' | 'NoCoverage' | 'Ignored' | 'RuntimeError' | 'CompileError';
  readonly replacement: string;
  readonly location: { readonly start: Position; readonly end: Position };
}

interface Position {
  readonly line: number;
  readonly column: number;
}

interface Figures {
  readonly file: string;
  readonly changes: number;
  readonly noticed: number;
  /** What no test noticed, and why, where that is known. */
  readonly survivors: readonly { readonly text: string; readonly reason?: string }[];
}

function figuresOf(reports: readonly string[]): Figures[] {
  const files = reports.flatMap(report => Object.entries((JSON.parse(readFileSync(report, 'utf8')) as Report).files));
  return files.sort(([a], [b]) => a.localeCompare(b)).map(([file, { source, mutants }]) => {
    const noticed = mutants.filter(({ status }) => status === 'Killed' || status === 'Timeout').length;
    const survivors = mutants.filter(({ status }) => status === 'Survived' || status === 'NoCoverage').map(mutant => {
      const line = source.split('\n')[mutant.location.start.line - 1];
      return {
        text: `${file}:${mutant.location.start.line}: ${asCode(originalOf(mutant, line))} → ${asCode(mutant.replacement)}`,
        reason: SURVIVORS.find(survivor => survivor.file === file && (survivor.code === undefined || line.includes(survivor.code)))?.reason,
      };
    });
    return { file, changes: noticed + survivors.length, noticed, survivors };
  }).filter(({ changes }) => changes > 0);
}

/** What stands at the mutant's place, on its first line. */
function originalOf({ location: { start, end } }: Mutant, line: string): string {
  return line.slice(start.column - 1, end.line === start.line ? end.column - 1 : undefined).trim();
}

function asCode(code: string): string {
  const line = code.replace(/\s+/g, ' ');
  return line.length > MAX_CODE_LENGTH ? `${line.slice(0, MAX_CODE_LENGTH)}…` : line;
}

function table(figures: readonly Figures[]): string {
  const [changes, noticed] = totalOf(figures);
  return `${changes} changes, ${noticed} noticed: ${percent(noticed, changes)}.

| module | changes | noticed | |
|---|---|---|---|
${figures.map(each => `| \`${each.file}\` | ${each.changes} | ${each.noticed} | ${percent(each.noticed, each.changes)} |`).join('\n')}`;
}

function totalOf(figures: readonly Figures[]): [number, number] {
  return [figures.reduce((sum, { changes }) => sum + changes, 0), figures.reduce((sum, { noticed }) => sum + noticed, 0)];
}

function percent(part: number, whole: number): string {
  return `${(100 * part / whole).toFixed(1)} %`;
}

function printSurvivors(figures: readonly Figures[]): void {
  const byReason = new Map<string, string[]>();
  for (const { text, reason = 'No reason is known' } of figures.flatMap(({ survivors }) => survivors)) {
    byReason.set(reason, [...byReason.get(reason) ?? [], text]);
  }
  byReason.forEach((texts, reason) => console.log(`\n${reason} (${texts.length}):\n${texts.map(text => `  ${text}`).join('\n')}`));
}

/** Those of a folder whose name is like this. */
function reportsIn(folder: string, name: RegExp): string[] {
  return existsSync(folder) ? readdirSync(folder).filter(file => name.test(file)).map(file => join(folder, file)) : [];
}

const own = figuresOf(reportsIn(join(ROOT, 'reports'), /^mutation\.json$/));
const handler = figuresOf(reportsIn(join(ROOT, 'reports', 'handler'), /^[\w-]+\.json$/));
const sections = [
  ...own.length === 0 ? [] : [`\`npx projen mutation\`, what runs in the tests' own process. ${table(own)}`],
  ...handler.length === 0 ? [] : [`\`npx projen mutation:handler\`, what speaks HTTP: it is brought into the process of the tests, with the sandbox's clock. ${table(handler)}`],
];
const text = `Each place in the source is changed in ways that should matter, and the tests must notice. Values that are computed once, when a module is
loaded, are left out.

${sections.join('\n\n')}

The tasks print what no test notices. It taught that the tests compare the beginning of an error message and not its advice, that templates and
policies are judged by the examples and not by the unit tests, and that the search for wildcards has limits that only cost time. Of the
pipeline's history, it showed which rules only whole executions had tested: \`test/handler/history.test.ts\` now has a test of each.
`;
[own, handler].forEach(printSurvivors);
console.log(`\n${text}`);
for (const figures of [own, handler].filter(each => each.length > 0)) {
  const [changes, noticed] = totalOf(figures);
  if (noticed / changes < LEAST_KILLED) {
    console.error(`fewer than ${100 * LEAST_KILLED} % noticed`);
    process.exitCode = 1;
  }
}
if (own.some(({ survivors }) => survivors.some(({ reason }) => reason === undefined))) {
  console.error('test/reliability/survivors.ts has no reason for some of what no test notices');
  process.exitCode = 1;
}
writeSection('Mutation testing', text);
