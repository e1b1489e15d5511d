import { RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { S3DeployAction, S3SourceAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { CloudFrontInvalidationStage, InvalidationPaths } from 'cdk-cloudfront-invalidation-stage';
import type { Construct } from 'constructs';
import type { WebsitesStack } from './websites-stack';

export interface PipelineStackProps extends StackProps {
  readonly websites: WebsitesStack;
}

/**
 * One pipeline for all of it, and one stage that invalidates each cache: in parallel, each with a status of its own.
 */
export class PipelineStack extends Stack {
  constructor(scope: Construct, id: string, props: PipelineStackProps) {
    super(scope, id, props);

    const { bucket, website, blog, shops } = props.websites;
    const source = new codepipeline.Artifact('Source');
    const pipeline = new codepipeline.Pipeline(this, 'Pipeline', {
      pipelineType: codepipeline.PipelineType.V2,
      crossAccountKeys: false,
      // What a person sets who starts the pipeline: aws codepipeline start-pipeline-execution --variables name=release,value=2.1
      variables: [new codepipeline.Variable({ variableName: 'release', defaultValue: 'latest' })],
    });
    pipeline.addStage({
      stageName: 'Source',
      actions: [new S3SourceAction({ actionName: 'Source', bucket: this.sourceBucket(), bucketKey: 'source.zip', output: source })],
    });
    pipeline.addStage({
      stageName: 'Deploy',
      actions: [new S3DeployAction({
        actionName: 'Deploy',
        bucket,
        input: source,
      })],
    });

    const stage = new CloudFrontInvalidationStage(this, 'Invalidate', { pipeline, distribution: website });
    stage.addInvalidation({ distribution: blog, paths: InvalidationPaths.of('/index.html', '/feed.xml', '/releases/#{variables.release}/*') });
    shops.forEach(distributionTenant => stage.addInvalidation({ distributionTenant }));
  }

  private sourceBucket(): s3.Bucket {
    return new s3.Bucket(this, 'Source', {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      versioned: true,
      removalPolicy: RemovalPolicy.DESTROY,
      autoDeleteObjects: true,
    });
  }
}
