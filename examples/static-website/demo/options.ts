import { parseArgs } from 'util';
import { FAULTS, type FaultName } from './faults';
import { changedFilesProblem } from '../../../src/contract';

export interface Options {
  readonly help: boolean;
  /** A built site of the user's own. */
  readonly site?: string;
  /** A later build of it. */
  readonly next?: string;
  /** Whether only what the second version changes is invalidated, but for some files. */
  readonly changedFiles?: { readonly exclude?: string[] };
  readonly fault?: FaultName;
}

/** What the user can put right: told in a line, without a stack. */
export class UsageError extends Error {}

export const USAGE = `A stale page turns fresh: the example's pipeline stage on a sandbox of AWS.

  npm run demo
  npm run demo -- [--site OLD [--next NEW]] [--changed-files] [--fault NAME]

  --site OLD       version 1 is your own built site, a folder with an index.html
  --next NEW       version 2 is a later build of it; without this option, it is
                   a copy of OLD with a mark on its index.html
  --changed-files  invalidate only what version 2 changes, and tell how much of
                   the cache that keeps
  --exclude GLOB   with --changed-files: files that need no invalidation because
                   their names change with their contents, such as 'assets/**';
                   may be repeated
  --fault NAME     what goes wrong:
${Object.entries(FAULTS).map(([name, { summary }]) => `                     ${name.padEnd(11)}${summary}`).join('\n')}
  --help           this text

Your folders are only read. No AWS account, and no network beyond this machine.
NO_COLOR=1 turns colours off.
Exits with 0 when every page is fresh, with 1 when the stage is red or a page is
stale, and with 2 when it was called wrongly.
`;

/** @throws UsageError */
export function parseOptions(args: readonly string[]): Options {
  const { site, next, fault, exclude, 'changed-files': changedFiles = false, help = false } = parse(args);
  for (const [name, folder] of Object.entries({ site, next })) {
    if (folder === '') {
      throw new UsageError(`--${name} must name a folder, got ''.`);
    }
  }
  if (next !== undefined && site === undefined) {
    throw new UsageError(`--next must stand beside --site, got only '${next}'. Name the build that is live today: --site OLD --next NEW.`);
  }
  if (exclude !== undefined && !changedFiles) {
    throw new UsageError(`--exclude must stand beside --changed-files, got only '${exclude[0]}'. Without it, everything is invalidated.`);
  }
  const problem = changedFilesProblem({ exclude });
  if (problem !== undefined) {
    throw new UsageError(`--${problem}.`);
  }
  if (fault !== undefined && !isFaultName(fault)) {
    throw new UsageError(`--fault must be one of ${Object.keys(FAULTS).join(', ')}, got '${fault}'.`);
  }
  return { help, site, next, changedFiles: changedFiles ? { exclude } : undefined, fault };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        'site': { type: 'string' },
        'next': { type: 'string' },
        'changed-files': { type: 'boolean' },
        'exclude': { type: 'string', multiple: true },
        'fault': { type: 'string' },
        'help': { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error instanceof Error ? error.message : String(error)).replace(/\.$/, '')}. See --help.`);
  }
}

function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(FAULTS, name);
}
