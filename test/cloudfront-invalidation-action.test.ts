import { App, Aws, CfnParameter, Duration, Fn, Lazy, Stack, Token } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import * as iam from 'aws-cdk-lib/aws-iam';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { stagesOf, statementsOf } from './expect';
import { givenBuildAction, givenDistribution, givenDistributionTenant, givenPipeline, givenStack } from './given';
import {
  CloudFrontInvalidationAction, CloudFrontInvalidationFunction, CloudFrontInvalidationRole, CloudFrontInvalidationStage,
  InvalidationFailurePolicy, InvalidationPaths,
  type CloudFrontInvalidationOptions,
} from '../src';
import { actionMark } from '../src/contract';

test('the smallest action invokes the stack\'s function for all of the distribution', () => {
  // GIVEN
  const stack = givenStack();
  const distribution = givenDistribution(stack);

  // WHEN
  givenPipeline(stack).stages[1].addAction(new CloudFrontInvalidationAction({ actionName: 'Invalidate', distribution, runOrder: 2 }));

  // THEN
  const [functionId] = Object.keys(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
  expect(stagesOf(stack)[1].Actions[1]).toEqual({
    Name: 'Invalidate',
    RunOrder: 2,
    ActionTypeId: { Category: 'Invoke', Owner: 'AWS', Provider: 'Lambda', Version: '1' },
    RoleArn: expect.anything(),
    Configuration: {
      FunctionName: { Ref: functionId },
      UserParameters: {
        'Fn::Join': ['', [
          '{"distributionId":"', stack.resolve(distribution.distributionId),
          '","distributionRole":null,"waitForCompletion":true,"timeoutSeconds":3600,"failurePolicy":"FAIL","freshnessCheck":null,"paths":["/*"]}',
        ]],
      },
    },
  });
});

test('every option reaches the parameters, the paths last', () => {
  // GIVEN
  const stack = givenStack();
  const invalidationFunction = new CloudFrontInvalidationFunction(stack, 'Fn');

  // WHEN
  givenPipeline(stack).stages[1].addAction(new CloudFrontInvalidationAction({
    actionName: 'Invalidate',
    distribution: givenImportedDistribution(stack),
    paths: InvalidationPaths.of('/index.html', '/releases/#{variables.release}/*', '#news'),
    waitForCompletion: false,
    timeout: Duration.minutes(90),
    failurePolicy: InvalidationFailurePolicy.WARN,
    function: invalidationFunction,
    variablesNamespace: 'Invalidation',
  }));

  // THEN
  const [, action] = stagesOf(stack)[1].Actions;
  expect(action.Namespace).toBe('Invalidation');
  expect(action.Configuration).toEqual({
    FunctionName: stack.resolve(invalidationFunction.functionName),
    UserParameters: '{"distributionId":"E2QWRUHEXAMPLE","distributionRole":null,"waitForCompletion":false,"timeoutSeconds":5400,"failurePolicy":"WARN","freshnessCheck":null,' +
      '"paths":["/index.html","/releases/#{variables.release}/*","#news"]}',
  });
  Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 1);
});

test('the action\'s role may invoke the function and nothing else', () => {
  const stack = givenStack();
  givenPipeline(stack).stages[1].addAction(new CloudFrontInvalidationAction({ actionName: 'Invalidate', distribution: givenDistribution(stack) }));
  const { RoleArn } = stagesOf(stack)[1].Actions[1];
  const [functionId] = Object.keys(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
  expect(statementsOf(stack, (RoleArn as { 'Fn::GetAtt': [string] })['Fn::GetAtt'][0])).toEqual([{
    Effect: 'Allow',
    Action: 'lambda:InvokeFunction',
    Resource: { 'Fn::GetAtt': [functionId, 'Arn'] },
  }]);
});

test('two actions share the stack\'s function, which may invalidate both distributions and no other', () => {
  // GIVEN
  const stack = givenStack();
  const stage = givenPipeline(stack).stages[1];
  const [first, second] = [givenDistribution(stack, 'First'), givenDistribution(stack, 'Second')];

  // WHEN
  stage.addAction(new CloudFrontInvalidationAction({ actionName: 'One', distribution: first }));
  stage.addAction(new CloudFrontInvalidationAction({ actionName: 'Two', distribution: second }));
  stage.addAction(new CloudFrontInvalidationAction({ actionName: 'Three', distribution: second, paths: InvalidationPaths.of('/x') }));

  // THEN
  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::Lambda::Function', 1);
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: Match.arrayWith([{
        Effect: 'Allow',
        Action: ['cloudfront:CreateInvalidation', 'cloudfront:GetInvalidation', 'cloudfront:ListInvalidations'],
        Resource: [first, second].map(({ distributionId }) => ({
          'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':cloudfront::', { Ref: 'AWS::AccountId' }, ':distribution/', stack.resolve(distributionId)]],
        })),
      }]),
    },
  });
});

test('a role that is passed in invokes the function', () => {
  const stack = givenStack();
  const role = new iam.Role(stack, 'Role', { assumedBy: new iam.AccountRootPrincipal() });
  givenPipeline(stack).stages[1].addAction(new CloudFrontInvalidationAction({ actionName: 'Invalidate', distribution: givenDistribution(stack), role }));
  expect(stack.resolve(role.roleArn)).toEqual(stagesOf(stack)[1].Actions[1].RoleArn);
  expect(statementsOf(stack, stack.getLogicalId(role.node.defaultChild as iam.CfnRole))).toHaveLength(1);
});

describe('variables', () => {
  test('a later action reads them, and only then the action has a namespace', () => {
    // GIVEN
    const stack = givenStack();
    const stage = givenPipeline(stack).stages[1];
    const read = new CloudFrontInvalidationAction({ actionName: 'Invalidate', distribution: givenDistribution(stack, 'D1') });
    const unread = new CloudFrontInvalidationAction({ actionName: 'Other', distribution: givenDistribution(stack, 'D2') });

    // WHEN
    stage.addAction(read);
    stage.addAction(unread);
    stage.addAction(givenBuildAction(stack, read.variables.invalidationId));

    // THEN
    const [, first, second, build] = stagesOf(stack)[1].Actions;
    expect(first.Namespace).toBe('Approve_Invalidate_NS');
    expect(second.Namespace).toBeUndefined();
    expect(build.Configuration.EnvironmentVariables).toContain('#{Approve_Invalidate_NS.invalidationId}');
  });

  test('each is a variable of the action\'s namespace', () => {
    const stack = givenStack();
    const action = new CloudFrontInvalidationAction({ actionName: 'Invalidate', distribution: givenDistribution(stack), variablesNamespace: 'Ns' });
    givenPipeline(stack).stages[1].addAction(action);
    expect(stack.resolve(action.variables)).toEqual({
      distributionId: '#{Ns.distributionId}',
      distributionTenantId: '#{Ns.distributionTenantId}',
      invalidationId: '#{Ns.invalidationId}',
      invalidationCount: '#{Ns.invalidationCount}',
      status: '#{Ns.status}',
      pathCount: '#{Ns.pathCount}',
      changedFileCount: '#{Ns.changedFileCount}',
      unchangedFileCount: '#{Ns.unchangedFileCount}',
      checkedPageCount: '#{Ns.checkedPageCount}',
      createTime: '#{Ns.createTime}',
      errorType: '#{Ns.errorType}',
      errorMessage: '#{Ns.errorMessage}',
    });
  });

  test('a stage name with dots and of any length gives a namespace that CodePipeline takes', () => {
    // GIVEN
    const stack = givenStack();
    const pipeline = givenPipeline(stack);
    const action = new CloudFrontInvalidationAction({ actionName: 'invalidate.www', distribution: givenDistribution(stack) });

    // WHEN
    pipeline.addStage({ stageName: `www.example.com-${'x'.repeat(80)}`, actions: [action] });
    pipeline.stages[1].addAction(givenBuildAction(stack, action.variables.status));

    // THEN
    const { Namespace } = stagesOf(stack)[2].Actions[0];
    expect(Namespace).toMatch(/^[A-Za-z0-9@\-_]{1,100}$/);
    expect(stagesOf(stack)[1].Actions[1].Configuration.EnvironmentVariables).toContain(`#{${Namespace}.status}`);
  });

  test('names that differ only in such characters do not share a namespace', () => {
    const stack = givenStack();
    const pipeline = givenPipeline(stack);
    const actions = ['a.b', 'a:b'.replace(':', '@'), 'a_b'].map(actionName => new CloudFrontInvalidationAction({ actionName, distribution: givenDistribution(stack, actionName) }));
    actions.forEach(action => action.variables);
    pipeline.addStage({ stageName: 'Invalidate', actions });
    expect(new Set(stagesOf(stack)[2].Actions.map(action => action.Namespace)).size).toBe(3);
  });

  test('an action that is in no stage has none', () => {
    const stack = givenStack();
    const action = new CloudFrontInvalidationAction({ actionName: 'Invalidate', distribution: givenDistribution(stack) });
    expect(() => stack.resolve(action.variables.status)).toThrow("variables of action 'Invalidate' cannot be used, because the action is not in a stage: add it to one");
  });
});

test('a distribution tenant: its calls, its ARN, its parameter', () => {
  // GIVEN
  const stack = givenStack();
  const distributionTenant = givenDistributionTenant(stack);

  // WHEN
  givenPipeline(stack).stages[1].addAction(new CloudFrontInvalidationAction({ actionName: 'Invalidate', distributionTenant }));

  // THEN
  const id = stack.resolve(distributionTenant.distributionTenantRef.distributionTenantId);
  expect(stagesOf(stack)[1].Actions[1].Configuration.UserParameters).toEqual({ 'Fn::Join': ['', ['{"distributionTenantId":"', id, expect.any(String)]] });
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: Match.arrayWith([{
        Effect: 'Allow',
        Action: ['Create', 'Get', 'List'].map(verb => `cloudfront:${verb}Invalidation${verb === 'List' ? 's' : ''}ForDistributionTenant`),
        Resource: [{
          'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':cloudfront::', { Ref: 'AWS::AccountId' }, ':distribution-tenant/', id]],
        }],
      }]),
    },
  });
  expect(JSON.stringify(template.toJSON())).not.toContain('"cloudfront:CreateInvalidation"');
});

describe('with a role that the function assumes', () => {
  const ROLE_ARN = 'arn:aws:iam::444455556666:role/invalidate-website';
  const PARAMETERS = '"waitForCompletion":true,"timeoutSeconds":3600,"failurePolicy":"FAIL","freshnessCheck":null,"paths":["/*"]}';

  function givenAction(stack: Stack, props: Partial<CloudFrontInvalidationOptions>, pipelineName?: string): void {
    givenPipeline(stack, { pipelineName, crossAccountKeys: false }).stages[1].addAction(new CloudFrontInvalidationAction({
      actionName: 'Invalidate',
      distribution: givenImportedDistribution(stack),
      distributionRole: iam.Role.fromRoleArn(stack, 'DistributionRole', ROLE_ARN),
      ...props,
    }));
  }

  function parametersOf(stack: Stack): unknown {
    return stagesOf(stack)[1].Actions[1].Configuration.UserParameters;
  }

  test('the parameters name the role and the pipeline', () => {
    const stack = givenStack();
    givenAction(stack, { distributionRoleExternalId: 'website' }, 'website');
    expect(parametersOf(stack)).toBe(`{"distributionId":"E2QWRUHEXAMPLE","distributionRole":{"arn":"${ROLE_ARN}","externalId":"website","pipelineName":"website"},${PARAMETERS}`);
  });

  test('the pipeline does not refer to itself for its name', () => {
    const stack = givenStack();
    givenAction(stack, {});
    const [pipelineId] = Object.keys(Template.fromStack(stack).findResources('AWS::CodePipeline::Pipeline'));
    expect(parametersOf(stack)).toBe(`{"distributionId":"E2QWRUHEXAMPLE","distributionRole":{"arn":"${ROLE_ARN}","pipelineName":"Stack-${pipelineId}"},${PARAMETERS}`);
  });

  test('the function may assume that role, and invalidate nothing by itself', () => {
    const stack = givenStack();
    givenAction(stack, {});
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: Match.arrayWith([{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: [ROLE_ARN] }]) },
    });
    expect(JSON.stringify(template.toJSON())).not.toContain('cloudfront:');
  });

  test('a function that serves two accounts may assume two roles, each listed once', () => {
    // GIVEN
    const stack = givenStack();
    const stage = givenPipeline(stack, { crossAccountKeys: false }).stages[1];
    const [first, second] = [ROLE_ARN, `${ROLE_ARN}-2`].map((arn, index) => iam.Role.fromRoleArn(stack, `Role${index}`, arn));

    // WHEN
    [first, second, first].forEach((distributionRole, index) => stage.addAction(new CloudFrontInvalidationAction({
      actionName: `Invalidate${index}`, distribution: givenDistribution(stack, `Distribution${index}`), distributionRole,
    })));

    // THEN
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: Match.arrayWith([{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: [ROLE_ARN, `${ROLE_ARN}-2`] }]) },
    });
  });

  test('the external id of a CloudFrontInvalidationRole is taken from it, unless another is given', () => {
    const [inherited, given] = [givenStack(), givenStack()];
    for (const [stack, distributionRoleExternalId] of [[inherited, undefined], [given, 'other']] as const) {
      const distribution = givenDistribution(stack);
      const distributionRole = new CloudFrontInvalidationRole(stack, 'Role', { distribution, assumedBy: new iam.AccountRootPrincipal(), externalId: 'website' });
      givenAction(stack, { distribution, distributionRole, distributionRoleExternalId });
    }
    const externalIdOf = (stack: Stack) => /externalId\W+(\w+)/.exec(JSON.stringify(parametersOf(stack)))?.[1];
    expect([inherited, given].map(externalIdOf)).toEqual(['website', 'other']);
  });

  describe('a distribution whose stack belongs to another account', () => {
    const WEBSITE = { account: '444455556666', region: 'us-east-1' };
    const PIPELINE = { account: '111122223333', region: 'eu-west-1' };

    function givenStacks() {
      const app = new App();
      return { stack: new Stack(app, 'Pipeline', { env: PIPELINE }), website: new Stack(app, 'Website', { env: WEBSITE }) };
    }

    test('has an id that nobody knows yet, which is refused with the ways out', () => {
      const { stack, website } = givenStacks();
      expect(() => givenAction(stack, { distribution: givenDistribution(website) })).toThrow(
        "distribution must have an ID that the pipeline knows: 'Website/Distribution' is in account 444455556666, but the pipeline is in account 111122223333. " +
        'Deploy the distribution first, import it next to the pipeline with its ID as literal text');
    });

    test.each([[{}, WEBSITE], [PIPELINE, {}], [{}, {}]])('is no concern where an account is not known: pipeline %j, distribution %j', (env, websiteEnv) => {
      const app = new App();
      const [stack, website] = [new Stack(app, 'Pipeline', { env }), new Stack(app, 'Website', { env: websiteEnv })];
      expect(() => givenAction(stack, { distribution: givenImportedDistribution(website), distributionRole: undefined })).not.toThrow();
    });

    test('names the prop of a tenant', () => {
      const { stack, website } = givenStacks();
      expect(() => givenAction(stack, { distribution: undefined, distributionTenant: givenDistributionTenant(website) }))
        .toThrow("distributionTenant must have an ID that the pipeline knows: 'Website/Tenant' is in account 444455556666");
    });

    test('needs a role of that account', () => {
      const { stack, website } = givenStacks();
      expect(() => givenAction(stack, { distribution: givenImportedDistribution(website), distributionRole: undefined })).toThrow(
        "distributionRole must be specified, because distribution 'Website/Imported' is in account 444455556666, but the pipeline is in account 111122223333");
    });

    test('needs a role of that account, where the account is known of the function only', () => {
      const { stack: functions, website } = givenStacks();
      const stack = givenStack();
      // CDK wants to know the environment of its own kind of pipeline.
      const pipeline = new codepipeline.CfnPipeline(stack, 'Cfn', { roleArn: 'arn:aws:iam::111122223333:role/pipeline', stages: [] });
      const invalidationFunction = new CloudFrontInvalidationFunction(functions, 'Fn');
      expect(() => new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenImportedDistribution(website), function: invalidationFunction }))
        .toThrow("distributionRole must be specified, because distribution 'Website/Imported' is in account 444455556666, but the pipeline is in account 111122223333");
    });

    test('is fine with an id and a role', () => {
      const { stack, website } = givenStacks();
      expect(() => givenAction(stack, { distribution: givenImportedDistribution(website) })).not.toThrow();
    });
  });

  test.each<[Partial<CloudFrontInvalidationOptions>, string]>([
    [{ distributionRole: undefined, distributionRoleExternalId: 'website' }, 'distributionRoleExternalId must not be set without distributionRole'],
    [{ distributionRoleExternalId: 'x' }, "externalId must have 2 to 1224 characters, each a letter, a digit or one of _+=,.@:/-, got 'x'"],
  ])('%j', (props, message) => {
    expect(() => givenAction(givenStack(), props)).toThrow(message);
  });
});

describe('with paths that come from an artifact', () => {
  const SITE = codepipeline.Artifact.artifact('site');
  const DEPLOY = {
    name: 'Deploy',
    actions: [{ name: 'Website', actionTypeId: { category: 'Deploy', owner: 'AWS', provider: 'S3', version: '1' }, inputArtifacts: [{ name: 'site' }] }],
  };
  const PARAMETERS = '"distributionRole":null,"waitForCompletion":true,"timeoutSeconds":3600,"failurePolicy":"FAIL","freshnessCheck":null,"paths":';

  interface Options extends Partial<CloudFrontInvalidationOptions> {
    readonly pipelineName?: string;
    readonly encrypted?: boolean;
  }

  function givenAction(stack: Stack, { pipelineName, encrypted = false, ...props }: Options): void {
    givenPipeline(stack, { pipelineName, crossAccountKeys: encrypted }).stages[1].addAction(new CloudFrontInvalidationAction({
      actionName: 'Invalidate', distribution: givenImportedDistribution(stack), ...props,
    }));
  }

  function functionOf(stack: Stack) {
    const [[logicalId, { Properties }]] = Object.entries(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
    return { logicalId, ...Properties };
  }

  function functionStatementsOf(stack: Stack): object[] {
    return statementsOf(stack, functionOf(stack).Role['Fn::GetAtt'][0]);
  }

  function arnOfObjects(stack: Stack) {
    const [bucketId] = Object.keys(Template.fromStack(stack).findResources('AWS::S3::Bucket')).filter(id => id.includes('ArtifactsBucket'));
    return { 'Fn::Join': ['', [{ 'Fn::GetAtt': [bucketId, 'Arn'] }, '/*']] };
  }

  test('a manifest: its artifact is the action\'s input, and the function may read the artifacts', () => {
    const stack = givenStack();
    givenAction(stack, { paths: InvalidationPaths.fromManifest(SITE.atPath('paths.txt')) });
    const [, action] = stagesOf(stack)[1].Actions;
    expect(action).toMatchObject({
      InputArtifacts: [{ Name: 'site' }],
      Configuration: { UserParameters: `{"distributionId":"E2QWRUHEXAMPLE",${PARAMETERS}{"manifest":"paths.txt"}}` },
    });
    expect(functionStatementsOf(stack)).toContainEqual({ Effect: 'Allow', Action: 's3:GetObject', Resource: arnOfObjects(stack) });
    expect(functionOf(stack).FunctionName).toBeUndefined();
    expect(JSON.stringify(functionStatementsOf(stack))).not.toContain('ListActionExecutions');
  });

  test('changed files: the function may read the artifacts and the history of this pipeline, and nothing more', () => {
    const stack = givenStack();
    givenAction(stack, { paths: InvalidationPaths.changedFiles(SITE, { deployedBy: ['Source.Source'] }), encrypted: true });
    const [pipelineId] = Object.keys(Template.fromStack(stack).findResources('AWS::CodePipeline::Pipeline'));
    const [keyId] = Object.keys(Template.fromStack(stack).findResources('AWS::KMS::Key'));
    expect(functionStatementsOf(stack).slice(3)).toEqual([
      { Effect: 'Allow', Action: 's3:GetObject', Resource: arnOfObjects(stack) },
      { Effect: 'Allow', Action: 'kms:Decrypt', Resource: { 'Fn::GetAtt': [keyId, 'Arn'] } },
      {
        Effect: 'Allow',
        Action: 'codepipeline:ListActionExecutions',
        Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':codepipeline:', { Ref: 'AWS::Region' }, ':', { Ref: 'AWS::AccountId' }, ':', { Ref: pipelineId }]] },
      },
    ]);
  });

  test('the pipeline cannot refer to its own name: the function does, and the pipeline does not refer to the function', () => {
    const stack = givenStack();
    givenAction(stack, { paths: InvalidationPaths.changedFiles(SITE, { baseDirectory: 'dist', queryStrings: true, deployedBy: ['Source.Source'] }) });
    const { FunctionName: functionName, Environment: environment } = functionOf(stack);
    const [pipelineId] = Object.keys(Template.fromStack(stack).findResources('AWS::CodePipeline::Pipeline'));
    const [[variable, value]] = Object.entries(environment.Variables);
    expect([variable, value]).toEqual([expect.stringMatching(/^PIPELINE_NAME_[0-9A-F]{8}$/), { Ref: pipelineId }]);
    const [, action] = stagesOf(stack)[1].Actions;
    expect(action.Configuration).toEqual({
      FunctionName: functionName,
      UserParameters: `{"distributionId":"E2QWRUHEXAMPLE",${PARAMETERS}{"changedFiles":{"pipelineNameVariable":"${variable}",` +
        '"baseDirectory":"dist","queryStrings":true,"deployedBy":["Source.Source"],"stageName":"Approve","actionName":"Invalidate",' +
        `"otherActions":"${['Approve.Approve', 'Approve.Invalidate'].map(actionMark).join('')}"}}}`,
    });
    expect(functionName).toMatch(/^[\w-]{1,64}$/);
    const { RoleArn } = action as { RoleArn: { 'Fn::GetAtt': [string] } };
    expect(statementsOf(stack, RoleArn['Fn::GetAtt'][0])).toContainEqual({
      Effect: 'Allow',
      Action: 'lambda:InvokeFunction',
      Resource: {
        'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':lambda:', { Ref: 'AWS::Region' }, ':', { Ref: 'AWS::AccountId' }, `:function:${functionName}`]],
      },
    });
  });

  test('changed files: the action has a namespace, so that the next execution finds its variables in the history', () => {
    const stack = givenStack();
    givenAction(stack, { paths: InvalidationPaths.changedFiles(SITE, { deployedBy: ['Source.Source'] }) });
    expect(stagesOf(stack)[1].Actions[1].Namespace).toBe('Approve_Invalidate_NS');
  });

  test('a pipeline with a name needs none of that', () => {
    const stack = givenStack();
    givenAction(stack, { paths: InvalidationPaths.changedFiles(SITE, { deployedBy: ['Source.Source'] }), pipelineName: 'website' });
    expect(functionOf(stack).FunctionName).toBeUndefined();
    expect(functionOf(stack).Environment).toBeUndefined();
    expect(JSON.stringify(stagesOf(stack)[1].Actions[1].Configuration.UserParameters)).toContain('pipelineName\\":\\"website');
    expect(functionStatementsOf(stack)).toContainEqual({
      Effect: 'Allow',
      Action: 'codepipeline:ListActionExecutions',
      Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':codepipeline:', { Ref: 'AWS::Region' }, ':', { Ref: 'AWS::AccountId' }, ':website']] },
    });
  });

  test('a function of another stack: that stack refers to the pipeline\'s, and not the other way round', () => {
    const app = new App();
    const [functionStack, stack] = [new Stack(app, 'Functions'), new Stack(app, 'Pipeline')];
    givenAction(stack, {
      paths: InvalidationPaths.changedFiles(SITE, { deployedBy: ['Source.Source'] }),
      function: new CloudFrontInvalidationFunction(functionStack, 'Fn', { functionName: 'invalidate' }),
    });
    app.synth();
    expect(functionStack.dependencies).toEqual([stack]);
    expect(stagesOf(stack)[1].Actions[1].Configuration.FunctionName).toBe('invalidate');
  });

  test('a plain CloudFormation pipeline, whose store and key are its properties', () => {
    const stack = givenStack();
    const keyArn = 'arn:aws:kms:eu-west-1:111122223333:key/1';
    const pipeline = new codepipeline.CfnPipeline(stack, 'Cfn', {
      roleArn: 'arn:aws:iam::111122223333:role/pipeline',
      artifactStore: { type: 'S3', location: 'artifacts', encryptionKey: { id: keyArn, type: 'KMS' } },
      stages: [DEPLOY],
    });
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenImportedDistribution(stack), paths: InvalidationPaths.changedFiles(SITE) });
    expect(stagesOf(stack)[1].Actions[0]).toMatchObject({ InputArtifacts: [{ Name: 'site' }] });
    expect(functionStatementsOf(stack)).toEqual(expect.arrayContaining([
      { Effect: 'Allow', Action: 's3:GetObject', Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::artifacts/*']] } },
      { Effect: 'Allow', Action: 'kms:Decrypt', Resource: keyArn },
    ]));
    expect(functionOf(stack).Environment.Variables).toEqual({ [Object.keys(functionOf(stack).Environment.Variables)[0]]: { Ref: 'Cfn' } });
  });

  test('a plain CloudFormation pipeline whose store is not known', () => {
    const stack = givenStack();
    const pipeline = new codepipeline.CfnPipeline(stack, 'Cfn', { roleArn: 'arn:aws:iam::111122223333:role/pipeline', stages: [] });
    expect(() => new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenImportedDistribution(stack), paths: InvalidationPaths.changedFiles(SITE) }))
      .toThrow("artifactStore of the pipeline 'Stack/Cfn' must be known before deployment");
  });

  test('a plain CloudFormation pipeline whose store is not known, and need not be, where no artifact is read', () => {
    const stack = givenStack();
    const pipeline = new codepipeline.CfnPipeline(stack, 'Cfn', { roleArn: 'arn:aws:iam::111122223333:role/pipeline', stages: [] });
    expect(() => new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenImportedDistribution(stack) })).not.toThrow();
  });

  test('a plain CloudFormation pipeline with a store for each Region: that of its own', () => {
    const stack = new Stack(new App({ analyticsReporting: false }), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
    const pipeline = new codepipeline.CfnPipeline(stack, 'Cfn', {
      roleArn: 'arn:aws:iam::111122223333:role/pipeline',
      artifactStores: ['us-east-1', 'eu-west-1'].map(region => ({ region, artifactStore: { type: 'S3', location: `artifacts-${region}` } })),
      stages: [DEPLOY],
    });
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenImportedDistribution(stack), paths: InvalidationPaths.changedFiles(SITE) });
    expect(functionStatementsOf(stack)).toContainEqual(
      { Effect: 'Allow', Action: 's3:GetObject', Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::artifacts-eu-west-1/*']] } });
  });

  test('a plain CloudFormation pipeline, and an artifact without a name', () => {
    const stack = givenStack();
    const pipeline = new codepipeline.CfnPipeline(stack, 'Cfn', {
      roleArn: 'arn:aws:iam::111122223333:role/pipeline', artifactStore: { type: 'S3', location: 'artifacts' }, stages: [],
    });
    expect(() => new CloudFrontInvalidationStage(stack, 'Invalidate', {
      pipeline, distribution: givenImportedDistribution(stack), paths: InvalidationPaths.changedFiles(new codepipeline.Artifact()),
    })).toThrow('paths and freshnessCheck must use an artifact with a name in a CfnPipeline, such as new codepipeline.Artifact(\'Site\')');
  });
});

test('hands out the function, once a stage has it', () => {
  const stack = givenStack();
  const action = new CloudFrontInvalidationAction({ actionName: 'Invalidate', distribution: givenDistribution(stack) });
  expect(() => action.function).toThrow("function of action 'Invalidate' is not known until the action is in a stage: add it to one first");
  givenPipeline(stack).stages[1].addAction(action);
  expect(action.function).toBe(stack.node.findChild('CloudFrontInvalidationFunction'));
});

describe('misuse', () => {
  test('no target, and two', () => {
    const stack = givenStack();
    expect(() => new CloudFrontInvalidationAction({ actionName: 'Invalidate' })).toThrow('distribution or distributionTenant must be specified');
    expect(() => new CloudFrontInvalidationAction({
      actionName: 'Invalidate', distribution: givenDistribution(stack), distributionTenant: givenDistributionTenant(stack),
    })).toThrow('only one of distribution and distributionTenant must be specified');
  });

  test.each([
    [Duration.seconds(0), 'timeout must be more than 0 and at most 86400 seconds'],
    [Duration.hours(25), 'timeout must be more than 0 and at most 86400 seconds (24 hours, CodePipeline\'s own limit), got 90000'],
  ])('a timeout of %s', (timeout, message) => {
    expect(() => new CloudFrontInvalidationAction({ actionName: 'Invalidate', distribution: givenDistribution(givenStack()), timeout })).toThrow(message);
  });

  test('a distribution with an id that is none', () => {
    const distribution = cloudfront.Distribution.fromDistributionAttributes(givenStack(), 'D', { distributionId: 'www.example.com', domainName: 'x' });
    expect(() => new CloudFrontInvalidationAction({ actionName: 'Invalidate', distribution }))
      .toThrow("distributionId must be the ID of a CloudFront distribution, such as 'E2QWRUHEXAMPLE', got 'www.example.com'");
  });

  test('1000 characters of parameters are taken, 1001 are not', () => {
    const distribution = givenImportedDistribution(givenStack());
    const overhead = '{"distributionId":"E2QWRUHEXAMPLE","distributionRole":null,"waitForCompletion":true,"timeoutSeconds":3600,"failurePolicy":"FAIL","freshnessCheck":null,"paths":["/"]}'.length;
    const action = (length: number) => new CloudFrontInvalidationAction({
      actionName: 'Invalidate', distribution, paths: InvalidationPaths.of(`/${'a'.repeat(length - overhead)}`),
    });
    expect(() => action(1000)).not.toThrow();
    expect(() => action(1001)).toThrow('paths must fit into CodePipeline\'s 1000 characters for an action\'s parameters, got 1001 characters with 1 paths');
  });

  test('a token counts as one character, since it may turn out short', () => {
    const distribution = givenDistribution(givenStack());
    const action = (length: number) => new CloudFrontInvalidationAction({
      actionName: 'Invalidate', distribution, paths: InvalidationPaths.of(...Array.from({ length }, () => Lazy.string({ produce: () => '/a' }))),
    });
    expect(() => action(200)).not.toThrow();
    expect(() => action(300)).toThrow('paths must fit into CodePipeline\'s 1000 characters for an action\'s parameters, got ');
  });
});

describe('values that are known only to CloudFormation', () => {
  const PARAMETERS = '","distributionRole":null,"waitForCompletion":true,"timeoutSeconds":3600,"failurePolicy":"FAIL","freshnessCheck":null,"paths":[';

  function parametersOf(stack: Stack, options: Partial<CloudFrontInvalidationOptions>): unknown {
    givenPipeline(stack).stages[1].addAction(new CloudFrontInvalidationAction({ actionName: 'Invalidate', distribution: givenDistribution(stack), ...options }));
    return stagesOf(stack)[1].Actions[1].Configuration.UserParameters;
  }

  test.each<[string, (stack: Stack) => string[], unknown[]]>([
    ['a parameter', stack => new CfnParameter(stack, 'Paths', { type: 'CommaDelimitedList' }).valueAsList,
      ['"', { 'Fn::Join': ['","', { Ref: 'Paths' }] }, '"]}']],
    ['a text that is split', () => Fn.split(' ', Fn.importValue('Paths')),
      ['"', { 'Fn::Join': ['","', { 'Fn::Split': [' ', { 'Fn::ImportValue': 'Paths' }] }] }, '"]}']],
    ['a list among literals', stack => ['/a', ...new CfnParameter(stack, 'Paths', { type: 'CommaDelimitedList' }).valueAsList, '#{variables.path}'],
      ['"/a","', { 'Fn::Join': ['","', { Ref: 'Paths' }] }, '","#{variables.path}"]}']],
    ['an attribute', () => Token.asList({ 'Fn::GetAtt': ['Site', 'Paths'] }), ['"', { 'Fn::Join': ['","', { 'Fn::GetAtt': ['Site', 'Paths'] }] }, '"]}']],
    ['a lazy list', () => Lazy.list({ produce: () => ['/a"', '/b'] }), ['"/a\\"","/b"]}']],
  ])('paths: CloudFormation joins %s, without a custom resource', (_, pathsIn, expected) => {
    const stack = givenStack();
    const [first, ...rest] = expected;
    expect(parametersOf(stack, { paths: InvalidationPaths.of(...pathsIn(stack)) }))
      .toEqual({ 'Fn::Join': ['', ['{"distributionId":"', { Ref: expect.any(String) }, `${PARAMETERS}${String(first)}`, ...rest]] });
    const resources = JSON.stringify(Template.fromStack(stack).toJSON().Resources);
    expect(resources).not.toContain('Custom::');
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 1);
  });

  test('a list of many is one character long at least, and no more', () => {
    const stack = givenStack();
    const list = () => Token.asList({ 'Fn::Split': [',', { Ref: 'Paths' }] });
    expect(() => parametersOf(stack, { paths: InvalidationPaths.of(...Array.from({ length: 200 }, list).flat()) })).not.toThrow();
  });

  test('a timeout', () => {
    expect(JSON.stringify(parametersOf(givenStack(), { timeout: Duration.seconds(Token.asNumber({ Ref: 'Seconds' })) }))).toContain('{"Ref":"Seconds"}');
  });
});

describe('a distribution of which only the id is known', () => {
  test.each<[string, (stack: Stack) => string]>([
    ['an id', () => 'E2QWRUHEXAMPLE'],
    ['a parameter', stack => new CfnParameter(stack, 'DistributionId').valueAsString],
    ['an SSM parameter', stack => StringParameter.valueForStringParameter(stack, '/website/distribution-id')],
    ['another team\'s export', () => Fn.importValue('WebsiteDistributionId')],
  ])('%s: the permission is for that one', (_, idIn) => {
    const stack = givenStack();
    const id = idIn(stack);
    const distribution = cloudfront.CfnDistribution.fromDistributionId(stack, 'Website', id);
    const action = new CloudFrontInvalidationAction({ actionName: 'Invalidate', distribution });
    givenPipeline(stack).stages[1].addAction(action);
    expect(JSON.stringify(stagesOf(stack)[1].Actions[1].Configuration.UserParameters)).toContain(JSON.stringify(stack.resolve(id)).replace(/^"|"$/g, ''));
    expect(cloudFrontResourcesOf(stack)).toEqual([[stack.resolve(`arn:${Aws.PARTITION}:cloudfront::${Aws.ACCOUNT_ID}:distribution/${id}`)]]);
  });

  test('a variable of a CloudFormation action: known when the pipeline runs, so that the permission is for every one of the account', () => {
    const stack = givenStack();
    const distribution = cloudfront.CfnDistribution.fromDistributionId(stack, 'Website', '#{Deploy.DistributionId}');
    givenPipeline(stack).stages[1].addAction(new CloudFrontInvalidationAction({ actionName: 'Invalidate', distribution }));
    expect(stagesOf(stack)[1].Actions[1].Configuration.UserParameters).toContain('{"distributionId":"#{Deploy.DistributionId}",');
    expect(cloudFrontResourcesOf(stack)).toEqual([[stack.resolve(`arn:${Aws.PARTITION}:cloudfront::${Aws.ACCOUNT_ID}:distribution/*`)]]);
  });

  function cloudFrontResourcesOf(stack: Stack): unknown[] {
    return Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
      .filter(({ Action }) => Action.includes('cloudfront:CreateInvalidation'))
      .map(({ Resource }) => Resource);
  }
});

function givenImportedDistribution(stack: Stack): cloudfront.IDistribution {
  return cloudfront.Distribution.fromDistributionAttributes(stack, 'Imported', { distributionId: 'E2QWRUHEXAMPLE', domainName: 'd111111abcdef8.cloudfront.net' });
}
