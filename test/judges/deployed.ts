/** What deployed templates say of stacks, roles and functions. */
import { readFileSync } from 'fs';
import { join } from 'path';
import type { Role } from './simulator';
import type { DeployedResource } from '../../sandbox/template';

const POLICIES = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy'];

interface StackArtifact {
  readonly type: string;
  readonly environment: string;
  readonly dependencies?: readonly string[];
  readonly properties: { readonly templateFile: string };
}

/** A stack of a cloud assembly, and where it says that it is. */
export interface Stack {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly file: string;
}

/** The stacks of a cloud assembly, each after those that it depends on. */
export function stacksOf(assembly: string): Stack[] {
  const { artifacts } = JSON.parse(readFileSync(join(assembly, 'manifest.json'), 'utf8')) as { artifacts: Record<string, StackArtifact> };
  const ordered = new Set<string>();
  const add = (name: string): void => {
    (artifacts[name].dependencies ?? []).filter(dependency => !ordered.has(dependency)).forEach(add);
    ordered.add(name);
  };
  Object.keys(artifacts).forEach(add);
  return [...ordered].filter(name => artifacts[name].type === 'aws:cloudformation:stack').map(name => {
    const [account, region] = artifacts[name].environment.replace('aws://', '').split('/');
    return { name, account, region, file: join(assembly, artifacts[name].properties.templateFile) };
  });
}

/** A template in which what comes from another Region is known: by its name, as all who read it have the same. */
export function templateOf({ file }: Stack): object {
  const text = JSON.stringify(JSON.parse(readFileSync(file, 'utf8')));
  return JSON.parse(text.replaceAll(/\{"Fn::GetAtt":\["ExportsReader\w+","\/cdk\/exports\/[^/"]+\/([^"]+)"\]\}/g, '"$1"')) as object;
}

interface ArtifactStore {
  readonly Location: string;
  readonly EncryptionKey?: { readonly Id: string };
}

/** A pipeline, as far as judges ask about it. */
export interface Pipeline {
  readonly Stages: {
    readonly Actions: {
      readonly Name: string;
      readonly ActionTypeId: { readonly Provider: string };
      readonly Configuration: Record<string, string>;
      readonly RoleArn?: string;
      readonly Region?: string;
    }[];
  }[];
  readonly ArtifactStore?: ArtifactStore;
  readonly ArtifactStores?: { readonly Region: string; readonly ArtifactStore: ArtifactStore }[];
  readonly RoleArn: string;
}

/** The properties of a pipeline: CloudFormation's schema, and not this code, says that they are there. */
export function pipelineIn({ properties }: DeployedResource): Pipeline {
  return properties as unknown as Pipeline;
}

export function rolesOf(resources: readonly (DeployedResource & { readonly account?: string })[], ownAccount: string): Role[] {
  const roles = resources.filter(({ type }) => type === 'AWS::IAM::Role');
  const named = roles.map(({ logicalId, physicalId, account = ownAccount, properties: { Policies = [], AssumeRolePolicyDocument } }) => ({
    logicalId,
    name: physicalId,
    trust: AssumeRolePolicyDocument as object,
    arn: `arn:aws:iam::${account}:role/${physicalId}`,
    policies: (Policies as { PolicyDocument: object }[]).map(({ PolicyDocument }) => PolicyDocument),
  }));
  const policies = new Map<string, object>();
  const attached = resources.filter(({ type }) => POLICIES.includes(type));
  for (const { physicalId, properties: { Roles = [], PolicyName = physicalId, PolicyDocument } } of attached) {
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
