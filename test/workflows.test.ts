import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { parse } from 'yaml';

interface Job {
  readonly name?: string;
  readonly if?: string;
  readonly environment?: string;
  readonly strategy?: { readonly matrix: Readonly<Record<string, string[]>> };
  readonly steps: { readonly run?: string; readonly env?: object; readonly with?: Readonly<Record<string, string>> }[];
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const ROOT = join(__dirname, '..');
const WORKFLOWS = join(ROOT, '.github', 'workflows');
const workflow = (name: string) => parse(readFileSync(join(WORKFLOWS, `${name}.yml`), 'utf8')) as Workflow;
const json = (...path: string[]) => JSON.parse(readFileSync(join(ROOT, ...path), 'utf8'));
const { tasks } = json('.projen', 'tasks.json') as { tasks: Record<string, { steps: { execArgs?: string[] }[] }> };
/** What an upgrade task upgrades. */
const upgradedBy = (task: string) => tasks[task].steps.flatMap(({ execArgs }) => execArgs?.[0] === 'npm' ? execArgs.slice(2) : []);

describe('a pull request', () => {
  test('needs every job of every workflow that judges it, by the name under which GitHub reports it', () => {
    // They change the pull request, or merge it.
    const others = ['self-mutation', 'approve', 'enableAutoQueue'];
    const jobs = readdirSync(WORKFLOWS).map(file => workflow(file.replace('.yml', '')))
      .filter(({ on }) => 'pull_request' in on || 'pull_request_target' in on)
      .flatMap(file => Object.entries(file.jobs)).filter(([id]) => !others.includes(id));
    const checks = jobs.flatMap(([id, { name = id, strategy }]) => strategy ? strategy.matrix.node.map(node => name.replace('${{ matrix.node }}', node)) : [name]);
    const { rules } = json('.github', 'rulesets', 'main.json') as { rules: { type: string; parameters: { required_status_checks: { context: string }[] } }[] };
    const { parameters } = rules.find(({ type }) => type === 'required_status_checks')!;
    expect(checks.length).toBeGreaterThan(8);
    expect(new Set(checks).size).toBe(checks.length);
    expect(parameters.required_status_checks.map(({ context }) => context).sort()).toEqual(checks.sort());
  });

  test('runs every test, also those that take long', () => {
    const run = workflow('build').jobs.build.steps.flatMap(step => step.run ?? []);
    expect(run).toEqual(expect.arrayContaining(['npx projen build', 'npx projen test:slow']));
  });

  test('may have any type that the history of this project has', () => {
    const [{ with: options }] = workflow('pull-request-lint').jobs.validate.steps;
    expect(options!.types.split('\n')).toEqual(expect.arrayContaining(['build', 'chore', 'ci', 'docs', 'feat', 'fix', 'perf', 'refactor', 'revert', 'style', 'test']));
  });
});

describe('an upgrade', () => {
  const manifest = json('package.json') as { devDependencies: Record<string, string> };
  const notices = readFileSync(join(ROOT, 'assets', 'handler', 'THIRD-PARTY-LICENSES.txt'), 'utf8');
  const bundled = [...notices.matchAll(/^(\S+) \d+\.\d+\.\S+ \(/gm)].map(([, name]) => name).filter(name => name in manifest.devDependencies);

  test('of what is bundled, and of what bundles it, is another than that of tools; together they are all', () => {
    expect(upgradedBy('upgrade-function')).toEqual([...bundled, 'esbuild'].sort());
    expect(upgradedBy('upgrade').filter(name => upgradedBy('upgrade-function').includes(name))).toEqual([]);
    expect([...upgradedBy('upgrade'), ...upgradedBy('upgrade-function')].sort()).toEqual(Object.keys(manifest.devDependencies).sort());
  });

  test.each([
    ['upgrade-main', 'chore(deps): ', 'auto-approve'],
    ['upgrade-function-main', 'fix(deps): ', undefined],
  ])('%s: its title begins with %j, its label is %j', (name, title, labels) => {
    const options = workflow(name).jobs.pr.steps.flatMap(step => step.with?.title ? [step.with] : []);
    expect(options).toHaveLength(1);
    expect(options[0].title.startsWith(title)).toBe(true);
    expect(options[0].labels).toBe(labels);
  });

  test('is approved without a person only with the label, and only of our own', () => {
    expect(workflow('auto-approve').jobs.approve.if).toMatch(/^contains\(.*labels.*'auto-approve'\) && \(github\.event\.pull_request\.user\.login == '[\w-]+\[bot\]'\)$/);
  });

  test('of tools is compared with main: the function must be the same', () => {
    const { if: condition } = workflow('same-function').jobs['same-function'];
    const [{ with: options }] = workflow('upgrade-main').jobs.pr.steps.filter(step => step.with?.branch);
    expect(condition).toBe(`github.head_ref == '${options!.branch}'`);
  });
});

test('a release is published from one environment, and every secret that its jobs use is in docs/publishing.md', () => {
  const { release, ...publishing } = workflow('release').jobs;
  expect(Object.values(publishing).map(({ environment }) => environment)).toEqual(Object.keys(publishing).map(() => 'release'));
  const workflows = readdirSync(WORKFLOWS).map(file => readFileSync(join(WORKFLOWS, file), 'utf8')).join('');
  const secrets = new Set([...workflows.matchAll(/secrets\.(\w+)/g)].map(([, name]) => name));
  secrets.delete('GITHUB_TOKEN');
  const documented = readFileSync(join(ROOT, 'docs', 'publishing.md'), 'utf8');
  expect(secrets.size).toBeGreaterThan(5);
  expect([...secrets].filter(name => !documented.includes(`\`${name}\``))).toEqual([]);
});
