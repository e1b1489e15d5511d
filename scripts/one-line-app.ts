/** The README's one line in a whole app, for a folder that has nothing but what a user has. */
export const ONE_LINE_APP = `
const { App, Stack } = require('aws-cdk-lib');
const { Distribution } = require('aws-cdk-lib/aws-cloudfront');
const { Artifact, Pipeline } = require('aws-cdk-lib/aws-codepipeline');
const { S3SourceAction } = require('aws-cdk-lib/aws-codepipeline-actions');
const { Bucket } = require('aws-cdk-lib/aws-s3');
const { CloudFrontInvalidationStage } = require('cdk-cloudfront-invalidation-stage');

const stack = new Stack(new App(), 'Website');
const pipeline = new Pipeline(stack, 'Pipeline', { crossAccountKeys: false });
pipeline.addStage({ stageName: 'Source', actions: [new S3SourceAction({
  actionName: 'Source', bucket: new Bucket(stack, 'Bucket', { versioned: true }), bucketKey: 'site.zip', output: new Artifact(),
})] });
const distribution = Distribution.fromDistributionAttributes(stack, 'Distribution', { distributionId: 'E2QWRUHEXAMPLE', domainName: 'www.example.com' });
new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution });
`;
