import { execFileSync } from 'child_process';
import { copyFileSync, existsSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'fs';
import { dirname, join } from 'path';

/** @see https://github.com/aws/aws-lambda-nodejs-runtime-interface-client */
const PACKAGE = 'aws-lambda-ric';
const VERSION = '4.0.2';

/** What builds its native part: the client's own scripts ask for them. */
const TOOLS = ['cmake', 'make', 'g++', 'python3', 'tar', 'xz'];

/** AWS's own client in the process of a function, as the managed runtime has it. */
export interface LambdaClient {
  /** The file that Node.js runs. */
  readonly file: string;
  /** Why its native part is not built, and a few lines stand in for it. @default - it is AWS's own */
  readonly replaced?: string;
}

/**
 * Installs AWS's client beside the packages of this project, once. It is no dependency of theirs: it builds native code for a minute.
 *
 * @returns why there is none, where there is none
 */
export function installLambdaClient(): LambdaClient | string {
  const cache = join(__dirname, '..', 'node_modules', '.cache', `${PACKAGE}-${VERSION}`);
  const [built, lines] = ['built', 'replaced'].map(name => join(cache, name));
  const replaced = missing() ?? install(built, ['--foreground-scripts']);
  if (replaced === undefined) {
    return { file: realpathSync(join(built, 'node_modules', PACKAGE, 'index.mjs')) };
  }
  const failure = install(lines, ['--ignore-scripts']);
  if (failure !== undefined) {
    return failure;
  }
  // Looked for, and not read.
  writeFileSync(nativePart(lines), '');
  copyFileSync(join(__dirname, 'lambda-client-part.cjs'), join(lines, 'client.cjs'));
  return { file: realpathSync(join(lines, 'client.cjs')), replaced };
}

function nativePart(folder: string): string {
  return join(folder, 'node_modules', PACKAGE, 'rapid-client.node');
}

function missing(): string | undefined {
  if (process.platform !== 'linux') {
    return 'it builds on Linux only';
  }
  const absent = TOOLS.filter(tool => !isOnPath(tool));
  return absent.length === 0 ? undefined : `it needs ${absent.join(', ')}, missing here`;
}

function isOnPath(tool: string): boolean {
  return (process.env.PATH ?? '').split(':').some(folder => existsSync(join(folder, tool)));
}

/** Returns why it failed, if it did. */
function install(folder: string, flags: readonly string[]): string | undefined {
  if (existsSync(nativePart(folder))) {
    return undefined;
  }
  console.log(`Installing ${PACKAGE} ${VERSION}: with its native part, a minute or two`);
  // What an installation left that was ended half-way.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, allowScripts: { [PACKAGE]: true } }));
  try {
    execFileSync('npm', ['install', '--no-audit', '--no-fund', ...flags, `${PACKAGE}@${VERSION}`], {
      cwd: folder, stdio: 'pipe', timeout: 600_000, maxBuffer: 64 * 1_024 * 1_024, env: { ...process.env, npm_config_nodedir: headers() },
    });
    return undefined;
  } catch (error) {
    const output = (error as { stderr?: Buffer }).stderr?.toString() ?? '';
    return `npm install failed: ${(output.match(/^npm error .+|.*error: .+/gim) ?? [String(error)]).slice(0, 3).join('; ')}`;
  }
}

/** The folder whose `include/node` has the headers of Node.js; without one, node-gyp downloads them. Those of another version do: the addon uses Node-API. */
function headers(): string | undefined {
  return process.env.npm_config_nodedir ??
    [dirname(dirname(realpathSync(process.execPath))), '/usr/local', '/usr'].find(folder => existsSync(join(folder, 'include', 'node', 'node.h')));
}
