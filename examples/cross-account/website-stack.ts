import { CfnOutput, PhysicalName, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { CloudFrontInvalidationRole, type CloudFrontInvalidationFunction } from 'cdk-cloudfront-invalidation-stage';
import type { Construct } from 'constructs';

export interface WebsiteStackProps extends StackProps {
  /** Of the other account: CDK gives its role a name that both accounts know. */
  readonly invalidationFunction: CloudFrontInvalidationFunction;
}

/**
 * In an account of its own: the website, and a role that lets the function invalidate its cache, and nothing else.
 */
export class WebsiteStack extends Stack {
  readonly bucket: s3.Bucket;
  readonly invalidationRole: CloudFrontInvalidationRole;

  constructor(scope: Construct, id: string, props: WebsiteStackProps) {
    super(scope, id, props);

    this.bucket = new s3.Bucket(this, 'Bucket', {
      bucketName: PhysicalName.GENERATE_IF_NEEDED,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.DESTROY,
      autoDeleteObjects: true,
    });
    const distribution = new cloudfront.Distribution(this, 'Distribution', {
      defaultRootObject: 'index.html',
      defaultBehavior: {
        origin: S3BucketOrigin.withOriginAccessControl(this.bucket),
        viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      },
    });
    this.invalidationRole = new CloudFrontInvalidationRole(this, 'InvalidationRole', {
      distribution,
      assumedBy: props.invalidationFunction,
      externalId: 'website-pipeline',
    });

    new CfnOutput(this, 'DistributionId', { value: distribution.distributionId });
    new CfnOutput(this, 'Url', { value: `https://${distribution.distributionDomainName}` });
  }
}
