import { App, Duration, Fn, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { statementsOf } from './expect';
import { givenDistribution, givenDistributionTenant, givenStack } from './given';
import { CloudFrontInvalidationFunction, CloudFrontInvalidationRole } from '../src';

test('by default: the current Node.js runtime, arm64, 256 MB, 5 minutes, and a log kept for a month', () => {
  // GIVEN
  const stack = givenStack();

  // WHEN
  new CloudFrontInvalidationFunction(stack, 'Fn');

  // THEN
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::Lambda::Function', {
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Architectures: ['arm64'],
    MemorySize: 256,
    Timeout: 300,
    Environment: Match.absent(),
    LoggingConfig: { LogGroup: stack.resolve((stack.node.findChild('Fn').node.findChild('LogGroup') as logs.LogGroup).logGroupName) },
  });
  template.hasResource('AWS::Logs::LogGroup', { Properties: { RetentionInDays: 30 }, DeletionPolicy: 'Delete' });
  template.resourceCountIs('AWS::Lambda::Function', 1);
  template.resourceCountIs('AWS::IAM::Role', 1);
  template.resourceCountIs('AWS::IAM::Policy', 1);
  template.resourceCountIs('Custom::LogRetention', 0);
});

test('without a distribution the role may report and log, and nothing else', () => {
  // GIVEN
  const stack = givenStack();

  // WHEN
  const fn = new CloudFrontInvalidationFunction(stack, 'Fn');

  // THEN
  const [logGroupId] = Object.keys(Template.fromStack(stack).findResources('AWS::Logs::LogGroup'));
  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Role', { ManagedPolicyArns: Match.absent() });
  expect(statementsOf(stack, roleId(stack, fn))).toEqual([
    { Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: { 'Fn::GetAtt': [logGroupId, 'Arn'] } },
    {
      Effect: 'Allow',
      Action: ['codepipeline:PutJobSuccessResult', 'codepipeline:PutJobFailureResult'],
      Resource: '*',
    },
  ]);
});

test('with a distribution it invalidates that one when the action names none, and may invalidate no other', () => {
  // GIVEN
  const stack = givenStack();
  const distribution = givenDistribution(stack);

  // WHEN
  const fn = new CloudFrontInvalidationFunction(stack, 'Fn', { distribution });

  // THEN
  const distributionId = stack.resolve(distribution.distributionId);
  Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', {
    Environment: { Variables: { CLOUDFRONT_DISTRIBUTION_ID: distributionId } },
  });
  expect(statementsOf(stack, roleId(stack, fn))).toContainEqual({
    Effect: 'Allow',
    Action: ['cloudfront:CreateInvalidation', 'cloudfront:GetInvalidation', 'cloudfront:ListInvalidations'],
    Resource: [{ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':cloudfront::', { Ref: 'AWS::AccountId' }, ':distribution/', distributionId]] }],
  });
});

test('an imported distribution is named in the account of the function', () => {
  const stack = new Stack(new App(), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
  const distribution = cloudfront.Distribution.fromDistributionAttributes(stack, 'D', { distributionId: 'E2QWRUHEXAMPLE', domainName: 'd.example.com' });
  const fn = new CloudFrontInvalidationFunction(stack, 'Fn', { distribution });
  expect(statementsOf(stack, roleId(stack, fn))).toContainEqual(expect.objectContaining({
    Resource: [{ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':cloudfront::111122223333:distribution/E2QWRUHEXAMPLE']] }],
  }));
});

test('every property of a Lambda function can be set', () => {
  // GIVEN
  const stack = givenStack();
  const logGroup = new logs.LogGroup(stack, 'Logs', { retention: logs.RetentionDays.ONE_YEAR });

  // WHEN
  const fn = new CloudFrontInvalidationFunction(stack, 'Fn', {
    functionName: 'invalidate-website',
    description: 'ours',
    architecture: lambda.Architecture.X86_64,
    memorySize: 512,
    timeout: Duration.minutes(2),
    environment: { KEY: 'value' },
    tracing: lambda.Tracing.ACTIVE,
    reservedConcurrentExecutions: 2,
    logGroup,
  });

  // THEN
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::Lambda::Function', {
    FunctionName: 'invalidate-website',
    Description: 'ours',
    Architectures: ['x86_64'],
    MemorySize: 512,
    Timeout: 120,
    Environment: { Variables: { KEY: 'value' } },
    TracingConfig: { Mode: 'Active' },
    ReservedConcurrentExecutions: 2,
    LoggingConfig: { LogGroup: stack.resolve(logGroup.logGroupName) },
  });
  template.resourceCountIs('AWS::Logs::LogGroup', 1);
  expect(stack.resolve(fn.functionArn)).toEqual({ 'Fn::GetAtt': [logicalId(stack, fn.lambdaFunction), 'Arn'] });
  expect(stack.resolve(fn.functionName)).toEqual({ Ref: logicalId(stack, fn.lambdaFunction) });
});

test('logRetention and logRemovalPolicy set the log group, and bring no custom resource', () => {
  const stack = givenStack();
  new CloudFrontInvalidationFunction(stack, 'Fn', { logRetention: logs.RetentionDays.ONE_WEEK, logRemovalPolicy: RemovalPolicy.RETAIN });
  const template = Template.fromStack(stack);
  template.hasResource('AWS::Logs::LogGroup', { Properties: { RetentionInDays: 7 }, DeletionPolicy: 'Retain' });
  template.resourceCountIs('Custom::LogRetention', 0);
});

test('one role may serve two functions: no statement is named, so no name stands twice', () => {
  const stack = givenStack();
  const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  new CloudFrontInvalidationFunction(stack, 'Fn1', { role, distribution: givenDistribution(stack, 'D1') });
  const fn = new CloudFrontInvalidationFunction(stack, 'Fn2', { role, distribution: givenDistribution(stack, 'D2') });
  expect(statementsOf(stack, roleId(stack, fn)).filter(statement => 'Sid' in statement)).toEqual([]);
});

test('in a VPC the role may manage network interfaces', () => {
  const stack = givenStack();
  new CloudFrontInvalidationFunction(stack, 'Fn', { vpc: new Vpc(stack, 'Vpc') });
  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Role', {
    ManagedPolicyArns: [{ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole']] }],
  });
});

test('a role that is passed in gets the permissions, and no role is made', () => {
  const stack = givenStack();
  const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  const fn = new CloudFrontInvalidationFunction(stack, 'Fn', { role, distribution: givenDistribution(stack) });
  Template.fromStack(stack).resourceCountIs('AWS::IAM::Role', 1);
  expect(fn.role).toBe(role);
  expect(statementsOf(stack, roleId(stack, fn))).toHaveLength(3);
});

test('further permissions can be granted to it', () => {
  const stack = givenStack();
  const fn = new CloudFrontInvalidationFunction(stack, 'Fn');
  new logs.LogGroup(stack, 'Other').grantRead(fn);
  expect(statementsOf(stack, roleId(stack, fn))).toHaveLength(3);
});

test.each([2, 29])('a timeout of %i seconds is refused before anything is made', seconds => {
  const stack = givenStack();
  expect(() => new CloudFrontInvalidationFunction(stack, 'Fn', { timeout: Duration.seconds(seconds) }))
    .toThrow(`timeout must be at least 30 seconds, so that the function can wait for CloudFront and still report to CodePipeline, got ${seconds} seconds`);
  expect(stack.node.children).toEqual([]);
});

test('a distribution with an id that is none is refused before anything is made', () => {
  const stack = givenStack();
  const distribution = cloudfront.Distribution.fromDistributionAttributes(stack, 'D', { distributionId: 'www.example.com', domainName: 'd.example.com' });
  expect(() => new CloudFrontInvalidationFunction(stack, 'Fn', { distribution })).toThrow('distributionId must be the ID of a CloudFront distribution');
  expect(stack.node.tryFindChild('Fn')).toBeUndefined();
});

test('an option that is given as undefined is as if it were not given', () => {
  const stack = givenStack();
  new CloudFrontInvalidationFunction(stack, 'Fn', { architecture: undefined, memorySize: undefined, timeout: undefined, description: undefined });
  Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', {
    Architectures: ['arm64'], MemorySize: 256, Timeout: 300, Description: Match.stringLikeRegexp('^Invalidates'),
  });
});

test('a timeout of 30 seconds is enough', () => {
  const stack = givenStack();
  new CloudFrontInvalidationFunction(stack, 'Fn', { timeout: Duration.seconds(30) });
  Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', { Timeout: 30 });
});

describe('one function for several actions that were made by hand', () => {
  test('may invalidate further distributions and tenants, each named once', () => {
    // GIVEN
    const stack = givenStack();
    const [website, blog, tenant] = [givenDistribution(stack, 'Website'), givenDistribution(stack, 'Blog'), givenDistributionTenant(stack)];
    const fn = new CloudFrontInvalidationFunction(stack, 'Fn', { distribution: website });

    // WHEN
    fn.addDistribution(blog);
    fn.addDistribution(blog);
    fn.addDistributionTenant(tenant);

    // THEN
    const arn = (resource: string, id: string) =>
      ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':cloudfront::', { Ref: 'AWS::AccountId' }, `:${resource}/`, stack.resolve(id)]] });
    expect(statementsOf(stack, roleId(stack, fn)).slice(2)).toEqual([
      {
        Effect: 'Allow',
        Action: ['cloudfront:CreateInvalidation', 'cloudfront:GetInvalidation', 'cloudfront:ListInvalidations'],
        Resource: [arn('distribution', website.distributionId), arn('distribution', blog.distributionId)],
      },
      {
        Effect: 'Allow',
        Action: ['Create', 'Get', 'List'].map(verb => `cloudfront:${verb}Invalidation${verb === 'List' ? 's' : ''}ForDistributionTenant`),
        Resource: [arn('distribution-tenant', tenant.distributionTenantRef.distributionTenantId)],
      },
    ]);
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: { CLOUDFRONT_DISTRIBUTION_ID: stack.resolve(website.distributionId) } },
    });
  });

  test('with ids that only their teams know', () => {
    const stack = givenStack();
    const fn = new CloudFrontInvalidationFunction(stack, 'Fn');
    fn.addDistribution(cloudfront.CfnDistribution.fromDistributionId(stack, 'Website', Fn.importValue('WebsiteDistributionId')));
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', { Environment: Match.absent() });
    expect(JSON.stringify(statementsOf(stack, roleId(stack, fn)))).toContain('{"Fn::ImportValue":"WebsiteDistributionId"}');
  });
});

describe('a distribution of another account', () => {
  function givenStacks() {
    const app = new App();
    const [stack, website] = ['111122223333', '444455556666'].map(account => new Stack(app, `Of${account}`, { env: { account, region: 'eu-west-1' } }));
    return { stack, distribution: cloudfront.CfnDistribution.fromDistributionId(website, 'Website', 'E2QWRUHEXAMPLE'), tenant: givenDistributionTenant(website) };
  }

  const WAY_OUT = "'Of444455556666/Website' is in account 444455556666. Create a CloudFrontInvalidationRole in account 444455556666, and pass it to the stage or action as distributionRole.";

  test('is refused by the constructor, before anything is made', () => {
    const { stack, distribution } = givenStacks();
    expect(() => new CloudFrontInvalidationFunction(stack, 'Fn', { distribution }))
      .toThrow(`distribution must be in account 111122223333, where 'Of111122223333' is deployed, but ${WAY_OUT}`);
    expect(stack.node.children).toEqual([]);
  });

  test('is refused by addDistribution and addDistributionTenant', () => {
    const { stack, distribution, tenant } = givenStacks();
    const fn = new CloudFrontInvalidationFunction(stack, 'Fn');
    expect(() => fn.addDistribution(distribution)).toThrow(WAY_OUT);
    expect(() => fn.addDistributionTenant(tenant)).toThrow('distributionTenant must be in account 111122223333');
  });

  test('is refused by a role of this account', () => {
    const { stack, distribution } = givenStacks();
    expect(() => new CloudFrontInvalidationRole(stack, 'Role', { distribution, assumedBy: new iam.AccountRootPrincipal() })).toThrow(WAY_OUT);
    expect(stack.node.children).toEqual([]);
  });
});

describe('where it can reach CloudFront', () => {
  const WITHOUT_WAY_OUT = Match.stringLikeRegexp('vpcSubnets are all isolated or public, and from there a function cannot reach CloudFront or CodePipeline.*functionWithoutEgress');

  test('not from isolated subnets: a warning', () => {
    const stack = givenStack();
    const vpc = new Vpc(stack, 'Vpc', { subnetConfiguration: [{ name: 'Isolated', subnetType: SubnetType.PRIVATE_ISOLATED }] });
    new CloudFrontInvalidationFunction(stack, 'Fn', { vpc });
    Annotations.fromStack(stack).hasWarning('/Stack/Fn', WITHOUT_WAY_OUT);
  });

  test('not from public subnets: a warning', () => {
    const stack = givenStack();
    new CloudFrontInvalidationFunction(stack, 'Fn', { vpc: new Vpc(stack, 'Vpc'), vpcSubnets: { subnetType: SubnetType.PUBLIC }, allowPublicSubnet: true });
    Annotations.fromStack(stack).hasWarning('/Stack/Fn', WITHOUT_WAY_OUT);
  });

  test('from subnets with egress', () => {
    const stack = givenStack();
    new CloudFrontInvalidationFunction(stack, 'Fn', { vpc: new Vpc(stack, 'Vpc') });
    Annotations.fromStack(stack).hasNoWarning('*', WITHOUT_WAY_OUT);
  });

  test.each([['us-gov-west-1', 'aws-us-gov'], ['us-iso-east-1', 'aws-iso'], ['us-isob-east-1', 'aws-iso-b']])('not from %s: a warning', (region, partition) => {
    const stack = new Stack(new App(), 'Stack', { env: { account: '111122223333', region } });
    new CloudFrontInvalidationFunction(stack, 'Fn');
    Annotations.fromStack(stack).hasWarning('/Stack/Fn', Match.stringLikeRegexp(
      `The partition ${partition} had no CloudFront when this version was released \\('Stack' is in ${region}\\).*partitionWithoutCloudFront`));
  });

  test.each(['eu-west-1', 'cn-north-1', 'xx-new-1'])('from %s, as far as is known', region => {
    const stack = new Stack(new App(), 'Stack', { env: { account: '111122223333', region } });
    new CloudFrontInvalidationFunction(stack, 'Fn');
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });
});

function roleId(stack: Stack, fn: CloudFrontInvalidationFunction): string {
  return logicalId(stack, fn.role as iam.Role);
}

function logicalId(stack: Stack, construct: iam.Role | lambda.Function): string {
  return stack.getLogicalId(construct.node.defaultChild as iam.CfnRole);
}
