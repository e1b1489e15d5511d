import { App, CfnOutput, NestedStack, PhysicalName, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { CodeBuildAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { stagesOf } from './expect';
import { givenDistribution, givenPipeline, givenStack } from './given';
import { CloudFrontInvalidationFunction, CloudFrontInvalidationStage, InvalidationPaths, type CloudFrontInvalidationFunctionProps } from '../src';

describe('a function in a stack of its own', () => {
  function givenStacks(props: CloudFrontInvalidationFunctionProps = {}) {
    const app = new App({ analyticsReporting: false });
    const [functions, stack] = ['Functions', 'Website'].map(id => new Stack(app, id));
    return { app, functions, stack, fn: new CloudFrontInvalidationFunction(functions, 'Fn', props) };
  }

  /** The policies of the function's role that another stack has. */
  function policiesOf(stack: Stack): Record<string, { Properties: { PolicyName: string; PolicyDocument: { Statement: object[] } } }> {
    const policies = Template.fromStack(stack).findResources('AWS::IAM::Policy');
    return Object.fromEntries(Object.entries(policies).filter(([id]) => id.startsWith('InvalidationPermissions'))) as ReturnType<typeof policiesOf>;
  }

  test('is permitted in the stack of the pipeline and the distribution, by a policy for its role; its own refers to nothing', () => {
    // GIVEN
    const { app, functions, stack, fn } = givenStacks();
    const distribution = givenDistribution(stack);

    // WHEN
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline: givenPipeline(stack), distribution, function: fn });
    app.synth();

    // THEN
    expect([functions.dependencies, stack.dependencies]).toEqual([[], [functions]]);
    expect(JSON.stringify(Template.fromStack(functions).findResources('AWS::IAM::Policy'))).not.toContain('cloudfront:');
    expect(Object.values(policiesOf(stack)).map(({ Properties }) => Properties)).toEqual([{
      PolicyName: expect.stringMatching(/^Website-InvalidationPermissionsFunctionsFn[\w-]+$/),
      Roles: [{ 'Fn::ImportValue': expect.stringMatching(/^Functions:ExportsOutputRefFnRole/) }],
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [{
          Effect: 'Allow',
          Action: ['cloudfront:CreateInvalidation', 'cloudfront:GetInvalidation', 'cloudfront:ListInvalidations'],
          Resource: [{
            'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':cloudfront::', { Ref: 'AWS::AccountId' }, ':distribution/', stack.resolve(distribution.distributionId)]],
          }],
        }],
      },
    }]);
    Template.fromStack(functions).hasResourceProperties('AWS::Lambda::Function', { FunctionName: Match.absent() });
  });

  test('serves two stacks by two policies, whose names differ: a role has one policy of a name', () => {
    const { app, fn, stack } = givenStacks();
    const other = new Stack(app, 'Other', { stackName: 'Website-again' });
    for (const each of [stack, other]) {
      new CloudFrontInvalidationStage(each, 'Invalidate', { pipeline: givenPipeline(each), distribution: givenDistribution(each), function: fn });
    }
    const names = [stack, other].flatMap(each => Object.values(policiesOf(each)).map(({ Properties }) => Properties.PolicyName));
    expect(new Set(names).size).toBe(2);
  });

  test('a CfnPipeline: its role is admitted in its own stack', () => {
    const { app, functions, stack, fn } = givenStacks();
    const role = new iam.Role(stack, 'PipelineRole', { assumedBy: new iam.ServicePrincipal('codepipeline.amazonaws.com') });
    const pipeline = new codepipeline.CfnPipeline(stack, 'Pipeline', { roleArn: role.roleArn, stages: [] });
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack), function: fn });
    app.synth();
    expect(functions.dependencies).toEqual([]);
    Template.fromStack(functions).resourceCountIs('AWS::Lambda::Permission', 0);
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Permission', {
      FunctionName: { 'Fn::ImportValue': Match.stringLikeRegexp('^Functions:ExportsOutputFnGetAttFnFunction') }, Principal: stack.resolve(role.roleArn),
    });
  });

  test('a pipeline without a name that needs to tell it: all that was written in its stack moves to the function\'s, which names the function', () => {
    // GIVEN
    const { app, functions, stack, fn } = givenStacks();
    const role = new iam.Role(stack, 'PipelineRole', { assumedBy: new iam.ServicePrincipal('codepipeline.amazonaws.com') });
    const plain = new codepipeline.CfnPipeline(stack, 'Plain', { roleArn: role.roleArn, stages: [] });
    const distribution = givenDistribution(stack);

    // WHEN
    new CloudFrontInvalidationStage(stack, 'One', { pipeline: plain, distribution, function: fn });
    new CloudFrontInvalidationStage(stack, 'Two', {
      pipeline: givenPipeline(stack), distribution, function: fn, paths: InvalidationPaths.changedFiles(new codepipeline.Artifact('site'), { deployedBy: ['Source.Source'] }),
    });
    app.synth();

    // THEN
    expect([functions.dependencies, stack.dependencies]).toEqual([[stack], []]);
    expect(policiesOf(stack)).toEqual({});
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Permission', 0);
    Template.fromStack(functions).resourceCountIs('AWS::Lambda::Permission', 1);
    const [{ Properties: { FunctionName } }] = Object.values(Template.fromStack(functions).findResources('AWS::Lambda::Function'));
    expect(FunctionName).toMatch(/^Functions-Fn/);
    const names = Object.values(Template.fromStack(stack).findResources('AWS::CodePipeline::Pipeline'))
      .flatMap(({ Properties }) => Properties.Stages.at(-1).Actions[0].Configuration.FunctionName as unknown);
    expect(names).toEqual([FunctionName, FunctionName]);
  });

  test('that cannot be, where the pipeline refers to something else in the function\'s stack', () => {
    const { functions, stack, fn } = givenStacks();
    expect(() => new CloudFrontInvalidationStage(stack, 'Invalidate', {
      pipeline: givenPipeline(stack), distribution: givenDistribution(functions), function: fn, paths: InvalidationPaths.changedFiles(new codepipeline.Artifact('site'), { deployedBy: ['Source.Source'] }),
    })).toThrow("pipelineName must be set for 'Website/Pipeline', because the function is in another stack and changedFiles needs the pipeline's name. " +
      "Otherwise, the stack 'Functions' would reference the pipeline, which already references 'Functions/Distribution' in that stack. Set pipelineName, or leave function out.");
  });

  test('whose own distribution is in the stack of the pipeline', () => {
    const app = new App({ analyticsReporting: false });
    const [functions, stack] = ['Functions', 'Website'].map(id => new Stack(app, id));
    const distribution = givenDistribution(stack);
    const fn = new CloudFrontInvalidationFunction(functions, 'Fn', { distribution, functionName: 'invalidate' });
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline: givenPipeline(stack), distribution, function: fn });
    app.synth();
    expect([functions.dependencies, stack.dependencies]).toEqual([[stack], []]);
    expect(stagesOf(stack).at(-1)!.Actions[0].Configuration.FunctionName).toBe('invalidate');
  });

  test('a key whose policy names those who use it', () => {
    // GIVEN
    const { app, stack, fn } = givenStacks();
    const encryptionKey = new kms.Key(stack, 'Key');
    encryptionKey.addToResourcePolicy(new iam.PolicyStatement({ actions: ['kms:Decrypt'], resources: ['*'], principals: [fn.grantPrincipal] }));
    const artifactBucket = new Bucket(stack, 'Artifacts', { encryptionKey });

    // WHEN
    new CloudFrontInvalidationStage(stack, 'Invalidate', {
      pipeline: givenPipeline(stack, { artifactBucket }),
      distribution: givenDistribution(stack),
      function: fn,
      paths: InvalidationPaths.fromManifest(new codepipeline.Artifact('site').atPath('paths.txt')),
    });
    app.synth();

    // THEN
    const [{ Properties: { PolicyDocument: { Statement } } }] = Object.values(policiesOf(stack));
    expect(Statement.slice(1)).toEqual([
      { Effect: 'Allow', Action: 's3:GetObject', Resource: { 'Fn::Join': ['', [stack.resolve(artifactBucket.bucketArn), '/*']] } },
      { Effect: 'Allow', Action: 'kms:Decrypt', Resource: stack.resolve(encryptionKey.keyArn) },
    ]);
  });

  test('a role that is not to be changed gets no policy', () => {
    const app = new App({ analyticsReporting: false });
    const [functions, stack] = ['Functions', 'Website'].map(id => new Stack(app, id));
    const role = iam.Role.fromRoleArn(functions, 'Role', 'arn:aws:iam::111122223333:role/r', { mutable: false });
    const fn = new CloudFrontInvalidationFunction(functions, 'Fn', { role });
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline: givenPipeline(stack), distribution: givenDistribution(stack), function: fn });
    expect(policiesOf(stack)).toEqual({});
  });

  test('a nested stack', () => {
    const parent = givenStack();
    const nested = new NestedStack(parent, 'Nested');
    const fn = new CloudFrontInvalidationFunction(parent, 'Fn');
    new CloudFrontInvalidationStage(nested, 'Invalidate', { pipeline: givenPipeline(nested), distribution: givenDistribution(nested), function: fn });
    expect(Object.keys(policiesOf(nested))).toHaveLength(1);
    expect(JSON.stringify(Template.fromStack(parent).findResources('AWS::IAM::Policy'))).not.toContain('Nested');
  });
});

describe('the name of the function', () => {
  const SITE = codepipeline.Artifact.artifact('site');

  test('PhysicalName.GENERATE_IF_NEEDED is as if it were not given', () => {
    for (const functionName of [undefined, PhysicalName.GENERATE_IF_NEEDED]) {
      const stack = givenStack();
      const fn = new CloudFrontInvalidationFunction(stack, 'Fn', { functionName });
      new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline: givenPipeline(stack), distribution: givenDistribution(stack), function: fn });
      Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', { FunctionName: Match.absent() });
    }
  });

  test('PhysicalName.GENERATE_IF_NEEDED is generated for a pipeline without a name', () => {
    const names = [undefined, PhysicalName.GENERATE_IF_NEEDED].map(functionName => {
      const stack = givenStack();
      const fn = new CloudFrontInvalidationFunction(stack, 'Fn', { functionName });
      new CloudFrontInvalidationStage(stack, 'Invalidate', {
        pipeline: givenPipeline(stack), distribution: givenDistribution(stack), function: fn, paths: InvalidationPaths.changedFiles(SITE, { deployedBy: ['Source.Source'] }),
      });
      const [{ Properties: { FunctionName } }] = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
      return FunctionName as string;
    });
    expect(names).toEqual(['Stack-Fn-Function', 'Stack-Fn-Function'].map(name => expect.stringMatching(name)));
    expect(new Set(names).size).toBe(1);
  });

  test('a stack of another account can refer to it', () => {
    const app = new App();
    const [stack, other] = ['111122223333', '444455556666'].map(account => new Stack(app, `Of${account}`, { env: { account, region: 'eu-west-1' } }));
    const fn = new CloudFrontInvalidationFunction(stack, 'Fn');
    new CfnOutput(other, 'FunctionArn', { value: fn.functionArn });
    const { Outputs } = Template.fromStack(other).toJSON() as { Outputs: Record<string, { Value: unknown }> };
    const [{ Properties: { FunctionName } }] = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
    expect(JSON.stringify(Outputs.FunctionArn.Value)).toContain(`:lambda:eu-west-1:111122223333:function:${FunctionName}`);
  });

  function givenPipelineWithProject(nameOf: (fn: CloudFrontInvalidationFunction) => string, inAction = false): Stack {
    const stack = givenStack();
    const pipeline = givenPipeline(stack, { crossAccountKeys: false });
    const fn = new CloudFrontInvalidationFunction(stack, 'Fn');
    const environmentVariables = { INVALIDATE: { value: nameOf(fn) } };
    pipeline.stages[1].addAction(new CodeBuildAction({
      actionName: 'Build',
      input: SITE,
      project: new codebuild.PipelineProject(stack, 'Project', inAction ? {} : { environmentVariables }),
      environmentVariables: inAction ? environmentVariables : undefined,
    }));
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack), function: fn, paths: InvalidationPaths.changedFiles(SITE, { deployedBy: ['Source.Source'] }) });
    return stack;
  }

  test.each([false, true])('what a pipeline without a name runs can refer to it: no circle (in the action: %s)', inAction => {
    const stack = givenPipelineWithProject(fn => fn.functionName, inAction);
    // Template.fromStack refuses a template with a circle.
    const template = Template.fromStack(stack);
    const [{ Properties: { FunctionName } }] = Object.values(template.findResources('AWS::Lambda::Function'));
    expect(JSON.stringify(template.findResources(inAction ? 'AWS::CodePipeline::Pipeline' : 'AWS::CodeBuild::Project'))).toContain('INVALIDATE');
    expect(FunctionName).toMatch(/^Stack-Fn-Function/);
  });

  test.each<[string, (fn: CloudFrontInvalidationFunction) => string, boolean, string]>([
    ['a project, by name', fn => fn.lambdaFunction.functionName, false, 'Stack/Project/Resource'],
    ['a project, by ARN', fn => fn.lambdaFunction.functionArn, false, 'Stack/Project/Resource'],
    ['an action', fn => fn.lambdaFunction.functionName, true, 'Stack/Pipeline/Resource'],
  ])('%s that refers to the lambdaFunction itself is refused', (_, nameOf, inAction, path) => {
    const stack = givenPipelineWithProject(nameOf, inAction);
    expect(() => stack.node.root instanceof App && stack.node.root.synth()).toThrow(
      `'${path}' references lambdaFunction, which references the pipeline 'Stack/Pipeline/Resource', because changedFiles needs its name: a circular dependency. ` +
      'Use functionName or functionArn of the CloudFrontInvalidationFunction instead, or set pipelineName.');
  });
});
