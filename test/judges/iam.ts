/**
 * The policies that the examples and other apps are synthesised with, judged by another's simulator of IAM: what the function calls is allowed,
 * and what it must never be able to call is denied. `npx projen judge:iam` runs it.
 */
import { readdirSync, rmSync } from 'fs';
import { join } from 'path';
import { nameOf, pipelineIn, policyOfFunction, rolesOf, stacksOf, templateOf, type Pipeline } from './deployed';
import { ACCOUNT, REGION, shapes } from './shapes';
import { accountOf, installedJudge, SIMULATOR, type Question, type Role } from './simulator';
import { DeployedTemplate, type DeployedResource } from '../../sandbox/template';
import { synthesized } from '../examples/given-example';

const EXAMPLES = readdirSync(join(__dirname, '..', '..', 'examples')).map(example => example === 'basic' ? 'basic/typescript' : example);

/** Of a role in the nested assembly of a stage of CDK Pipelines, whose own template is not looked at here. */
const TRUST_OF_ACCOUNT = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } }],
};

const VERBS = ['Create', 'Get', 'List'];

/** A resource, and where it is. */
interface Resource extends DeployedResource {
  readonly account: string;
  readonly region: string;
}

/** A Lambda action of the library, in a pipeline. */
interface Action {
  readonly pipelineArn: string;
  readonly artifactBucket: string;
  /** The key of the artifacts, if they have one of their own. */
  readonly key?: Resource;
  readonly role: Role;
  readonly functionArn: string;
  readonly parameters: {
    readonly distributionId?: string;
    readonly distributionTenantId?: string;
    readonly distributionRole: { readonly arn: string; readonly externalId?: string } | null;
    readonly paths: readonly string[] | object;
    readonly freshnessCheck: { readonly pages: readonly string[] } | { readonly files: object } | null;
  };
}

async function main(): Promise<void> {
  const judge = installedJudge();
  if (judge === undefined) {
    console.log(`SKIPPED: ${SIMULATOR} could not be installed`);
    return;
  }
  const apps = [...EXAMPLES.map(example => ({ name: example, resources: () => resourcesOfExample(example) })),
    ...[...shapes()].map(({ name, synthesize }) => ({ name, resources: () => resourcesOf(synthesize()) }))];
  const counts = { Allowed: 0, ImplicitlyDenied: 0 };
  for (const { name, resources } of apps) {
    for (const question of questions(resources())) {
      const { role, action, resource, expected } = question;
      const answer = await judge(question);
      counts[expected]++;
      if (answer !== expected) {
        console.log(`WRONG: ${name}: ${role.arn} ${action} ${resource}: ${answer}, not ${expected}`);
        process.exitCode = 1;
      }
    }
  }
  console.log(`${SIMULATOR}: ${EXAMPLES.length} examples, ${apps.length - EXAMPLES.length} other apps, ` +
    `${counts.Allowed} calls to be allowed, ${counts.ImplicitlyDenied} to be denied`);
}

function resourcesOfExample(example: string): Resource[] {
  const exports = new Map<string, string>();
  return Object.entries(synthesized(example)).flatMap(([stackName, template]) =>
    new DeployedTemplate(template, { account: ACCOUNT, region: REGION, stackName, exports }).resources
      .map(resource => ({ ...resource, account: ACCOUNT, region: REGION })));
}

function resourcesOf(assembly: string): Resource[] {
  const exports = new Map<string, string>();
  try {
    return stacksOf(assembly).flatMap(stack => {
      const { name: stackName, account, region } = stack;
      const deployed = new DeployedTemplate(templateOf(stack), { account, region, stackName, exports });
      return deployed.resources.map(resource => ({ ...resource, account, region }));
    });
  } finally {
    rmSync(assembly, { recursive: true, force: true });
  }
}

function* questions(resources: readonly Resource[]): Generator<Question> {
  const roles = rolesOf(resources, ACCOUNT);
  const actions = actionsOf(resources, roles);
  for (const [arn, role] of functionsOf(resources, roles)) {
    const ofIt = actions.filter(action => action.functionArn === arn);
    yield* ofFunction(role, ofIt, roles, ofIt.length === 0 ? targetsIn(resources) : []);
  }
  for (const { role, functionArn: arn } of actions) {
    yield { role, action: 'lambda:InvokeFunction', resource: arn, resourcePolicy: policyOfFunction(resources, arn), expected: 'Allowed' };
    yield { role, action: 'lambda:InvokeFunction', resource: `${arn}-another`, expected: 'ImplicitlyDenied' };
    yield { role, action: 'lambda:UpdateFunctionCode', resource: arn, expected: 'ImplicitlyDenied' };
    yield { role, action: 'iam:PassRole', resource: role.arn, expected: 'ImplicitlyDenied' };
  }
  for (const role of roles.filter(({ logicalId }) => /^InvalidationRole/.test(logicalId))) {
    const its = actions.filter(({ parameters: { distributionRole } }) => distributionRole !== null && sameName(distributionRole.arn, role.arn));
    const account = accountOf(role.arn)!;
    // An example names an account and a distribution that its reader replaces.
    yield* ofDistributionRole(role, its, new Set(account === ACCOUNT ? [] : its.map(action => targetOf(action, account))));
  }
}

/** What a function without an action in its app is there for: its distributions and tenants. */
function targetsIn(resources: readonly Resource[]): string[] {
  const types: Readonly<Record<string, string>> = { 'AWS::CloudFront::Distribution': 'distribution', 'AWS::CloudFront::DistributionTenant': 'distribution-tenant' };
  return resources.filter(({ type }) => type in types).map(({ type, physicalId }) => `arn:aws:cloudfront::${ACCOUNT}:${types[type]}/${physicalId}`);
}

function targetOf({ parameters: { distributionId, distributionTenantId } }: Action, account: string): string {
  return `arn:aws:cloudfront::${account}:${distributionId === undefined ? `distribution-tenant/${distributionTenantId}` : `distribution/${distributionId}`}`;
}

function callsFor(target: string): string[] {
  const suffix = target.includes(':distribution-tenant/') ? 'ForDistributionTenant' : '';
  return VERBS.map(verb => `cloudfront:${verb}Invalidation${verb === 'List' ? 's' : ''}${suffix}`);
}

function keyArnOf({ account, region, physicalId }: Resource): string {
  return `arn:aws:kms:${region}:${account}:key/${physicalId}`;
}

function* ofFunction(role: Role, actions: readonly Action[], roles: readonly Role[], targets: readonly string[]): Generator<Question> {
  const allowed = new Map<string, Set<string>>();
  const allow = (resource: string, ...names: string[]) => names.forEach(name => allowed.set(name, (allowed.get(name) ?? new Set()).add(resource)));
  allow('*', 'codepipeline:PutJobSuccessResult', 'codepipeline:PutJobFailureResult');
  targets.forEach(target => allow(target, ...callsFor(target)));
  for (const action of actions) {
    const { pipelineArn, artifactBucket, key, parameters: { distributionRole, paths, freshnessCheck } } = action;
    if (distributionRole === null) {
      allow(targetOf(action, ACCOUNT), ...callsFor(targetOf(action, ACCOUNT)));
    } else {
      allow(distributionRole.arn, 'sts:AssumeRole');
    }
    if (!Array.isArray(paths) || freshnessCheck !== null && 'files' in freshnessCheck) {
      allow(`${artifactBucket}/pipeline/site/archive.zip`, 's3:GetObject');
      if (key !== undefined) {
        allow(keyArnOf(key), 'kms:Decrypt');
      }
    }
    if ('changedFiles' in paths) {
      allow(pipelineArn, 'codepipeline:ListActionExecutions');
    }
  }
  for (const [action, resources] of allowed) {
    for (const resource of resources) {
      const key = actions.map(({ key: each }) => each).find(each => each !== undefined && keyArnOf(each) === resource);
      const resourcePolicy = action === 'sts:AssumeRole' ? roles.find(({ arn }) => sameName(arn, resource))?.trust ?? TRUST_OF_ACCOUNT
        : key?.properties.KeyPolicy as object | undefined;
      const externalId = actions.map(({ parameters: { distributionRole } }) => distributionRole).find(each => each?.arn === resource)?.externalId;
      const contextVariables = externalId === undefined ? {} : { 'sts:ExternalId': externalId };
      yield { role, action, resource, resourcePolicy, contextVariables, expected: 'Allowed' };
      if (externalId !== undefined) {
        yield { role, action, resource, resourcePolicy, expected: 'ImplicitlyDenied' };
      }
    }
  }

  // The id of a distribution that CDK Pipelines deploys is known only when the pipeline runs: the README says so.
  const anyDistribution = actions.some(({ parameters: { distributionId } }) => distributionId?.startsWith('#{'));
  for (const [action, resource] of [...elsewhere(role), ...actions.flatMap(nearby), ...targets.flatMap(nearTarget)]) {
    const known = anyDistribution && callsFor('').includes(action) && accountOf(resource) === ACCOUNT;
    if (!allowed.get(action)?.has(resource)) {
      yield { role, action, resource, expected: known ? 'Allowed' : 'ImplicitlyDenied' };
    }
  }
}

/** What no function has to do with. */
function elsewhere(role: Role): [string, string][] {
  return [
    ['cloudfront:CreateInvalidation', 'arn:aws:cloudfront::999988887777:distribution/E2SOMEBODYELSES'],
    ['cloudfront:CreateInvalidation', `arn:aws:cloudfront::${ACCOUNT}:distribution/E2ANOTHER`],
    ['cloudfront:CreateInvalidationForDistributionTenant', `arn:aws:cloudfront::${ACCOUNT}:distribution-tenant/dt_another`],
    ['cloudfront:UpdateDistribution', `arn:aws:cloudfront::${ACCOUNT}:distribution/E2ANOTHER`],
    ['cloudfront:DeleteDistribution', `arn:aws:cloudfront::${ACCOUNT}:distribution/E2ANOTHER`],
    ['s3:GetObject', 'arn:aws:s3:::another-bucket/secret'],
    ['kms:Decrypt', `arn:aws:kms:${REGION}:${ACCOUNT}:key/another`],
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
  ];
}

/** What is next to that which an action needs, and the things themselves for those that do not need them. */
function nearby(action: Action): [string, string][] {
  const { pipelineArn, artifactBucket, key, functionArn: arn, parameters: { distributionRole } } = action;
  const object = `${artifactBucket}/pipeline/site/archive.zip`;
  const keyArn = key && keyArnOf(key);
  const ofKey = ['Decrypt', 'Encrypt', 'GenerateDataKey', 'ReEncryptFrom', 'ScheduleKeyDeletion', 'CreateGrant'];
  return [
    ...['GetObject', 'GetObjectVersion', 'PutObject', 'PutObjectAcl', 'DeleteObject'].map((name): [string, string] => [`s3:${name}`, object]),
    ...['ListBucket', 'GetBucketPolicy', 'PutBucketPolicy', 'DeleteBucket'].map((name): [string, string] => [`s3:${name}`, artifactBucket]),
    ['s3:GetObject', `${artifactBucket}-another/pipeline/site/archive.zip`],
    ...['ListActionExecutions', 'ListPipelineExecutions', 'GetPipelineExecution', 'GetPipeline', 'UpdatePipeline', 'StartPipelineExecution', 'DeletePipeline']
      .map((name): [string, string] => [`codepipeline:${name}`, pipelineArn]),
    ['codepipeline:ListActionExecutions', `${pipelineArn}-another`],
    ...['RetryStageExecution', 'RollbackStage'].map((name): [string, string] => [`codepipeline:${name}`, `${pipelineArn}/Deploy`]),
    ['codepipeline:PutApprovalResult', `${pipelineArn}/Approve/Approve`],
    ...keyArn === undefined ? [] : ofKey.map((name): [string, string] => [`kms:${name}`, keyArn]),
    ...distributionRole === null ? [] : [['sts:AssumeRole', `${distributionRole.arn}-another`] as [string, string]],
    ['lambda:InvokeFunction', arn],
    ...nearTarget(targetOf(action, ACCOUNT)),
  ];
}

function nearTarget(target: string): [string, string][] {
  const changes = target.includes(':distribution-tenant/')
    ? ['UpdateDistributionTenant', 'DeleteDistributionTenant', 'GetDistributionTenant'] : ['UpdateDistribution', 'DeleteDistribution', 'GetDistributionConfig'];
  return [
    ...changes.map((name): [string, string] => [`cloudfront:${name}`, target]),
    // A variable stands for any distribution.
    ...target.includes('#{') ? [] : callsFor(target).flatMap((name): [string, string][] => [[name, target], [name, `${target}X`], [name, target.replace(ACCOUNT, '999988887777')]]),
  ];
}

/** The role behind which a distribution is. */
function* ofDistributionRole(role: Role, actions: readonly Action[], targets: ReadonlySet<string>): Generator<Question> {
  const account = accountOf(role.arn)!;
  for (const target of targets) {
    yield* callsFor(target).map((action): Question => ({ role, action, resource: target, expected: 'Allowed' }));
    yield* callsFor(target).map((action): Question => ({ role, action, resource: `${target}X`, expected: 'ImplicitlyDenied' }));
  }
  for (const [action, resource] of [
    ['cloudfront:CreateInvalidation', `arn:aws:cloudfront::${account}:distribution/E2ANOTHER`],
    ['cloudfront:UpdateDistribution', `arn:aws:cloudfront::${account}:distribution/E2ANOTHER`],
    ['iam:PassRole', role.arn],
    ['s3:GetObject', 'arn:aws:s3:::another-bucket/secret'],
    ...actions.flatMap(({ artifactBucket, pipelineArn }) => [
      ['s3:GetObject', `${artifactBucket}/pipeline/site/archive.zip`], ['codepipeline:ListActionExecutions', pipelineArn], ['codepipeline:PutJobSuccessResult', '*'],
    ]),
  ]) {
    yield { role, action, resource, expected: 'ImplicitlyDenied' };
  }
}

/** The library's functions, by ARN, with their roles. */
function functionsOf(resources: readonly Resource[], roles: readonly Role[]): [string, Role][] {
  return resources.filter(({ type, logicalId }) => type === 'AWS::Lambda::Function' && /Invalidation/.test(logicalId))
    .map(({ physicalId, region, properties }) => [functionArn(physicalId, region), roleOf(roles, String(properties.Role))]);
}

function actionsOf(resources: readonly Resource[], roles: readonly Role[]): Action[] {
  return resources.filter(({ type }) => type === 'AWS::CodePipeline::Pipeline').flatMap(pipeline => {
    const { physicalId, region: ownRegion } = pipeline;
    const { Stages, ArtifactStore: only, ArtifactStores = [], RoleArn } = pipelineIn(pipeline);
    return Stages.flatMap(({ Actions }) => Actions).filter(({ ActionTypeId: { Provider } }) => Provider === 'Lambda').map((action): Action => {
      const region = action.Region ?? ownRegion;
      const store = only ?? ArtifactStores.find(each => each.Region === region)!.ArtifactStore;
      return {
        pipelineArn: `arn:aws:codepipeline:${ownRegion}:${ACCOUNT}:${physicalId}`,
        artifactBucket: `arn:aws:s3:::${store.Location}`,
        key: keyOf(resources, region, store),
        role: roleOf(roles, action.RoleArn ?? RoleArn),
        functionArn: functionArn(action.Configuration.FunctionName, region),
        parameters: JSON.parse(action.Configuration.UserParameters) as Action['parameters'],
      };
    });
  });
}

/** The key that a store names by its ARN, its id or an alias. */
function keyOf(resources: readonly Resource[], ofRegion: string, { EncryptionKey }: NonNullable<Pipeline['ArtifactStore']>): Resource | undefined {
  const name = EncryptionKey?.Id.replace(/^.*:key\//, '').replace(/^.*(?=alias\/)/, '');
  const alias = resources.find(({ type, properties }) => type === 'AWS::KMS::Alias' && properties.AliasName === name);
  const id = alias === undefined ? name : String(alias.properties.TargetKeyId).replace(/^.*:key\//, '');
  const key = resources.find(({ type, region, physicalId }) => type === 'AWS::KMS::Key' && region === ofRegion && physicalId === id);
  if (EncryptionKey !== undefined && key === undefined) {
    throw new Error(`no template has the key ${EncryptionKey.Id}`);
  }
  return key;
}

function functionArn(nameOrArn: string, region: string): string {
  return `arn:aws:lambda:${region}:${ACCOUNT}:function:${nameOf(nameOrArn)}`;
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
