import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { parseOptions, USAGE, UsageError } from './options';
import { checkExclude, checkSite, prepareSite } from './site';

/** @returns the exit code: 0 when every page is fresh, 1 when one is stale */
async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  checkSite(options);

  const workspace = mkdtempSync(join(tmpdir(), 'stale-page-'));
  process.once('exit', () => rmSync(workspace, { recursive: true, force: true }));
  process.once('SIGINT', () => process.exit(130));
  // Somebody reads the beginning only, as head does.
  process.stdout.once('error', () => process.exit(141));
  const site = prepareSite(workspace, options);
  checkExclude(site, options.changedFiles?.exclude);
  // CDK takes a second to load, which --help and a mistake need not wait for.
  const { play } = await import('./play.js');
  return (await play(site, options, workspace)).fresh ? 0 : 1;
}

main(process.argv.slice(2)).then(code => {
  process.exitCode = code;
}, error => {
  if (!(error instanceof UsageError)) {
    throw error;
  }
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
});
