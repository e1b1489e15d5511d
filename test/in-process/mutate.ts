/**
 * Mutates what of the function speaks HTTP, file by file, and runs the tests that are about the file. `npx projen mutation:handler` runs it;
 * with `--only report`, for one file.
 */
import { spawnSync } from 'child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { join } from 'path';
import { parseArgs } from 'util';

const ROOT = join(__dirname, '..', '..');
const REPORTS = join('reports', 'handler');

interface Tests {
  readonly files: readonly string[];
  /** Of their names, what some contain. @default - all */
  readonly named?: RegExp;
}

/** All that a test of the whole function runs is every file: a mutant that nobody notices would cost them all. */
const TESTS: Readonly<Record<string, Tests>> = {
  'report': { files: ['faults', 'handler'], named: /^CodePipeline cannot take|^every report|^an event that|^a deployment|^WARN|goes on in the next one|at the timeout, with/ },
  'codepipeline': { files: ['faults'], named: /^CodePipeline cannot take/ },
  'invalidate': { files: ['handler', 'faults', 'another-account'], named: /^(?!CodePipeline|every report|an event that|a configuration that is wrong|the log)/ },
  'index': { files: ['handler', 'faults'], named: /^(?!CloudFront is down|CodePipeline cannot take)/ },
  'target': { files: ['handler', 'another-account', 'security'] },
  'role': { files: ['another-account'] },
  'path-source': { files: ['artifacts'] },
  'changed-files': { files: ['artifacts', 'rollback'], named: /^(?!a manifest)/ },
  ...Object.fromEntries(['files', 'job', 'pages', 'visit'].map(name => [`freshness/${name}`, { files: ['freshness/job'] }])),
};

function mutate(name: string, { files, named }: Tests): void {
  const config = JSON.parse(readFileSync(join(ROOT, 'stryker.handler.config.json'), 'utf8')) as { jest: { config: object } };
  const file = join(REPORTS, `${name.replace('/', '-')}.config.json`);
  writeFileSync(join(ROOT, file), JSON.stringify({
    ...config,
    mutate: [`src/handler/${name}.ts`],
    jsonReporter: { fileName: file.replace('.config', '') },
    jest: { ...config.jest, config: { ...config.jest.config, testMatch: files.map(each => `<rootDir>/test/handler/${each}.test.ts`) } },
  }));
  const { status } = spawnSync('stryker', ['run', file], {
    cwd: ROOT, stdio: 'inherit', shell: process.platform === 'win32', env: { ...process.env, MUTATION_TESTS: named?.source ?? '' },
  });
  process.exitCode ||= status ?? 1;
}

const { values: { only } } = parseArgs({ options: { only: { type: 'string' } } });
if (only === undefined) {
  rmSync(join(ROOT, REPORTS), { recursive: true, force: true });
}
mkdirSync(join(ROOT, REPORTS), { recursive: true });
const chosen = Object.entries(TESTS).filter(([name]) => only === undefined || name === only);
if (chosen.length === 0 || chosen.some(([name]) => !existsSync(join(ROOT, 'src', 'handler', `${name}.ts`)))) {
  throw new Error(`there is no src/handler/${only ?? '…'}.ts among ${Object.keys(TESTS).join(', ')}`);
}
chosen.forEach(([name, tests]) => mutate(name, tests));
