import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { S3DeployAction, S3SourceAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { CloudFrontInvalidationStage, InvalidationFailurePolicy, InvalidationPaths } from '../src';

/** A whole system in one stack: two sites, the pipeline that deploys them, and the stage with most of its options. */
export class IntegrationStack extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);

    const source = new codepipeline.Artifact('Source');
    const pipeline = new codepipeline.Pipeline(this, 'Pipeline', { pipelineType: codepipeline.PipelineType.V2, crossAccountKeys: false });
    pipeline.addStage({
      stageName: 'Source',
      actions: [new S3SourceAction({ actionName: 'Source', bucket: new Bucket(this, 'SourceBucket', { versioned: true }), bucketKey: 'site.zip', output: source })],
    });

    const [website, assets] = ['Website', 'Assets'].map(name => {
      const bucket = new Bucket(this, `${name}Bucket`);
      const distribution = new cloudfront.Distribution(this, name, { defaultBehavior: { origin: S3BucketOrigin.withOriginAccessControl(bucket) } });
      return { name, bucket, distribution };
    });
    pipeline.addStage({
      stageName: 'Deploy',
      actions: [website, assets].map(({ name, bucket }) => new S3DeployAction({ actionName: name, bucket, input: source })),
    });

    const stage = new CloudFrontInvalidationStage(this, 'Invalidate', { pipeline, distribution: website.distribution });
    const action = stage.addInvalidation({
      distribution: assets.distribution,
      paths: InvalidationPaths.of('/manifest.json', '/fonts/*'),
      waitForCompletion: false,
      timeout: Duration.minutes(10),
      failurePolicy: InvalidationFailurePolicy.WARN,
    });
    new CfnOutput(this, 'InvalidationIdVariable', { value: action.variables.invalidationId });
  }
}

export function integrationApp(): { readonly app: App; readonly stack: Stack } {
  const app = new App({ analyticsReporting: false });
  return { app, stack: new IntegrationStack(app, 'CloudFrontInvalidationIntegration') };
}
