import { App, Lazy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { statementsOf } from './expect';
import { givenDistribution, givenDistributionTenant, givenStack } from './given';
import { CloudFrontInvalidationFunction, CloudFrontInvalidationRole } from '../src';

const TRUSTED = 'arn:aws:iam::111122223333:role/invalidation-function';

function givenRole(stack: Stack, props: Partial<ConstructorParameters<typeof CloudFrontInvalidationRole>[2]> = {}): CloudFrontInvalidationRole {
  return new CloudFrontInvalidationRole(stack, 'Role', { distribution: givenDistribution(stack), assumedBy: new iam.ArnPrincipal(TRUSTED), ...props });
}

/** The only role of a stack, as CloudFormation gets it. */
function propertiesOf(stack: Stack) {
  const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Role'));
  return Properties;
}

function permissionsOf(stack: Stack) {
  return statementsOf(stack, Object.keys(Template.fromStack(stack).findResources('AWS::IAM::Role'))[0]);
}

function arnOf(stack: Stack, resource: string, id: string) {
  return { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':cloudfront::', { Ref: 'AWS::AccountId' }, `:${resource}/`, stack.resolve(id)]] };
}

test('it trusts one principal', () => {
  const stack = givenStack();
  givenRole(stack);
  expect(propertiesOf(stack)).toEqual({
    Description: 'Invalidates a CloudFront cache for a pipeline',
    AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: TRUSTED } }] },
  });
});

test('with an external id, it trusts who names it', () => {
  const stack = givenStack();
  expect(givenRole(stack, { externalId: 'website' }).externalId).toBe('website');
  expect(propertiesOf(stack).AssumeRolePolicyDocument.Statement).toEqual([{
    Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: TRUSTED }, Condition: { StringEquals: { 'sts:ExternalId': 'website' } },
  }]);
});

test('it may invalidate its distribution, and nothing else', () => {
  const stack = givenStack();
  const distribution = givenDistribution(stack, 'Website');
  givenRole(stack, { distribution });
  expect(permissionsOf(stack)).toEqual([{
    Effect: 'Allow',
    Action: ['cloudfront:CreateInvalidation', 'cloudfront:GetInvalidation', 'cloudfront:ListInvalidations'],
    Resource: [arnOf(stack, 'distribution', distribution.distributionId)],
  }]);
});

test('further distributions and tenants of its account', () => {
  const stack = givenStack();
  const [website, blog, tenant] = [givenDistribution(stack, 'Website'), givenDistribution(stack, 'Blog'), givenDistributionTenant(stack)];
  const role = givenRole(stack, { distribution: website });
  role.addDistribution(blog);
  role.addDistribution(website);
  role.addDistributionTenant(tenant);
  expect(permissionsOf(stack).map(statement => (statement as { Resource: unknown }).Resource)).toEqual([
    [arnOf(stack, 'distribution', website.distributionId), arnOf(stack, 'distribution', blog.distributionId)],
    [arnOf(stack, 'distribution-tenant', tenant.ref)],
  ]);
});

test('for a tenant alone', () => {
  const stack = givenStack();
  const tenant = givenDistributionTenant(stack);
  givenRole(stack, { distribution: undefined, distributionTenant: tenant });
  expect(permissionsOf(stack)).toEqual([{
    Effect: 'Allow',
    Action: ['CreateInvalidation', 'GetInvalidation', 'ListInvalidations'].map(action => `cloudfront:${action}ForDistributionTenant`),
    Resource: [arnOf(stack, 'distribution-tenant', tenant.ref)],
  }]);
});

test('every other property reaches the role', () => {
  const stack = givenStack();
  const permissionsBoundary = iam.ManagedPolicy.fromManagedPolicyArn(stack, 'Boundary', 'arn:aws:iam::111122223333:policy/boundary');
  givenRole(stack, { roleName: 'invalidate-website', path: '/team/', description: 'For the website', permissionsBoundary });
  expect(propertiesOf(stack)).toMatchObject({
    RoleName: 'invalidate-website', Path: '/team/', Description: 'For the website', PermissionsBoundary: 'arn:aws:iam::111122223333:policy/boundary',
  });
});

test('across accounts, both roles get names that both stacks know', () => {
  // GIVEN
  const app = new App();
  const pipelineStack = new Stack(app, 'Pipeline', { env: { account: '111122223333', region: 'eu-west-1' } });
  const websiteStack = new Stack(app, 'Website', { env: { account: '444455556666', region: 'us-east-1' } });
  const invalidationFunction = new CloudFrontInvalidationFunction(pipelineStack, 'Fn');

  // WHEN
  const role = givenRole(websiteStack, { assumedBy: invalidationFunction });
  role.grantAssumeRole(invalidationFunction.grantPrincipal);

  // THEN
  const { RoleName: functionRoleName } = propertiesOf(pipelineStack);
  const { RoleName: roleName, AssumeRolePolicyDocument } = propertiesOf(websiteStack);
  expect(functionRoleName).toMatch(/^pipeline/);
  expect(roleName).toMatch(/^website/);
  expect(AssumeRolePolicyDocument.Statement[0].Principal).toEqual({
    AWS: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:iam::111122223333:role/${functionRoleName}`]] },
  });
  const [functionRoleId] = Object.keys(Template.fromStack(pipelineStack).findResources('AWS::IAM::Role'));
  expect(statementsOf(pipelineStack, functionRoleId)).toContainEqual({
    Effect: 'Allow', Action: 'sts:AssumeRole', Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:iam::444455556666:role/${roleName}`]] },
  });
});

describe('misuse', () => {
  test.each([
    [{ distribution: undefined }, 'distribution or distributionTenant must be specified'],
    [{ externalId: 'x' }, "externalId must have 2 to 1224 characters, each a letter, a digit or one of _+=,.@:/-, got 'x'"],
    [{ externalId: 'two words' }, "externalId must have 2 to 1224 characters, each a letter, a digit or one of _+=,.@:/-, got 'two words'"],
  ])('%j', (props, message) => {
    const stack = givenStack();
    expect(() => givenRole(stack, props)).toThrow(message);
    expect(stack.node.tryFindChild('Role')).toBeUndefined();
  });

  test('an external id that is a token is left to IAM', () => {
    expect(() => givenRole(givenStack(), { externalId: Lazy.string({ produce: () => 'website' }) })).not.toThrow();
  });
});
