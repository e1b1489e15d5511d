import { join } from 'path';
import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { CacheControl, S3DeployAction, S3SourceAction, S3Trigger } from 'aws-cdk-lib/aws-codepipeline-actions';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { BucketDeployment, Source } from 'aws-cdk-lib/aws-s3-deployment';
import type { Construct } from 'constructs';
import {
  CloudFrontInvalidationFunction, CloudFrontInvalidationStage, FreshnessCheck, InvalidationFailurePolicy, InvalidationPaths,
} from 'cdk-cloudfront-invalidation-stage';

const IMMUTABLE = [CacheControl.fromString('max-age=0, s-maxage=31536000')];

/** What `test/observations` needs to know of the stack, as its outputs have it. */
export interface WebsiteOutputs {
  readonly Region: string;
  readonly DistributionId: string;
  /** Of the mirror, whose cache key has query strings in it. */
  readonly MirrorId: string;
  readonly MirrorUrl: string;
  readonly BucketName: string;
  readonly PipelineName: string;
  /** The function that has too little time, so that its jobs are continued; and its log. */
  readonly HurriedFunctionName: string;
  readonly HurriedLogGroupName: string;
}

/** A website, a mirror of it, and the pipeline that deploys them. */
export class WebsiteStack extends Stack {
  readonly website: cloudfront.Distribution;
  readonly pipeline: codepipeline.Pipeline;
  /** Puts a page there that the pipeline replaces. */
  readonly oldPage: BucketDeployment;

  /** @param hurriedSeconds how long an invocation of the function may take that has too little time: it waits for two thirds of that */
  constructor(scope: Construct, id: string, hurriedSeconds = 10) {
    super(scope, id);
    const bucket = new Bucket(this, 'Bucket', { enforceSSL: true, removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true });
    const origin = S3BucketOrigin.withOriginAccessControl(bucket);
    this.website = new cloudfront.Distribution(this, 'Website', { defaultRootObject: 'index.html', defaultBehavior: { origin } });
    const mirror = new cloudfront.Distribution(this, 'Mirror', {
      defaultRootObject: 'index.html',
      defaultBehavior: {
        origin,
        cachePolicy: new cloudfront.CachePolicy(this, 'WithQueryStrings', { queryStringBehavior: cloudfront.CacheQueryStringBehavior.all() }),
      },
    });
    this.oldPage = new BucketDeployment(this, 'OldPage', {
      destinationBucket: bucket,
      sources: [Source.data('index.html', 'the old page')],
      cacheControl: IMMUTABLE,
    });

    const site = new codepipeline.Artifact('Site');
    const newPage = new Asset(this, 'NewPage', { path: join(__dirname, 'website') });
    this.pipeline = new codepipeline.Pipeline(this, 'Pipeline', {
      pipelineType: codepipeline.PipelineType.V2,
      artifactBucket: new Bucket(this, 'Artifacts', { enforceSSL: true, removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true }),
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
    const stage = new CloudFrontInvalidationStage(this, 'Invalidate', {
      pipeline: this.pipeline, distribution: this.website, paths: InvalidationPaths.changedFiles(site),
    });
    stage.addInvalidation({
      distribution: mirror,
      paths: InvalidationPaths.of('/', '/index.html'),
      waitForCompletion: false,
      timeout: Duration.minutes(10),
      failurePolicy: InvalidationFailurePolicy.WARN,
    });
    // Most invalidations take longer than it waits. Each invocation that checks reads the artifact.
    const logGroup = new LogGroup(this, 'HurriedLog', { removalPolicy: RemovalPolicy.DESTROY });
    const hurried = new CloudFrontInvalidationFunction(this, 'Hurried', { logGroup });
    (hurried.lambdaFunction.node.defaultChild as lambda.CfnFunction).timeout = hurriedSeconds;
    stage.addInvalidation({
      actionName: 'Hurried',
      distribution: mirror,
      paths: InvalidationPaths.changedFiles(site, { queryStrings: true }),
      freshnessCheck: FreshnessCheck.files(site, { url: `https://${mirror.distributionDomainName}/` }),
      function: hurried,
      // What is observed of it must not fail the test.
      failurePolicy: InvalidationFailurePolicy.WARN,
    });
    // The second action has no namespace: what the history lists of one is not known.
    (this.pipeline.node.defaultChild as codepipeline.CfnPipeline).addPropertyDeletionOverride('Stages.2.Actions.1.Namespace');

    const outputs: WebsiteOutputs = {
      Region: this.region,
      DistributionId: this.website.distributionId,
      MirrorId: mirror.distributionId,
      MirrorUrl: `https://${mirror.distributionDomainName}`,
      BucketName: bucket.bucketName,
      PipelineName: this.pipeline.pipelineName,
      HurriedFunctionName: hurried.functionName,
      HurriedLogGroupName: logGroup.logGroupName,
    };
    Object.entries(outputs).forEach(([name, value]: [string, string]) => new CfnOutput(this, name, { value }));
  }
}
