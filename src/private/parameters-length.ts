import { Stack, Tokenization } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { ACTION_MARK_LENGTH, MAX_USER_PARAMETERS_LENGTH, PARAMETERS, quote, type ChangedFilesParameters, type JobParameters, type PathSource } from '../contract';
import { withoutIntrinsics } from './resolved-text';

/** The parameters of a job, as far as they are known. */
type KnownParameters = Omit<JobParameters, 'paths'> & { readonly paths: PathSource<Partial<ChangedFilesParameters>> };

/** How to shorten the longest part. */
const WAY_OUT: Readonly<Record<string, string>> = {
  paths: 'Replace several paths with a wildcard such as \'/blog/*\', split them across several actions, or have a build list them in a file: ' +
    'InvalidationPaths.fromManifest(artifact.atPath(\'invalidation.txt\')).',
  changedFiles: 'Use fewer or shorter patterns and folders in the options of InvalidationPaths.changedFiles, or shorter names for the pipeline, the stage and the action.',
  deployedBy: 'Shorten the names of these stages and actions, list in deployedBy only the actions that deploy to this distribution, or use InvalidationPaths.all().',
  otherActions: `Each action of the pipeline that does not deploy the artifact takes ${ACTION_MARK_LENGTH} characters. Move actions to another pipeline, or use InvalidationPaths.all().`,
  freshnessCheck: 'Use fewer or shorter pages and patterns in freshnessCheck, or check them in a separate action.',
  distributionRole: 'Use a shorter name, path or external ID for distributionRole.',
};

/**
 * What is wrong with the length of parameters when the app is complete: the actions of the pipeline are a part of those of `changedFiles`.
 * Again, a token counts as one character.
 */
export function completeLengthProblems(scope: IConstruct, userParameters: string): string[] {
  const text = withoutIntrinsics(Stack.of(scope).resolve(userParameters), () => '0');
  const problem = lengthProblem(JSON.parse(String(text)) as KnownParameters);
  return problem === undefined ? [] : [problem];
}

/** What is wrong with the length of parameters. A token counts as one character, the minimum that makes sense. */
export function lengthProblem(parameters: KnownParameters): string | undefined {
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

/** The parameters in the order of their table. */
export function inOrder(parameters: KnownParameters): Partial<JobParameters> {
  const names = Object.keys(PARAMETERS) as (keyof JobParameters)[];
  return Object.fromEntries(names.map(name => [name, parameters[name]]).filter(([, value]) => value !== undefined));
}
