import { Fn, Lazy, Stack, Token, Tokenization } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { ChangedFilesOptions } from '../changed-files-options';
import type { CloudFrontInvalidationOptions } from '../cloudfront-invalidation-options';
import { MAX_USER_PARAMETERS_LENGTH, PARAMETERS, timeoutProblem, unawaitedCheckProblem, type JobParameters, type PathSource } from '../contract';
import { InvalidationPaths } from '../invalidation-paths';
import { distributionRoleOf } from './distribution-role';
import { refuse } from './refuse';
import { targetResourceOf } from './target-resource';

/** The parameters of a job, but for what only the pipeline knows of its paths. */
export type OptionParameters = Omit<JobParameters, 'paths'> & { readonly paths: PathSource<ChangedFilesOptions> };

/**
 * The parameters that the options of an action ask for.
 *
 * @throws Error where an option breaks its rule, or the parameters cannot fit what CodePipeline takes
 */
export function parametersOf(options: CloudFrontInvalidationOptions): OptionParameters {
  const {
    distribution, distributionTenant, distributionRole, distributionRoleExternalId, paths, waitForCompletion, timeout, failurePolicy,
    freshnessCheck,
    // Who does the work is no parameter of it.
    function: _,
    ...forgotten
  } = options;
  allAreWritten(forgotten);

  const { resource, id } = targetResourceOf({ distribution, distributionTenant });
  const timeoutSeconds = timeout?.toSeconds({ integral: false });
  const problem = timeoutSeconds === undefined || Token.isUnresolved(timeoutSeconds) ? undefined : timeoutProblem(timeoutSeconds);
  refuse(problem ?? unawaitedCheckProblem(waitForCompletion, freshnessCheck));
  const parameters: OptionParameters = {
    ...(resource === 'distribution' ? { distributionId: id } : { distributionTenantId: id }),
    distributionRole: distributionRoleOf({ distributionRole, distributionRoleExternalId }),
    waitForCompletion: waitForCompletion ?? PARAMETERS.waitForCompletion.default!,
    timeoutSeconds: timeoutSeconds ?? PARAMETERS.timeoutSeconds.default!,
    failurePolicy: failurePolicy ?? PARAMETERS.failurePolicy.default!,
    freshnessCheck: freshnessCheck?._check ?? PARAMETERS.freshnessCheck.default!,
    paths: (paths ?? InvalidationPaths.all())._source,
  };
  checkLength(parameters);
  return parameters;
}

/** An option that is written nowhere would do nothing: it does not compile. */
function allAreWritten(_: Readonly<Record<string, never>>): void {}

/**
 * The parameters as an action's configuration has them, in the order of their table: the paths, which may hold pipeline variables, are last.
 *
 * @throws Error where they cannot fit what CodePipeline takes
 */
export function toUserParameters(scope: IConstruct, parameters: JobParameters): string {
  checkLength(parameters);
  const stack = Stack.of(scope);
  const { paths, ...others } = inOrder(parameters);
  if (!Array.isArray(paths) || !paths.some(isListToken)) {
    return stack.toJsonString({ ...others, paths });
  }
  const parts = Object.entries(others).map(([name, value]) => `${JSON.stringify(name)}:${stack.toJsonString(value)}`);
  return `{${[...parts, `"paths":[${paths.map(path => elementsOf(stack, path)).join(',')}]`].join(',')}}`;
}

/** What stands for a list that only CloudFormation knows, as the one element that CDK lets it have until then. */
function isListToken(element: string): boolean {
  return LIST_TOKEN.test(element);
}

const LIST_TOKEN = /^#\{Token\[[^\]]*\]\}$/;

/**
 * The elements of a JSON array that a path is, or a whole list of paths.
 *
 * CDK writes a list that only CloudFormation knows with a custom resource. Here CloudFormation joins it, and the function refuses what breaks
 * the JSON, as it does for a pipeline variable: the paths come last, and every other parameter is written before them.
 */
function elementsOf(stack: Stack, path: string): string {
  if (!isListToken(path)) {
    return stack.toJsonString(path);
  }
  const list = Token.asList(Tokenization.reverseList([path]));
  return Lazy.uncachedString({
    produce: context => {
      const elements: unknown = context.resolve(list);
      return Array.isArray(elements) ? elements.map(element => stack.toJsonString(element)).join(',') : `"${Fn.join('","', list)}"`;
    },
  });
}

function inOrder(parameters: OptionParameters | JobParameters): Partial<JobParameters> {
  const names = Object.keys(PARAMETERS) as (keyof JobParameters)[];
  return Object.fromEntries(names.map(name => [name, parameters[name]]).filter(([, value]) => value !== undefined));
}

/** What to do about the longest part. */
const WAY_OUT: Readonly<Record<string, string>> = {
  paths: 'Cover several paths with a wildcard such as \'/blog/*\', spread them over several actions, or let a build list them in a file: ' +
    'InvalidationPaths.fromManifest(artifact.atPath(\'invalidation.txt\')).',
  changedFiles: 'Name fewer or shorter patterns and folders in the options of InvalidationPaths.changedFiles, or give the pipeline, the stage and the action shorter names.',
  freshnessCheck: 'Name fewer or shorter pages and patterns in freshnessCheck, or check them in an action of their own.',
  distributionRole: 'Give distributionRole a shorter name, path or external id.',
};

function checkLength(parameters: OptionParameters | JobParameters): void {
  const lengths = Object.entries(inOrder(parameters))
    .map(([name, value]) => ({ name, length: shortestLength(JSON.stringify({ [name]: value })) - 1 }));
  const length = lengths.reduce((sum, part) => sum + part.length, 1);
  if (length > MAX_USER_PARAMETERS_LENGTH) {
    const longest = lengths.reduce((left, right) => right.length > left.length ? right : left);
    const { paths } = parameters;
    const part = longest.name === 'paths' && 'changedFiles' in paths ? 'changedFiles' : longest.name;
    const count = Array.isArray(paths) ? ` with ${paths.length} paths` : '';
    throw new Error(`${part} must fit CodePipeline's ${MAX_USER_PARAMETERS_LENGTH} characters for an action's parameters, got ${length} characters${count}, ` +
      `of which ${part} takes ${longest.length}. ${WAY_OUT[part] ?? ''}`);
  }
}

/** The length of a text in which each token, or list of them, turns out to be one character, the fewest that make sense. */
function shortestLength(text: string): number {
  const withoutTokens = Tokenization.reverseString(text.replace(/#\{Token\[[^\]]*\]\}/g, '?'))
    .mapTokens({ mapToken: () => '?' })
    .join({ join: (left, right) => `${left ?? ''}${right ?? ''}` });
  return String(withoutTokens).length;
}
