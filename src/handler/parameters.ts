import { parseTree, type Node, type ParseError } from 'jsonc-parser';
import { isObject } from './event';
import { Failure } from './failure';
import {
  ALL_PATHS,
  DEFAULT_TIMEOUT_SECONDS,
  DISTRIBUTION_ID_ENV,
  FAILURE_POLICIES,
  changedFilesProblem,
  distributionIdProblem,
  distributionRoleArnProblem,
  distributionTenantIdProblem,
  externalIdProblem,
  manifestProblem,
  pathProblem,
  pathsProblem,
  quote,
  timeoutProblem,
  type DistributionRole,
  type FailurePolicy,
  type JobParameters,
  type PathSource,
} from '../contract';

/** `UserParameters` before anything is known of their values. */
export type RawParameters = Partial<Record<keyof JobParameters, unknown>>;

const NAMES: readonly (keyof JobParameters)[] =
  ['distributionId', 'distributionTenantId', 'distributionRole', 'waitForCompletion', 'timeoutSeconds', 'failurePolicy', 'paths'];

/** Reads the text of `UserParameters`, which a pipeline variable with quotes or line breaks in it may have broken. */
export function readParameters(userParameters: string | undefined): RawParameters {
  if (userParameters === undefined || userParameters.trim() === '') {
    return {};
  }
  const errors: ParseError[] = [];
  const root = parseTree(userParameters, errors, { disallowComments: true });
  const parameters: unknown = errors.length === 0 ? JSON.parse(userParameters) : undefined;
  if (root === undefined || !isObject(parameters)) {
    throw new Failure('ConfigurationError', `UserParameters must be a JSON object, got ${quote(userParameters)}. ` +
      'Where a pipeline variable is part of it, the variable\'s value must not contain quotes, backslashes or line breaks.');
  }

  const names = namesOf(root);
  const repeated = repeatedName(root);
  if (repeated !== undefined) {
    throw new Failure('ConfigurationError', `UserParameters must name each parameter once, got ${quote(repeated)} twice. ` +
      'A pipeline variable\'s value must not contain quotes.');
  }
  const unknown = names.find(name => !NAMES.some(known => known === name));
  if (unknown !== undefined) {
    throw new Failure('ConfigurationError', `UserParameters has an unknown parameter ${quote(unknown)}: expected ${NAMES.join(', ')}.`);
  }
  return parameters;
}

function namesOf(object: Node): string[] {
  return (object.children ?? []).map(property => String(property.children?.[0]?.value));
}

/** The first name that an object has twice, at whatever depth. */
function repeatedName(node: Node): string | undefined {
  const names = node.type === 'object' ? namesOf(node) : [];
  const inside = () => (node.children ?? []).map(repeatedName).find(name => name !== undefined);
  return names.find((name, index) => names.indexOf(name) !== index) ?? inside();
}

/** The failure policy, as soon as it can be read: it decides how everything that is wrong later ends. */
export function failurePolicyOf({ failurePolicy = 'FAIL' }: RawParameters): FailurePolicy {
  const policy = FAILURE_POLICIES.find(known => known === failurePolicy);
  if (policy === undefined) {
    throw new Failure('ConfigurationError', `failurePolicy must be ${FAILURE_POLICIES.join(' or ')}, got ${quote(failurePolicy)}`);
  }
  return policy;
}

/** Checks every parameter, and fills in the default of each that was left out. */
export function checkParameters(raw: RawParameters, environment: NodeJS.ProcessEnv): JobParameters {
  const {
    distributionTenantId,
    distributionId = distributionTenantId === undefined ? environment[DISTRIBUTION_ID_ENV] : undefined,
    distributionRole = null,
    waitForCompletion = true,
    timeoutSeconds = DEFAULT_TIMEOUT_SECONDS,
    paths = [ALL_PATHS],
  } = raw;
  if (distributionId !== undefined && distributionTenantId !== undefined) {
    throw new Failure('ConfigurationError', 'distributionId and distributionTenantId exclude each other: name one of them');
  }
  if (distributionId === undefined && distributionTenantId === undefined) {
    throw new Failure('ConfigurationError', 'distributionId is missing: name it in the action\'s UserParameters, as in {"distributionId":"E2QWRUHEXAMPLE"}, ' +
      `or set the function's environment variable ${DISTRIBUTION_ID_ENV}.`);
  }
  if (typeof waitForCompletion !== 'boolean') {
    throw new Failure('ConfigurationError', `waitForCompletion must be true or false, got ${quote(waitForCompletion)}`);
  }
  const idProblem = distributionTenantId === undefined ? distributionIdProblem(distributionId) : distributionTenantIdProblem(distributionTenantId);
  const problem = idProblem ?? distributionRoleProblem(distributionRole) ?? timeoutProblem(timeoutSeconds)
    ?? pathSourceProblem(paths);
  if (problem !== undefined) {
    throw new Failure('ConfigurationError', problem);
  }
  return {
    ...(distributionTenantId === undefined ? { distributionId: String(distributionId) } : { distributionTenantId: String(distributionTenantId) }),
    distributionRole: distributionRole as DistributionRole | null,
    waitForCompletion,
    timeoutSeconds: timeoutSeconds as number,
    failurePolicy: failurePolicyOf(raw),
    paths: paths as PathSource,
  };
}

function distributionRoleProblem(role: unknown): string | undefined {
  if (role === null) {
    return undefined;
  }
  if (!isObject(role)) {
    return `distributionRole must be an object such as {"arn":"arn:aws:iam::111122223333:role/invalidate-website"}, got ${quote(role)}`;
  }
  const { arn, externalId, pipelineName, ...others } = role;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    return `distributionRole has an unknown part ${quote(unknown)}: expected arn, externalId, pipelineName`;
  }
  if (pipelineName !== undefined && typeof pipelineName !== 'string') {
    return `distributionRole must have a string as its pipelineName, got ${quote(pipelineName)}`;
  }
  return distributionRoleArnProblem(arn) ?? (externalId === undefined ? undefined : externalIdProblem(externalId));
}

function pathSourceProblem(source: unknown): string | undefined {
  if (!isObject(source)) {
    return pathsProblem(source) ?? (source as unknown[]).map(pathProblem).find(problem => problem !== undefined);
  }
  const { manifest, changedFiles, ...others } = source;
  if (Object.keys(others).length > 0 || (manifest === undefined) === (changedFiles === undefined)) {
    return `paths must be a list, or an object with either manifest or changedFiles, got ${quote(source)}`;
  }
  return manifest === undefined ? changedFilesParametersProblem(changedFiles) : manifestProblem(manifest);
}

function changedFilesParametersProblem(parameters: unknown): string | undefined {
  if (!isObject(parameters)) {
    return `changedFiles must be an object, got ${quote(parameters)}`;
  }
  const {
    pipelineName, pipelineNameVariable, stageName, actionName,
    baseDirectory, prefix, indexDocuments, stripExtensions, exclude, skipAdded, maxPaths, onMissingBaseline,
    ...others
  } = parameters;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    return `changedFiles has an unknown part ${quote(unknown)}`;
  }
  if ((pipelineName === undefined) === (pipelineNameVariable === undefined)) {
    return 'changedFiles must have either pipelineName or pipelineNameVariable';
  }
  const missing = Object.entries({ pipelineName: pipelineName ?? pipelineNameVariable, stageName, actionName })
    .find(([, value]) => typeof value !== 'string' || value === '');
  return missing === undefined
    ? changedFilesProblem({ baseDirectory, prefix, indexDocuments, stripExtensions, exclude, skipAdded, maxPaths, onMissingBaseline })
    : `changedFiles must have a ${missing[0]}, got ${quote(missing[1])}`;
}
