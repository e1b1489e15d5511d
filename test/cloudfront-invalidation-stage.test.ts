import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { stagesOf, statementsOf } from './expect';
import { givenBuildAction, givenDistribution, givenPipeline, givenStack } from './given';
import { CloudFrontInvalidationFunction, CloudFrontInvalidationStage, InvalidationFailurePolicy, InvalidationPaths } from '../src';

test('one line adds the stage to the end of the pipeline', () => {
  // GIVEN
  const stack = givenStack();
  const pipeline = givenPipeline(stack);
  const distribution = givenDistribution(stack);

  // WHEN
  const stage = new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution });

  // THEN
  const stages = stagesOf(stack);
  expect(stages.map(({ Name }) => Name)).toEqual(['Source', 'Approve', 'InvalidateCloudFrontCache']);
  expect(Object.keys(stages[2])).toEqual(['Actions', 'Name']);
  expect(stages[2].Actions.map(({ Name }) => Name)).toEqual(['InvalidateDistribution']);
  expect(stage.stageName).toBe('InvalidateCloudFrontCache');
});

test('it adds one function, its role and log group, and the action\'s role', () => {
  // GIVEN
  const before = givenStack();
  givenDistribution(before);
  givenPipeline(before);
  const after = givenStack();

  // WHEN
  new CloudFrontInvalidationStage(after, 'Invalidate', { distribution: givenDistribution(after), pipeline: givenPipeline(after) });

  // THEN
  expect(added(before, after)).toEqual([
    'AWS::IAM::Policy', 'AWS::IAM::Policy', 'AWS::IAM::Role', 'AWS::IAM::Role', 'AWS::Lambda::Function', 'AWS::Logs::LogGroup',
  ]);
});

test('the construct ids are a contract: another id would replace a user\'s resources', () => {
  const stack = givenStack();
  new CloudFrontInvalidationStage(stack, 'Invalidate', { distribution: givenDistribution(stack), pipeline: givenPipeline(stack) });
  const paths = stack.node.findAll().map(({ node }) => node.path);
  expect(paths).toEqual(expect.arrayContaining([
    'Stack/CloudFrontInvalidationFunction/Role/Resource',
    'Stack/CloudFrontInvalidationFunction/LogGroup/Resource',
    'Stack/CloudFrontInvalidationFunction/Function/Resource',
    'Stack/Pipeline/InvalidateCloudFrontCache/InvalidateDistribution/CodePipelineActionRole/Resource',
  ]));
});

test('every option', () => {
  // GIVEN
  const stack = givenStack();
  const pipeline = givenPipeline(stack);
  const invalidationFunction = new CloudFrontInvalidationFunction(stack, 'Fn');
  const conditions: codepipeline.Conditions = {
    conditions: [{ result: codepipeline.Result.FAIL, rules: [new codepipeline.Rule({ name: 'Rule', provider: 'DeploymentWindow', version: '1' })] }],
  };

  // WHEN
  new CloudFrontInvalidationStage(stack, 'Invalidate', {
    pipeline,
    distribution: givenDistribution(stack),
    stageName: 'Fresh',
    actionName: 'Www',
    placement: { justAfter: pipeline.stages[0] },
    transitionToEnabled: false,
    transitionDisabledReason: 'not yet',
    beforeEntry: conditions,
    onSuccess: conditions,
    onFailure: { result: codepipeline.Result.RETRY, retryMode: codepipeline.RetryMode.FAILED_ACTIONS },
    paths: InvalidationPaths.of('/a'),
    waitForCompletion: false,
    timeout: Duration.minutes(5),
    failurePolicy: InvalidationFailurePolicy.WARN,
    function: invalidationFunction,
  });

  // THEN
  const stages = stagesOf(stack);
  expect(stages.map(({ Name }) => Name)).toEqual(['Source', 'Fresh', 'Approve']);
  expect(stages[1].Actions[0].Name).toBe('Www');
  expect(stages[1].Actions[0].Configuration.FunctionName).toEqual(stack.resolve(invalidationFunction.functionName));
  expect(JSON.stringify(stages[1].Actions[0].Configuration.UserParameters))
    .toContain('"waitForCompletion":false,"timeoutSeconds":300,"failurePolicy":"WARN","paths":["/a"]}'.replaceAll('"', '\\"'));
  expect(stages[1]).toMatchObject({
    BeforeEntry: { Conditions: [{ Result: 'FAIL' }] },
    OnSuccess: { Conditions: [{ Result: 'FAIL' }] },
    OnFailure: { Result: 'RETRY', RetryConfiguration: { RetryMode: 'FAILED_ACTIONS' } },
  });
  Template.fromStack(stack).hasResourceProperties('AWS::CodePipeline::Pipeline', {
    DisableInboundStageTransitions: [{ Reason: 'not yet', StageName: 'Fresh' }],
  });
});

test('the function stands with the pipeline, also when the stage is written in another stack', () => {
  // GIVEN
  const app = new App();
  const websiteStack = new Stack(app, 'Website');
  const pipelineStack = new Stack(app, 'Pipeline');

  // WHEN
  new CloudFrontInvalidationStage(websiteStack, 'Invalidate', { pipeline: givenPipeline(pipelineStack), distribution: givenDistribution(websiteStack) });

  // THEN
  Template.fromStack(pipelineStack).resourceCountIs('AWS::Lambda::Function', 1);
  Template.fromStack(websiteStack).resourceCountIs('AWS::Lambda::Function', 0);
});

test('two stages of a stack share one function', () => {
  const stack = givenStack();
  const pipeline = givenPipeline(stack);
  const distribution = givenDistribution(stack);
  new CloudFrontInvalidationStage(stack, 'One', { pipeline, distribution });
  new CloudFrontInvalidationStage(stack, 'Two', { pipeline, distribution, stageName: 'Again' });
  Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 1);
});

test('an L1 distribution', () => {
  const stack = givenStack();
  const distribution = new cloudfront.CfnDistribution(stack, 'Www', {
    distributionConfig: {
      enabled: true,
      defaultCacheBehavior: { targetOriginId: 'www', viewerProtocolPolicy: 'redirect-to-https' },
      origins: [{ id: 'www', domainName: 'www.example.com', customOriginConfig: { originProtocolPolicy: 'https-only' } }],
    },
  });
  new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline: givenPipeline(stack), distribution });
  const [action] = stagesOf(stack)[2].Actions;
  expect(action.Name).toBe('InvalidateWww');
  expect(JSON.stringify(action.Configuration.UserParameters)).toContain('{"Ref":"Www"}');
});

describe('addInvalidation', () => {
  test('adds parallel actions, each with its own distribution and variables', () => {
    // GIVEN
    const stack = givenStack();
    const pipeline = givenPipeline(stack);
    const stage = new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack, 'Website') });

    // WHEN
    const action = stage.addInvalidation({ distribution: givenDistribution(stack, 'Assets'), paths: InvalidationPaths.of('/manifest.json') });
    pipeline.stages[1].addAction(givenBuildAction(stack, action.variables.status));

    // THEN
    const actions = stagesOf(stack)[2].Actions;
    expect(actions.map(({ Name, RunOrder, Namespace }) => [Name, RunOrder, Namespace])).toEqual([
      ['InvalidateWebsite', 1, undefined],
      ['InvalidateAssets', 1, 'InvalidateCloudFrontCache_InvalidateAssets_NS'],
    ]);
  });

  test('twenty distributions take two roles and two policies, not forty', () => {
    // GIVEN
    const [before, after] = [givenStack(), givenStack()];
    givenPipeline(before);
    const distributions = Array.from({ length: 20 }, (_, index) => givenDistribution(after, `Distribution${index}`));
    distributions.forEach((_, index) => givenDistribution(before, `Distribution${index}`));

    // WHEN
    const stage = new CloudFrontInvalidationStage(after, 'Invalidate', { pipeline: givenPipeline(after), distribution: distributions[0] });
    distributions.slice(1).forEach(distribution => stage.addInvalidation({ distribution }));

    // THEN
    expect(added(before, after)).toEqual([
      'AWS::IAM::Policy', 'AWS::IAM::Policy', 'AWS::IAM::Role', 'AWS::IAM::Role', 'AWS::Lambda::Function', 'AWS::Logs::LogGroup',
    ]);
    const roles = new Set(stagesOf(after)[2].Actions.map(({ RoleArn }) => JSON.stringify(RoleArn)));
    expect(roles.size).toBe(1);
    const [roleId] = JSON.parse([...roles][0])['Fn::GetAtt'];
    expect(statementsOf(after, roleId)).toHaveLength(1);
  });

  test('where actions use the pipeline\'s role, these do too', () => {
    // GIVEN
    const stack = givenStack();
    const pipeline = givenPipeline(stack, { usePipelineRoleForActions: true });
    const roles = Object.keys(Template.fromStack(givenStackWithPipelineRole()).findResources('AWS::IAM::Role')).length;

    // WHEN
    const stage = new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack, 'A') });
    stage.addInvalidation({ distribution: givenDistribution(stack, 'B') });

    // THEN
    expect(stagesOf(stack)[2].Actions.map(({ RoleArn }) => RoleArn)).toEqual([undefined, undefined]);
    Template.fromStack(stack).resourceCountIs('AWS::IAM::Role', roles + 1);
    const pipelineRoleId = stack.getLogicalId(pipeline.role.node.defaultChild as codepipeline.CfnPipeline);
    expect(statementsOf(stack, pipelineRoleId)).toContainEqual(expect.objectContaining({ Action: 'lambda:InvokeFunction' }));
  });

  test('names are derived from the construct path, and stay unique', () => {
    // GIVEN
    const app = new App();
    const pipelineStack = new Stack(app, 'PipelineStack');
    const [blog, shop] = ['Blog', 'Shop'].map(id => givenDistribution(new Stack(app, id)));

    // WHEN
    const stage = new CloudFrontInvalidationStage(pipelineStack, 'Invalidate', { pipeline: givenPipeline(pipelineStack), distribution: blog });
    stage.addInvalidation({ distribution: shop });
    stage.addInvalidation({ distribution: shop, actionName: 'Again', paths: InvalidationPaths.of('/x') });

    // THEN
    expect(stagesOf(pipelineStack)[2].Actions.map(({ Name }) => Name)).toEqual(['InvalidateDistribution', 'InvalidateShopDistribution', 'Again']);
    expect(() => stage.addInvalidation({ distribution: blog })).not.toThrow();
    expect(() => stage.addInvalidation({ distribution: blog })).toThrow("actionName must be given for 'Blog/Distribution'");
  });

  test('the fiftieth action is taken, the fifty-first is not', () => {
    const stack = givenStack();
    const stage = new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline: givenPipeline(stack), distribution: givenDistribution(stack, 'D0') });
    for (let index = 1; index < 50; index++) {
      stage.addInvalidation({ distribution: givenDistribution(stack, `D${index}`) });
    }
    expect(() => stage.addInvalidation({ distribution: givenDistribution(stack, 'D50') }))
      .toThrow("stage 'InvalidateCloudFrontCache' has 50 actions already, CodePipeline's limit: add another CloudFrontInvalidationStage with a stageName of its own");
    expect(stagesOf(stack)[2].Actions).toHaveLength(50);
  });
});

describe('misuse leaves no construct behind', () => {
  test('an imported pipeline', () => {
    const stack = givenStack();
    const pipeline = codepipeline.Pipeline.fromPipelineArn(stack, 'Imported', 'arn:aws:codepipeline:eu-west-1:111122223333:website');
    const distribution = givenDistribution(stack);
    const before = stack.node.findAll().length;
    expect(() => new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution })).toThrow(
      "pipeline must be a codepipeline.Pipeline of this app, got 'Stack/Imported': an imported pipeline cannot get another stage. " +
      'Add the stage where the pipeline is defined, or make a CloudFrontInvalidationFunction here and let an action of that pipeline invoke it.');
    expect(stack.node.findAll()).toHaveLength(before);
  });

  test('a timeout out of range', () => {
    const stack = givenStack();
    const pipeline = givenPipeline(stack);
    const distribution = givenDistribution(stack);
    expect(() => new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution, timeout: Duration.days(2) })).toThrow('timeout must be');
    expect(stack.node.tryFindChild('Invalidate')).toBeUndefined();
    expect(pipeline.stages).toHaveLength(2);
  });
});

function givenStackWithPipelineRole(): Stack {
  const stack = givenStack();
  givenPipeline(stack, { usePipelineRoleForActions: true });
  return stack;
}

/** The types of the resources that one stack has beyond another. */
function added(before: Stack, after: Stack): string[] {
  const types = (stack: Stack) => {
    const { Resources } = Template.fromStack(stack).toJSON() as { Resources: Record<string, { Type: string }> };
    return Object.values(Resources).map(({ Type }) => Type);
  };
  const remaining = types(before);
  return types(after).filter(type => {
    const index = remaining.indexOf(type);
    return index === -1 || remaining.splice(index, 1).length === 0;
  }).sort();
}
