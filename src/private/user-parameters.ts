import { Fn, Lazy, Stack, Token, Tokenization } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { ChangedFilesOptions } from '../changed-files-options';
import type { CloudFrontInvalidationOptions } from '../cloudfront-invalidation-options';
import { PARAMETERS, timeoutProblem, unawaitedCheckProblem, type JobParameters, type PathSource } from '../contract';
import { InvalidationPaths } from '../invalidation-paths';
import { distributionRoleOf } from './distribution-role';
import { inOrder, lengthProblem } from './parameters-length';
import { refuse } from './refuse';
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
  refuse(lengthProblem(parameters));
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
  refuse(lengthProblem(parameters));
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
