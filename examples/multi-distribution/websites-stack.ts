import { RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';

/**
 * What one pipeline deploys: a website, its blog, and a shop that every customer sees under a domain of their own.
 */
export class WebsitesStack extends Stack {
  readonly bucket: s3.Bucket;
  readonly website: cloudfront.Distribution;
  readonly blog: cloudfront.Distribution;
  /** Tenants of one multi-tenant distribution (CloudFront SaaS Manager). */
  readonly shops: cloudfront.CfnDistributionTenant[];

  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);

    this.bucket = new s3.Bucket(this, 'Bucket', {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.DESTROY,
      autoDeleteObjects: true,
    });
    this.website = this.distribution('Website', '/website');
    this.blog = this.distribution('Blog', '/blog');
    this.shops = this.tenants('north.shop.example.com', 'south.shop.example.com');
  }

  private distribution(id: string, originPath: string): cloudfront.Distribution {
    return new cloudfront.Distribution(this, id, {
      defaultRootObject: 'index.html',
      defaultBehavior: {
        origin: S3BucketOrigin.withOriginAccessControl(this.bucket, { originPath }),
        viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      },
    });
  }

  private tenants(...domains: string[]): cloudfront.CfnDistributionTenant[] {
    const shop = new cloudfront.CfnDistribution(this, 'Shop', {
      distributionConfig: {
        enabled: true,
        connectionMode: 'tenant-only',
        origins: [{ id: 'shop', domainName: 'shop.example.com', customOriginConfig: { originProtocolPolicy: 'https-only', originSslProtocols: ['TLSv1.2'] } }],
        defaultCacheBehavior: {
          targetOriginId: 'shop',
          viewerProtocolPolicy: 'redirect-to-https',
          cachePolicyId: cloudfront.CachePolicy.CACHING_OPTIMIZED.cachePolicyId,
        },
      },
    });
    return domains.map(domain => new cloudfront.CfnDistributionTenant(this, `Shop-${domain.split('.')[0]}`, {
      name: domain.split('.')[0],
      distributionId: shop.ref,
      domains: [domain],
    }));
  }
}
