import { mkdtempSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { PipelineProject } from 'aws-cdk-lib/aws-codebuild';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { CodeBuildAction, ManualApprovalAction, S3SourceAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';

/** A stack of a fresh app. */
export function givenStack(context: Record<string, unknown> = {}): Stack {
  return new Stack(new App({ context, analyticsReporting: false }), 'Stack');
}

/** A pipeline that lacks nothing but the stage: a source and an approval. */
export function givenPipeline(stack: Stack, props: codepipeline.PipelineProps = {}): codepipeline.Pipeline {
  const pipeline = new codepipeline.Pipeline(stack, 'Pipeline', { pipelineType: codepipeline.PipelineType.V2, ...props });
  pipeline.addStage({
    stageName: 'Source',
    actions: [new S3SourceAction({
      actionName: 'Source',
      bucket: new Bucket(stack, 'SourceBucket', { versioned: true }),
      bucketKey: 'site.zip',
      output: new codepipeline.Artifact('site'),
    })],
  });
  pipeline.addStage({ stageName: 'Approve', actions: [new ManualApprovalAction({ actionName: 'Approve' })] });
  return pipeline;
}

export function givenDistribution(stack: Stack, id = 'Distribution'): cloudfront.Distribution {
  return new cloudfront.Distribution(stack, id, { defaultBehavior: { origin: new HttpOrigin('www.example.com') } });
}

/** A tenant of a multi-tenant distribution. */
export function givenDistributionTenant(stack: Stack, id = 'Tenant'): cloudfront.CfnDistributionTenant {
  return new cloudfront.CfnDistributionTenant(stack, id, { name: id, distributionId: 'E2MULTITENANT', domains: ['customer.example.com'] });
}

/** A later action, whose configuration reads other actions' variables. */
export function givenBuildAction(stack: Stack, value: string): CodeBuildAction {
  return new CodeBuildAction({
    actionName: 'Build',
    project: new PipelineProject(stack, 'Project'),
    input: new codepipeline.Artifact('site'),
    environmentVariables: { VALUE: { value } },
  });
}

/** A template without CDK. */
export function givenIncluded(stack: Stack, template: object): CfnInclude {
  const templateFile = join(mkdtempSync(join(tmpdir(), 'included-')), 'template.json');
  writeFileSync(templateFile, JSON.stringify(template));
  return new CfnInclude(stack, 'Included', { templateFile });
}
