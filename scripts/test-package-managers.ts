/**
 * Installs the packed library in an empty CDK app with each package manager, with the floor of CDK from the registry, and synthesises the README's one line.
 * Each must yield the same template.
 */
import { execFileSync } from 'child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { ONE_LINE_APP } from './one-line-app';

const ROOT = join(__dirname, '..');

interface Manifest {
  readonly name: string;
  readonly devDependencies: Record<string, string>;
}

const { name: NAME, devDependencies: FLOOR } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;

interface PackageManager {
  readonly name: string;
  readonly files?: Record<string, string>;
  readonly install: readonly string[];
  readonly run: readonly string[];
}

const PACKAGE_MANAGERS: readonly PackageManager[] = [
  { name: 'npm', install: ['npm', 'install', '--no-audit', '--no-fund'], run: ['node', 'app.js'] },
  { name: 'pnpm', install: ['npx', '--yes', 'pnpm@10', 'install'], run: ['node', 'app.js'] },
  // This yarn knows a packed file by name and version only: with a cache of its own, it never installs one that was packed before.
  { name: 'yarn', install: ['npx', '--yes', 'yarn@1.22', 'install', '--no-progress', '--cache-folder', '.cache'], run: ['node', 'app.js'] },
  {
    name: 'yarn, with Plug\'n\'Play',
    // Yarn takes the folder above for its project unless it finds a lock file here.
    files: { 'yarn.lock': '', '.yarnrc.yml': 'nodeLinker: pnp\nenableTelemetry: false\nenableGlobalCache: true\n' },
    install: ['npx', '--yes', '@yarnpkg/cli-dist@4', 'install', '--no-immutable'],
    run: ['npx', '--yes', '@yarnpkg/cli-dist@4', 'node', 'app.js'],
  },
];

const temporary = mkdtempSync(join(tmpdir(), 'package-managers-'));
try {
  const tarball = join(temporary, execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', temporary], { cwd: ROOT, encoding: 'utf8' }).trim());
  const dependencies = { 'aws-cdk-lib': FLOOR['aws-cdk-lib'], 'constructs': FLOOR.constructs, [NAME]: `file:${tarball}` };
  const templates = new Map(PACKAGE_MANAGERS.map(({ name, files = {}, install, run }) => {
    const app = join(temporary, name.replace(/\W+/g, '-'));
    mkdirSync(app);
    for (const [file, text] of Object.entries({
      ...files,
      'app.js': ONE_LINE_APP,
      'package.json': JSON.stringify({ name: 'app', version: '1.0.0', private: true, dependencies }),
    })) {
      writeFileSync(join(app, file), text);
    }
    for (const [command, ...args] of [install, run]) {
      execFileSync(command, args, { cwd: app, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, CDK_OUTDIR: join(app, 'cdk.out') } });
    }
    console.log(`${name}: installed and synthesised`);
    return [name, readFileSync(join(app, 'cdk.out', 'Website.template.json'), 'utf8')];
  }));
  const different = [...templates.keys()].filter(name => templates.get(name) !== templates.get(PACKAGE_MANAGERS[0].name));
  if (different.length > 0) {
    throw new Error(`not the template that ${PACKAGE_MANAGERS[0].name} yields: ${different.join(', ')}`);
  }
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
