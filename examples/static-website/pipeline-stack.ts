import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { CacheControl, CodeBuildAction, S3DeployAction, S3SourceAction, S3Trigger } from 'aws-cdk-lib/aws-codepipeline-actions';
import * as events from 'aws-cdk-lib/aws-events';
import { CodePipeline } from 'aws-cdk-lib/aws-events-targets';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { CloudFrontInvalidationStage, FreshnessCheck, InvalidationPaths, type ChangedFilesOptions } from 'cdk-cloudfront-invalidation-stage';
import type { Construct } from 'constructs';
import type { WebsiteStack } from './website-stack';

const SOURCE_KEY = 'source.zip';

export interface PipelineStackProps extends StackProps {
  /** What the pipeline deploys to. CDK exports the bucket and the distribution from that stack, and imports them into this one. */
  readonly website: WebsiteStack;

  /** Invalidate only the files that a deployment changes. @default - everything */
  readonly changedFiles?: ChangedFilesOptions;
}

/**
 * From a source archive to pages that visitors see: source, render, deploy, invalidate, and look whether they are there.
 */
export class PipelineStack extends Stack {
  constructor(scope: Construct, id: string, props: PipelineStackProps) {
    super(scope, id, props);

    const { website: { bucket, distribution }, changedFiles } = props;
    const sourceBucket = this.bucket('Source', { versioned: true, eventBridgeEnabled: true });
    const source = new codepipeline.Artifact('Source');
    const site = new codepipeline.Artifact('Site');

    const pipeline = new codepipeline.Pipeline(this, 'Pipeline', {
      pipelineType: codepipeline.PipelineType.V2,
      artifactBucket: this.bucket('Artifacts'),
    });
    pipeline.addStage({
      stageName: 'Source',
      actions: [new S3SourceAction({
        actionName: 'Source',
        bucket: sourceBucket,
        bucketKey: SOURCE_KEY,
        // The rule below starts the pipeline, so that nothing has to poll the bucket.
        trigger: S3Trigger.NONE,
        output: source,
      })],
    });
    pipeline.addStage({
      stageName: 'Render',
      actions: [new CodeBuildAction({ actionName: 'Render', project: this.renderer(), input: source, outputs: [site] })],
    });
    pipeline.addStage({
      stageName: 'Deploy',
      actions: [new S3DeployAction({
        actionName: 'Deploy',
        bucket,
        input: site,
        // An invalidation reaches CloudFront, not the browsers: let them ask CloudFront each time, and let CloudFront keep the files.
        cacheControl: [CacheControl.maxAge(Duration.seconds(0)), CacheControl.sMaxAge(Duration.days(365))],
      })],
    });
    new CloudFrontInvalidationStage(this, 'Invalidate', {
      pipeline,
      distribution,
      paths: changedFiles && InvalidationPaths.changedFiles(site, changedFiles),
      freshnessCheck: FreshnessCheck.files(site, { url: `https://${distribution.distributionDomainName}/` }),
    });

    new events.Rule(this, 'SourceUploaded', {
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: { bucket: { name: [sourceBucket.bucketName] }, object: { key: [SOURCE_KEY] } },
      },
      targets: [new CodePipeline(pipeline)],
    });

    new CfnOutput(this, 'SourceLocation', { value: sourceBucket.s3UrlForObject(SOURCE_KEY) });
    new CfnOutput(this, 'PipelineName', { value: pipeline.pipelineName });
  }

  /** Renders Markdown and templates with Eleventy, which needs no configuration. Put your own generator here. */
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

  /** A bucket whose content is a copy of something: the source, or what the pipeline makes of it. */
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
