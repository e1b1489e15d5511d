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
 * A client describes every operation and type of its service, which keeps all of it in the bundle. What is described is said to be pure, so
 * that esbuild leaves out what nothing refers to: a seventh of the CPU of a cold start's init.
 */
const onlyWhatIsCalled: Plugin = {
  name: 'only-what-is-called',
  setup({ onLoad }) {
    onLoad({ filter: /client-[a-z0-9-]+[\\/]dist-es[\\/]schemas[\\/]schemas_0\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(/^((?:export )?(?:var|const) \w+\$? = )(\[[^]*?\]);$/gm, '$1/* @__PURE__ */ (() => $2)();'),
    }));
  },
};

/**
 * Takes what is imported of Node.js without an import. To import `http` as an ES module reads each of its exports, which loads Node.js's own
 * fetch: 30 ms of CPU and more, in a job that visits the site or calls AWS over HTTP.
 */
function withoutImportsOfNode(source: string): string {
  const replaced = source
    .replace(/\bimport(?:\*as ([\w$]+ )| ([\w$]+ )|(\{[^}]*\}))from"([^"./][^"]*)"/g, (_, namespace?: string, whole?: string, names?: string, module?: string) =>
      `const${names?.replace(/ as /g, ':') ?? ` ${(namespace ?? whole)!.trim()}`}=process.getBuiltinModule("${module}")`)
    .replace(/\bimport\("([^"./][^"]*)"\)/g, 'Promise.resolve(process.getBuiltinModule("$1"))');
  const [left] = /\bimport\b(?:[\w$*{}, ]+from)?\(?"[^"./][^"]*"/.exec(replaced) ?? [];
  if (left !== undefined) {
    throw new Error(`The bundle still imports a module of Node.js: ${left}`);
  }
  return replaced;
}

async function main(): Promise<void> {
  rmSync(OUTPUT, { recursive: true, force: true });
  mkdirSync(OUTPUT, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: { index: 'src/handler/entry.mjs' },
    outdir: OUTPUT,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    // A dynamic import is a file of its own.
    splitting: true,
    chunkNames: '[name]-[hash]',
    // Bundled CommonJS modules load those of Node.js by it.
    banner: { js: "const require=process.getBuiltinModule('module').createRequire(import.meta.url);" },
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
  for (const file of readdirSync(OUTPUT)) {
    writeFileSync(join(OUTPUT, file), withoutImportsOfNode(readFileSync(join(OUTPUT, file), 'utf8')));
  }
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
