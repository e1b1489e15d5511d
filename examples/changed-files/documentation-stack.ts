import { CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { CodeBuildAction, S3DeployAction, S3SourceAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { CloudFrontInvalidationStage, InvalidationPaths } from 'cdk-cloudfront-invalidation-stage';
import type { Construct } from 'constructs';

/**
 * A large site of which every deployment changes a little: only that leaves the cache.
 */
export class DocumentationStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);

    const siteBucket = this.bucket('Site');
    const distribution = new cloudfront.Distribution(this, 'Distribution', {
      defaultRootObject: 'index.html',
      defaultBehavior: {
        origin: S3BucketOrigin.withOriginAccessControl(siteBucket),
        viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      },
    });

    const sourceBucket = this.bucket('Source', { versioned: true });
    const source = new codepipeline.Artifact('Source');
    const site = new codepipeline.Artifact('Site');
    const pipeline = new codepipeline.Pipeline(this, 'Pipeline', { pipelineType: codepipeline.PipelineType.V2, crossAccountKeys: false });
    pipeline.addStage({
      stageName: 'Source',
      actions: [new S3SourceAction({ actionName: 'Source', bucket: sourceBucket, bucketKey: 'source.zip', output: source })],
    });
    pipeline.addStage({
      stageName: 'Render',
      actions: [new CodeBuildAction({ actionName: 'Render', project: this.renderer(), input: source, outputs: [site] })],
    });
    pipeline.addStage({
      stageName: 'Deploy',
      actions: [new S3DeployAction({ actionName: 'Deploy', bucket: siteBucket, input: site })],
    });
    new CloudFrontInvalidationStage(this, 'Invalidate', {
      pipeline,
      distribution,
      // The artifact that is deployed. The names of the assets change with their contents: none is ever in the cache with others.
      paths: InvalidationPaths.changedFiles(site, { exclude: ['assets/**'] }),
    });

    new CfnOutput(this, 'Url', { value: `https://${distribution.distributionDomainName}` });
    new CfnOutput(this, 'SourceLocation', { value: sourceBucket.s3UrlForObject('source.zip') });
  }

  /** Renders Markdown with Eleventy. Put your own generator here: one that writes the same files for the same source. */
  private renderer(): codebuild.PipelineProject {
    return new codebuild.PipelineProject(this, 'Renderer', {
      environment: { buildImage: codebuild.LinuxBuildImage.STANDARD_7_0 },
      buildSpec: codebuild.BuildSpec.fromObject({
        version: '0.2',
        phases: {
          install: { 'runtime-versions': { nodejs: 22 } },
          build: { commands: ['npx --yes @11ty/eleventy@3 --input=. --output=_site'] },
        },
        artifacts: { 'base-directory': '_site', 'files': ['**/*'] },
      }),
    });
  }

  private bucket(id: string, props?: s3.BucketProps): s3.Bucket {
    return new s3.Bucket(this, id, {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.DESTROY,
      autoDeleteObjects: true,
      ...props,
    });
  }
}
