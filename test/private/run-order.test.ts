import { Annotations as AppAnnotations, CfnParameter, type Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { PipelineProject } from 'aws-cdk-lib/aws-codebuild';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import * as actions from 'aws-cdk-lib/aws-codepipeline-actions';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { CloudFrontInvalidationAction, CloudFrontInvalidationStage, type CloudFrontInvalidationActionProps } from '../../src';
import { stagesOf } from '../expect';
import { givenDistribution, givenPipeline, givenStack } from '../given';

const WARNING = '\\[ack: cdk-cloudfront-invalidation-stage:runOrder\\]';
const SITE = new codepipeline.Artifact('site');

/** Actions as pipelines have them beside an invalidation. */
const ACTIONS: Record<string, (stack: Stack, actionName: string, runOrder?: number) => codepipeline.IAction> = {
  'a deployment to S3': (stack, actionName, runOrder) =>
    new actions.S3DeployAction({ actionName, input: SITE, bucket: new Bucket(stack, actionName), runOrder }),
  'a CloudFormation deployment': (_, actionName, runOrder) => new actions.CloudFormationCreateUpdateStackAction({
    actionName, stackName: 'website', templatePath: SITE.atPath('template.json'), adminPermissions: false, runOrder,
  }),
  'a build that copies the site': (stack, actionName, runOrder) =>
    new actions.CodeBuildAction({ actionName, input: SITE, project: new PipelineProject(stack, actionName), runOrder }),
  'commands': (_, actionName, runOrder) => new actions.CommandsAction({ actionName, input: SITE, commands: ['aws s3 sync . s3://website'], runOrder }),
  'a function of somebody else': (stack, actionName, runOrder) => new actions.LambdaInvokeAction({
    actionName, lambda: new LambdaFunction(stack, actionName, { runtime: Runtime.NODEJS_24_X, handler: 'index.handler', code: Code.fromInline('x') }), runOrder,
  }),
};

const HARMLESS: typeof ACTIONS = {
  'an approval': (_, actionName, runOrder) => new actions.ManualApprovalAction({ actionName, runOrder }),
  'a test': (stack, actionName, runOrder) => new actions.CodeBuildAction({
    actionName, input: SITE, project: new PipelineProject(stack, actionName), runOrder, type: actions.CodeBuildActionType.TEST,
  }),
};

interface Given {
  readonly stack: Stack;
  readonly deployStage: codepipeline.IStage;
  invalidation(props?: Partial<CloudFrontInvalidationActionProps>): CloudFrontInvalidationAction;
}

function givenDeployStage(): Given {
  const stack = givenStack();
  const distribution = givenDistribution(stack);
  return {
    stack,
    deployStage: givenPipeline(stack).addStage({ stageName: 'Deploy' }),
    invalidation: props => new CloudFrontInvalidationAction({ actionName: 'Invalidate', distribution, ...props }),
  };
}

function runOrdersOf(stack: Stack, stageName = 'Deploy'): Record<string, number | undefined> {
  const { Actions } = stagesOf(stack).find(({ Name }) => Name === stageName)!;
  return Object.fromEntries(Actions.map(({ Name, RunOrder }) => [Name, RunOrder]));
}

function warningsOf(stack: Stack): string[] {
  return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp(WARNING)).map(({ entry }) => String(entry.data));
}

describe.each(Object.entries(ACTIONS))('%s', (_, given) => {
  test('runs before an invalidation without a run order, which is no reason for a warning', () => {
    const { stack, deployStage, invalidation } = givenDeployStage();
    deployStage.addAction(given(stack, 'Deploy'));
    deployStage.addAction(invalidation());
    expect(runOrdersOf(stack)).toEqual({ Deploy: 1, Invalidate: 2 });
    expect(warningsOf(stack)).toEqual([]);
  });

  test('added later with the same run order, it is warned of', () => {
    const { stack, deployStage, invalidation } = givenDeployStage();
    deployStage.addAction(invalidation());
    deployStage.addAction(given(stack, 'Deploy'));
    expect(warningsOf(stack)).toEqual([expect.stringMatching(new RegExp(
      "^The invalidation 'Invalidate' and the action 'Deploy' in the stage 'Deploy' run at the same time: both have the run order 1\\. .*" +
      "Set runOrder of 'Invalidate' to 2 or more, or leave it out and add 'Invalidate' after the others\\. " + WARNING,
    ))]);
  });
});

test.each(Object.entries(HARMLESS))('%s does not count', (_, given) => {
  const { stack, deployStage, invalidation } = givenDeployStage();
  deployStage.addAction(given(stack, 'Before', 7));
  deployStage.addAction(invalidation());
  deployStage.addAction(given(stack, 'After', 1));
  expect(runOrdersOf(stack)).toEqual({ Before: 7, Invalidate: 1, After: 1 });
  expect(warningsOf(stack)).toEqual([]);
});

test('the highest run order counts, wherever it is in the list', () => {
  const { stack, deployStage, invalidation } = givenDeployStage();
  deployStage.addAction(ACTIONS['a deployment to S3'](stack, 'Pages', 3));
  deployStage.addAction(ACTIONS['a deployment to S3'](stack, 'Assets', 2));
  deployStage.addAction(invalidation());
  expect(runOrdersOf(stack)).toMatchObject({ Invalidate: 4 });
});

test('a build whose artifact is deployed in the same stage: CDK takes the order for what it is', () => {
  // GIVEN
  const { stack, deployStage, invalidation } = givenDeployStage();
  const built = new codepipeline.Artifact('built');

  // WHEN
  deployStage.addAction(new actions.CodeBuildAction({ actionName: 'Build', input: SITE, outputs: [built], project: new PipelineProject(stack, 'Project') }));
  deployStage.addAction(new actions.S3DeployAction({ actionName: 'Deploy', input: built, bucket: new Bucket(stack, 'Bucket'), runOrder: 2 }));
  deployStage.addAction(invalidation());

  // THEN
  expect(runOrdersOf(stack)).toEqual({ Build: 1, Deploy: 2, Invalidate: 3 });
});

test('two invalidations of one stage run beside each other', () => {
  const { stack, deployStage, invalidation } = givenDeployStage();
  deployStage.addAction(ACTIONS['a deployment to S3'](stack, 'Deploy'));
  deployStage.addAction(invalidation());
  deployStage.addAction(invalidation({ actionName: 'InvalidateAgain', distribution: givenDistribution(stack, 'Second') }));
  expect(runOrdersOf(stack)).toEqual({ Deploy: 1, Invalidate: 2, InvalidateAgain: 2 });
  expect(warningsOf(stack)).toEqual([]);
});

test('the actions of a CloudFrontInvalidationStage run beside each other, first in their stage', () => {
  const { stack, deployStage } = givenDeployStage();
  deployStage.addAction(ACTIONS['a deployment to S3'](stack, 'Deploy', 5));
  const pipeline = stack.node.findChild('Pipeline') as codepipeline.Pipeline;
  new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack, 'A') })
    .addInvalidation({ distribution: givenDistribution(stack, 'B') });
  expect(runOrdersOf(stack, 'InvalidateCloudFrontCache')).toEqual({ InvalidateA: 1, InvalidateB: 1 });
  expect(warningsOf(stack)).toEqual([]);
});

describe('a runOrder of the user\'s', () => {
  test('after all others is kept, without a warning', () => {
    const { stack, deployStage, invalidation } = givenDeployStage();
    deployStage.addAction(invalidation({ runOrder: 3 }));
    deployStage.addAction(ACTIONS['a deployment to S3'](stack, 'Deploy', 2));
    expect(runOrdersOf(stack)).toEqual({ Deploy: 2, Invalidate: 3 });
    expect(warningsOf(stack)).toEqual([]);
  });

  test('before and beside others is kept, and each of them is named', () => {
    const { stack, deployStage, invalidation } = givenDeployStage();
    deployStage.addAction(ACTIONS['a deployment to S3'](stack, 'Pages', 2));
    deployStage.addAction(ACTIONS['a deployment to S3'](stack, 'Assets', 3));
    deployStage.addAction(invalidation({ runOrder: 2 }));
    expect(runOrdersOf(stack)).toMatchObject({ Invalidate: 2 });
    expect(warningsOf(stack)).toEqual([
      expect.stringContaining("The invalidation 'Invalidate' and the action 'Pages' in the stage 'Deploy' run at the same time: both have the run order 2."),
      expect.stringMatching("The invalidation 'Invalidate' runs before the action 'Assets' in the stage 'Deploy': its run order is 2, and that of 'Assets' is 3\\. .* to 4 or more"),
    ]);
  });

  test('that CloudFormation knows only is kept, and not judged', () => {
    const { stack, deployStage, invalidation } = givenDeployStage();
    deployStage.addAction(ACTIONS['a deployment to S3'](stack, 'Deploy'));
    deployStage.addAction(invalidation({ runOrder: new CfnParameter(stack, 'Order', { type: 'Number' }).valueAsNumber }));
    expect(runOrdersOf(stack)).toMatchObject({ Invalidate: { Ref: 'Order' } });
    expect(warningsOf(stack)).toEqual([]);
  });
});

test('beside an action whose run order CloudFormation knows only, it must be given', () => {
  const { stack, deployStage, invalidation } = givenDeployStage();
  deployStage.addAction(ACTIONS['a deployment to S3'](stack, 'Deploy', new CfnParameter(stack, 'Order', { type: 'Number' }).valueAsNumber));
  expect(() => deployStage.addAction(invalidation()))
    .toThrow("runOrder of the action 'Invalidate' must be specified and be higher than that of the action 'Deploy' in the stage 'Deploy', which is known only when the pipeline is deployed");
});

test('the warning can be acknowledged', () => {
  const { stack, deployStage, invalidation } = givenDeployStage();
  deployStage.addAction(invalidation());
  deployStage.addAction(ACTIONS['a build that copies the site'](stack, 'SmokeTest'));
  const pipeline = stack.node.findChild('Pipeline');
  AppAnnotations.of(pipeline).acknowledgeWarning('cdk-cloudfront-invalidation-stage:runOrder');
  expect(warningsOf(stack)).toEqual([]);
});
