/** What deployed templates say of roles and functions. */
import type { Role } from './simulator';
import type { DeployedResource } from '../../sandbox/template';

export function rolesOf(resources: readonly DeployedResource[], account: string): Role[] {
  const named = resources.filter(({ type }) => type === 'AWS::IAM::Role').map(({ logicalId, physicalId, properties: { Policies = [], AssumeRolePolicyDocument } }) => ({
    logicalId,
    name: physicalId,
    trust: AssumeRolePolicyDocument as object,
    arn: `arn:aws:iam::${account}:role/${physicalId}`,
    policies: (Policies as { PolicyDocument: object }[]).map(({ PolicyDocument }) => PolicyDocument),
  }));
  const policies = new Map<string, object>();
  for (const { properties: { Roles = [], PolicyName, PolicyDocument } } of resources.filter(({ type }) => type === 'AWS::IAM::Policy')) {
    // Of two policies of one name, a role has the later one.
    (Roles as string[]).forEach(name => policies.set(JSON.stringify([name, PolicyName]), PolicyDocument as object));
  }
  policies.forEach((policy, key) => {
    const [name] = JSON.parse(key) as string[];
    named.find(role => role.name === name)?.policies.push(policy);
  });
  return named;
}

/** What a function's own policy says, if it has one. */
export function policyOfFunction(resources: readonly DeployedResource[], arn: string): object | undefined {
  const statements = resources.filter(({ type, properties }) => type === 'AWS::Lambda::Permission' && nameOf(String(properties.FunctionName)) === nameOf(arn))
    .map(({ properties: { Action, Principal } }) => ({ Effect: 'Allow', Action, Principal: { AWS: Principal }, Resource: arn }));
  return statements.length === 0 ? undefined : { Version: '2012-10-17', Statement: statements };
}

export function nameOf(arn: string): string {
  return arn.slice(arn.lastIndexOf(':') + 1);
}
