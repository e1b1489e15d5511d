// Loaded into an example's app before it runs: cdk-nag looks at every stack with each of its packs, and leaves its reports in the cloud assembly.
const { Aspects, Stage } = require('aws-cdk-lib');
const nag = require('cdk-nag');

const PACKS = [nag.AwsSolutionsChecks, nag.HIPAASecurityChecks, nag.NIST80053R4Checks, nag.NIST80053R5Checks, nag.PCIDSS321Checks, nag.ServerlessChecks];

const { synth } = Stage.prototype;
Stage.prototype.synth = function (...options) {
  // A Stage of CDK Pipelines is synthesised before the app is.
  for (const Pack of PACKS) {
    Aspects.of(this).add(new Pack({ reports: true, reportFormats: [nag.NagReportFormat.JSON] }));
  }
  return synth.apply(this, options);
};
