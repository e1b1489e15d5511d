import { App, Duration, Stack } from 'aws-cdk-lib';
import { Distribution } from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { Artifact, Pipeline, PipelineType } from 'aws-cdk-lib/aws-codepipeline';
import { S3DeployAction, S3SourceAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import {
  CloudFrontInvalidationFunction,
  CloudFrontInvalidationRole,
  CloudFrontInvalidationStage,
  InvalidationFailurePolicy,
  InvalidationPaths,
} from 'cdk-cloudfront-invalidation-stage';
import type { Construct } from 'constructs';

class BasicStack extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);

    const source = new Bucket(this, 'Source', { versioned: true, enforceSSL: true });
    const website = new Bucket(this, 'Website', { enforceSSL: true });
    const documentation = new Bucket(this, 'Documentation', { enforceSSL: true });
    const websiteDistribution = new Distribution(this, 'WebsiteDistribution', {
      defaultBehavior: { origin: S3BucketOrigin.withOriginAccessControl(website) },
    });
    const documentationDistribution = new Distribution(this, 'DocumentationDistribution', {
      defaultBehavior: { origin: S3BucketOrigin.withOriginAccessControl(documentation) },
    });

    const site = new Artifact('Site');
    const pipeline = new Pipeline(this, 'Pipeline', {
      pipelineType: PipelineType.V2,
      crossAccountKeys: false,
      stages: [
        {
          stageName: 'Source',
          actions: [new S3SourceAction({ actionName: 'Source', bucket: source, bucketKey: 'site.zip', output: site })],
        },
        {
          stageName: 'Deploy',
          actions: [
            new S3DeployAction({ actionName: 'Website', bucket: website, input: site }),
            new S3DeployAction({ actionName: 'Documentation', bucket: documentation, input: site }),
          ],
        },
      ],
    });

    const invalidationFunction = new CloudFrontInvalidationFunction(this, 'InvalidationFunction');
    const stage = new CloudFrontInvalidationStage(this, 'Invalidate', {
      pipeline,
      distribution: websiteDistribution,
      paths: InvalidationPaths.of('/index.html', '/blog/*'),
      function: invalidationFunction,
    });

    // As for a distribution of another account: a role there, which the function assumes.
    const invalidationRole = new CloudFrontInvalidationRole(this, 'InvalidationRole', {
      distribution: documentationDistribution,
      assumedBy: invalidationFunction,
    });
    stage.addInvalidation({
      distribution: documentationDistribution,
      distributionRole: invalidationRole,
      failurePolicy: InvalidationFailurePolicy.WARN,
      timeout: Duration.minutes(10),
    });
  }
}

const app = new App();
new BasicStack(app, 'Basic');
