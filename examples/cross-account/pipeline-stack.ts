import { RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { CfnDistribution } from 'aws-cdk-lib/aws-cloudfront';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { S3DeployAction, S3SourceAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { CloudFrontInvalidationStage, type CloudFrontInvalidationFunction } from 'cdk-cloudfront-invalidation-stage';
import type { Construct } from 'constructs';
import type { WebsiteStack } from './website-stack';

export interface PipelineStackProps extends StackProps {
  readonly invalidationFunction: CloudFrontInvalidationFunction;
  /** Of the other account. */
  readonly website: WebsiteStack;
  readonly distributionId: string;
}

/**
 * In the account of the pipeline: it deploys to the bucket of the other account, and invalidates the cache there.
 */
export class PipelineStack extends Stack {
  constructor(scope: Construct, id: string, props: PipelineStackProps) {
    super(scope, id, props);

    const { bucket, invalidationRole } = props.website;
    const source = new codepipeline.Artifact('Source');
    const pipeline = new codepipeline.Pipeline(this, 'Pipeline', {
      pipelineType: codepipeline.PipelineType.V2,
      // The other account reads the artifacts, for which it needs a key of KMS.
      crossAccountKeys: true,
      enableKeyRotation: true,
    });
    pipeline.addStage({
      stageName: 'Source',
      actions: [new S3SourceAction({ actionName: 'Source', bucket: this.sourceBucket(), bucketKey: 'source.zip', output: source })],
    });
    pipeline.addStage({
      stageName: 'Deploy',
      actions: [new S3DeployAction({ actionName: 'Deploy', bucket, input: source })],
    });
    new CloudFrontInvalidationStage(this, 'Invalidate', {
      pipeline,
      distribution: CfnDistribution.fromDistributionId(this, 'Website', props.distributionId),
      distributionRole: invalidationRole,
      function: props.invalidationFunction,
      actionName: 'InvalidateWebsite',
    });
  }

  private sourceBucket(): s3.Bucket {
    return new s3.Bucket(this, 'SourceBucket', {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      versioned: true,
      removalPolicy: RemovalPolicy.DESTROY,
      autoDeleteObjects: true,
    });
  }
}
