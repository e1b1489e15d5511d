import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { parse, type ScalarTag } from 'yaml';
import { codeBlocks, expectCopyable, synthesized } from './given-example';
import { InvalidationFunctionStack } from '../../examples/function-only/invalidation-function-stack';
import { Sandbox } from '../../sandbox';

const ALLOWED_DISTRIBUTION = {
  'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':cloudfront::', { Ref: 'AWS::AccountId' }, ':distribution/', { Ref: 'DistributionId' }]],
};

/** CloudFormation's short forms, as the long ones. */
const TAGS: ScalarTag[] = [
  { tag: '!Ref', resolve: name => ({ Ref: name }) },
  { tag: '!ImportValue', resolve: name => ({ 'Fn::ImportValue': name }) },
];

const EXPORTS = { name: 'WebsiteInvalidationFunctionName', arn: 'WebsiteInvalidationFunctionArn' };

function givenTemplate(): Template {
  return Template.fromStack(new InvalidationFunctionStack(new App({ analyticsReporting: false }), 'WebsiteInvalidation'));
}

test('it can be copied', () => expectCopyable('function-only'));

test('its app has one stack, with the function and nothing of a pipeline', () => {
  const { WebsiteInvalidation: template, ...others } = synthesized('function-only');
  expect(others).toEqual({});
  expect(Object.values(template.Resources).map(({ Type }) => Type).filter(type => type !== 'AWS::CDK::Metadata').sort())
    .toEqual(['AWS::IAM::Policy', 'AWS::IAM::Role', 'AWS::Lambda::Function', 'AWS::Logs::LogGroup']);
});

test('the function knows its distribution, and may invalidate no other', () => {
  const template = givenTemplate();
  template.hasResourceProperties('AWS::Lambda::Function', { Environment: { Variables: { CLOUDFRONT_DISTRIBUTION_ID: { Ref: 'DistributionId' } } } });
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: Match.arrayWith([Match.objectLike({
        Action: Match.arrayWith(['cloudfront:CreateInvalidation']),
        Resource: [ALLOWED_DISTRIBUTION],
      })]),
    },
  });
});

test('a distribution must be named', () => {
  const { DistributionId: parameter } = givenTemplate().findParameters('DistributionId');
  expect(parameter.Default).toBeUndefined();
  expect('E2QWRUHEXAMPLE').toMatch(new RegExp(`^${parameter.AllowedPattern}$`));
  expect('https://d111111abcdef8.cloudfront.net').not.toMatch(new RegExp(`^${parameter.AllowedPattern}$`));
});

test('the name and the ARN are exported, as the README imports them', () => {
  const template = givenTemplate();
  const [functionId] = Object.keys(template.findResources('AWS::Lambda::Function'));
  template.hasOutput('FunctionName', { Value: { Ref: functionId }, Export: { Name: EXPORTS.name } });
  template.hasOutput('FunctionArn', { Value: { 'Fn::GetAtt': [functionId, 'Arn'] }, Export: { Name: EXPORTS.arn } });
});

describe('the README', () => {
  test('has an action for CloudFormation that invokes the function, and the permission for it', () => {
    const [stage, policy, parameters] = codeBlocks('function-only', 'yaml').map(code => parse(code, { customTags: TAGS }));
    expect(stage).toEqual([{
      Name: 'InvalidateCloudFrontCache',
      Actions: [{
        Name: 'Invalidate',
        ActionTypeId: { Category: 'Invoke', Owner: 'AWS', Provider: 'Lambda', Version: '1' },
        Configuration: { FunctionName: { 'Fn::ImportValue': EXPORTS.name } },
      }],
    }]);
    expect(policy.InvokeInvalidationFunction).toMatchObject({
      Type: 'AWS::IAM::Policy',
      Properties: {
        Roles: [{ Ref: 'PipelineRole' }],
        PolicyDocument: { Statement: [{ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: { 'Fn::ImportValue': EXPORTS.arn } }] },
      },
    });
    expect(JSON.parse(parameters.Configuration.UserParameters)).toEqual({ paths: ['/index.html', '/blog/*'] });
  });

  test('names outputs in Terraform that the stack has', () => {
    const outputs = codeBlocks('function-only', 'hcl').flatMap(code => [...code.matchAll(/outputs\["(\w+)"\]/g)].map(([, name]) => name));
    expect([...new Set(outputs)].sort()).toEqual(Object.keys(givenTemplate().findOutputs('*')).sort());
  });

  test('has a policy for the console that allows the invocation and nothing else', () => {
    const [policy] = codeBlocks('function-only', 'json').map(code => JSON.parse(code));
    expect(policy.Statement).toEqual([{ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: expect.stringMatching(/^arn:aws:lambda:/) }]);
  });
});

describe('deployed to the sandbox', () => {
  const distributionId = 'E2QWRUHEXAMPLE';
  let sandbox: Sandbox;
  let functionName: string;

  beforeAll(async () => {
    const app = new App({ analyticsReporting: false });
    const { artifactId } = new InvalidationFunctionStack(app, 'WebsiteInvalidation');
    const assembly = app.synth();
    const { template } = assembly.getStackArtifact(artifactId);
    template.Parameters.DistributionId.Default = distributionId;

    sandbox = await Sandbox.start({ timeScale: 20 });
    sandbox.cloudFront.addDistribution({ id: distributionId }).settings.cacheTags = true;
    functionName = sandbox.deploy(template, { stackName: 'WebsiteInvalidation', assetsDirectory: assembly.directory }).outputs.FunctionName;
  });

  afterAll(() => sandbox.stop());

  test('the action without parameters invalidates everything', async () => {
    const { status, outputVariables } = await sandbox.codePipeline.startAction({ functionName }).finished;
    expect({ action: status, ...outputVariables }).toMatchObject({ action: 'Succeeded', status: 'Completed', distributionId });
    expect(sandbox.cloudFront.distribution(distributionId).invalidations.at(-1)?.paths).toEqual(['/*']);
  });

  test('the parameters of the README invalidate what they name', async () => {
    const [, userParameters] = codeBlocks('function-only', 'json');
    const { status, outputVariables } = await sandbox.codePipeline.startAction({ functionName, userParameters }).finished;
    expect({ action: status, ...outputVariables }).toMatchObject({ action: 'Succeeded', status: 'Completed', distributionId });
    const { paths } = sandbox.cloudFront.distribution(distributionId).invalidations.at(-1) ?? {};
    expect([...paths ?? []].sort()).toEqual([...JSON.parse(userParameters).paths].sort());
  });
});
