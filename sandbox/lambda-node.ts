import { execFileSync } from 'child_process';
import { existsSync } from 'fs';
import { dirname, join } from 'path';

/** A Node.js to run functions with. */
export interface Node {
  readonly binary: string;
  /** What a person should know: that it is not the one of the function's runtime. */
  readonly notice?: string;
}

/** The Node.js of a function's runtime, which the `node` package brings; the one at hand where that package brings none. */
export function nodeOf(runtime: string): Node {
  const major = /^nodejs(\d+)/.exec(runtime)?.[1];
  const candidates = [nodePackage(), process.execPath].filter(candidate => candidate !== undefined);
  const own = candidates.find(candidate => majorOf(candidate) === major);
  if (own !== undefined) {
    return { binary: own };
  }
  const notice = `The function runs on Node.js ${process.version}, not on its runtime ${runtime}: ` +
    'the "node" package is not installed, or its install script was not allowed.';
  if (!told.has(notice)) {
    told.add(notice);
    process.stderr.write(`${notice}\n`);
  }
  return { binary: process.execPath, notice };
}

/** One line a process, however many sandboxes it starts. */
const told = new Set<string>();

function nodePackage(): string | undefined {
  try {
    const binary = join(dirname(require.resolve('node/package.json')), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

const majors = new Map<string, string>();

function majorOf(binary: string): string {
  const major = majors.get(binary) ?? execFileSync(binary, ['--print', 'process.versions.node.split(".")[0]'], { encoding: 'utf8' }).trim();
  majors.set(binary, major);
  return major;
}
