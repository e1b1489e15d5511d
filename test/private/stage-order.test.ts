import { Annotations as AppAnnotations, type Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { PipelineProject } from 'aws-cdk-lib/aws-codebuild';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import * as actions from 'aws-cdk-lib/aws-codepipeline-actions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { CloudFrontInvalidationStage, InvalidationPaths } from '../../src';
import { givenDistribution, givenPipeline, givenStack } from '../given';

const ID = 'cdk-cloudfront-invalidation-stage:stageOrder';
const SITE = new codepipeline.Artifact('site');

function deployment(stack: Stack, actionName: string): codepipeline.IAction {
  return new actions.S3DeployAction({ actionName, input: SITE, bucket: new Bucket(stack, actionName) });
}

function warningsOf(stack: Stack): string[] {
  return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp(`\\[ack: ${ID}\\]`)).map(({ entry }) => String(entry.data));
}

describe('a deployment to S3 in a later stage', () => {
  test('of a stage that was added after the invalidation is warned about', () => {
    const stack = givenStack();
    const pipeline = givenPipeline(stack);
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack) });
    pipeline.addStage({ stageName: 'Deploy', actions: [deployment(stack, 'Site')] });
    expect(warningsOf(stack)).toEqual([expect.stringContaining(
      "The action 'Deploy.Site' copies files to S3 after the pipeline's last invalidation, 'InvalidateDistribution' in the stage 'InvalidateCloudFrontCache'.")]);
  });

  test('of a stage that the invalidation was placed before is warned about', () => {
    const stack = givenStack();
    const pipeline = givenPipeline(stack);
    pipeline.addStage({ stageName: 'Deploy', actions: [deployment(stack, 'Site')] });
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack), rightBeforeStage: 'Deploy' });
    expect(warningsOf(stack)).toHaveLength(1);
  });

  test('of a CfnPipeline is warned about', () => {
    const stack = givenStack();
    const pipeline = new codepipeline.CfnPipeline(stack, 'Pipeline', {
      roleArn: 'arn:aws:iam::111122223333:role/pipeline',
      artifactStore: { type: 'S3', location: 'artifacts' },
      stages: [{
        name: 'Source',
        actions: [{ name: 'Site', actionTypeId: { category: 'Source', owner: 'AWS', provider: 'S3', version: '1' }, outputArtifacts: [{ name: 'site' }] }],
      }],
    });
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack) });
    pipeline.stages = [...pipeline.stages as codepipeline.CfnPipeline.StageDeclarationProperty[], {
      name: 'Deploy',
      actions: [{ name: 'Site', actionTypeId: { category: 'Deploy', owner: 'AWS', provider: 'S3', version: '1' }, inputArtifacts: [{ name: 'site' }] }],
    }];
    expect(warningsOf(stack)).toHaveLength(1);
  });

  test('can be acknowledged on the pipeline', () => {
    const stack = givenStack();
    const pipeline = givenPipeline(stack);
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack) });
    pipeline.addStage({ stageName: 'Archive', actions: [deployment(stack, 'Site')] });
    AppAnnotations.of(pipeline).acknowledgeWarning(ID);
    expect(warningsOf(stack)).toEqual([]);
  });
});

describe('a deployment in a later stage that is not one to S3', () => {
  const sync = (stack: Stack, actionName: string) =>
    new actions.CodeBuildAction({ actionName, input: SITE, project: new PipelineProject(stack, actionName) });
  const givenStages = (before: string | undefined, deployedBy?: string[]): Stack => {
    const stack = givenStack();
    const pipeline = givenPipeline(stack);
    if (before !== undefined) {
      pipeline.addStage({ stageName: 'Staging', actions: [sync(stack, before)] });
    }
    const paths = InvalidationPaths.changedFiles(SITE, { deployedBy });
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack), paths });
    pipeline.addStage({ stageName: 'Prod', actions: [sync(stack, 'Copy')] });
    return stack;
  };

  test('is warned about if nothing deploys the artifact earlier', () => {
    expect(warningsOf(givenStages(undefined))).toEqual([expect.stringContaining(
      "The action 'Prod.Copy' deploys what changedFiles compares after the pipeline's last invalidation, 'InvalidateDistribution' in the stage 'InvalidateCloudFrontCache'.")]);
  });

  test('is warned about if the user says that it deploys', () => {
    expect(warningsOf(givenStages('Copy1', ['Staging.Copy1', 'Prod.Copy']))).toHaveLength(1);
  });

  test('may be a test of what was deployed', () => {
    expect(warningsOf(givenStages('Copy1'))).toEqual([]);
    expect(warningsOf(givenStages('Copy1', ['Staging.Copy1']))).toEqual([]);
  });
});

test('the CfnPipeline of a Pipeline is refused: its stages are not written yet', () => {
  const stack = givenStack();
  const pipeline = givenPipeline(stack).node.defaultChild as codepipeline.CfnPipeline;
  expect(() => new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack) }))
    .toThrow("pipeline must be the Pipeline 'Stack/Pipeline' itself, which writes its stages when it is synthesized, got its CfnPipeline");
});

describe('no warning', () => {
  test('of an earlier deployment', () => {
    const stack = givenStack();
    const pipeline = givenPipeline(stack);
    pipeline.addStage({ stageName: 'Deploy', actions: [deployment(stack, 'Site')] });
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack) });
    expect(warningsOf(stack)).toEqual([]);
  });

  test('of a deployment to another environment that another invalidation follows', () => {
    const stack = givenStack();
    const pipeline = givenPipeline(stack);
    const distribution = givenDistribution(stack);
    pipeline.addStage({ stageName: 'Staging', actions: [deployment(stack, 'Staging')] });
    new CloudFrontInvalidationStage(stack, 'InvalidateStaging', { pipeline, distribution, stageName: 'InvalidateStaging' });
    pipeline.addStage({ stageName: 'Production', actions: [deployment(stack, 'Production')] });
    new CloudFrontInvalidationStage(stack, 'InvalidateProduction', { pipeline, distribution, stageName: 'InvalidateProduction' });
    expect(warningsOf(stack)).toEqual([]);
  });

  test('of a build, an approval or another deployment in a later stage', () => {
    const stack = givenStack();
    const pipeline = givenPipeline(stack);
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack) });
    pipeline.addStage({
      stageName: 'After',
      actions: [
        new actions.CodeBuildAction({ actionName: 'SmokeTests', input: SITE, project: new PipelineProject(stack, 'SmokeTests') }),
        new actions.ManualApprovalAction({ actionName: 'Approve' }),
        new actions.CloudFormationCreateUpdateStackAction({ actionName: 'Backend', stackName: 'backend', templatePath: SITE.atPath('template.json'), adminPermissions: false }),
      ],
    });
    expect(warningsOf(stack)).toEqual([]);
  });
});
