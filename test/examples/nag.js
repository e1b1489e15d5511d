// Loaded into an example's app before it runs: cdk-nag looks at every stack, and leaves its reports in the cloud assembly.
const { Aspects, Stage } = require('aws-cdk-lib');
const { AwsSolutionsChecks, NagReportFormat } = require('cdk-nag');

const { synth } = Stage.prototype;
Stage.prototype.synth = function (...options) {
  // A Stage of CDK Pipelines is synthesised before the app is.
  Aspects.of(this).add(new AwsSolutionsChecks({ reports: true, reportFormats: [NagReportFormat.JSON] }));
  return synth.apply(this, options);
};
