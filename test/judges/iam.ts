/**
 * The policies that the examples are synthesised with, judged by another's simulator of IAM: what the function calls is allowed, and
 * what it must never be able to call is denied. `npx projen judge:iam` runs it.
 */
import { readdirSync } from 'fs';
import { join } from 'path';
import { nameOf, policyOfFunction, rolesOf } from './deployed';
import { accountOf, installedJudge, SIMULATOR, type Question, type Role } from './simulator';
import { DeployedTemplate, type DeployedResource } from '../../sandbox/template';
import { synthesized } from '../examples/given-example';

const EXAMPLES = readdirSync(join(__dirname, '..', '..', 'examples')).map(example => example === 'basic' ? 'basic/typescript' : example);

const REGION = 'eu-west-1';
const ACCOUNT = '111122223333';

/** Of a role in the nested assembly of a stage of CDK Pipelines, whose own template is not looked at here. */
const TRUST_OF_ACCOUNT = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } }],
};

/** A Lambda action of the library, in a pipeline. */
interface Action {
  readonly pipelineArn: string;
  readonly artifactBucket: string;
  readonly role: Role;
  readonly functionArn: string;
  readonly parameters: {
    readonly distributionId?: string;
    readonly distributionTenantId?: string;
    readonly distributionRole: { readonly arn: string; readonly externalId?: string } | null;
    readonly paths: readonly string[] | object;
  };
}

async function main(): Promise<void> {
  const judge = installedJudge();
  if (judge === undefined) {
    console.log(`SKIPPED: ${SIMULATOR} could not be installed`);
    return;
  }
  const counts = { Allowed: 0, ImplicitlyDenied: 0 };
  for (const example of EXAMPLES) {
    for (const question of questions(example)) {
      const { role, action, resource, expected } = question;
      const answer = await judge(question);
      counts[expected]++;
      if (answer !== expected) {
        console.log(`WRONG: ${example}: ${role.arn} ${action} ${resource}: ${answer}, not ${expected}`);
        process.exitCode = 1;
      }
    }
  }
  console.log(`${SIMULATOR}: ${EXAMPLES.length} examples, ${counts.Allowed} calls to be allowed, ${counts.ImplicitlyDenied} to be denied`);
}

function* questions(example: string): Generator<Question> {
  const exports = new Map<string, string>();
  const resources = Object.entries(synthesized(example)).flatMap(([stackName, template]) =>
    new DeployedTemplate(template, { account: ACCOUNT, region: REGION, stackName, exports }).resources);
  const roles = rolesOf(resources, ACCOUNT);
  const actions = actionsOf(resources, roles);
  for (const [arn, role] of functionsOf(resources, roles)) {
    yield* ofFunction(role, actions.filter(action => action.functionArn === arn), roles);
  }
  for (const { role, functionArn: arn } of actions) {
    yield { role, action: 'lambda:InvokeFunction', resource: arn, resourcePolicy: policyOfFunction(resources, arn), expected: 'Allowed' };
    yield { role, action: 'lambda:InvokeFunction', resource: functionArn('another'), expected: 'ImplicitlyDenied' };
    yield { role, action: 'lambda:UpdateFunctionCode', resource: arn, expected: 'ImplicitlyDenied' };
    yield { role, action: 'iam:PassRole', resource: role.arn, expected: 'ImplicitlyDenied' };
  }
  for (const role of roles.filter(({ logicalId }) => /^InvalidationRole/.test(logicalId))) {
    yield* ofDistributionRole(role);
  }
}

function* ofFunction(role: Role, actions: readonly Action[], roles: readonly Role[]): Generator<Question> {
  const allowed = new Map<string, Set<string>>();
  const allow = (resource: string, ...names: string[]) => names.forEach(name => allowed.set(name, (allowed.get(name) ?? new Set()).add(resource)));
  allow('*', 'codepipeline:PutJobSuccessResult', 'codepipeline:PutJobFailureResult');
  for (const { pipelineArn, artifactBucket, parameters: { distributionId, distributionTenantId, distributionRole, paths } } of actions) {
    const target = distributionId === undefined ? `distribution-tenant/${distributionTenantId}` : `distribution/${distributionId}`;
    const suffix = distributionId === undefined ? 'ForDistributionTenant' : '';
    if (distributionRole === null) {
      allow(`arn:aws:cloudfront::${ACCOUNT}:${target}`, ...['Create', 'Get', 'List'].map(verb => `cloudfront:${verb}Invalidation${verb === 'List' ? 's' : ''}${suffix}`));
    } else {
      allow(distributionRole.arn, 'sts:AssumeRole');
    }
    if (!Array.isArray(paths)) {
      allow(`${artifactBucket}/pipeline/site/archive.zip`, 's3:GetObject');
      if ('changedFiles' in paths) {
        allow(pipelineArn, 'codepipeline:ListActionExecutions');
      }
    }
  }
  for (const [action, resources] of allowed) {
    for (const resource of resources) {
      const resourcePolicy = action === 'sts:AssumeRole' ? roles.find(({ arn }) => sameName(arn, resource))?.trust ?? TRUST_OF_ACCOUNT : undefined;
      const externalId = actions.map(({ parameters: { distributionRole } }) => distributionRole).find(each => each?.arn === resource)?.externalId;
      const contextVariables = externalId === undefined ? {} : { 'sts:ExternalId': externalId };
      yield { role, action, resource, resourcePolicy, contextVariables, expected: 'Allowed' };
      if (externalId !== undefined) {
        yield { role, action, resource, resourcePolicy, expected: 'ImplicitlyDenied' };
      }
    }
  }

  const never: [string, string][] = [
    ['cloudfront:CreateInvalidation', 'arn:aws:cloudfront::999988887777:distribution/E2SOMEBODYELSES'],
    ['cloudfront:CreateInvalidation', `arn:aws:cloudfront::${ACCOUNT}:distribution/E2ANOTHER`],
    ['cloudfront:CreateInvalidationForDistributionTenant', `arn:aws:cloudfront::${ACCOUNT}:distribution-tenant/dt_another`],
    ['cloudfront:UpdateDistribution', `arn:aws:cloudfront::${ACCOUNT}:distribution/E2ANOTHER`],
    ['cloudfront:DeleteDistribution', `arn:aws:cloudfront::${ACCOUNT}:distribution/E2ANOTHER`],
    ['s3:GetObject', 'arn:aws:s3:::another-bucket/secret'],
    ['sts:AssumeRole', `arn:aws:iam::${ACCOUNT}:role/another`],
    ['iam:CreateUser', `arn:aws:iam::${ACCOUNT}:user/another`],
    ['iam:PassRole', role.arn],
    ['iam:PutRolePolicy', role.arn],
    ['lambda:InvokeFunction', `arn:aws:lambda:${REGION}:${ACCOUNT}:function:another`],
    ['lambda:UpdateFunctionCode', `arn:aws:lambda:${REGION}:${ACCOUNT}:function:another`],
    ['codepipeline:StartPipelineExecution', `arn:aws:codepipeline:${REGION}:${ACCOUNT}:another`],
    ['codepipeline:ListActionExecutions', `arn:aws:codepipeline:${REGION}:${ACCOUNT}:another`],
    ['logs:PutLogEvents', `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:another:log-stream:another`],
    ['logs:DeleteLogGroup', `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:another`],
    ...actions.flatMap(({ artifactBucket, pipelineArn, functionArn: arn, parameters: { distributionId } }): [string, string][] => [
      ['s3:PutObject', `${artifactBucket}/pipeline/site/archive.zip`],
      ['s3:DeleteObject', `${artifactBucket}/pipeline/site/archive.zip`],
      ['codepipeline:UpdatePipeline', pipelineArn],
      ['codepipeline:StartPipelineExecution', pipelineArn],
      ['lambda:InvokeFunction', arn],
      ...(distributionId === undefined ? [] : [['cloudfront:UpdateDistribution', `arn:aws:cloudfront::${ACCOUNT}:distribution/${distributionId}`] as [string, string]]),
    ]),
  ];
  // The id of a distribution that CDK Pipelines deploys is known only when the pipeline runs: the README says so.
  const anyDistribution = actions.some(({ parameters: { distributionId } }) => distributionId?.startsWith('#{'));
  for (const [action, resource] of never) {
    const known = anyDistribution && action === 'cloudfront:CreateInvalidation' && accountOf(resource) === ACCOUNT;
    yield { role, action, resource, expected: known ? 'Allowed' : 'ImplicitlyDenied' };
  }
}

function* ofDistributionRole(role: Role): Generator<Question> {
  for (const [action, resource] of [
    ['cloudfront:CreateInvalidation', `arn:aws:cloudfront::${ACCOUNT}:distribution/E2ANOTHER`],
    ['cloudfront:UpdateDistribution', `arn:aws:cloudfront::${ACCOUNT}:distribution/E2ANOTHER`],
    ['iam:PassRole', role.arn],
    ['s3:GetObject', 'arn:aws:s3:::another-bucket/secret'],
  ]) {
    yield { role, action, resource, expected: 'ImplicitlyDenied' };
  }
}

/** The library's functions, by ARN, with their roles. */
function functionsOf(resources: readonly DeployedResource[], roles: readonly Role[]): [string, Role][] {
  return resources.filter(({ type, logicalId }) => type === 'AWS::Lambda::Function' && /Invalidation/.test(logicalId))
    .map(({ physicalId, properties }) => [functionArn(physicalId), roleOf(roles, String(properties.Role))]);
}

function actionsOf(resources: readonly DeployedResource[], roles: readonly Role[]): Action[] {
  return resources.filter(({ type }) => type === 'AWS::CodePipeline::Pipeline').flatMap(({ physicalId, properties }) => {
    const { Stages, ArtifactStore, RoleArn } = properties as {
      Stages: { Actions: { ActionTypeId: { Provider: string }; Configuration: Record<string, string>; RoleArn?: string }[] }[];
      ArtifactStore: { Location: string };
      RoleArn: string;
    };
    return Stages.flatMap(({ Actions }) => Actions).filter(({ ActionTypeId: { Provider } }) => Provider === 'Lambda').map((action): Action => ({
      pipelineArn: `arn:aws:codepipeline:${REGION}:${ACCOUNT}:${physicalId}`,
      artifactBucket: `arn:aws:s3:::${ArtifactStore.Location}`,
      role: roleOf(roles, action.RoleArn ?? RoleArn),
      functionArn: functionArn(action.Configuration.FunctionName),
      parameters: JSON.parse(action.Configuration.UserParameters) as Action['parameters'],
    }));
  });
}

function functionArn(nameOrArn: string): string {
  return `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${nameOf(nameOrArn)}`;
}

function roleOf(roles: readonly Role[], arn: string): Role {
  const role = roles.find(candidate => sameName(candidate.arn, arn));
  if (role === undefined) {
    throw new Error(`no template has the role ${arn}`);
  }
  return role;
}

function sameName(arn: string, other: string): boolean {
  return arn.slice(arn.lastIndexOf('/')) === other.slice(other.lastIndexOf('/'));
}

void main();
