// Synthesises the apps of the folders that it is given, one after the other in one process: CDK takes longer to load than an example to run.
// Prints, as JSON, why an app failed, by folder. `CDK_OUTDIR` and the like are what the CDK CLI gives to an app.
const { readFileSync } = require('fs');
const { join, resolve } = require('path');

const directories = process.argv.slice(2).map(directory => resolve(directory));

/** An app is synthesised when its process has nothing left to do. */
function synthesize(directory) {
  const { app, context = {} } = JSON.parse(readFileSync(join(directory, 'cdk.json'), 'utf8'));
  process.chdir(directory);
  process.env.CDK_OUTDIR = join(directory, 'cdk.out');
  // What cdk-nag finds is judged by the tests.
  process.env.CDK_CONTEXT_JSON = JSON.stringify({ ...context, '@aws-cdk/core:failSynthOnValidationErrors': false });
  require(join(directory, app.replace(/^npx tsx /, '')));
  process.emit('beforeExit', 0);
}

const failures = {};
for (const directory of directories) {
  try {
    synthesize(directory);
  } catch (error) {
    failures[directory] = String(error?.stack ?? error);
  }
  // Of an app that failed: another's turn is no reason to try it again.
  process.removeAllListeners('beforeExit');
}
process.stdout.write(JSON.stringify(failures));
