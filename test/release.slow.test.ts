import { execFile, execFileSync, spawnSync } from 'child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join } from 'path';
import { promisify } from 'util';

const ROOT = join(__dirname, '..');
const { tasks } = JSON.parse(readFileSync(join(ROOT, '.projen', 'tasks.json'), 'utf8')) as {
  tasks: Record<string, { env?: Record<string, string>; steps: { exec?: string }[] }>;
};

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
});
