/**
 * What Stryker found: how many changes of the source some test noticed, and those that none did. Each of these has its reason in
 * survivors.ts. `npx projen mutation` runs it.
 */
import { readFileSync } from 'fs';
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

function figuresOf(report: string): Figures[] {
  const { files } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  return Object.entries(files).sort(([a], [b]) => a.localeCompare(b)).map(([file, { source, mutants }]) => {
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

const figures = figuresOf(join(ROOT, 'reports', 'mutation.json'));
const text = `Each place in the source is changed in ways that should matter, and the tests must notice. Values that are computed once, when a module is
loaded, are left out.

\`npx projen mutation\`, what runs in the tests' own process. ${table(figures)}

The tasks print what no test notices. It taught that the tests compare the beginning of an error message and not its advice, that templates and
policies are judged by the examples and not by the unit tests, and that the search for wildcards has limits that only cost time. Of the
function, it showed which rules only whole executions had tested: they now have tests that call the module itself.
`;
printSurvivors(figures);
console.log(`\n${text}`);
const [changes, noticed] = totalOf(figures);
if (noticed / changes < LEAST_KILLED) {
  console.error(`fewer than ${100 * LEAST_KILLED} % noticed`);
  process.exitCode = 1;
}
if (figures.some(({ survivors }) => survivors.some(({ reason }) => reason === undefined))) {
  console.error('test/reliability/survivors.ts has no reason for some of what no test notices');
  process.exitCode = 1;
}
writeSection('Mutation testing', text);
