import { execFile, execFileSync, spawnSync } from 'child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join } from 'path';
import { promisify } from 'util';
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
const { tasks } = json('.projen', 'tasks.json') as { tasks: Record<string, { env?: Record<string, string>; steps: { exec?: string; execArgs?: string[] }[] }> };
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

describe('a release', () => {
  const folder = mkdtempSync(join(tmpdir(), 'release-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** A repository whose only commit after the release v0.1.0, or at all, has a title and changes a file. */
  function givenRepository(title: string, file: string, { released = true }: { released?: boolean } = {}) {
    const repository = mkdtempSync(join(folder, 'repository-'));
    const git = (...args: string[]) => execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', '-c', 'commit.gpgSign=false', '-c', 'tag.gpgSign=false', ...args], { cwd: repository, stdio: 'pipe' });
    const write = (path: string, text: string) => {
      mkdirSync(dirname(join(repository, path)), { recursive: true });
      writeFileSync(join(repository, path), text);
    };
    git('init', '--quiet');
    write('package.json', '{ "version": "0.0.0" }\n');
    // Without a version, the tool is the installed one, and npm need not be asked.
    write('.projen/tasks.json', JSON.stringify({ tasks: { ...tasks, bump: { ...tasks.bump, env: { ...tasks.bump.env, BUMP_PACKAGE: '' } } } }));
    if (released) {
      git('add', 'package.json');
      git('commit', '--quiet', '--message', 'feat: the first release');
      git('tag', 'v0.1.0');
    }
    write(file, 'changed');
    git('add', file);
    git('commit', '--quiet', '--message', title);
    symlinkSync(join(ROOT, 'node_modules'), join(repository, 'node_modules'), 'junction');
    return repository;
  }

  test.each([
    ['feat: an option', 'src/contract.ts', true],
    ['fix(handler): a call', 'src/handler/index.ts', true],
    ['perf: fewer calls', 'src/handler/cloudfront.ts', true],
    ['fix: a model of the sandbox', 'models/s3.json', false],
    ['fix(deps): upgrade what is bundled into the function', 'package-lock.json', true],
    ['refactor!: another name', 'src/contract.ts', true],
    ['refactor: another name\n\nBREAKING CHANGE: the old name is gone', 'src/contract.ts', true],
    ['fix: a price in the README', 'README.md', true],
    ['docs: a recipe', 'README.md', false],
    ['refactor: one rule', 'src/contract.ts', false],
    ['chore(deps): upgrade tools', 'package-lock.json', false],
    ['fix: the sandbox', 'sandbox/index.ts', false],
    ['feat: an example', 'examples/basic/app.ts', false],
  ])('%j in %s: %s', (title, file, releases) => {
    const [{ exec }] = tasks['bump:releasable-commits'].steps;
    const commits = execFileSync('sh', ['-c', exec!], { cwd: givenRepository(title, file), encoding: 'utf8', env: { ...process.env, LATEST_TAG: 'v0.1.0' } });
    expect(commits !== '').toBe(releases);
  });

  test.concurrent.each([
    ['feat: all of it', 'v0.1.0', 'which is the first', { released: false }],
    ['feat: an option', 'v0.1.1', 'which ^0.1.0 takes', {}],
    ['feat!: another name', 'v0.2.0', 'which ^0.1.0 does not take', {}],
    ['test: a case', 'v0.1.0', 'which is released already', {}],
    ['fix: a call', 'v1.0.0', 'since majorVersion is 1 in .projenrc.ts', { env: { MAJOR: '1' } }],
  ])('%j makes %s, %s', async (title, version, _, { released, env }: { released?: boolean; env?: object }) => {
    const repository = givenRepository(title, 'src/index.ts', { released });
    await promisify(execFile)(process.execPath, [join(ROOT, 'node_modules', 'projen', 'bin', 'projen'), 'bump'], {
      cwd: repository, env: { ...process.env, ...tasks.release.env, ...env },
    });
    expect(readFileSync(join(repository, 'dist', 'releasetag.txt'), 'utf8')).toBe(version);
  }, 60_000);

  test('that takes something away is refused, unless .compatignore names it', () => {
    // GIVEN
    const api = readFileSync(join(ROOT, '.jsii'), 'utf8');
    const [released, changed] = [api, api.replace('"name": "addInvalidation"', '"name": "invalidate"')].map((assembly, index) => {
      const directory = join(folder, `assembly-${index}`);
      mkdirSync(directory);
      writeFileSync(join(directory, 'package.json'), readFileSync(join(ROOT, 'package.json'), 'utf8'));
      writeFileSync(join(directory, '.jsii'), assembly);
      symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'), 'junction');
      return directory;
    });
    const [, , ...options] = tasks.compat.steps[0].exec!.split(' ');
    const compare = (ignored: string) => {
      writeFileSync(join(folder, '.compatignore'), ignored);
      return spawnSync(process.execPath, [require.resolve('jsii-diff/bin/jsii-diff'), released, changed, ...options], { cwd: folder, encoding: 'utf8' });
    };

    // WHEN
    const refused = compare('');
    const [key] = /removed:[\w.-]+addInvalidation/.exec(refused.stderr + refused.stdout) ?? [''];

    // THEN
    expect([refused.status, key]).toEqual([1, expect.stringContaining('CloudFrontInvalidationStage.addInvalidation')]);
    expect(compare(key).status).toBe(0);
  }, 60_000);

  test('is published from one environment, and every secret that its jobs use is in docs/publishing.md', () => {
    const { release, ...publishing } = workflow('release').jobs;
    expect(Object.values(publishing).map(({ environment }) => environment)).toEqual(Object.keys(publishing).map(() => 'release'));
    const workflows = readdirSync(WORKFLOWS).map(file => readFileSync(join(WORKFLOWS, file), 'utf8')).join('');
    const secrets = new Set([...workflows.matchAll(/secrets\.(\w+)/g)].map(([, name]) => name));
    secrets.delete('GITHUB_TOKEN');
    const documented = readFileSync(join(ROOT, 'docs', 'publishing.md'), 'utf8');
    expect(secrets.size).toBeGreaterThan(5);
    expect([...secrets].filter(name => !documented.includes(`\`${name}\``))).toEqual([]);
  });
});
