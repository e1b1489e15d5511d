/**
 * Records how AWS behaves where its documentation does not say. `npx projen integ --update-on-failed` runs this script once the stack of the
 * integration test is deployed and its assertions hold. `npx projen observe` repeats it for a stack that was kept, and
 * `npx projen observe --sandbox` observes the sandbox.
 *
 * The observations are written next to the snapshot. docs/aws.md has a row for each.
 */
import { existsSync, readFileSync, writeFileSync } from 'fs';
import { join } from 'path';
import { accountWorld } from './account-world';
import { OBSERVATIONS } from './observations';
import { startSandboxWorld } from './sandbox-world';
import { observeAll } from './world';
import type { WebsiteOutputs } from '../integration/website-stack';

const FOLDER = join(__dirname, '..', 'integration');
const OUTPUTS = join(FOLDER, 'outputs.json');
const FINDINGS = join(FOLDER, 'observations.json');

async function main(): Promise<void> {
  if (process.argv.includes('--sandbox')) {
    const world = await startSandboxWorld();
    console.log(JSON.stringify(await observeAll(OBSERVATIONS, world), undefined, 2));
    await world.stop();
    return;
  }
  if (!existsSync(OUTPUTS)) {
    throw new Error('The integration test is not deployed: run `npx projen integ --update-on-failed --force --no-clean` with credentials for an account first, ' +
      'or ask the sandbox with --sandbox');
  }
  const [outputs] = Object.values(JSON.parse(readFileSync(OUTPUTS, 'utf8')) as Record<string, WebsiteOutputs>);
  const observations = await observeAll(OBSERVATIONS, accountWorld(outputs));
  writeFileSync(FINDINGS, `${JSON.stringify({ date: new Date().toISOString().slice(0, 10), region: outputs.Region, observations }, undefined, 2)}\n`);
  console.log(readFileSync(FINDINGS, 'utf8'));
}

main().catch(error => {
  console.error(error);
  process.exitCode = 1;
});
