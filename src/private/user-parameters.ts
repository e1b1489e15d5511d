import { Fn, Lazy, Stack, Token, Tokenization } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { ChangedFilesOptions } from '../changed-files-options';
import type { CloudFrontInvalidationOptions } from '../cloudfront-invalidation-options';
import {
  ACTION_MARK_LENGTH, MAX_USER_PARAMETERS_LENGTH, PARAMETERS, quote, timeoutProblem, unawaitedCheckProblem,
  type ChangedFilesParameters, type JobParameters, type PathSource,
} from '../contract';
import { InvalidationPaths } from '../invalidation-paths';
import { distributionRoleOf } from './distribution-role';
import { refuse } from './refuse';
import { withoutIntrinsics } from './resolved-text';
import { targetResourceOf } from './target-resource';

/** The parameters of a job, without what only the pipeline knows about its paths. */
export type OptionParameters = Omit<JobParameters, 'paths'> & { readonly paths: PathSource<ChangedFilesOptions> };

/**
 * The parameters for the options of an action.
 *
 * @throws Error if an option breaks its rule, or the parameters exceed CodePipeline's limit
 */
export function parametersOf(options: CloudFrontInvalidationOptions): OptionParameters {
  const {
    distribution, distributionTenant, distributionRole, distributionRoleExternalId, paths, waitForCompletion, timeout, failurePolicy,
    freshnessCheck,
    // The function itself is not a parameter.
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

/** An option that no parameter uses would have no effect, so it does not compile. */
function allAreWritten(_: Readonly<Record<string, never>>): void {}

/**
 * The parameters as text for an action's configuration, in the order of their table. The paths are last, because they may contain pipeline
 * variables.
 *
 * @throws Error if they exceed CodePipeline's limit
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

/** The token for a list that only CloudFormation knows: CDK represents such a list by a single element. */
function isListToken(element: string): boolean {
  return LIST_TOKEN.test(element);
}

const LIST_TOKEN = /^#\{Token\[[^\]]*\]\}$/;

/**
 * The JSON array elements for one path, or for a whole list of paths.
 *
 * For a list that only CloudFormation knows, CDK would add a custom resource. Here, CloudFormation joins the list, and the function rejects
 * broken JSON, as it does for a pipeline variable: the paths come last, after every other parameter.
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

/** How to shorten the longest part. */
const WAY_OUT: Readonly<Record<string, string>> = {
  paths: 'Replace several paths with a wildcard such as \'/blog/*\', split them across several actions, or have a build list them in a file: ' +
    'InvalidationPaths.fromManifest(artifact.atPath(\'invalidation.txt\')).',
  changedFiles: 'Use fewer or shorter patterns and folders in the options of InvalidationPaths.changedFiles, or shorter names for the pipeline, the stage and the action.',
  deployedBy: 'Shorten the names of these stages and actions, list in deployedBy only the actions that deploy to this distribution, or use InvalidationPaths.all().',
  otherActions: 'Each action of the pipeline that does not deploy the artifact takes 3 of them. Move actions to another pipeline, or use InvalidationPaths.all().',
  freshnessCheck: 'Use fewer or shorter pages and patterns in freshnessCheck, or check them in a separate action.',
  distributionRole: 'Use a shorter name, path or external ID for distributionRole.',
};

function checkLength(parameters: OptionParameters | JobParameters): void {
  refuse(lengthProblem(parameters));
}

/**
 * What is wrong with the length of parameters when the app is complete: the actions of the pipeline are a part of those of `changedFiles`.
 * Again, a token counts as one character.
 */
export function completeLengthProblems(scope: IConstruct, userParameters: string): string[] {
  const text = withoutIntrinsics(Stack.of(scope).resolve(userParameters), () => '0');
  const problem = lengthProblem(JSON.parse(String(text)) as JobParameters);
  return problem === undefined ? [] : [problem];
}

function lengthProblem(parameters: OptionParameters | JobParameters): string | undefined {
  const lengths = lengthsOf(inOrder(parameters));
  const length = sumOf(lengths) + 1;
  if (length <= MAX_USER_PARAMETERS_LENGTH) {
    return undefined;
  }
  const { paths } = parameters;
  const whole = longestOf(lengths);
  const part = whole.name === 'paths' && 'changedFiles' in paths ? changedFilesPart(paths.changedFiles, whole.length) : whole;
  const count = Array.isArray(paths) ? ` with ${paths.length} paths` : '';
  return `${part.name} must fit into CodePipeline's ${MAX_USER_PARAMETERS_LENGTH} characters for an action's parameters, got ${length} characters${count}, ` +
    `of which ${part.name} takes ${part.length}${part.detail ?? ''}. ${WAY_OUT[part.name] ?? ''}`;
}

interface Part {
  readonly name: string;
  readonly length: number;
  readonly detail?: string;
}

/** The part of `changedFiles` to shorten: the names of actions, or the options. */
function changedFilesPart({ deployedBy, otherActions, ...options }: Partial<ChangedFilesParameters>, length: number): Part {
  const [names, marks, rest] = [{ deployedBy }, { otherActions }, options].map(part => sumOf(lengthsOf(part)));
  if (Math.max(names, marks) <= rest) {
    return { name: 'changedFiles', length };
  }
  const longest = [...deployedBy ?? []].sort((left, right) => right.length - left.length).slice(0, 3);
  return names >= marks
    ? { name: 'deployedBy', length: names, detail: ` for ${deployedBy?.length} actions, the longest ${longest.map(quote).join(', ')}` }
    : { name: 'otherActions', length: marks, detail: ` for ${(otherActions ?? '').length / ACTION_MARK_LENGTH} actions` };
}

function lengthsOf(parameters: object): Part[] {
  return Object.entries(parameters).filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ name, length: shortestLength(JSON.stringify({ [name]: value })) - 1 }));
}

function sumOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function longestOf(parts: readonly Part[]): Part {
  return parts.reduce((left, right) => right.length > left.length ? right : left);
}

/** The length of a text with one character for each token or token list, the minimum that makes sense. */
function shortestLength(text: string): number {
  const withoutTokens = Tokenization.reverseString(text.replace(/#\{Token\[[^\]]*\]\}/g, '?'))
    .mapTokens({ mapToken: () => '?' })
    .join({ join: (left, right) => `${left ?? ''}${right ?? ''}` });
  return String(withoutTokens).length;
}
