// Loaded before the examples' apps run, with the newest CDK: each pack of cdk-nag 3 validates the app, and reports in the cloud assembly.
const { createRequire } = require('module');
const { join } = require('path');

// Not into npx and tsx, which run the apps and would only load CDK for nothing.
if (/(\.ts|synthesize\.js)$/.test(process.argv[1] ?? '')) {
  // What the app itself would get, not what is installed beside this file.
  const requireOfApp = createRequire(join(process.cwd(), 'app.js'));
  const { App, Validations } = requireOfApp('aws-cdk-lib');
  const nag = requireOfApp('cdk-nag');

  const PACKS = [nag.AwsSolutionsChecks, nag.HIPAASecurityChecks, nag.NIST80053R4Checks, nag.NIST80053R5Checks, nag.PCIDSS321Checks, nag.ServerlessChecks];

  const { synth } = App.prototype;
  App.prototype.synth = function (...options) {
    Validations.of(this).addPlugins(...PACKS.map(Pack => new Pack(this)));
    return synth.apply(this, options);
  };
}
