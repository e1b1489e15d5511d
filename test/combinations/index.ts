/**
 * Every combination of stacks, Regions, accounts, kinds of pipelines and kinds of paths, synthesised with the oldest and the newest CDK: those that
 * can exist are judged by a simulator of IAM, by cfn-lint, and by CDK's own validation of templates; the others throw with their reason.
 *
 * `npx projen combinations` runs it. `--every N` takes each Nth of them, `--only TEXT` those with a text in their name.
 */
import { spawnSync } from 'child_process';
import { createHash } from 'crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { parseArgs } from 'util';
import { combinations, nameOfCombination, reasonAgainst, type Combination } from './combination';
import { questions, templatesOf } from './judge';
import { synthesize } from './synthesize';
import { installedJudge, SIMULATOR, type Judge } from '../judges/simulator';

const ROOT = join(__dirname, '..', '..');

/** Of CDK's own: a lambda.Function depends on its role by name as well; without an environment, nobody knows what a Region's function can be. */
const ACCEPTED_BY_LINT = /^W3005 /;

/** How many templates cfn-lint reads at a time. */
const LINT_BATCH = 40;

const { values: { every, only, validate } } = parseArgs({
  options: { every: { type: 'string', default: '1' }, only: { type: 'string', default: '' }, validate: { type: 'boolean', default: false } },
});
const chosen = [...combinations()].filter(combination => nameOfCombination(combination).includes(only))
  .filter((_, index) => index % Number(every) === 0);

function report(problem: string | undefined): void {
  if (problem !== undefined) {
    console.log(`WRONG: ${problem}`);
    process.exitCode = 1;
  }
}

async function main(): Promise<void> {
  const templates = mkdtempSync(join(tmpdir(), 'templates-'));
  process.on('exit', () => rmSync(templates, { recursive: true, force: true }));
  const judge = installedJudge();
  let asked = 0;
  for (const combination of chosen) {
    report(await synthesize(combination, {}, async assembly => {
      templatesOf(assembly).forEach(file => keep(file, templates));
      asked += judge === undefined ? 0 : await ask(judge, combination, assembly);
    }));
  }
  const impossible = chosen.filter(combination => reasonAgainst(combination) !== undefined).length;
  console.log(`${chosen.length} combinations: ${chosen.length - impossible} that can exist, ${impossible} that say why they cannot`);
  console.log(judge === undefined ? `SKIPPED: ${SIMULATOR} could not be installed, so that nobody judged the policies` : `${SIMULATOR}: ${asked} calls`);
  lint(templates);
  validateWithNewest();
}

/** A template once, however many combinations have it. */
function keep(file: string, folder: string): void {
  copyFileSync(file, join(folder, `${createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 16)}.template.json`));
}

async function ask(judge: Judge, combination: Combination, assembly: string): Promise<number> {
  let count = 0;
  for (const question of questions(combination, assembly)) {
    const { role, action, resource, expected } = question;
    const answer = await judge(question);
    report(answer === expected ? undefined : `${nameOfCombination(combination)}: ${role.arn} ${action} ${resource}: ${answer}, not ${expected}`);
    count++;
  }
  return count;
}

function lint(folder: string): void {
  if (spawnSync('cfn-lint', ['--version'], { stdio: 'ignore' }).error !== undefined) {
    console.log('SKIPPED: cfn-lint is not installed, so that nobody read the templates');
    return;
  }
  const files = readdirSync(folder).map(file => join(folder, file));
  const findings = new Set<string>();
  for (let index = 0; index < files.length; index += LINT_BATCH) {
    const { stdout, stderr } = spawnSync('cfn-lint', ['--format', 'json', ...files.slice(index, index + LINT_BATCH)], { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
    report(stderr === '' ? undefined : `cfn-lint: ${stderr}`);
    for (const { Rule, Message, Location } of JSON.parse(stdout || '[]') as { Rule: { Id: string }; Message: string; Location: { Path: string[] } }[]) {
      findings.add(`${Rule.Id} ${Location.Path.join('/')}: ${Message}`);
    }
  }
  [...findings].filter(finding => !ACCEPTED_BY_LINT.test(finding)).forEach(finding => report(`cfn-lint: ${finding}`));
  console.log(`cfn-lint: ${files.length} templates`);
}

/** The same with the newest CDK, in a process that finds it under the name of the oldest. */
function validateWithNewest(): void {
  const folder = mkdtempSync(join(tmpdir(), 'newest-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'node_modules'));
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    const newest = join(ROOT, 'node_modules', `${name}-newest`);
    symlinkSync(existsSync(newest) ? newest : join(ROOT, 'node_modules', name), join(folder, 'node_modules', name), 'junction');
  }
  for (const name of ['assets', 'sandbox', 'src', 'test', 'package.json', 'tsconfig.dev.json']) {
    symlinkSync(join(ROOT, name), join(folder, name), 'junction');
  }
  const { status } = spawnSync(process.execPath, [
    '--preserve-symlinks', '--preserve-symlinks-main', '--require', 'tsx/cjs', 'test/combinations/index.ts', '--validate', '--every', every, '--only', only,
  ], { cwd: folder, stdio: 'inherit', env: { ...process.env, TSX_TSCONFIG_PATH: 'tsconfig.dev.json' } });
  report(status === 0 ? undefined : 'what the newest CDK says is above');
}

async function validateAll(): Promise<void> {
  const { version } = JSON.parse(readFileSync(require.resolve('aws-cdk-lib/package.json'), 'utf8')) as { version: string };
  for (const combination of chosen) {
    report(await synthesize(combination, { '@aws-cdk/core:validateAgainstDefaultRules': true }));
  }
  console.log(`aws-cdk-lib ${version}: ${chosen.length} combinations, with its own validation of templates`);
}

void (validate ? validateAll() : main());
