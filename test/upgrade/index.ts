/**
 * What happens to an app that is deployed, once it is synthesised with this version of the library: the examples of an earlier commit are
 * synthesised with the library of that commit and with that of the tree. `npx projen upgrade:consumers` takes a commit; without one, it is
 * the last release. What is replaced must stand in CHANGELOG.md.
 */
import { execFileSync, spawnSync } from 'child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join, relative } from 'path';
import { additions, differences, unnamed, type Difference, type Template } from './differences';

const ROOT = join(__dirname, '..', '..');
const NAME = 'cdk-cloudfront-invalidation-stage';

function git(...args: string[]): string | undefined {
  const { status, stdout } = spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

function main(): void {
  const wanted = process.argv[2] ?? git('describe', '--tags', '--match', 'v*', '--abbrev=0', 'HEAD');
  const commit = wanted && git('rev-parse', '--verify', '--quiet', `${wanted}^{commit}`);
  if (commit === undefined || commit === '') {
    console.error(`SKIPPED: ${wanted === undefined ? 'there is no release yet, and no commit is named' : `the commit ${wanted} is not in this clone`}`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'upgrade-'));
  try {
    compare(wanted!, givenTree(commit, join(folder, 'tree')), folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The files of a commit, with the bundle built, and the packages of today. */
function givenTree(commit: string, tree: string): string {
  mkdirSync(tree);
  execFileSync('tar', ['-x', '-C', tree], { input: execFileSync('git', ['archive', commit], { cwd: ROOT, maxBuffer: 2 ** 30 }) });
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'), 'junction');
  execFileSync(process.execPath, [require.resolve('tsx/cli'), 'scripts/bundle-handler.ts'], { cwd: tree, stdio: 'inherit' });
  return tree;
}

function compare(name: string, before: string, folder: string): void {
  const examples = readdirSync(join(before, 'examples')).map(example => example === 'basic' ? 'basic/typescript' : example);
  const source = join(before, 'examples');
  const deployed = synthesized(examples, source, before, join(folder, name.replace(/\W/g, '-')));
  const upgraded = synthesized(examples, source, ROOT, join(folder, 'upgraded'));
  const found: Difference[] = [];
  let resources = 0;
  for (const example of examples) {
    const of = templates(join(deployed, example, 'cdk.out'));
    for (const [file, template] of of) {
      const path = join(upgraded, example, 'cdk.out', file);
      const now = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) as Template : {};
      resources += Object.keys(template.Resources ?? {}).length;
      const here = differences(template, now);
      found.push(...here);
      here.forEach(({ resource, words }) => console.log(`${example}, ${file}: ${resource} ${words}`));
      additions(template, now).forEach(resource => console.log(`${example}, ${file}: ${resource} is new`));
    }
  }
  const surprises = unnamed(found, readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8'));
  console.log(`${examples.length} examples with ${resources} resources, deployed with ${name} and upgraded: ${found.length} differences, ${surprises.length} that CHANGELOG.md does not name`);
  surprises.forEach(({ resource, words }) => console.error(`CHANGELOG.md does not name: ${resource} ${words}`));
  process.exitCode = surprises.length === 0 && resources > 0 ? 0 : 1;
}

/** Copies the examples and synthesises them with a library. Returns the folder. */
function synthesized(examples: readonly string[], source: string, library: string, folder: string): string {
  for (const example of examples) {
    cpSync(join(source, example), join(folder, example), { recursive: true, filter: file => !file.includes('cdk.out') });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
  const tsconfig = join(folder, 'tsconfig.json');
  writeFileSync(tsconfig, JSON.stringify({ extends: join(ROOT, 'tsconfig.dev.json'), compilerOptions: { paths: { [NAME]: [join(library, 'src', 'index.ts')] } } }));
  const script = join(ROOT, 'test', 'examples', 'synthesize.js');
  const output = execFileSync(process.execPath, [require.resolve('tsx/cli'), '--tsconfig', tsconfig, script, ...examples], {
    cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 2 ** 26,
  });
  const failures = Object.entries(JSON.parse(output) as Record<string, string>);
  if (failures.length > 0) {
    throw new Error(failures.map(([directory, words]) => `${relative(dirname(folder), directory)} cannot be synthesised: ${words}`).join('\n'));
  }
  return folder;
}

function templates(assembly: string): [string, Template][] {
  return readdirSync(assembly, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.template.json')).sort()
    .map(file => [file, JSON.parse(readFileSync(join(assembly, file), 'utf8')) as Template]);
}

main();
