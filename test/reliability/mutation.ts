/**
 * What Stryker found: how many changes of the source some test noticed, and those that none did, which are listed here with a reason each.
 * `npx projen mutation` runs both.
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
  readonly mutatorName: string;
  readonly replacement: string;
  readonly location: { readonly start: Position; readonly end: Position };
}

interface Position {
  readonly line: number;
  readonly column: number;
}

/** What stands at the mutant's place, on its first line. */
function originalOf({ location: { start, end } }: Mutant, source: string): string {
  const line = source.split('\n')[start.line - 1];
  return line.slice(start.column - 1, end.line === start.line ? end.column - 1 : undefined).trim();
}

const { files } = JSON.parse(readFileSync(join(ROOT, 'reports', 'mutation.json'), 'utf8')) as Report;
const rows: string[] = [];
const reasons = new Map<string, string[]>();
const unexplained: string[] = [];
let [allKilled, all] = [0, 0];
for (const [file, { source, mutants }] of Object.entries(files).sort(([a], [b]) => a.localeCompare(b))) {
  const killed = mutants.filter(({ status }) => status === 'Killed' || status === 'Timeout').length;
  const survivors = mutants.filter(({ status }) => status === 'Survived' || status === 'NoCoverage');
  if (killed + survivors.length === 0) {
    continue;
  }
  allKilled += killed;
  all += killed + survivors.length;
  rows.push(`| \`${file}\` | ${killed + survivors.length} | ${killed} | ${percent(killed, killed + survivors.length)} |`);
  for (const mutant of survivors) {
    const original = originalOf(mutant, source);
    const text = `\`${file}:${mutant.location.start.line}\`: ${asCode(original)} → ${asCode(mutant.replacement)}`;
    const known = SURVIVORS.find(survivor => survivor.file === file && (survivor.code === undefined || source.split('\n')[mutant.location.start.line - 1].includes(survivor.code)));
    if (known === undefined) {
      unexplained.push(text);
    } else {
      reasons.set(known.reason, [...reasons.get(known.reason) ?? [], text]);
    }
  }
}

function asCode(code: string): string {
  const line = code.replace(/\s+/g, ' ');
  return `\`\` ${line.length > MAX_CODE_LENGTH ? `${line.slice(0, MAX_CODE_LENGTH)}…` : line} \`\``;
}

function percent(part: number, whole: number): string {
  return `${(100 * part / whole).toFixed(1)} %`;
}

const text = `\`npx projen mutation\`: each place in the source is changed in ways that should matter, and the tests must notice. This covers the modules that
run in the tests' own process. Code that runs only in the function's process is tested as the released bundle, by the faults above. Values
that are computed once, when a module is loaded, are left out.

${all} changes, ${allKilled} noticed: ${percent(allKilled, all)}.

| module | changes | noticed | |
|---|---|---|---|
${rows.join('\n')}

What no test notices:

${[...reasons].map(([reason, mutants]) => `${reason} (${mutants.length}):\n\n${mutants.map(mutant => `- ${mutant}`).join('\n')}`).join('\n\n')}
`;
console.log(text);
if (unexplained.length > 0) {
  console.error(`no test notices, and test/reliability/survivors.ts has no reason for:\n${unexplained.join('\n')}`);
  process.exitCode = 1;
}
if (allKilled / all < LEAST_KILLED) {
  console.error(`fewer than ${100 * LEAST_KILLED} % noticed`);
  process.exitCode = 1;
}
writeSection('Mutation testing', text);
