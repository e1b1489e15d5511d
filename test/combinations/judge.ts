import type { Combination } from './combination';
import { ACCOUNT, REGION } from './world';
import { DeployedTemplate, type DeployedResource } from '../../sandbox/template';
import { nameOf, pipelineIn, policyOfFunction, rolesOf, stacksOf, templateOf } from '../judges/deployed';
import type { Question, Role } from '../judges/simulator';

export function templatesOf(assembly: string): string[] {
  return stacksOf(assembly).map(({ file }) => file);
}

interface Parameters {
  readonly distributionId: string;
  readonly distributionRole: { readonly arn: string } | null;
  readonly paths: readonly string[] | { readonly changedFiles?: Record<string, string> };
}

/**
 * What the function and the action's role do, and what they must never be able to do, of a combination that was synthesised and deployed.
 *
 * @throws Error where the templates do not fit together: a reference to nothing, a function of another name
 */
export function* questions({ paths, place }: Combination, assembly: string): Generator<Question> {
  const exports = new Map<string, string>();
  const resources = stacksOf(assembly).flatMap(stack => {
    const region = stack.region === 'unknown-region' ? REGION : stack.region;
    const deployed = new DeployedTemplate(templateOf(stack), { account: ACCOUNT, region, stackName: stack.name, exports });
    return deployed.resources.map(resource => ({ ...resource, region }));
  });
  const of = (type: string) => resources.filter(resource => resource.type === type);
  const roles = rolesOf(resources, ACCOUNT);
  const roleOf = (arn: unknown): Role => found(roles.find(role => role.arn === arn), `role ${String(arn)}`);

  const pipeline = found(of('AWS::CodePipeline::Pipeline')[0], 'pipeline');
  const properties = pipelineIn(pipeline);
  const action = found(properties.Stages.flatMap(({ Actions }) => Actions).find(({ ActionTypeId }) => ActionTypeId.Provider === 'Lambda'), 'action');
  const lambdaFunction = found(of('AWS::Lambda::Function').find(({ physicalId }) => physicalId === nameOf(action.Configuration.FunctionName)),
    `function ${action.Configuration.FunctionName}`);
  const region = action.Region ?? pipeline.region;
  if (lambdaFunction.region !== region) {
    throw new Error(`the function is in ${lambdaFunction.region}, and the action in ${region}`);
  }

  const caller = roleOf(lambdaFunction.properties.Role);
  const parameters = JSON.parse(action.Configuration.UserParameters) as Parameters;
  checkParameters(parameters, lambdaFunction, pipeline);

  const may = (name: string, resource: string, more: Partial<Question> = {}): Question => ({ role: caller, action: name, resource, expected: 'Allowed', ...more });
  const mayNot = (name: string, resource: string): Question => ({ role: caller, action: name, resource, expected: 'ImplicitlyDenied' });
  const distribution = `arn:aws:cloudfront::${ACCOUNT}:distribution/${parameters.distributionId}`;
  const invalidations = ['Create', 'Get', 'List'].map(verb => `cloudfront:${verb}Invalidation${verb === 'List' ? 's' : ''}`);
  yield may('codepipeline:PutJobSuccessResult', '*');
  yield may('codepipeline:PutJobFailureResult', '*');
  if (place === 'id and role of another account') {
    const { arn } = found(parameters.distributionRole ?? undefined, 'role of the other account');
    yield may('sts:AssumeRole', arn, {
      resourcePolicy: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: caller.arn } }] },
    });
    yield* invalidations.map(name => mayNot(name, distribution));
  } else {
    yield* invalidations.map(name => may(name, distribution));
  }

  const store = properties.ArtifactStore ?? found(properties.ArtifactStores?.find(({ Region }) => Region === region), `store in ${region}`).ArtifactStore;
  const object = `arn:aws:s3:::${store.Location}/website/Site/archive.zip`;
  const history = `arn:aws:codepipeline:${lambdaFunction.region}:${ACCOUNT}:${pipeline.physicalId}`;
  const key = region === REGION ? found(of('AWS::KMS::Key')[0], 'key') : undefined;
  const keyArn = key && `arn:aws:kms:${key.region}:${ACCOUNT}:key/${key.physicalId}`;
  const readsHistory = paths.startsWith('changedFiles');
  const readsArtifacts = readsHistory || paths === 'manifest';
  yield (readsArtifacts ? may : mayNot)('s3:GetObject', object);
  yield (readsHistory ? may : mayNot)('codepipeline:ListActionExecutions', history);
  if (keyArn !== undefined) {
    yield readsArtifacts ? may('kms:Decrypt', keyArn, { resourcePolicy: keyPolicyOf(key!) }) : mayNot('kms:Decrypt', keyArn);
  }

  const functionArn = `arn:aws:lambda:${region}:${ACCOUNT}:function:${lambdaFunction.physicalId}`;
  const invoker = roleOf(action.RoleArn ?? properties.RoleArn);
  yield { role: invoker, action: 'lambda:InvokeFunction', resource: functionArn, resourcePolicy: policyOfFunction(resources, functionArn), expected: 'Allowed' };
  yield { role: invoker, action: 'lambda:UpdateFunctionCode', resource: functionArn, expected: 'ImplicitlyDenied' };

  yield* ([
    ['cloudfront:CreateInvalidation', `arn:aws:cloudfront::${ACCOUNT}:distribution/E2ANOTHER`],
    ['cloudfront:UpdateDistribution', distribution],
    ['s3:PutObject', object],
    ['s3:GetObject', 'arn:aws:s3:::another-bucket/secret'],
    ['kms:Decrypt', `arn:aws:kms:${REGION}:${ACCOUNT}:key/another`],
    ['sts:AssumeRole', `arn:aws:iam::${ACCOUNT}:role/another`],
    ['codepipeline:ListActionExecutions', `arn:aws:codepipeline:${REGION}:${ACCOUNT}:another`],
    ['lambda:InvokeFunction', functionArn],
  ] as const).map(([name, resource]) => mayNot(name, resource));
}

/** What the function reads of its parameters is true. */
function checkParameters({ paths }: Parameters, lambdaFunction: DeployedResource, pipeline: DeployedResource): void {
  const { Environment } = lambdaFunction.properties as { readonly Environment?: { readonly Variables: Record<string, string> } };
  const changedFiles = 'changedFiles' in paths ? paths.changedFiles : undefined;
  const name = changedFiles && (changedFiles.pipelineName ?? Environment?.Variables[changedFiles.pipelineNameVariable]);
  if (changedFiles !== undefined && name !== pipeline.physicalId) {
    throw new Error(`the function is told that the pipeline is ${name}, and it is ${pipeline.physicalId}`);
  }
}

/** What the key's own side says; a key policy has `*` for the key. */
function keyPolicyOf({ properties: { KeyPolicy } }: DeployedResource): object {
  return KeyPolicy as object;
}

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) {
    throw new Error(`the deployed templates have no ${what}`);
  }
  return value;
}
