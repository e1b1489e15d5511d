/**
 * A website and its pipeline in a real account: the page is in CloudFront's cache, the pipeline deploys another, and once the stage is
 * green, visitors see it.
 *
 * `npx projen integ` checks the snapshot; `npx projen integ --update-on-failed` deploys. See CONTRIBUTING.md.
 */
import { join } from 'path';
import { ExpectedResult, IntegTest, Match } from '@aws-cdk/integ-tests-alpha';
import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { CacheControl, S3DeployAction, S3SourceAction, S3Trigger } from 'aws-cdk-lib/aws-codepipeline-actions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { BucketDeployment, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { CloudFrontInvalidationStage, InvalidationFailurePolicy, InvalidationPaths } from 'cdk-cloudfront-invalidation-stage';

const IMMUTABLE = [CacheControl.fromString('max-age=0, s-maxage=31536000')];

const app = new App();
const stack = new Stack(app, 'CloudFrontInvalidationStageIntegration');

const bucket = new Bucket(stack, 'Bucket', { enforceSSL: true, removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true });
const [website, mirror] = ['Website', 'Mirror'].map(id => new cloudfront.Distribution(stack, id, {
  defaultRootObject: 'index.html',
  defaultBehavior: { origin: S3BucketOrigin.withOriginAccessControl(bucket) },
}));
const oldPage = new BucketDeployment(stack, 'OldPage', {
  destinationBucket: bucket,
  sources: [Source.data('index.html', 'the old page')],
  cacheControl: IMMUTABLE,
});

const site = new codepipeline.Artifact('Site');
const newPage = new Asset(stack, 'NewPage', { path: join(__dirname, 'website') });
const pipeline = new codepipeline.Pipeline(stack, 'Pipeline', {
  pipelineType: codepipeline.PipelineType.V2,
  artifactBucket: new Bucket(stack, 'Artifacts', { enforceSSL: true, removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true }),
  stages: [
    {
      stageName: 'Source',
      actions: [new S3SourceAction({ actionName: 'Source', bucket: newPage.bucket, bucketKey: newPage.s3ObjectKey, trigger: S3Trigger.NONE, output: site })],
    },
    {
      stageName: 'Deploy',
      // Opened once the old page is in the cache: CodePipeline runs a new pipeline at once.
      transitionToEnabled: false,
      actions: [new S3DeployAction({ actionName: 'Deploy', bucket, input: site, cacheControl: IMMUTABLE })],
    },
  ],
});
const stage = new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: website, paths: InvalidationPaths.changedFiles(site) });
stage.addInvalidation({
  distribution: mirror,
  paths: InvalidationPaths.of('/', '/index.html'),
  waitForCompletion: false,
  timeout: Duration.minutes(10),
  failurePolicy: InvalidationFailurePolicy.WARN,
});

const { assertions } = new IntegTest(app, 'Website', {
  testCases: [stack],
  // The snapshot is kept without its assets, and cannot be deployed itself.
  stackUpdateWorkflow: false,
});
const visit = () => assertions.httpApiCall(`https://${website.distributionDomainName}/`);

const before = visit();
before.node.addDependency(oldPage);
before.expect(ExpectedResult.objectLike({ status: 200, body: 'the old page' }));

const open = assertions.awsApiCall('CodePipeline', 'enableStageTransition', {
  pipelineName: pipeline.pipelineName, stageName: 'Deploy', transitionType: 'Inbound',
});
const start = assertions.awsApiCall('CodePipeline', 'startPipelineExecution', { name: pipeline.pipelineName });
const finished = assertions.awsApiCall('CodePipeline', 'getPipelineExecution', {
  pipelineName: pipeline.pipelineName, pipelineExecutionId: start.getAttString('pipelineExecutionId'),
}).expect(ExpectedResult.objectLike({ pipelineExecution: { status: 'Succeeded' } }))
  .waitForAssertions({ totalTimeout: Duration.minutes(20), interval: Duration.seconds(15) });
const invalidated = assertions.awsApiCall('CloudFront', 'listInvalidations', { DistributionId: website.distributionId })
  .expect(ExpectedResult.objectLike({ InvalidationList: { Items: Match.arrayWith([Match.objectLike({ Status: 'Completed' })]) } }));
const after = visit().expect(ExpectedResult.objectLike({ status: 200, body: Match.stringLikeRegexp('the new page') }));

before.next(open).next(start).next(finished).next(invalidated).next(after);
