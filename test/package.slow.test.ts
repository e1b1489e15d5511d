import { execFileSync } from 'child_process';
import { createHash } from 'crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join } from 'path';
import { loadedByEveryJob } from '../scripts/bundled-handler';
import { ONE_LINE_APP } from '../scripts/one-line-app';

const ROOT = join(__dirname, '..');
const NAME = 'cdk-cloudfront-invalidation-stage';

let folder: string;
let tarball: string;
let packed: string[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), `${NAME}-`));
  const output = npm(ROOT, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder);
  const manifest = JSON.parse(output) as Record<string, { filename: string; files: { path: string }[] }>;
  const [{ filename, files }] = Object.values(manifest);
  tarball = join(folder, filename);
  packed = files.map(({ path }) => path);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the package ships the library, the bundle with its licences, and its documents, and nothing else', () => {
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts') && !file.startsWith('handler'))
    .flatMap(file => [file.replace(/\.ts$/, '.js'), file.replace(/\.ts$/, '.d.ts')]);
  expect(packed.sort()).toEqual([
    '.jsii', '.jsii.tabl.json', 'API.md', 'LICENSE', 'README.md', 'package.json', 'rosetta/default.ts-fixture',
    ...readdirSync(join(ROOT, 'assets', 'handler')).map(file => `assets/handler/${file}`),
    ...sources.map(file => `lib/${file}`),
  ].sort());
});

test('the README shows the same on npm, PyPI and Construct Hub: absolute links, and no HTML', () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8').replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
  const links = [...readme.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link);
  expect(links.length).toBeGreaterThan(10);
  expect(links.filter(link => !/^(https:\/\/|#)/.test(link))).toEqual([]);
  expect(readme.match(/<[a-z/][^>]*>/gi) ?? []).toEqual([]);
  const headings = [...readme.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-'));
  expect(links.filter(link => link.startsWith('#') && !headings.includes(link.slice(1)))).toEqual([]);
});

test('publint has nothing to say of it', () => {
  expect(npm(ROOT, 'exec', '--offline', '--', 'publint', tarball, '--strict')).toContain('All good!');
});

test('its types are right for every way to import it', () => {
  expect(npm(ROOT, 'exec', '--offline', '--', 'attw', tarball, '--format', 'table-flipped', '--no-color')).toContain('No problems found');
});

test('it has no runtime dependency', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(manifest.dependencies ?? {}).toEqual({});
  expect(manifest.bundledDependencies ?? []).toEqual([]);
  expect(manifest.peerDependencies['aws-cdk-lib']).toBe('^2.236.0');
});

test('packed and installed in an empty folder, one line synthesises the stage, and the function gets the bundle', () => {
  // GIVEN
  const app = join(folder, 'app');
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{ "name": "app", "private": true }');
  npm(app, 'install', '--offline', '--no-audit', '--no-fund', '--legacy-peer-deps', tarball);
  for (const peer of ['aws-cdk-lib', 'constructs']) {
    symlinkSync(dirname(require.resolve(`${peer}/package.json`)), join(app, 'node_modules', peer));
  }
  writeFileSync(join(app, 'app.js'), ONE_LINE_APP);

  // WHEN
  execFileSync(process.execPath, ['app.js'], { cwd: app, stdio: 'pipe', env: { ...process.env, CDK_OUTDIR: 'cdk.out' } });

  // THEN
  const template = JSON.parse(readFileSync(join(app, 'cdk.out', 'Website.template.json'), 'utf8'));
  const resources = Object.values(template.Resources as Record<string, { Type: string; Properties: Record<string, any> }>);
  const pipeline = resources.find(({ Type }) => Type === 'AWS::CodePipeline::Pipeline');
  expect(pipeline?.Properties.Stages.map(({ Name }: { Name: string }) => Name)).toEqual(['Source', 'InvalidateCloudFrontCache']);
  const code = resources.find(({ Type }) => Type === 'AWS::Lambda::Function')?.Properties.Code;
  const asset = join(app, 'cdk.out', `asset.${code.S3Key.replace('.zip', '')}`);
  expect(readdirSync(asset)).toEqual(expect.arrayContaining(['THIRD-PARTY-LICENSES.txt', 'index.mjs']));
  for (const file of readdirSync(join(ROOT, 'assets', 'handler'))) {
    expect(readFileSync(join(asset, file), 'utf8')).toBe(readFileSync(join(ROOT, 'assets', 'handler', file), 'utf8'));
  }
}, 60_000);

test('what Construct Hub and the packages of other languages show is translated from compiled examples, and nothing in it is a guess', () => {
  // GIVEN
  const app = join(folder, 'construct-hub');
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{ "name": "construct-hub", "private": true }');
  npm(app, 'install', '--offline', '--no-audit', '--no-fund', '--legacy-peer-deps', tarball);
  for (const peer of ['aws-cdk-lib', 'constructs']) {
    symlinkSync(dirname(require.resolve(`${peer}/package.json`)), join(app, 'node_modules', peer));
  }
  const assembly = join(app, 'node_modules', NAME);

  // WHEN
  const languages = ['python', 'java', 'csharp', 'go'];
  const rosetta = join(dirname(require.resolve('jsii-rosetta/package.json')), 'bin', 'jsii-rosetta');
  execFileSync(process.execPath, [rosetta, 'transliterate', assembly, '--loose', ...languages.flatMap(language => ['--language', language])], { stdio: 'pipe' });

  // THEN
  for (const language of languages) {
    const translated = readFileSync(join(assembly, `.jsii.${language}`), 'utf8');
    expect(translated).toContain(language === 'python' ? 'CloudFrontInvalidationStage(self,' : 'CloudFrontInvalidationStage');
    // The words of jsii-rosetta for what does not compile, and what a struct becomes whose type is not known.
    expect(translated.match(/non-compiling source|new Struct \{|map\[string\]interface\{\}|Map\.of\(\\"[a-z]/g)).toBeNull();
    // In Go, jsii-rosetta writes the variable of `{ distribution }` with a capital, like the property: no such variable is there. Only the
    // README's first example, of one line, has that form.
    const { types, readme } = JSON.parse(translated) as { types: Record<string, unknown>; readme: Record<string, unknown> };
    expect(JSON.stringify({ types, readme }).match(/([A-Z]\w*): \*?\1,/g) ?? []).toEqual(language === 'go' ? ['Pipeline: Pipeline,', 'Distribution: Distribution,'] : []);
  }
}, 60_000);

function npm(cwd: string, ...args: string[]): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' });
}

test('the bundle is reproducible: a second build has the same bytes', () => {
  const again = join(folder, 'bundle');
  execFileSync(process.execPath, [require.resolve('tsx/cli'), join(ROOT, 'scripts', 'bundle-handler.ts'), again]);
  const [first, second] = [join(ROOT, 'assets', 'handler'), again].map(directory =>
    Object.fromEntries(readdirSync(directory).map(file => [file, createHash('sha256').update(readFileSync(join(directory, file))).digest('hex')])));
  expect(Object.keys(second).length).toBeGreaterThan(1);
  expect(second).toEqual(first);
});

test('the licences of all that is bundled let anybody use it', () => {
  const notices = readFileSync(join(ROOT, 'assets', 'handler', 'THIRD-PARTY-LICENSES.txt'), 'utf8');
  const licenses = [...notices.matchAll(/^\S+ \d+\.\d+\.\S+ \(([^)]+)\)$/gm)].map(([, license]) => license);
  expect(licenses.length).toBeGreaterThan(10);
  expect(licenses.filter(license => !['Apache-2.0', 'MIT', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', '0BSD'].includes(license))).toEqual([]);
});

// More than what it is, and less than it would be if something came in unnoticed: raise it with the reason in the commit.
test.each([
  ['what every job loads', loadedByEveryJob, 340_000],
  ['the code of the whole function', () => readdirSync(join(ROOT, 'assets', 'handler')).filter(file => file.endsWith('.mjs')), 530_000],
])('%s stays within its budget', (_, files, budget) => {
  const bytes = files().reduce((sum, file) => sum + readFileSync(join(ROOT, 'assets', 'handler', file)).length, 0);
  expect(bytes).toBeLessThan(budget);
});

test('what only some jobs need is no part of what every job loads', () => {
  const assets = join(ROOT, 'assets', 'handler');
  const loaded = loadedByEveryJob();
  const whereIs = (text: string) => readdirSync(assets).filter(file => file.endsWith('.mjs') && readFileSync(join(assets, file), 'utf8').includes(text))
    .map(file => loaded.includes(file) ? 'always' : 'on demand');
  expect(whereIs('"PutJobSuccessResult"')).toContain('always');
  expect(whereIs('"CreateInvalidation"')).toContain('always');
  for (const rare of ['"AssumeRole"', '"GetObject"', 'End of central directory record', 'X-Cache']) {
    expect(new Set(whereIs(rare))).toEqual(new Set(['on demand']));
  }
});
