/**
 * The tests of the handler, and those of the sandbox's Lambda, once more with AWS's own client in the process of each function: it loads the
 * bundle, asks for events and answers them, as it does in the managed runtime. `npx projen judge:runtime` runs it.
 *
 * What is on the other side remains the sandbox's: Lambda's Runtime API and the services.
 */
import { spawnSync } from 'child_process';
import { join } from 'path';
import { installLambdaClient } from '../../scripts/lambda-client';

const ROOT = join(__dirname, '..', '..');

const WHOLE = ['test/sandbox/lambda.test.ts', 'test/handler/runtime.test.ts', 'test/handler/faults.test.ts'];

/** Of these, what is about faults, about an event that comes twice, and about much: the rest says nothing of a process. */
const IN_PART = ['another-account', 'artifacts', 'artifacts.slow', 'freshness/job', 'handler'].map(name => `test/handler/${name}.test.ts`);
const PART = 'is down for a while|is waited out|the same event again|100,000 files';

function main(): void {
  const client = installLambdaClient();
  if (typeof client === 'string') {
    console.error(`SKIPPED: AWS's client for Lambda is not installed, and could not be: ${client}`);
    return;
  }
  console.log(client.replaced === undefined
    ? 'AWS\'s own client runs, with its native part.'
    : `AWS's JavaScript runs; a few lines stand in for its native part: ${client.replaced}.`);
  // Slower than in the tests: AWS's client answers in steps of its own, and what is late then is no finding.
  const environment = { ...process.env, SANDBOX_LAMBDA_CLIENT: client.file, TEST_TIME_SCALE: '12' };
  const failed = [WHOLE, [...IN_PART, '--testPathIgnorePatterns', '/node_modules/', '--testNamePattern', PART]].filter(arguments_ =>
    spawnSync('npx', ['jest', '--config', 'jest.config.json', ...arguments_], { cwd: ROOT, env: environment, stdio: 'inherit' }).status !== 0);
  process.exitCode = failed.length > 0 ? 1 : 0;
}

main();
