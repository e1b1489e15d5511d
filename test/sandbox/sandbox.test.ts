import { givenAsset, givenFolder, PUT, removeFolders } from './given-function';
import { Sandbox, type DeployedStack } from '../../sandbox';

/** Answers each job with its parameters as the variable `echo`. */
const ECHO = `${PUT} exports.handler = async event => {
  const { id, data: { actionConfiguration: { configuration } } } = event['CodePipeline.job'];
  const { status } = await put('PutJobSuccessResult', { jobId: id, outputVariables: { echo: configuration.UserParameters } });
  console.log(status);
};`;

const ASSUMED_BY_LAMBDA = { Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } }] };

const MAY_REPORT = { Statement: [{ Effect: 'Allow', Action: 'codepipeline:PutJobSuccessResult', Resource: '*' }] };

const MAY_INVOKE = { Statement: [{ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: { 'Fn::GetAtt': ['Fn', 'Arn'] } }] };

const FUNCTION = {
  Type: 'AWS::Lambda::Function',
  Properties: {
    Code: { S3Bucket: { 'Fn::Sub': 'assets-${AWS::AccountId}-${AWS::Region}' }, S3Key: 'abc.zip' },
    Handler: 'index.handler',
    Runtime: 'nodejs24.x',
    Timeout: 300,
    Role: { 'Fn::GetAtt': ['FnRole', 'Arn'] },
    Environment: { Variables: { DISTRIBUTION: { 'Fn::ImportValue': 'Website:Id' } } },
  },
};

const FUNCTION_ROLE = { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: ASSUMED_BY_LAMBDA, Policies: [{ PolicyDocument: MAY_REPORT }] } };

const PIPELINE_ROLE = { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: ASSUMED_BY_LAMBDA } };

const POLICY = { Type: 'AWS::IAM::Policy', Properties: { PolicyDocument: MAY_INVOKE, Roles: [{ Ref: 'PipelineRole' }] } };

let sandbox: Sandbox;
let assembly: string;

beforeEach(async () => {
  sandbox = await Sandbox.start({ timeScale: 100 });
  assembly = givenFolder();
  givenAsset(assembly, 'abc', ECHO);
  deploy('Website', {
    Resources: { Distribution: { Type: 'AWS::CloudFront::Distribution' } },
    Outputs: { Id: { Value: { Ref: 'Distribution' }, Export: { Name: 'Website:Id' } } },
  });
});
afterEach(async () => {
  await sandbox.stop();
  removeFolders();
});

test('a distribution of a template is one of the sandbox', () => {
  const { outputs, physicalId } = deploy('Other', {
    Resources: { Distribution: { Type: 'AWS::CloudFront::Distribution' } },
    Outputs: { Id: { Value: { Ref: 'Distribution' } } },
  });
  expect(outputs.Id).toBe(physicalId('Distribution'));
  expect(sandbox.cloudFront.distribution(outputs.Id).arn).toBe(`arn:aws:cloudfront::123456789012:distribution/${outputs.Id}`);
});

test('a function has the values that the template computes', () => {
  const { physicalId } = deploy('Pipeline', { Resources: { Fn: FUNCTION, FnRole: FUNCTION_ROLE } });
  const { arn, code, timeout, memorySize, environment, role } = sandbox.lambda.function(physicalId('Fn'));
  expect({ arn, code, timeout, memorySize }).toEqual({
    arn: 'arn:aws:lambda:eu-west-1:123456789012:function:Pipeline-Fn', code: `${assembly}/asset.abc`, timeout: 300, memorySize: 128,
  });
  expect(environment).toEqual({ DISTRIBUTION: expect.stringMatching(/^E[A-Z0-9]{13}$/) });
  expect(role).toMatchObject({ name: 'Pipeline-FnRole', statements: MAY_REPORT.Statement });
});

test('an import that nothing here exports can be given', () => {
  const template = { Outputs: { Name: { Value: { 'Fn::ImportValue': 'Elsewhere' } } } };
  expect(() => deploy('Importing', template)).toThrow('exports Elsewhere');
  expect(sandbox.deploy(template, { stackName: 'Importing', assetsDirectory: assembly, exports: { Elsewhere: 'value' } }).outputs).toEqual({ Name: 'value' });
});

test('a stage runs its functions by run order, with the variables of those before', async () => {
  const { physicalId } = deploy('Pipeline', {
    Resources: {
      Fn: FUNCTION,
      FnRole: FUNCTION_ROLE,
      PipelineRole: PIPELINE_ROLE,
      Policy: POLICY,
      Pipeline: pipeline([
        action('Last', 2, 'after #{First.echo}, "#{unknown.variable}"'),
        action('First', 1, '{"quoted":"#{variables.text}"}'),
        action('Beside', 1, 'beside'),
        { Name: 'Build', ActionTypeId: { Category: 'Build', Owner: 'AWS', Provider: 'CodeBuild', Version: '1' }, Configuration: {} },
      ]),
    },
  });
  const stage = sandbox.codePipeline.startStage({ pipeline: physicalId('Pipeline'), stage: 'Stage', variables: { 'variables.text': 'a"b' } });
  expect(stage.actions.map(({ actionName }) => actionName)).toEqual(['First', 'Beside']);
  const actions = await stage.finished;
  expect(actions.map(({ actionName, status, outputVariables }) => [actionName, status, outputVariables.echo])).toEqual([
    ['First', 'Succeeded', '{"quoted":"a"b"}'],
    ['Beside', 'Succeeded', 'beside'],
    ['Last', 'Succeeded', 'after {"quoted":"a"b"}, "#{unknown.variable}"'],
  ]);
  expect(actions[2].startedAt).toBeGreaterThanOrEqual(Math.max(Number(actions[0].endedAt), Number(actions[1].endedAt)));
  expect(sandbox.requests.map(({ principal, status }) => [principal, status])).toEqual(Array(3).fill(['Pipeline-FnRole', 200]));
});

test('a stage ends where an action failed', async () => {
  const { physicalId } = deploy('Pipeline', {
    Resources: { Fn: FUNCTION, FnRole: FUNCTION_ROLE, PipelineRole: PIPELINE_ROLE, Pipeline: pipeline([action('First', 1, 'a'), action('Last', 2, 'b')]) },
  });
  const actions = await sandbox.codePipeline.startStage({ pipeline: physicalId('Pipeline'), stage: 'Stage' }).finished;
  expect(actions).toMatchObject([{ actionName: 'First', status: 'Failed', errorDetails: { code: 'PermissionError' } }]);
});

describe('the role of an action may invoke the function', () => {
  const permission = (properties: object) => ({
    Type: 'AWS::Lambda::Permission',
    Properties: { Action: 'lambda:InvokeFunction', FunctionName: { 'Fn::GetAtt': ['Fn', 'Arn'] }, Principal: { 'Fn::GetAtt': ['PipelineRole', 'Arn'] }, ...properties },
  });
  const managedPolicy = (properties: object) => ({ Type: 'AWS::IAM::ManagedPolicy', Properties: { PolicyDocument: MAY_INVOKE, ...properties } });
  const deny = {
    Type: 'AWS::IAM::Policy',
    Properties: { PolicyDocument: { Statement: [{ Effect: 'Deny', Action: 'lambda:*', Resource: '*' }] }, Roles: [{ Ref: 'PipelineRole' }] },
  };

  test.each<[string, boolean, Record<string, object>]>([
    ['by no policy', false, {}],
    ['by a policy', true, { Policy: POLICY }],
    ['by a managed policy that names the role', true, { Managed: managedPolicy({ Roles: [{ Ref: 'PipelineRole' }] }) }],
    ['by a managed policy that the role names', true, {
      Managed: managedPolicy({}),
      PipelineRole: { Type: 'AWS::IAM::Role', Properties: { ManagedPolicyArns: [{ Ref: 'Managed' }, 'arn:aws:iam::aws:policy/ReadOnlyAccess'] } },
    }],
    ['by the function\'s own policy', true, { Permission: permission({}) }],
    ['by the function\'s own policy for another role', false, { Permission: permission({ Principal: { 'Fn::GetAtt': ['FnRole', 'Arn'] } }) }],
    ['by the function\'s own policy for a service', false, { Permission: permission({ Principal: 'codepipeline.amazonaws.com' }) }],
    ['by the function\'s own policy on behalf of a bucket', false, { Permission: permission({ SourceArn: 'arn:aws:s3:::bucket' }) }],
    ['by the function\'s own policy, and its own denies it', false, { Permission: permission({}), Deny: deny }],
    ['by a policy, and another denies it', false, { Policy: POLICY, Deny: deny }],
  ])('%s: %s', async (_, allowed, resources) => {
    const { physicalId } = deploy('Pipeline', {
      Resources: { Fn: FUNCTION, FnRole: FUNCTION_ROLE, PipelineRole: PIPELINE_ROLE, Pipeline: pipeline([action('Only', 1, 'a')]), ...resources },
    });
    const [only] = await sandbox.codePipeline.startStage({ pipeline: physicalId('Pipeline'), stage: 'Stage' }).finished;
    expect(only.status).toBe(allowed ? 'Succeeded' : 'Failed');
    expect(sandbox.lambda.invocations).toHaveLength(allowed ? 1 : 0);
  });

  test('an imported role has no permissions here', async () => {
    const { physicalId } = deploy('Pipeline', { Resources: { Fn: FUNCTION, FnRole: FUNCTION_ROLE } });
    const roleArn = 'arn:aws:iam::210987654321:role/Imported';
    expect(await sandbox.codePipeline.startAction({ functionName: physicalId('Fn'), roleArn }).finished).toMatchObject({ status: 'Failed' });
  });
});

test('a policy that the sandbox cannot judge is said, and not guessed', async () => {
  const stderr = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  const { physicalId } = deploy('Pipeline', { Resources: { Fn: FUNCTION, FnRole: FUNCTION_ROLE } });
  sandbox.role('Pipeline-FnRole').statements.push({ Effect: 'Deny', Action: '*', Resource: '*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } });
  sandbox.codePipeline.startAction({ functionName: physicalId('Fn'), userParameters: 'a' });
  while (sandbox.requests[0]?.status === undefined) {
    await new Promise(resolve => setTimeout(resolve, 5));
  }
  expect(sandbox.requests).toMatchObject([{ status: 400, errorCode: 'SandboxError' }]);
  expect(stderr.mock.calls.join()).toContain('The sandbox cannot answer: The sandbox judges conditions with');
  stderr.mockRestore();
});

function deploy(stackName: string, template: object): DeployedStack {
  return sandbox.deploy(template, { stackName, assetsDirectory: assembly });
}

function pipeline(actions: object[]): object {
  return {
    Type: 'AWS::CodePipeline::Pipeline',
    Properties: { RoleArn: { 'Fn::GetAtt': ['PipelineRole', 'Arn'] }, Stages: [{ Name: 'Source', Actions: [] }, { Name: 'Stage', Actions: actions }] },
  };
}

function action(name: string, runOrder: number, userParameters: string): object {
  return {
    Name: name,
    ActionTypeId: { Category: 'Invoke', Owner: 'AWS', Provider: 'Lambda', Version: '1' },
    Configuration: { FunctionName: { Ref: 'Fn' }, UserParameters: userParameters },
    Namespace: name,
    RunOrder: runOrder,
  };
}
