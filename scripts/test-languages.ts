/**
 * Installs the package of every language into the app of that language in `examples/basic`, as its user would, synthesises it, and
 * compares the template with TypeScript's, resource by resource. `npx projen package-all` builds the packages. Takes the languages to
 * test as arguments; without any, all.
 */
import { execFileSync } from 'child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { isDeepStrictEqual } from 'util';
import { isInstalled, LANGUAGES } from './languages';

const ROOT = join(__dirname, '..');
const DIST = join(ROOT, 'dist');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly devDependencies: Record<string, string>;
  readonly jsii: {
    readonly targets: {
      readonly java: { readonly maven: { readonly groupId: string; readonly artifactId: string } };
      readonly dotnet: { readonly packageId: string };
    };
  };
}

const LIBRARY = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
/** What all apps are synthesised with: the one version of CDK that is a version of every language's package. */
const CDK_VERSION = LIBRARY.devDependencies['aws-cdk-lib'];

/** Installs what the app in a folder needs, the packed library included. Returns the command that synthesises it. */
const INSTALL: Record<string, (app: string) => string[]> = {
  typescript(app) {
    const modules = join(app, 'node_modules');
    mkdirSync(join(modules, LIBRARY.name), { recursive: true });
    run(app, 'tar', '-xzf', packageFile('js', '.tgz'), '--strip-components', '1', '-C', join(modules, LIBRARY.name));
    for (const name of ['aws-cdk-lib', 'constructs', 'tsx', '.bin']) {
      symlinkSync(join(ROOT, 'node_modules', name), join(modules, name), 'junction');
    }
    return ['npx', 'tsx', 'app.ts'];
  },

  python(app) {
    run(app, 'python3', '-m', 'venv', '.venv');
    const python = join(app, '.venv', process.platform === 'win32' ? 'Scripts' : 'bin', 'python');
    run(app, python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', packageFile('python', '.whl'), `aws-cdk-lib==${CDK_VERSION}`);
    run(app, python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt');
    return [python, 'app.py'];
  },

  java(app) {
    const { groupId, artifactId } = LIBRARY.jsii.targets.java.maven;
    const packed = join(DIST, 'java', ...groupId.split('.'), artifactId, LIBRARY.version, `${artifactId}-${LIBRARY.version}`);
    // Into the machine's repository: from any other, Maven would not take a version again that it has.
    run(app, 'mvn', '--batch-mode', '--quiet', 'install:install-file', `-Dfile=${packed}.jar`, `-DpomFile=${packed}.pom`);
    const maven = ['mvn', '--batch-mode', '--quiet', `-Dcdk.version=${CDK_VERSION}`];
    run(app, ...maven, 'compile');
    return [...maven, 'exec:java'];
  },

  csharp(app) {
    // Beside the sources that the machine has: the library's dependencies come from there.
    writeFileSync(join(app, 'nuget.config'), `<configuration><packageSources><add key="packed" value="${join(DIST, 'dotnet')}"/></packageSources></configuration>`);
    run(app, 'dotnet', 'add', 'package', LIBRARY.jsii.targets.dotnet.packageId, '--version', LIBRARY.version);
    run(app, 'dotnet', 'build');
    return ['dotnet', 'run', '--no-build'];
  },

  go(app) {
    const packed = readdirSync(join(DIST, 'go'), { withFileTypes: true }).filter(file => file.isDirectory()).map(({ name }) => join(DIST, 'go', name))[0];
    const [, module] = readFileSync(join(packed, 'go.mod'), 'utf8').match(/^module (\S+)$/m)!;
    run(app, 'go', 'mod', 'edit', `-require=${module}@v${LIBRARY.version}`, `-replace=${module}=${packed}`);
    run(app, 'go', 'mod', 'tidy');
    run(app, 'go', 'build', '-o', 'app', '.');
    return [join(app, 'app')];
  },
};

function packageFile(target: string, suffix: string): string {
  const [file] = existsSync(join(DIST, target)) ? readdirSync(join(DIST, target)).filter(name => name.endsWith(suffix)) : [];
  if (!file) {
    throw new Error(`dist/${target} has no package: run 'npx projen package-all' first`);
  }
  return join(DIST, target, file);
}

function run(cwd: string, ...[command, ...args]: string[]): void {
  execFileSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
}

type Resources = Record<string, unknown>;

function synthesized(folder: string, language: string): Resources {
  const app = join(folder, language);
  cpSync(join(ROOT, 'examples', 'basic', language), app, { recursive: true, filter: source => !/node_modules|cdk\.out/.test(source) });
  const [command, ...args] = INSTALL[language](app);
  const outdir = join(app, 'cdk.out');
  execFileSync(command, args, { cwd: app, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, CDK_OUTDIR: outdir, JSII_DEPRECATED: 'fail' } });
  return (JSON.parse(readFileSync(join(outdir, 'Basic.template.json'), 'utf8')) as { Resources: Resources }).Resources;
}

function differences(expected: Resources, actual: Resources): string[] {
  return [...new Set([...Object.keys(expected), ...Object.keys(actual)])].filter(id => !isDeepStrictEqual(expected[id], actual[id]));
}

const temporary = mkdtempSync(join(tmpdir(), 'languages-'));
try {
  const expected = synthesized(temporary, 'typescript');
  const report: string[] = [];
  const chosen = process.argv.slice(2);
  for (const language of LANGUAGES.filter(({ name }) => chosen.length === 0 || chosen.includes(name))) {
    const { name, toolchain: [command] } = language;
    if (!isInstalled(language)) {
      report.push(`${name}: SKIPPED, ${command} is not installed`);
      continue;
    }
    const actual = name === 'typescript' ? expected : synthesized(temporary, name);
    const different = differences(expected, actual);
    report.push(different.length > 0 ? `${name}: DIFFERENT from TypeScript in ${different.join(', ')}` : `${name}: ${Object.keys(actual).length} resources, equal to TypeScript's`);
    if (different.length > 0) {
      process.exitCode = 1;
    }
  }
  console.log(report.join('\n'));
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
