/**
 * Bundles the handler into what the package ships: one file that every job loads, and beside it what only some jobs need, which
 * is loaded on demand; and the licences of what is bundled.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { join } from 'path';
import { build, type Plugin } from 'esbuild';

const ROOT = join(__dirname, '..');
/** Another folder, to compare two builds. */
const OUTPUT = process.argv[2] ?? join(ROOT, 'assets', 'handler');

/** The Node.js version of the Lambda runtime, which the `node` package brings. */
const NODE_MAJOR = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { devDependencies: { node: string } })
  .devDependencies.node.match(/\d+/)![0];

/** Lambda gives a function its credentials in environment variables: the other providers of the SDK are left out. */
const onlyEnvironmentCredentials: Plugin = {
  name: 'only-environment-credentials',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, ({ path, resolveDir }) => ({ path, namespace: 'environment-credentials', pluginData: resolveDir }));
    onLoad({ filter: /./, namespace: 'environment-credentials' }, ({ pluginData: resolveDir }) => ({
      contents: "export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';",
      resolveDir: resolveDir as string,
    }));
  },
};

/**
 * A client describes every operation, type and error of its service, and registers every error, which keeps all of it in the bundle. Those
 * errors stay that AWS's models name for the operations that are called; any other becomes the client's general error, with the same name
 * and words. What is described is said to be pure, so that esbuild leaves out what nothing refers to.
 */
const onlyWhatIsCalled: Plugin = {
  name: 'only-what-is-called',
  setup({ onLoad }) {
    onLoad({ filter: /client-[a-z0-9-]+[\\/]dist-es[\\/]schemas[\\/]schemas_0\.js$/ }, ({ path }) => {
      const service = /client-([a-z0-9-]+)/.exec(path)![1];
      const { operations } = JSON.parse(readFileSync(join(ROOT, 'models', `${service}.json`), 'utf8')) as Model;
      const errors = new Set(Object.values(operations).flatMap(operation => operation.errors ?? []).map(({ shape }) => shape));
      const contents = readFileSync(path, 'utf8')
        .replace(/^n0_registry\.registerError\((\w+)\$, \1\);$/gm, (line, error: string) => errors.has(error) ? line : '')
        .replace(/^((?:export )?(?:var|const) \w+\$? = )(\[[^]*?\]);$/gm, '$1/* @__PURE__ */ (() => $2)();');
      return { contents };
    });
  },
};

interface Model {
  readonly operations: Readonly<Record<string, { readonly errors?: readonly { readonly shape: string }[] }>>;
}

async function main(): Promise<void> {
  rmSync(OUTPUT, { recursive: true, force: true });
  mkdirSync(OUTPUT, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/handler/index.ts'],
    outdir: OUTPUT,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    // A dynamic import is a file of its own.
    splitting: true,
    chunkNames: '[name]-[hash]',
    // Bundled CommonJS modules load those of Node.js by it.
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    minify: true,
    platform: 'node',
    target: `node${NODE_MAJOR}`,
    // ES modules leave out what is not used; CommonJS brings it all.
    mainFields: ['module', 'main'],
    legalComments: 'none',
    plugins: [onlyEnvironmentCredentials, onlyWhatIsCalled],
    metafile: true,
    logLevel: 'warning',
  });
  removeUnreachable();
  const packages = [...new Set(Object.keys(metafile.inputs).map(packageFolder).filter(folder => folder !== undefined))].sort();
  writeFileSync(join(OUTPUT, 'THIRD-PARTY-LICENSES.txt'), notices(packages));
}

/** What a dynamic import would load that was itself left out. */
function removeUnreachable(): void {
  const reachable = new Set(['index.mjs']);
  for (const file of reachable) {
    const source = readFileSync(join(OUTPUT, file), 'utf8');
    [...source.matchAll(/(?:from|import)\s*\(?\s*"\.\/([^"]+)"/g)].forEach(([, imported]) => reachable.add(imported));
  }
  readdirSync(OUTPUT).filter(file => !reachable.has(file)).forEach(file => rmSync(join(OUTPUT, file)));
}

/** The folder of the package that a bundled file is from, or `undefined` for a file of our own. */
function packageFolder(input: string): string | undefined {
  return input.match(/^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0];
}

/** Each licence once, below the names of the packages that it covers. */
function notices(folders: string[]): string {
  const packagesByLicense = new Map<string, string[]>();
  for (const folder of folders) {
    const { name, version, license } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as Record<string, string>;
    const text = licenseText(folder, name, license);
    packagesByLicense.set(text, [...packagesByLicense.get(text) ?? [], `${name} ${version} (${license})`]);
  }
  return [...packagesByLicense].map(([text, packages]) => `${packages.join('\n')}\n\n${text}\n`).join(`\n${'-'.repeat(80)}\n\n`);
}

function licenseText(folder: string, name: string, license: string): string {
  const files = readdirSync(join(ROOT, folder)).filter(file => /^(licen[cs]e|notice|copying)/i.test(file)).sort().map(file => join(ROOT, folder, file));
  if (files.length === 0 && license === 'Apache-2.0') {
    // Some packages of the AWS SDK name their licence without a copy of it: this project's own is the same.
    files.push(join(ROOT, 'LICENSE'));
  }
  if (files.length === 0) {
    throw new Error(`${name} (${license}) is bundled but has no licence file in ${folder}: take it out of the bundle or add its licence here`);
  }
  return files.map(file => readFileSync(file, 'utf8').trim()).join('\n\n');
}

main().catch(error => {
  console.error(error);
  process.exitCode = 1;
});
