import { parseTree, type Node, type ParseError } from 'jsonc-parser';
import { Failure } from './failure';
import {
  DISTRIBUTION_ID_ENV, isBareDistributionId, isObject, PARAMETERS, quote, unawaitedCheckProblem, type FailurePolicy, type JobParameters,
} from '../contract';

/** The names in `UserParameters`, with values not yet checked. */
export type RawParameters = Partial<Record<keyof JobParameters, unknown>>;

const NAMES = Object.keys(PARAMETERS) as readonly (keyof JobParameters)[];

/**
 * Other names for a parameter, as hand-written actions and blog posts about similar functions use them: in lower case, without `_` and `-`.
 *
 * @see https://docs.aws.amazon.com/cli/latest/reference/cloudfront/create-invalidation.html
 */
const OTHER_NAMES: readonly [RegExp, keyof JobParameters, string][] = [
  [/^(cloudfront|cf)?(distribution|distrib|dist)(id|ids)?$|^id$/, 'distributionId', '"distributionId":"E2QWRUHEXAMPLE"'],
  [/^(distribution)?tenant(id)?$/, 'distributionTenantId', '"distributionTenantId":"dt_2wjDZi3hD1ivOXf6rpZJO1AB"'],
  [/^(object|invalidation|cache)?(path|paths|items|files|urls|objects|keys)$|^(path|paths)toinvalidate$/, 'paths', '"paths":["/index.html","/blog/*"]'],
  [/^wait$/, 'waitForCompletion', '"waitForCompletion":false'],
  [/^timeout$/, 'timeoutSeconds', '"timeoutSeconds":600'],
];

/**
 * Reads the text of `UserParameters`: a JSON object, or a bare distribution ID, as hand-written actions often have it. A pipeline variable
 * with quotes or line breaks in its value may have broken the JSON.
 */
export function readParameters(userParameters: string | undefined): RawParameters {
  const text = userParameters?.trim() ?? '';
  if (text === '') {
    return {};
  }
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { disallowComments: true });
  if (errors.length > 0 && isBareDistributionId(text)) {
    return { distributionId: text };
  }
  const parameters: unknown = errors.length === 0 ? JSON.parse(text) : undefined;
  if (root === undefined || !isObject(parameters)) {
    throw new Failure('ConfigurationError', `UserParameters must be a JSON object or a distribution ID, got ${quote(text)}. ` +
      'If it contains a pipeline variable, the variable\'s value must not contain quotes, backslashes or line breaks.');
  }

  const names = namesOf(root);
  const repeated = repeatedName(root);
  if (repeated !== undefined) {
    throw new Failure('ConfigurationError', `UserParameters must name each parameter once, got ${quote(repeated)} twice. ` +
      'A pipeline variable\'s value must not contain quotes.');
  }
  const unknown = names.find(name => !NAMES.some(known => known === name));
  if (unknown !== undefined) {
    const [, name, example] = OTHER_NAMES.find(([others]) => others.test(unknown.toLowerCase().replaceAll(/[_-]/g, ''))) ?? [];
    const advice = name === undefined ? '' : ` For ${name}, write ${example}.`;
    throw new Failure('ConfigurationError', `UserParameters has an unknown parameter ${quote(unknown)}: expected ${NAMES.join(', ')}.${advice}`);
  }
  return parameters;
}

function namesOf(object: Node): string[] {
  return (object.children ?? []).map(property => String(property.children?.[0]?.value));
}

/** The first name that occurs twice in an object, at any depth. */
function repeatedName(node: Node): string | undefined {
  const names = node.type === 'object' ? namesOf(node) : [];
  const inside = () => (node.children ?? []).map(repeatedName).find(name => name !== undefined);
  return names.find((name, index) => names.indexOf(name) !== index) ?? inside();
}

/** The failure policy. It is read first, because it decides how every later error ends. */
export function failurePolicyOf({ failurePolicy }: RawParameters): FailurePolicy {
  return checked('failurePolicy', failurePolicy);
}

/** Checks every parameter and fills in the defaults. */
export function checkParameters(raw: RawParameters, environment: NodeJS.ProcessEnv): JobParameters {
  const { distributionTenantId, distributionId = distributionTenantId === undefined ? environment[DISTRIBUTION_ID_ENV] : undefined } = raw;
  if (distributionId !== undefined && distributionTenantId !== undefined) {
    throw new Failure('ConfigurationError', 'UserParameters must have only one of distributionId and distributionTenantId, got both: remove one');
  }
  if (distributionId === undefined && distributionTenantId === undefined) {
    throw new Failure('ConfigurationError', 'distributionId is missing: set it in the action\'s UserParameters, such as {"distributionId":"E2QWRUHEXAMPLE"}, ' +
      `or set the function's environment variable ${DISTRIBUTION_ID_ENV}.`);
  }
  const absent = distributionTenantId === undefined ? 'distributionTenantId' : 'distributionId';
  const given: RawParameters = { ...raw, distributionId };
  const values = NAMES.filter(name => name !== absent).map(name => [name, checked(name, given[name])]);
  const parameters = Object.fromEntries(values) as JobParameters;
  const problem = unawaitedCheckProblem(parameters.waitForCompletion, parameters.freshnessCheck);
  if (problem !== undefined) {
    throw new Failure('ConfigurationError', problem);
  }
  return parameters;
}

function checked<Name extends keyof JobParameters>(name: Name, value: unknown): Required<JobParameters>[Name] {
  const parameter = PARAMETERS[name];
  const given = value === undefined ? parameter.default : value;
  const problem = parameter.problem(given);
  if (problem !== undefined) {
    throw new Failure('ConfigurationError', problem);
  }
  return given as Required<JobParameters>[Name];
}
