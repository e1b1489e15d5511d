import { App, CfnParameter, Duration, Fn, Lazy, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { stagesOf, statementsOf } from './expect';
import { givenBuildAction, givenDistribution, givenIncluded, givenPipeline, givenStack } from './given';
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
    .toContain('"waitForCompletion":false,"timeoutSeconds":300,"failurePolicy":"WARN","freshnessCheck":null,"paths":["/a"]}'.replaceAll('"', '\\"'));
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

describe('what it creates is within reach', () => {
  test('the first action, whose variables a later action reads', () => {
    // GIVEN
    const stack = givenStack();
    const pipeline = givenPipeline(stack);

    // WHEN
    const stage = new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack) });
    pipeline.addStage({ stageName: 'Report', actions: [givenBuildAction(stack, stage.action.variables.invalidationId)] });

    // THEN
    expect(stagesOf(stack)[2].Actions[0].Namespace).toBe('InvalidateCloudFrontCache_InvalidateDistribution_NS');
  });

  test('the function, whether it was given or not', () => {
    const stack = givenStack();
    const distribution = givenDistribution(stack);
    const given = new CloudFrontInvalidationFunction(stack, 'Fn');
    const shared = new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline: givenPipeline(stack), distribution });
    const own = new CloudFrontInvalidationStage(stack, 'Again', {
      pipeline: new codepipeline.CfnPipeline(stack, 'L1', { roleArn: 'arn:aws:iam::111122223333:role/r', stages: [] }), distribution, function: given,
    });
    expect(shared.function).toBe(stack.node.findChild('CloudFrontInvalidationFunction'));
    expect(own.function).toBe(given);
    expect(own.action.function).toBe(given);
  });
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

  test('the stage\'s function does the work, unless another one is given', () => {
    // GIVEN
    const stack = givenStack();
    const [ofStage, other] = ['OfStage', 'Other'].map(id => new CloudFrontInvalidationFunction(stack, id));
    const stage = new CloudFrontInvalidationStage(stack, 'Invalidate', {
      pipeline: givenPipeline(stack), distribution: givenDistribution(stack, 'Website'), function: ofStage,
    });

    // WHEN
    stage.addInvalidation({ distribution: givenDistribution(stack, 'Assets') });
    stage.addInvalidation({ distribution: givenDistribution(stack, 'Shop'), function: other });

    // THEN
    expect(stagesOf(stack)[2].Actions.map(({ Configuration }) => Configuration.FunctionName))
      .toEqual([ofStage, ofStage, other].map(({ functionName }) => stack.resolve(functionName)));
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 2);
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
    expect(() => stage.addInvalidation({ distribution: blog })).toThrow("actionName must be specified for 'Blog/Distribution'");
  });

  test('the fiftieth action is taken, the fifty-first is not', () => {
    const stack = givenStack();
    const stage = new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline: givenPipeline(stack), distribution: givenDistribution(stack, 'D0') });
    for (let index = 1; index < 50; index++) {
      stage.addInvalidation({ distribution: givenDistribution(stack, `D${index}`) });
    }
    expect(() => stage.addInvalidation({ distribution: givenDistribution(stack, 'D50') }))
      .toThrow("stage 'InvalidateCloudFrontCache' already has 50 actions, which is CodePipeline's limit: add another CloudFrontInvalidationStage with a different stageName");
    expect(stagesOf(stack)[2].Actions).toHaveLength(50);
  });
});

describe('placed by name', () => {
  test.each([
    [{ justAfterStage: 'Source' }, ['Source', 'InvalidateCloudFrontCache', 'Approve']],
    [{ rightBeforeStage: 'Source' }, ['InvalidateCloudFrontCache', 'Source', 'Approve']],
    [{ rightBeforeStage: 'Approve' }, ['Source', 'InvalidateCloudFrontCache', 'Approve']],
    [{ justAfterStage: 'Approve' }, ['Source', 'Approve', 'InvalidateCloudFrontCache']],
  ])('%j', (placement, expected) => {
    for (const given of [givenPipeline, givenCfnPipeline]) {
      const stack = givenStack();
      const pipeline = given(stack);
      new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack), ...placement });
      const names = 'cfnResourceType' in pipeline ? stagesOf(stack).map(({ Name }) => Name) : pipeline.stages.map(({ stageName }) => stageName);
      expect(names).toEqual(expected);
    }
  });

  test.each([givenPipeline, givenCfnPipeline])('beside a stage that is none', given => {
    const stack = givenStack();
    const pipeline = given(stack);
    expect(() => new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack), justAfterStage: 'Deploy' }))
      .toThrow("justAfterStage and rightBeforeStage must name a stage of the pipeline 'Stack/Pipeline', got 'Deploy': the pipeline has 'Source', 'Approve'");
  });

  test.each([givenPipeline, givenCfnPipeline])('in two ways', given => {
    const stack = givenStack();
    const pipeline = given(stack);
    expect(() => new CloudFrontInvalidationStage(stack, 'Invalidate', {
      pipeline, distribution: givenDistribution(stack), justAfterStage: 'Source', rightBeforeStage: 'Approve',
    })).toThrow('at most one of placement, justAfterStage and rightBeforeStage must be specified');
  });
});

describe('an L1 pipeline', () => {
  test('gets the stage at its end, and the function admits its role and nobody else', () => {
    // GIVEN
    const stack = givenStack();
    const pipeline = givenCfnPipeline(stack);
    const distribution = givenDistribution(stack);

    // WHEN
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution });

    // THEN
    const template = Template.fromStack(stack);
    const [functionId] = Object.keys(template.findResources('AWS::Lambda::Function'));
    expect(stagesOf(stack)[2]).toEqual({
      Name: 'InvalidateCloudFrontCache',
      Actions: [{
        Name: 'InvalidateDistribution',
        ActionTypeId: { Category: 'Invoke', Owner: 'AWS', Provider: 'Lambda', Version: '1' },
        Configuration: { FunctionName: { Ref: functionId }, UserParameters: expect.anything() },
      }],
    });
    template.resourceCountIs('AWS::Lambda::Permission', 1);
    template.hasResourceProperties('AWS::Lambda::Permission', {
      Action: 'lambda:InvokeFunction',
      FunctionName: { 'Fn::GetAtt': [functionId, 'Arn'] },
      Principal: 'arn:aws:iam::111122223333:role/pipeline',
    });
    template.resourceCountIs('AWS::IAM::Role', 1);
  });

  test('gets further actions, with variables, and one permission for all', () => {
    const stack = givenStack();
    const stage = new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline: givenCfnPipeline(stack), distribution: givenDistribution(stack, 'A') });
    const action = stage.addInvalidation({ distribution: givenDistribution(stack, 'B') });
    expect(stack.resolve(action.variables.status)).toBe('#{InvalidateCloudFrontCache_InvalidateB_NS.status}');
    expect(stagesOf(stack)[2].Actions.map(({ Name, Namespace }) => [Name, Namespace])).toEqual([
      ['InvalidateA', undefined], ['InvalidateB', 'InvalidateCloudFrontCache_InvalidateB_NS'],
    ]);
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Permission', 1);
  });

  test('can have the transition disabled', () => {
    const stack = givenStack();
    new CloudFrontInvalidationStage(stack, 'Invalidate', {
      pipeline: givenCfnPipeline(stack), distribution: givenDistribution(stack), transitionToEnabled: false, transitionDisabledReason: 'not yet',
    });
    Template.fromStack(stack).hasResourceProperties('AWS::CodePipeline::Pipeline', {
      DisableInboundStageTransitions: [{ Reason: 'not yet', StageName: 'InvalidateCloudFrontCache' }],
    });
  });

  test('keeps the transitions that are disabled already, and has a reason of its own', () => {
    const stack = givenStack();
    const pipeline = givenCfnPipeline(stack);
    pipeline.disableInboundStageTransitions = [{ stageName: 'Approve', reason: 'holiday' }];
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack), transitionToEnabled: false });
    Template.fromStack(stack).hasResourceProperties('AWS::CodePipeline::Pipeline', {
      DisableInboundStageTransitions: [
        { Reason: 'holiday', StageName: 'Approve' },
        { Reason: 'Transition disabled', StageName: 'InvalidateCloudFrontCache' },
      ],
    });
  });

  test('has its transition enabled otherwise', () => {
    const stack = givenStack();
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline: givenCfnPipeline(stack), distribution: givenDistribution(stack) });
    Template.fromStack(stack).hasResourceProperties('AWS::CodePipeline::Pipeline', { DisableInboundStageTransitions: Match.absent() });
  });

  test('transitions that are known to CloudFormation only', () => {
    const stack = givenStack();
    const pipeline = givenCfnPipeline(stack);
    pipeline.disableInboundStageTransitions = Lazy.any({ produce: () => [] });
    expect(() => new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack) }))
      .toThrow('disableInboundStageTransitions');
  });

  test('placement has another name for it', () => {
    const stack = givenStack();
    const pipeline = givenCfnPipeline(stack);
    expect(() => new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack), placement: {} }))
      .toThrow("placement needs a codepipeline.Pipeline, but 'Stack/Pipeline' is a CfnPipeline: use justAfterStage or rightBeforeStage");
  });

  test('a stage, and an action, of a name that is taken', () => {
    const stack = givenStack();
    const pipeline = givenCfnPipeline(stack);
    const distribution = givenDistribution(stack);
    expect(() => new CloudFrontInvalidationStage(stack, 'One', { pipeline, distribution, stageName: 'Approve' }))
      .toThrow("stageName must be unique in its pipeline, got 'Approve', which 'Stack/Pipeline' already has");
    const stage = new CloudFrontInvalidationStage(stack, 'Two', { pipeline, distribution, actionName: 'Www' });
    expect(() => stage.addInvalidation({ distribution, actionName: 'Www' }))
      .toThrow("actionName must be unique in its stage, got 'Www', which the stage 'InvalidateCloudFrontCache' already has");
  });

  test.each(['beforeEntry', 'onSuccess', 'onFailure'])('%s is not for it', name => {
    const stack = givenStack();
    expect(() => new CloudFrontInvalidationStage(stack, 'Invalidate', {
      pipeline: givenCfnPipeline(stack), distribution: givenDistribution(stack), [name]: {},
    })).toThrow(`${name} needs a codepipeline.Pipeline, but 'Stack/Pipeline' is a CfnPipeline: set it on the stages of the CfnPipeline`);
  });

  test('stages that are known to CloudFormation only', () => {
    const stack = givenStack();
    const pipeline = givenCfnPipeline(stack);
    pipeline.stages = Fn.conditionIf('Condition', [], []);
    expect(() => new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack) }))
      .toThrow("stages of the pipeline 'Stack/Pipeline' must be a list");
  });
});

describe('a plain CloudFormation template, brought in with CfnInclude', () => {
  const included = {
    Parameters: { Branch: { Type: 'String', Default: 'main' } },
    Conditions: { IsMain: { 'Fn::Equals': [{ Ref: 'Branch' }, 'main'] } },
    Resources: {
      Role: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: {} } },
      Site: {
        Type: 'AWS::CloudFront::Distribution',
        Properties: {
          DistributionConfig: {
            Enabled: true,
            DefaultCacheBehavior: { TargetOriginId: 'www', ViewerProtocolPolicy: 'https-only' },
            Origins: [{ Id: 'www', DomainName: 'www.example.com', CustomOriginConfig: { OriginProtocolPolicy: 'https-only' } }],
          },
        },
      },
      Pipeline: {
        Type: 'AWS::CodePipeline::Pipeline',
        Properties: {
          RoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] },
          ArtifactStore: { Type: 'S3', Location: 'artifacts' },
          Stages: [
            { Name: 'Source', Actions: [{ Name: 'Source', ActionTypeId: { Category: 'Source', Owner: 'AWS', Provider: 'S3', Version: '1' } }] },
            { 'Fn::If': ['IsMain', { Name: 'Deploy', Actions: [] }, { Name: 'DeployPreview', Actions: [] }] },
          ],
        },
      },
    },
  };

  test('keeps what it has, and gets the stage with references to its own resources', () => {
    // GIVEN
    const stack = givenStack();
    const template = givenIncluded(stack, included);

    // WHEN
    new CloudFrontInvalidationStage(stack, 'Invalidate', {
      pipeline: template.getResource('Pipeline') as codepipeline.CfnPipeline,
      distribution: template.getResource('Site') as cloudfront.CfnDistribution,
    });

    // THEN
    const { Parameters, Conditions, Resources } = Template.fromStack(stack).toJSON();
    expect(Parameters.Branch).toEqual(included.Parameters.Branch);
    expect(Conditions).toEqual(included.Conditions);
    expect(Resources.Pipeline.Properties.Stages.slice(0, 2)).toEqual(included.Resources.Pipeline.Properties.Stages);
    const stage = Resources.Pipeline.Properties.Stages[2];
    expect(stage.Name).toBe('InvalidateCloudFrontCache');
    expect(stage.Actions[0].Configuration.UserParameters).toEqual({ 'Fn::Join': ['', ['{"distributionId":"', { Ref: 'Site' }, expect.any(String)]] });
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Permission', { Principal: { 'Fn::GetAtt': ['Role', 'Arn'] } });
  });

  test('whose stages are an Fn::If as a whole is refused, with the way out', () => {
    const stack = givenStack();
    const template = givenIncluded(stack, {
      ...included,
      Resources: {
        ...included.Resources,
        Pipeline: {
          ...included.Resources.Pipeline,
          Properties: {
            ...included.Resources.Pipeline.Properties,
            Stages: { 'Fn::If': ['IsMain', included.Resources.Pipeline.Properties.Stages, { Ref: 'AWS::NoValue' }] },
          },
        },
      },
    });
    expect(() => new CloudFrontInvalidationStage(stack, 'Invalidate', {
      pipeline: template.getResource('Pipeline') as codepipeline.CfnPipeline,
      distribution: template.getResource('Site') as cloudfront.CfnDistribution,
    })).toThrow('Move the intrinsic function into the list, to the stages that depend on it, or create a CloudFrontInvalidationFunction');
  });
});

describe('whatever the pipeline is like', () => {
  test.each<[string, codepipeline.PipelineProps]>([
    ['V1', { pipelineType: codepipeline.PipelineType.V1 }],
    ['V2', { pipelineType: codepipeline.PipelineType.V2 }],
    ['QUEUED', { executionMode: codepipeline.ExecutionMode.QUEUED }],
    ['PARALLEL', { executionMode: codepipeline.ExecutionMode.PARALLEL }],
    ['with keys for other accounts', { crossAccountKeys: true }],
    ['with the pipeline\'s own role for actions', { usePipelineRoleForActions: true }],
  ])('%s', (_, props) => {
    const stack = givenStack();
    const pipeline = givenPipeline(stack, props);
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack) });
    const [action] = stagesOf(stack)[2].Actions;
    const role = action.RoleArn === undefined ? stack.resolve(pipeline.role.roleArn) : action.RoleArn;
    expect(statementsOf(stack, (role as { 'Fn::GetAtt': [string] })['Fn::GetAtt'][0])).toContainEqual({
      Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: { 'Fn::GetAtt': [expect.stringMatching(/^CloudFrontInvalidationFunction/), 'Arn'] },
    });
  });

  test('with artifact stores in other Regions', () => {
    const stack = new Stack(new App({ analyticsReporting: false }), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
    const pipeline = givenPipeline(stack, {
      artifactBucket: undefined,
      crossRegionReplicationBuckets: {
        'us-east-1': Bucket.fromBucketName(stack, 'Replica', 'replica'), 'eu-west-1': Bucket.fromBucketName(stack, 'Artifacts', 'artifacts'),
      },
    });
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack) });
    expect(stagesOf(stack)[2].Actions[0]).not.toHaveProperty('Region');
  });
});

describe('wherever the distribution is', () => {
  test('CloudFrontWebDistribution', () => {
    const stack = givenStack();
    const distribution = new cloudfront.CloudFrontWebDistribution(stack, 'Old', {
      originConfigs: [{ customOriginSource: { domainName: 'www.example.com' }, behaviors: [{ isDefaultBehavior: true }] }],
    });
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline: givenPipeline(stack), distribution });
    expect(stagesOf(stack)[2].Actions[0].Name).toBe('InvalidateOld');
  });

  test.each<[string, (stack: Stack) => string]>([
    ['an export of another stack', () => Fn.importValue('WebsiteDistributionId')],
    ['an SSM parameter', stack => StringParameter.valueForStringParameter(stack, '/website/distribution-id')],
    ['a CloudFormation parameter', stack => new CfnParameter(stack, 'DistributionId').valueAsString],
  ])('known by %s: parameters and permission have the same token', (_, idIn) => {
    // GIVEN
    const stack = givenStack();
    const distributionId = idIn(stack);
    const distribution = cloudfront.Distribution.fromDistributionAttributes(stack, 'Website', { distributionId, domainName: 'www.example.com' });

    // WHEN
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline: givenPipeline(stack), distribution });

    // THEN
    const id = stack.resolve(distributionId);
    expect(stagesOf(stack)[2].Actions[0].Configuration.UserParameters).toEqual({ 'Fn::Join': ['', ['{"distributionId":"', id, expect.any(String)]] });
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([Match.objectLike({
          Action: ['cloudfront:CreateInvalidation', 'cloudfront:GetInvalidation', 'cloudfront:ListInvalidations'],
          Resource: [{ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':cloudfront::', { Ref: 'AWS::AccountId' }, ':distribution/', id]] }],
        })]),
      },
    });
  });

  test('in a stack of us-east-1, with the pipeline elsewhere', () => {
    // GIVEN
    const app = new App({ analyticsReporting: false });
    const env = { account: '111122223333' };
    const website = new Stack(app, 'Website', { env: { ...env, region: 'us-east-1' }, crossRegionReferences: true });
    const stack = new Stack(app, 'Pipeline', { env: { ...env, region: 'eu-west-1' }, crossRegionReferences: true });

    // WHEN
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline: givenPipeline(stack), distribution: givenDistribution(website) });

    // THEN
    const { 'Fn::Join': [, [, id]] } = stagesOf(stack)[2].Actions[0].Configuration.UserParameters as { 'Fn::Join': [string, [string, unknown]] };
    expect(JSON.stringify(id)).toContain('ExportsReader');
    Template.fromStack(stack).resourceCountIs('Custom::CrossRegionExportReader', 1);
  });
});

describe('misuse leaves no construct behind', () => {
  test('an imported pipeline', () => {
    const stack = givenStack();
    const pipeline = codepipeline.Pipeline.fromPipelineArn(stack, 'Imported', 'arn:aws:codepipeline:eu-west-1:111122223333:website');
    const distribution = givenDistribution(stack);
    const before = stack.node.findAll().length;
    expect(() => new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution })).toThrow(
      "pipeline must be a codepipeline.Pipeline or CfnPipeline in this app, got 'Stack/Imported': an imported pipeline cannot get another stage. " +
      'Add the stage where the pipeline is defined, or create a CloudFrontInvalidationFunction here and invoke it from an action of that pipeline.');
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

/** A pipeline as CloudFormation has it, whose role is kept elsewhere. */
function givenCfnPipeline(stack: Stack): codepipeline.CfnPipeline {
  const action = (category: string, provider: string) => ({ name: provider, actionTypeId: { category, owner: 'AWS', provider, version: '1' } });
  return new codepipeline.CfnPipeline(stack, 'Pipeline', {
    roleArn: 'arn:aws:iam::111122223333:role/pipeline',
    artifactStore: { type: 'S3', location: 'artifacts' },
    stages: [{ name: 'Source', actions: [action('Source', 'S3')] }, { name: 'Approve', actions: [action('Approval', 'Manual')] }],
  });
}

describe('in the China partition', () => {
  function givenStackInChina(context: Record<string, unknown> = {}): Stack {
    return new Stack(new App({ context, analyticsReporting: false }), 'Stack', { env: { account: '111122223333', region: 'cn-north-1' } });
  }

  function invalidate(stack: Stack, ...paths: string[]): void {
    const distribution = cloudfront.Distribution.fromDistributionAttributes(stack, 'Imported', { distributionId: 'E2QWRUHEXAMPLE', domainName: 'www.example.com' });
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline: givenPipeline(stack), distribution, paths: InvalidationPaths.of(...paths) });
  }

  test.each([
    [{}, { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':cloudfront::111122223333:distribution/E2QWRUHEXAMPLE']] }],
    [{ '@aws-cdk/core:enablePartitionLiterals': true }, 'arn:aws-cn:cloudfront::111122223333:distribution/E2QWRUHEXAMPLE'],
  ])('the permission is for an ARN of that partition: %j', (context, arn) => {
    const stack = givenStackInChina(context);
    invalidate(stack, '/*');
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: Match.arrayWith(['cloudfront:CreateInvalidation']), Resource: [arn] })]) },
    });
  });

  test('cache tags are warned about, where CloudFront has none', () => {
    const stack = givenStackInChina();
    invalidate(stack, '/a', '#news');
    Annotations.fromStack(stack).hasWarning('*', Match.stringLikeRegexp('paths contains cache tags, but CloudFront in China did not support them .* \\(the pipeline is in cn-north-1\\)'));
  });

  test.each([
    ['paths in China', givenStackInChina, '/a'],
    ['cache tags elsewhere', givenStack, '#news'],
  ])('%s are fine', (_, given, path) => {
    const stack = given();
    invalidate(stack, path);
    Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('cache tags'));
  });
});
