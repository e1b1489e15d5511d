import { CfnOutput, RemovalPolicy, Stack, Stage, type StackProps, type StageProps } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { BucketDeployment, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { CloudFrontInvalidationRole } from 'cdk-cloudfront-invalidation-stage';
import type { Construct } from 'constructs';

export interface WebsiteProps extends StageProps {
  /** Who may invalidate the cache from another account. */
  readonly invalidatedBy?: IGrantable;
}

/**
 * The website, once for each environment that the pipeline deploys to.
 */
export class Website extends Stage {
  readonly distributionId: CfnOutput;
  readonly bucketName: CfnOutput;
  /** In another account than the pipeline's. */
  readonly invalidationRole?: CloudFrontInvalidationRole;

  constructor(scope: Construct, id: string, props: WebsiteProps) {
    super(scope, id, props);
    const stack = new WebsiteStack(this, 'Website');
    const { bucket, distribution } = stack;
    this.distributionId = new CfnOutput(stack, 'DistributionId', { value: distribution.distributionId });
    this.bucketName = new CfnOutput(stack, 'BucketName', { value: bucket.bucketName });
    if (props.invalidatedBy !== undefined) {
      this.invalidationRole = new CloudFrontInvalidationRole(stack, 'InvalidationRole', {
        distribution,
        assumedBy: props.invalidatedBy,
        // The pipeline knows the role by its name.
        roleName: `${id}-invalidation`,
      });
    }
  }
}

class WebsiteStack extends Stack {
  readonly bucket: s3.Bucket;
  readonly distribution: cloudfront.Distribution;

  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    this.bucket = new s3.Bucket(this, 'Bucket', {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.DESTROY,
      autoDeleteObjects: true,
    });
    this.distribution = new cloudfront.Distribution(this, 'Distribution', {
      defaultRootObject: 'index.html',
      defaultBehavior: {
        origin: S3BucketOrigin.withOriginAccessControl(this.bucket),
        viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      },
    });
    new BucketDeployment(this, 'Pages', {
      destinationBucket: this.bucket,
      // The drafts stay.
      prune: false,
      sources: [Source.data('index.html', '<!doctype html><title>Website</title><h1>Version 1</h1>\n')],
    });
  }
}
