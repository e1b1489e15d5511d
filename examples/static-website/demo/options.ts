import { parseArgs } from 'util';
import { FAULTS, type FaultName } from './faults';

export interface Options {
  readonly help: boolean;
  /** A built site of the user's own. */
  readonly site?: string;
  readonly fault?: FaultName;
}

/** What the user can put right: told in a line, without a stack. */
export class UsageError extends Error {}

export const USAGE = `A stale page turns fresh: the example's pipeline stage at work on a sandbox of AWS.

  npm run demo
  npm run demo -- [--site DIR] [--fault NAME]

  --site DIR     version 1 is your own built site; version 2 is a copy with a mark on its index.html
  --fault NAME   what goes wrong:
${Object.entries(FAULTS).map(([name, { summary }]) => `                   ${name.padEnd(12)}${summary}`).join('\n')}
  --help         this text

No AWS account, and no network beyond this machine. NO_COLOR=1 turns colours off.
Exits with 0 when every page is fresh, with 1 when one is stale, and with 2 when it was called wrongly.
`;

/** @throws UsageError */
export function parseOptions(args: readonly string[]): Options {
  const { site, fault, help = false } = parse(args);
  if (site === '') {
    throw new UsageError('--site must name a folder.');
  }
  if (fault !== undefined && !isFaultName(fault)) {
    throw new UsageError(`There is no fault '${fault}'. Choose one of: ${Object.keys(FAULTS).join(', ')}.`);
  }
  return { help, site, fault };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { site: { type: 'string' }, fault: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error instanceof Error ? error.message : String(error)).replace(/\.$/, '')}. See --help.`);
  }
}

function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(FAULTS, name);
}
