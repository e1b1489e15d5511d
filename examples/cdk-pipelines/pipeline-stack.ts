import { Stack, type Environment, type StackProps } from 'aws-cdk-lib';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as pipelines from 'aws-cdk-lib/pipelines';
import { CloudFrontInvalidationFunction, CloudFrontInvalidationStep } from 'cdk-cloudfront-invalidation-stage';
import type { Construct } from 'constructs';
import { Website } from './website';

export interface PipelineStackProps extends StackProps {
  readonly productionEnv: Environment;
  /** On GitHub, GitLab or Bitbucket: `owner/name`. */
  readonly repository: string;
  /** See https://docs.aws.amazon.com/codepipeline/latest/userguide/connections.html */
  readonly connectionArn: string;
}

/**
 * CDK Pipelines: a wave for staging in the pipeline's own account, and one for production in another. Each website's cache is
 * invalidated as soon as that website is deployed.
 */
export class PipelineStack extends Stack {
  constructor(scope: Construct, id: string, props: PipelineStackProps) {
    super(scope, id, props);

    const source = pipelines.CodePipelineSource.connection(props.repository, 'main', { connectionArn: props.connectionArn });
    const pipeline = new pipelines.CodePipeline(this, 'Pipeline', {
      pipelineType: codepipeline.PipelineType.V2,
      crossAccountKeys: true,
      enableKeyRotation: true,
      synth: new pipelines.ShellStep('Synth', {
        input: source,
        commands: ['npm ci', 'npx cdk synth'],
      }),
    });
    const invalidationFunction = new CloudFrontInvalidationFunction(this, 'InvalidationFunction');

    const staging = new Website(this, 'Staging', { env: props.env });
    const copyDrafts = new pipelines.CodeBuildStep('CopyDrafts', {
      input: source,
      envFromCfnOutputs: { BUCKET: staging.bucketName },
      commands: ['aws s3 sync drafts "s3://$BUCKET/drafts"'],
      rolePolicyStatements: [new iam.PolicyStatement({
        actions: ['s3:ListBucket', 's3:PutObject'],
        // CloudFormation names the bucket after the stack.
        resources: [this.formatArn({ service: 's3', region: '', account: '', resource: 'staging-website-*' })],
      })],
    });
    const invalidate = new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput: staging.distributionId, function: invalidationFunction });
    // Steps of one list run at the same time, unless one follows the other.
    pipeline.addWave('Staging').addStage(staging, { post: pipelines.Step.sequence([copyDrafts, invalidate]) });

    const production = pipeline.addWave('Production');
    for (const brand of ['North', 'South']) {
      const website = new Website(this, brand, { env: props.productionEnv, invalidatedBy: invalidationFunction });
      production.addStage(website, {
        post: [new CloudFrontInvalidationStep('Invalidate', {
          distributionIdOutput: website.distributionId,
          distributionRole: website.invalidationRole,
          function: invalidationFunction,
        })],
      });
    }
  }
}
