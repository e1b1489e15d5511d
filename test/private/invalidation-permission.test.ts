import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { aws_cloudfront } from 'aws-cdk-lib/interfaces';
import { Construct } from 'constructs';
import { CloudFrontInvalidationFunction, CloudFrontInvalidationRole, CloudFrontInvalidationStage } from '../../src';
import { givenDistribution, givenPipeline } from '../given';

const ENV = { account: '111122223333', region: 'eu-west-1' };

/** IAM's quotas: inline policies of a role together, one managed policy, and managed policies of a role. */
const [MAX_INLINE, MAX_MANAGED, MAX_ATTACHED] = [10_240, 6_144, 10];

function givenEnvironment(): Stack {
  return new Stack(new App({ analyticsReporting: false }), 'Stack', { env: ENV });
}

function distributionOf(stack: Stack, number: number): cloudfront.IDistribution {
  return cloudfront.Distribution.fromDistributionAttributes(stack, `D${number}`, { distributionId: idOf(number), domainName: 'd.example.com' });
}

/** A tenant that another app deploys. CDK cannot import one by its ID. */
function tenantOf(stack: Stack, number: number): aws_cloudfront.IDistributionTenantRef {
  return Object.assign(new Construct(stack, `T${number}`), { env: ENV, distributionTenantRef: { distributionTenantId: tenantIdOf(number), distributionTenantArn: 'unused' } });
}

const idOf = (number: number) => `E2QWRUHEX${String(number).padStart(5, '0')}`;
const tenantIdOf = (number: number) => `dt_2wjDZi3hD1ivOXf6rpZ${String(number).padStart(5, '0')}`;
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

type Policies = Record<string, { Properties: { Roles: object[]; PolicyDocument: object } }>;

function policiesOf(stack: Stack, type: 'Policy' | 'ManagedPolicy') {
  return Object.values(Template.fromStack(stack).findResources(`AWS::IAM::${type}`) as Policies).map(({ Properties }) => ({
    roles: Properties.Roles,
    // As long as it is in IAM: the partition is the only part that a template leaves open, apart from the log group.
    text: JSON.stringify(Properties.PolicyDocument).replaceAll('{"Ref":"AWS::Partition"}', 'aws').replace(/\{"Fn::Join":\["",\[([^\]]*)\]\]\}/g,
      (_, parts: string) => `"${parts.replace(/","|",|,"|"/g, '')}"`),
  }));
}

function expectWithinQuotas(stack: Stack, ids: string[]): void {
  const [inline, managed] = [policiesOf(stack, 'Policy'), policiesOf(stack, 'ManagedPolicy')];
  expect(inline.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThanOrEqual(MAX_INLINE);
  expect(Math.max(...managed.map(({ text }) => text.length))).toBeLessThanOrEqual(MAX_MANAGED);
  expect(managed.length).toBeLessThan(MAX_ATTACHED);
  expect(new Set([...inline, ...managed].map(({ roles }) => JSON.stringify(roles))).size).toBe(1);
  const granted = [...inline, ...managed].flatMap(({ text }) => [...text.matchAll(/arn:aws:cloudfront::111122223333:[\w-]+\/(\w+)"/g)].map(([, id]) => id));
  expect(granted).toEqual(ids);
}

describe('what does not fit into the inline policies of a role is in managed policies', () => {
  test('of a function for 500 distributions', () => {
    const stack = givenEnvironment();
    const fn = new CloudFrontInvalidationFunction(stack, 'Fn');
    numbers(500).forEach(number => fn.addDistribution(distributionOf(stack, number)));
    expectWithinQuotas(stack, numbers(500).map(idOf));
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::ManagedPolicy', {
      Description: 'What Stack/Fn/Role may invalidate, continued',
      PolicyDocument: { Statement: [Match.objectLike({ Action: ['cloudfront:CreateInvalidation', 'cloudfront:GetInvalidation', 'cloudfront:ListInvalidations'] })] },
    });
  });

  test('of a function for 500 tenants, whose ARNs are longer', () => {
    const stack = givenEnvironment();
    const fn = new CloudFrontInvalidationFunction(stack, 'Fn');
    numbers(500).forEach(number => fn.addDistributionTenant(tenantOf(stack, number)));
    expectWithinQuotas(stack, numbers(500).map(tenantIdOf));
  });

  test('of a role in the distributions\' account, and of a role of the user\'s', () => {
    const stack = givenEnvironment();
    const role = new CloudFrontInvalidationRole(stack, 'Role', { distribution: distributionOf(stack, 0), assumedBy: new iam.AccountPrincipal('444455556666') });
    numbers(500).slice(1).forEach(number => role.addDistribution(distributionOf(stack, number)));
    expectWithinQuotas(stack, numbers(500).map(idOf));

    const other = givenEnvironment();
    const fn = new CloudFrontInvalidationFunction(other, 'Fn', { role: new iam.Role(other, 'Own', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') }) });
    numbers(500).forEach(number => fn.addDistribution(distributionOf(other, number)));
    expectWithinQuotas(other, numbers(500).map(idOf));
  });

  test.each([[50, 0], [51, 1]])('%s distributions need %s managed policies', (count, policies) => {
    const stack = givenEnvironment();
    const fn = new CloudFrontInvalidationFunction(stack, 'Fn');
    const distributions = numbers(count).map(number => distributionOf(stack, number));
    // A distribution counts once.
    [...distributions, ...distributions].forEach(distribution => fn.addDistribution(distribution));
    Template.fromStack(stack).resourceCountIs('AWS::IAM::ManagedPolicy', policies);
  });
});

describe('what CDK cannot split', () => {
  test('is refused, with what to do: inline policies in several stacks', () => {
    // GIVEN
    const app = new App({ analyticsReporting: false });
    const fn = new CloudFrontInvalidationFunction(new Stack(app, 'Functions', { env: ENV }), 'Fn');
    const synthesize = (stacks: number) => {
      numbers(stacks).filter(number => app.node.tryFindChild(`S${number}`) === undefined).forEach(number => {
        const stack = new Stack(app, `S${number}`, { env: ENV });
        const stage = new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline: givenPipeline(stack), distribution: givenDistribution(stack, 'D'), function: fn });
        numbers(49).forEach(each => stage.addInvalidation({ distribution: givenDistribution(stack, `D${each}`) }));
      });
      return app.synth({ force: true });
    };

    // THEN
    expect(() => synthesize(2)).not.toThrow();
    expect(() => synthesize(4)).toThrow(/\[Functions\/Fn\] function must serve only as many distributions as fit into the inline policies of its role, which have at most 10240 characters together, got about 1\d{4} in 'Functions\/Fn\/Role\/DefaultPolicy\/Resource', 'S0\/.*, the role of 'Functions\/Fn'\. Leave function and its role out/);
  });

  test('is refused: an imported role', () => {
    const stack = givenEnvironment();
    const fn = new CloudFrontInvalidationFunction(stack, 'Fn', { role: iam.Role.fromRoleArn(stack, 'Imported', 'arn:aws:iam::111122223333:role/invalidate') });
    numbers(140).forEach(number => fn.addDistribution(distributionOf(stack, number)));
    expect(() => Template.fromStack(stack)).not.toThrow();

    numbers(160).slice(140).forEach(number => fn.addDistribution(distributionOf(stack, number)));
    expect(() => (stack.node.root as App).synth({ force: true })).toThrow('got about 10');
  });

  test('is not attached to a role that must not change', () => {
    const stack = givenEnvironment();
    const role = new iam.Role(stack, 'Own', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') }).withoutPolicyUpdates();
    const fn = new CloudFrontInvalidationFunction(stack, 'Fn', { role });
    numbers(160).forEach(number => fn.addDistribution(distributionOf(stack, number)));
    Template.fromStack(stack).resourceCountIs('AWS::IAM::Policy', 0);
    Template.fromStack(stack).resourceCountIs('AWS::IAM::ManagedPolicy', 0);
  });
});
