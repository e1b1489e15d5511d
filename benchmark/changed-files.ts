/**
 * What `InvalidationPaths.changedFiles` reads, computes and spares, beside what a user would pick instead.
 *
 * `npx projen benchmark:changed-files` prints it; with `--write`, it also writes docs/changed-files.md and the plot in it.
 */
import { execFile, execFileSync } from 'child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join, relative } from 'path';
import { promisify } from 'util';
import { build } from 'esbuild';
import type { Measurement } from './changed-files-measure';
import { plot, type Replay, type Step } from './changed-files-plot';
import { Sandbox } from '../sandbox';
import { compare, filesOf, pathsOf, type Files, type Doubtful } from '../src/handler/changed-files';
import { cover } from '../src/handler/cover';
import { Site } from '../src/handler/urls';
import { givenArchive } from '../test/given-archive';

const ROOT = join(__dirname, '..');
const BUCKET = 'artifacts';

/** Static files of well-known packages, as their published versions brought them. */
const REPLAYS = [
  { title: 'Simple Icons', what: 'a large collection, some files a week', package: 'simple-icons', folder: 'icons', versions: /^16\.(1[89]|2\d|3\d)\.0$/ },
  { title: 'highlight.js', what: 'the version in about half of the files', package: '@highlightjs/cdn-assets', folder: '.', versions: /^11\.\d+\.\d+$/ },
  { title: 'npm\'s manual', what: 'the version in every page', package: 'npm', folder: 'docs/output', versions: /^11\.(1\d)\.0$/ },
];

const PREFACE = `# What changedFiles spares

Written by \`npx projen benchmark:changed-files --write\`; CPU and memory are those of one run on one machine.

![Share of the cache that each deployment keeps](changed-files.svg)
`;

async function main(): Promise<void> {
  const sandbox = await Sandbox.start();
  try {
    const role = sandbox.addRole('reader', [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }]);
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_S3: sandbox.s3.endpoint,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: role.accessKeyId,
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'token',
    });
    const report = [
      ...await scale(sandbox),
      ...covers(),
      ...await replays(sandbox),
    ].join('\n');
    process.stdout.write(`${report}\n`);
    if (process.argv.includes('--write')) {
      writeFileSync(join(ROOT, 'docs', 'changed-files.md'), `${PREFACE}\n${report}`);
    }
  } finally {
    await sandbox.stop();
  }
}

/** Sites of a thousand to a hundred thousand files, of which one in a hundred has changed. */
async function scale(sandbox: Sandbox): Promise<string[]> {
  const rows: [number, Measurement, number][] = [];
  for (const size of [1_000, 10_000, 100_000]) {
    const [before, after] = [await syntheticSite(size, 0), await syntheticSite(size, 1)];
    sandbox.s3.put(BUCKET, 'before', before);
    sandbox.s3.put(BUCKET, 'after', after);
    rows.push([size, await measureInChild(), before.length + after.length]);
  }
  const [[, { cpu, memory }]] = rows;
  return [
    '## Large sites', '',
    'Two artifacts with files of 2 KB each, of which one in a hundred has changed (of the smallest, one in twenty): read, compared and covered by at most 15 paths, ' +
      'in a process of its own with the heap of a function of 256 MB.', '',
    '| files | read of both artifacts | CPU | growth | peak memory | growth | paths | unchanged files hit | by `/*` |', '|---|---|---|---|---|---|---|---|---|',
    ...rows.map(([size, measured, total]) => `| ${size.toLocaleString('en')} | ${percent(measured.bytesRead / total)} | ${measured.cpu.toFixed(2)} s | ` +
      `× ${(measured.cpu / cpu).toFixed(1)} | ${measured.memory.toFixed(0)} MB | × ${(measured.memory / memory).toFixed(1)} | ${measured.paths} | ` +
      `${percent(measured.unchanged / size)} | ${percent(1 - measured.changed / size)} |`), '',
  ];
}

async function measureInChild(): Promise<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), 'measure-'));
  try {
    const script = join(folder, 'measure.js');
    // Bundled, as the function is: what compiles TypeScript has a memory of its own.
    await build({ entryPoints: [join(__dirname, 'changed-files-measure.ts')], outfile: script, bundle: true, platform: 'node', mainFields: ['module', 'main'] });
    const { stdout } = await promisify(execFile)(process.execPath, ['--max-old-space-size=230', '--max-semi-space-size=12', script, BUCKET]);
    return JSON.parse(stdout) as Measurement;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function syntheticSite(size: number, version: number): Promise<Buffer> {
  const content = Buffer.alloc(2_048, 'x');
  const changed = Buffer.alloc(2_048, version);
  const files = Array.from({ length: size }, (_, index): [string, Buffer] => {
    // Chapters of a hundred pages; what changes is in every hundredth page, most of it in few chapters.
    const chapter = Math.floor(index / 100);
    const isChanged = chapter % 50 === 0 ? index % 2 === 0 : false;
    return [`part-${chapter % 20}/chapter-${chapter}/page-${index}.html`, isChanged ? changed : content];
  });
  return givenArchive(Object.fromEntries(files), { compress: false });
}

/** How much less the exact cover hits than the two that come to mind first, on random changes of a random tree. */
function covers(): string[] {
  const random = generator(1);
  const ratios = [8, 32, 128].map(changes => {
    let [exact, directory, everything] = [0, 0, 0];
    for (let round = 0; round < 20; round++) {
      const files = Array.from({ length: 5_000 }, (_, index) => `/${index % 10}/${Math.floor(index / 10) % 25}/${index}.html`);
      // Changes come together: in some directories.
      const hot = Array.from({ length: 6 }, () => `/${Math.floor(random() * 10)}/${Math.floor(random() * 25)}/`);
      const changed = new Set<string>();
      while (changed.size < changes) {
        const inHot = random() < 0.8 ? files.filter(file => file.startsWith(hot[Math.floor(random() * hot.length)])) : files;
        changed.add(inHot[Math.floor(random() * inHot.length)] ?? files[0]);
      }
      const unchanged = files.filter(file => !changed.has(file));
      exact += cover([...changed], unchanged, 20).unchanged;
      directory += unchanged.filter(file => file.startsWith(commonDirectory([...changed]))).length;
      everything += unchanged.length;
    }
    return { changes, exact: exact / everything, directory: directory / everything };
  });
  return [
    '## The cover', '',
    'Unchanged files hit by at most 20 paths, as a share of those that `/*` hits: 5,000 files in 250 directories, mean of 20 rounds. ' +
      'That no cover hits fewer is [tested](../test/handler/cover.test.ts) against every cover of small trees.', '',
    '| changed files | changedFiles | deepest common directory | `/*` |', '|---|---|---|---|',
    ...ratios.map(({ changes, exact, directory }) => `| ${changes} | ${percent(exact)} | ${percent(directory)} | 100 % |`), '',
  ];
}

async function replays(sandbox: Sandbox): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'replay-'));
  try {
    const results: Replay[] = [];
    for (const replay of REPLAYS) {
      results.push({ title: replay.title, what: replay.what, steps: await stepsOf(sandbox, folder, replay) });
    }
    if (process.argv.includes('--write')) {
      writeFileSync(join(ROOT, 'docs', 'changed-files.svg'), plot(results));
    }
    return results.flatMap(({ title, what, steps }) => [
      `## Replay: ${title}`, '',
      `${what[0].toUpperCase()}${what.slice(1)}. Each published version is one deployment.`, '',
      '| version | files | changed | paths sent | cache kept | deepest common directory | `/*` |', '|---|---|---|---|---|---|---|',
      ...steps.map(({ version, files, changed, paths, kept, keptByDirectory }) =>
        `| ${version} | ${files} | ${changed} | ${paths} | ${percent(kept)} | ${percent(keptByDirectory)} | 0 % |`), '',
      `On average ${percent(mean(steps.map(({ kept }) => kept)))} of the cache is kept.`, '',
    ]);
  } catch (error) {
    process.stderr.write(`SKIPPED: the replay needs packages of the npm registry: ${(error as Error).message.split('\n')[0]}\n`);
    return [];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function stepsOf(sandbox: Sandbox, folder: string, replay: typeof REPLAYS[number]): Promise<Step[]> {
  const all = JSON.parse(npm('view', replay.package, 'versions', '--json')) as string[];
  const versions = all.filter(version => replay.versions.test(version));
  const site = new Site({});
  const steps: Step[] = [];
  let before: string | undefined;
  for (const version of versions) {
    const key = `${replay.package}/${version}`;
    sandbox.s3.put(BUCKET, key, await givenArchive(published(folder, replay.package, version, replay.folder), { compress: false }));
    if (before !== undefined) {
      steps.push(await quietly(() => stepOf(version, `${replay.package}/${before}`, key, site)));
      sandbox.s3.remove(BUCKET, `${replay.package}/${before}`);
    }
    before = version;
  }
  return steps;
}

async function stepOf(version: string, before: string, after: string, site: Site): Promise<Step> {
  const until = Date.now() + 60_000;
  const [changed, doubtful]: [Set<string>, Doubtful] = [new Set(), new Map()];
  const current: Files = await filesOf({ name: 'site', location: { bucket: BUCKET, key: after } }, site, until, { doubtful });
  await compare({ bucket: BUCKET, key: before }, current, site, { changed, doubtful: new Map() }, until);
  const { paths, changes = { changed: 0, unchanged: 0 } } = pathsOf(changed, current, site, {});
  const unchanged = [...current.keys()].filter(key => !changed.has(key));
  const directory = commonDirectory([...changed].map(key => site.pathOf(key)));
  const hitByDirectory = unchanged.filter(key => site.pathOf(key).startsWith(directory)).length;
  return {
    version,
    files: current.size,
    changed: changes.changed,
    paths: paths.length,
    kept: (unchanged.length - changes.unchanged) / current.size,
    keptByDirectory: changed.size === 0 ? unchanged.length / current.size : (unchanged.length - hitByDirectory) / current.size,
  };
}

function published(folder: string, name: string, version: string, subfolder: string): Record<string, Buffer> {
  const tarball = npm('pack', '--silent', '--pack-destination', folder, `${name}@${version}`).trim().split('\n').pop()!;
  const target = mkdtempSync(join(folder, 'version-'));
  execFileSync('tar', ['-xzf', join(folder, tarball), '--strip-components', '1', '-C', target]);
  const root = join(target, subfolder);
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(file => statSync(join(root, file)).isFile());
  const contents = Object.fromEntries(files.map(file => [relative('.', file).replaceAll('\\', '/'), readFileSync(join(root, file))]));
  rmSync(target, { recursive: true });
  rmSync(join(folder, tarball));
  return contents;
}

function npm(...args: string[]): string {
  return execFileSync('npm', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 64 * 1024 * 1024, shell: process.platform === 'win32' });
}

/** The handler's log is none of the benchmark's output. */
async function quietly<T>(action: () => Promise<T>): Promise<T> {
  const { write } = process.stdout;
  process.stdout.write = () => true;
  try {
    return await action();
  } finally {
    process.stdout.write = write;
  }
}

function commonDirectory(paths: readonly string[]): string {
  const [first = '/', ...others] = paths.map(path => path.slice(0, path.lastIndexOf('/') + 1));
  return others.reduce((common, path) => {
    let directory = common;
    while (!path.startsWith(directory)) {
      directory = directory.slice(0, directory.lastIndexOf('/', directory.length - 2) + 1);
    }
    return directory;
  }, first);
}

/** Random numbers that are the same each time. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

main().catch(error => {
  console.error(error);
  process.exitCode = 1;
});
