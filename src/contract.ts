/**
 * The contract between constructs and function: the only file that both sides import.
 *
 * Each rule returns an error message or `undefined`, so synthesis and the function reject the same values with the same messages.
 */
import { createHash } from 'crypto';

/** Environment variable of the function: the distribution for jobs that do not specify one. */
export const DISTRIBUTION_ID_ENV = 'CLOUDFRONT_DISTRIBUTION_ID';

/**
 * Maximum length of one configuration value of an action, in characters.
 *
 * @see https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionDeclaration.html
 */
export const MAX_USER_PARAMETERS_LENGTH = 1000;

/** CodePipeline ends an action after 24 hours. */
export const MAX_TIMEOUT_SECONDS = 24 * 60 * 60;

export const DEFAULT_TIMEOUT_SECONDS = 60 * 60;

/** What a job without paths invalidates. */
export const ALL_PATHS = '/*';

/** @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-objects.html */
export const MAX_PATH_LENGTH = 4000;

export const MAX_TAG_LENGTH = 256;

/** Default of `InvalidationPaths.changedFiles`: two deployments a day stay within the 1,000 free paths a month. */
export const DEFAULT_MAX_PATHS = 15;

/** CloudFront accepts this many paths at a time. */
export const MAX_MAX_PATHS = 3000;

/** Default of `FreshnessCheck.files`: how many pages it visits. */
export const DEFAULT_MAX_PAGES = 10;

/** With more pages, one look could take longer than an invocation has time. */
export const MAX_MAX_PAGES = 50;

/** Maximum for `FreshnessCheck.pages`: a continuation token contains what is known about each page. */
export const MAX_CHECKED_URLS = 20;

/** How long to wait for an old copy to disappear. */
export const DEFAULT_CHECK_TIMEOUT_SECONDS = 2 * 60;

/** What to do if the cache cannot be invalidated. */
export type FailurePolicy = 'FAIL' | 'WARN';

/** What to do if it is unknown what the cache contains. */
export type MissingBaseline = 'INVALIDATE_ALL' | 'FAIL';

/** The action's `UserParameters`, as JSON. `PARAMETERS` has a rule and a default for each. */
export interface JobParameters {
  /** Exactly one of `distributionId` and `distributionTenantId` is set. */
  readonly distributionId?: string;
  readonly distributionTenantId?: string;
  /** The role that calls CloudFront, or `null` for the function's own role. */
  readonly distributionRole: DistributionRole | null;
  readonly waitForCompletion: boolean;
  readonly timeoutSeconds: number;
  readonly failurePolicy: FailurePolicy;
  /** What to visit before the job finishes, or `null`. */
  readonly freshnessCheck: FreshnessCheckParameters | null;
  readonly paths: PathSource;
}

/** A role that the function assumes before it calls CloudFront. */
export interface DistributionRole {
  readonly arn: string;
  readonly externalId?: string;
  /** Part of the session name, for readers of CloudTrail in the distribution's account. */
  readonly pipelineName?: string;
}

/** What to invalidate: paths, a file in the input artifact that lists them, or the files that the artifact changes. */
export type PathSource<ChangedFiles = ChangedFilesParameters> = string[] | { readonly manifest: string } | { readonly changedFiles: ChangedFiles };

/** The options of `InvalidationPaths.changedFiles`, without defaults, and where to find the history. */
export interface ChangedFilesParameters extends ChangedFilesSite {
  /** Either this, or the environment variable of the function that contains the name. */
  readonly pipelineName?: string;
  readonly pipelineNameVariable?: string;
  readonly stageName: string;
  readonly actionName: string;
  readonly deployedBy: readonly string[];
  /** The marks of the pipeline's other actions. An action with a different mark was renamed, removed or added since. */
  readonly otherActions?: string;
}

/** How the files of an artifact map to URLs. */
export interface SiteParameters {
  readonly baseDirectory?: string;
  readonly urlPath?: string;
  readonly indexDocuments?: readonly string[];
  readonly stripExtensions?: readonly string[];
}

/** How the files of an artifact become a website, and what to do with changed files. */
export interface ChangedFilesSite extends SiteParameters {
  readonly queryStrings?: boolean;
  readonly errorDocuments?: readonly string[];
  readonly exclude?: readonly string[];
  readonly deployedBy?: readonly string[];
  readonly maxPaths?: number;
  readonly onMissingBaseline?: MissingBaseline;
}

/** What to visit: files of the input artifact, to compare contents; or pages, to see whether the edge has fetched them again. */
export type FreshnessCheckParameters = { readonly files: FilesCheckParameters } | { readonly pages: readonly string[] };

/** The options of `FreshnessCheck.files`, without defaults. */
export interface FilesCheckParameters extends SiteParameters {
  readonly url: string;
  readonly maxPages?: number;
  readonly include?: readonly string[];
  readonly timeoutSeconds?: number;
}

/** Length of an action's mark: short, because the parameters contain the marks of all actions in the pipeline. */
export const ACTION_MARK_LENGTH = 3;

/** A short mark that identifies an action without its name. */
export function actionMark(name: string): string {
  return createHash('sha256').update(name).digest('base64url').slice(0, ACTION_MARK_LENGTH);
}

/** Whether an action of this category may deploy something: sources, tests and approvals do not. */
export function isDeployingCategory(category: string | undefined): boolean {
  return !['Source', 'Test', 'Approval'].includes(category ?? '');
}

/** What is wrong with a value, or `undefined`. */
type Rule = (value: unknown) => string | undefined;

interface Parameter<T> {
  readonly problem: Rule;
  /** The value if the parameter is left out. */
  readonly default?: T;
}

/**
 * The rules of the parameters, in the order in which they are written. `paths` is last, and every other parameter is always written (one of
 * the two IDs). A pipeline variable in a path can then only repeat a parameter or add the other ID, and the function rejects both.
 */
export const PARAMETERS: { readonly [name in keyof Required<JobParameters>]: Parameter<JobParameters[name]> } = {
  distributionId: { problem: distributionIdProblem },
  distributionTenantId: { problem: distributionTenantIdProblem },
  distributionRole: { problem: distributionRoleProblem, default: null },
  waitForCompletion: { problem: value => booleanProblem('waitForCompletion', value), default: true },
  timeoutSeconds: { problem: timeoutProblem, default: DEFAULT_TIMEOUT_SECONDS },
  failurePolicy: { problem: failurePolicyProblem, default: 'FAIL' },
  freshnessCheck: { problem: freshnessCheckProblem, default: null },
  paths: { problem: pathSourceProblem, default: [ALL_PATHS] },
};

/** The rules of the parts of a role. */
const DISTRIBUTION_ROLE: { readonly [name in keyof Required<DistributionRole>]: Rule } = {
  arn: distributionRoleArnProblem,
  externalId: value => value === undefined ? undefined : externalIdProblem(value),
  pipelineName: value => value === undefined || typeof value === 'string'
    ? undefined
    : `distributionRole must have a string as its pipelineName, got ${quote(value)}`,
};

/** The options of `InvalidationPaths.changedFiles` that do not affect which files are compared and which URLs they have. */
const NOT_COMPARED: readonly (keyof ChangedFilesSite)[] = ['maxPaths', 'onMissingBaseline'];

/** Whether other parameters describe the same site, so that they invalidated what these would have invalidated. */
export function isSameSite(paths: unknown, site: ChangedFilesSite): boolean {
  const other = isObject(paths) && isObject(paths.changedFiles) ? paths.changedFiles : undefined;
  const names = (Object.keys(CHANGED_FILES_OPTIONS) as (keyof ChangedFilesSite)[]).filter(name => !NOT_COMPARED.includes(name));
  return other !== undefined && names.every(name => JSON.stringify(other[name]) === JSON.stringify(site[name]));
}

/** The rules of the options that map files to URLs. Each option may be left out. */
const SITE_OPTIONS: { readonly [name in keyof Required<SiteParameters>]: Rule } = {
  baseDirectory: value => folderProblem('baseDirectory', value),
  urlPath: value => folderProblem('urlPath', value),
  indexDocuments: value => stringsProblem('indexDocuments', value)
    ?? rule((value as string[]).every(name => !name.includes('/')),
      `indexDocuments must be names without a folder, such as 'index.html', got ${quote(value)}`),
  stripExtensions: value => stringsProblem('stripExtensions', value)
    ?? rule((value as string[]).every(extension => /^\.[^/]+$/.test(extension)), `stripExtensions must start with '.', such as '.html', got ${quote(value)}`),
};

/** The rules of the options of `InvalidationPaths.changedFiles`. Each option may be left out. */
const CHANGED_FILES_OPTIONS: { readonly [name in keyof Required<ChangedFilesSite>]: Rule } = {
  ...SITE_OPTIONS,
  queryStrings: value => booleanProblem('queryStrings', value),
  errorDocuments: value => stringsProblem('errorDocuments', value)
    ?? rule((value as string[]).every(name => !/^\.?\//.test(name) && !name.split('/').includes('..')),
      `errorDocuments must be file names relative to baseDirectory, such as '404.html', got ${quote(value)}`),
  exclude: value => patternsProblem('exclude', value),
  deployedBy: deployedByProblem,
  maxPaths: value => rule(Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_MAX_PATHS,
    `maxPaths must be a whole number from 1 to ${MAX_MAX_PATHS}, got ${quote(value)}`),
  onMissingBaseline: value => rule(value === 'INVALIDATE_ALL' || value === 'FAIL', `onMissingBaseline must be INVALIDATE_ALL or FAIL, got ${quote(value)}`),
};

/** The rules of the options of `FreshnessCheck.files`. Each option except `url` may be left out. */
const FILES_CHECK_OPTIONS: { readonly [name in keyof Required<FilesCheckParameters>]: Rule } = {
  ...SITE_OPTIONS,
  url: siteUrlProblem,
  maxPages: value => rule(Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_MAX_PAGES,
    `maxPages must be a whole number from 1 to ${MAX_MAX_PAGES}, got ${quote(value)}`),
  include: value => patternsProblem('include', value),
  timeoutSeconds: timeoutProblem,
};

/** A variable that an action sets, whatever its outcome. */
export type OutputVariable = 'distributionId' | 'distributionTenantId' | 'invalidationId' | 'invalidationCount' | 'status' | 'pathCount'
  | 'changedFileCount' | 'unchangedFileCount' | 'checkedPageCount' | 'createTime' | 'errorType' | 'errorMessage';

/** The value of an output variable without a value: CodePipeline rejects a configuration value that resolves to nothing. */
export const NO_VALUE = 'none';

export function distributionIdProblem(distributionId: unknown): string | undefined {
  return isId(distributionId)
    ? undefined
    : `distributionId must be the ID of a CloudFront distribution, such as 'E2QWRUHEXAMPLE', got ${quote(distributionId)}`;
}

export function distributionTenantIdProblem(distributionTenantId: unknown): string | undefined {
  return isId(distributionTenantId)
    ? undefined
    : `distributionTenantId must be the ID of a CloudFront distribution tenant, such as 'dt_2wjDZi3hD1ivOXf6rpZJO1AB', got ${quote(distributionTenantId)}`;
}

/** Whether a text is a bare distribution ID and not a word: CloudFront's IDs consist of capital letters and digits. */
export function isBareDistributionId(text: string): boolean {
  return isId(text) && /^[A-Z][A-Z0-9]*$/.test(text);
}

/** An ID becomes part of a URL and of an ARN. */
function isId(id: unknown): boolean {
  return typeof id === 'string' && /^[A-Za-z0-9_-]{1,128}$/.test(id);
}

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html */
export function distributionRoleArnProblem(arn: unknown): string | undefined {
  return typeof arn === 'string' && /^arn:[a-z-]+:iam::\d{12}:role\/[!-~]+$/.test(arn)
    ? undefined
    : `distributionRole must have the ARN of an IAM role, such as 'arn:aws:iam::111122223333:role/invalidate-website', got ${quote(arn)}`;
}

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export function externalIdProblem(externalId: unknown): string | undefined {
  return typeof externalId === 'string' && /^[\w+=,.@:/-]{2,1224}$/.test(externalId)
    ? undefined
    : `externalId must have 2 to 1224 characters, each a letter, a digit or one of _+=,.@:/-, got ${quote(externalId)}`;
}

/** What is wrong with the role in the parameters. */
function distributionRoleProblem(role: unknown): string | undefined {
  if (role === null) {
    return undefined;
  }
  if (!isObject(role)) {
    return `distributionRole must be an object such as {"arn":"arn:aws:iam::111122223333:role/invalidate-website"}, got ${quote(role)}`;
  }
  return unknownPart('distributionRole', role, Object.keys(DISTRIBUTION_ROLE)) ?? firstProblem(DISTRIBUTION_ROLE, role);
}

function failurePolicyProblem(policy: unknown): string | undefined {
  return rule(policy === 'FAIL' || policy === 'WARN', `failurePolicy must be FAIL or WARN, got ${quote(policy)}`);
}

export function timeoutProblem(timeoutSeconds: unknown): string | undefined {
  return typeof timeoutSeconds === 'number' && timeoutSeconds > 0 && timeoutSeconds <= MAX_TIMEOUT_SECONDS
    ? undefined
    : `timeout must be more than 0 and at most ${MAX_TIMEOUT_SECONDS} seconds (24 hours, CodePipeline's own limit), got ${quote(timeoutSeconds)}`;
}

export function pathsProblem(paths: unknown): string | undefined {
  if (typeof paths === 'string' && /^[/#]/.test(paths.trim())) {
    return `paths must be a list of strings, got ${quote(paths)}: write ${quote(paths.trim().split(/[\s,]+(?=[/#])/))}`;
  }
  if (!Array.isArray(paths)) {
    return `paths must be a list of strings, got ${quote(paths)}`;
  }
  if (paths.length === 0) {
    return `paths must not be empty: name at least one path, such as '${ALL_PATHS}'`;
  }
  return undefined;
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
  const { pipelineName, pipelineNameVariable, stageName, actionName, otherActions = '', ...options } = parameters;
  if (typeof otherActions !== 'string' || otherActions.length % ACTION_MARK_LENGTH !== 0) {
    return `otherActions must be marks of ${ACTION_MARK_LENGTH} characters each, got ${quote(otherActions)}`;
  }
  if (options.deployedBy === undefined) {
    return 'changedFiles must have deployedBy, the actions that deploy the artifact, such as ["Deploy.Website"]';
  }
  const unknown = unknownPart('changedFiles', options, Object.keys(CHANGED_FILES_OPTIONS));
  if (unknown !== undefined) {
    return unknown;
  }
  if ((pipelineName === undefined) === (pipelineNameVariable === undefined)) {
    return 'changedFiles must have either pipelineName or pipelineNameVariable';
  }
  const missing = Object.entries({ pipelineName: pipelineName ?? pipelineNameVariable, stageName, actionName })
    .find(([, value]) => typeof value !== 'string' || value === '');
  return missing === undefined ? changedFilesProblem<Partial<ChangedFilesSite>>(options) : `changedFiles must have a ${missing[0]}, got ${quote(missing[1])}`;
}

/** What is wrong with the options of `InvalidationPaths.changedFiles`. An option without a rule does not compile. */
export function changedFilesProblem<Options extends object>(
  options: Options & Readonly<Record<Exclude<keyof Options, keyof ChangedFilesSite>, never>>,
): string | undefined {
  return givenProblem(CHANGED_FILES_OPTIONS, options);
}

/** What is wrong with the check in the parameters. */
function freshnessCheckProblem(check: unknown): string | undefined {
  if (check === null) {
    return undefined;
  }
  const { files, pages, ...others } = isObject(check) ? check : {};
  if (Object.keys(others).length > 0 || (files === undefined) === (pages === undefined)) {
    return `freshnessCheck must be an object with either files or pages, got ${quote(check)}`;
  }
  if (files === undefined) {
    return checkedUrlsProblem(pages) ?? (pages as unknown[]).map(pageUrlProblem).find(problem => problem !== undefined);
  }
  return isObject(files)
    ? unknownPart('freshnessCheck', files, Object.keys(FILES_CHECK_OPTIONS)) ?? siteUrlProblem(files.url) ?? filesCheckProblem<Partial<FilesCheckParameters>>(files)
    : `freshnessCheck must have an object as its files, got ${quote(files)}`;
}

/** What is wrong with the options of `FreshnessCheck.files`. An option without a rule does not compile. */
export function filesCheckProblem<Options extends object>(
  options: Options & Readonly<Record<Exclude<keyof Options, keyof FilesCheckParameters>, never>>,
): string | undefined {
  return givenProblem(FILES_CHECK_OPTIONS, options);
}

/** What is wrong with the number of URLs of `FreshnessCheck.pages`. */
export function checkedUrlsProblem(urls: unknown): string | undefined {
  return rule(Array.isArray(urls) && urls.length >= 1 && urls.length <= MAX_CHECKED_URLS,
    `freshnessCheck must have 1 to ${MAX_CHECKED_URLS} pages, got ${Array.isArray(urls) ? urls.length : quote(urls)}`);
}

/** A check looks at what visitors get after the invalidation is complete. */
export function unawaitedCheckProblem(waitForCompletion: unknown, freshnessCheck: unknown): string | undefined {
  return rule(waitForCompletion !== false || freshnessCheck === undefined || freshnessCheck === null,
    'freshnessCheck must not be combined with waitForCompletion: false, because it looks at what visitors get after the invalidation is complete: remove one of them');
}

/** What is wrong with the URL of a page. Only name resolution shows whether its address may be visited. */
export function pageUrlProblem(url: unknown): string | undefined {
  const parsed = typeof url === 'string' && /^[!-~]+$/.test(url) && URL.canParse(url) ? new URL(url) : undefined;
  const isAdmitted = parsed?.protocol === 'https:' || (parsed?.protocol === 'http:' && isLoopbackName(parsed.hostname));
  return rule(isAdmitted && parsed.username === '' && parsed.password === '' && parsed.hash === '',
    `freshnessCheck must have URLs that start with 'https://' and consist of visible ASCII characters, without credentials or '#', such as 'https://www.example.com/', got ${quote(url)}`);
}

/** What is wrong with the URL of a site. */
function siteUrlProblem(url: unknown): string | undefined {
  return pageUrlProblem(url) ?? rule(new URL(String(url)).search === '', `url must be the address of a site, without '?', such as 'https://www.example.com/', got ${quote(url)}`);
}

/** Whether a host is this machine itself, as in a test. */
export function isLoopbackName(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

function deployedByProblem(value: unknown): string | undefined {
  return stringsProblem('deployedBy', value)
    ?? rule((value as string[]).length > 0, 'deployedBy must name at least one action, such as \'Deploy.Website\'')
    ?? rule((value as string[]).every(name => /^[^.].*\..+$/.test(name)), `deployedBy must name actions as 'Stage.Action', such as 'Deploy.Website', got ${quote(value)}`);
}

/**
 * What is wrong with patterns of file names. One that begins with `!` would match every other file as well: with it, `exclude` would leave
 * nearly the whole site in the cache.
 */
function patternsProblem(name: string, value: unknown): string | undefined {
  return stringsProblem(name, value)
    ?? rule((value as string[]).every(pattern => !/^[/!]/.test(pattern)),
      `${name} must be patterns of file names relative to baseDirectory, such as 'assets/**', that do not begin with '/' or '!', got ${quote(value)}`);
}

/** What is wrong with the name of a file in an artifact. */
export function manifestProblem(fileName: unknown): string | undefined {
  return typeof fileName === 'string' && fileName !== '' && !fileName.startsWith('/') && !fileName.split('/').includes('..')
    ? undefined
    : `manifest must be the name of a file in the artifact, such as 'invalidation.txt', got ${quote(fileName)}`;
}

/** What is wrong with a path: CloudFront would reject it, or accept it but match nothing. */
export function pathProblem(path: unknown): string | undefined {
  if (typeof path !== 'string') {
    return `paths must be strings, got ${quote(path)}`;
  }
  if (path.startsWith('#')) {
    return tagProblem(path);
  }
  if (!path.startsWith('/')) {
    return `paths must start with '/' or '#', got ${quote(path)}`;
  }
  // eslint-disable-next-line no-control-regex -- the rule is about control characters
  if (/[\u0000-\u001f\u007f]/.test(path)) {
    return `paths must not contain control characters such as line breaks, got ${quote(path)}`;
  }
  if (/\p{Surrogate}/u.test(path)) {
    return `paths must be valid Unicode, got ${quote(path)}`;
  }
  const separator = /([\s,;])\//.exec(path)?.[1];
  if (separator !== undefined) {
    const list = path.split(/[\s,;]+(?=\/)/).map(part => quote(part.trim())).join(', ');
    return `paths must be single paths, got ${quote(path)}: write a list, ${list}. If a URL has this before a '/', ${/\s/.test(separator) ? `write it as ${encodeURIComponent(separator)}` : 'use a wildcard in its place'}`;
  }
  if (/\s$/.test(path)) {
    return `paths must not end with white space, got ${quote(path)}: remove it. If the URL ends with it, write it URL-encoded, such as %20`;
  }
  // Browsers take an encoded dot for a dot, and ask for none of them. What follows a question mark may be anything, and a wildcard is more than a dot.
  if (/\/(\.{0,2}\/|\.{1,2}$)/.test(path.split('?', 1)[0].replace(/%2e/gi, '.'))) {
    return `paths must not have empty parts ('//'), '.' or '..', which most likely match nothing, got ${quote(path)}. If a URL has them, use a wildcard in their place`;
  }
  if (path.includes('#')) {
    return `paths must not have a fragment, since browsers do not send it, got ${quote(path)}: remove what begins with '#'. If it is part of a file name, write it as %23`;
  }
  if (path.slice(0, -1).includes('*')) {
    const advice = path.endsWith('**') ? `: write ${quote(path.replace(/\*+$/, '*'))}` : '';
    return `paths must contain '*' only as their last character, got ${quote(path)}${advice}`;
  }
  if (encodePath(path).length > MAX_PATH_LENGTH) {
    return `paths must be at most ${MAX_PATH_LENGTH} characters long once URL-encoded, got ${encodePath(path).length} in ${quote(path)}`;
  }
  return undefined;
}

function tagProblem(tag: string): string | undefined {
  const name = tag.slice(1);
  if (name.length < 1 || name.length > MAX_TAG_LENGTH) {
    return `cache tags must have 1 to ${MAX_TAG_LENGTH} characters after the '#', got ${name.length} in ${quote(tag)}`;
  }
  if (!/^[!-~]+$/.test(name) || /[,*]/.test(name)) {
    return `cache tags must consist of visible ASCII characters other than ',' and '*', got ${quote(tag)}`;
  }
  return undefined;
}

/**
 * URL-encodes what CloudFront requires to be encoded, and nothing else: non-ASCII characters and those that RFC 1738 calls unsafe. An
 * encoded character (`%20`) stays as it is.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-objects.html
 */
export function encodePath(path: string): string {
  return path.replace(/%(?![0-9A-Fa-f]{2})|[ <>"#{}|\\^~[\]`]|[^\u0000-\u007f]+/g, character =>
    character === '~' ? '%7E' : encodeURIComponent(character));
}

function rule(holds: boolean, problem: string): string | undefined {
  return holds ? undefined : problem;
}

function booleanProblem(name: string, value: unknown): string | undefined {
  return rule(typeof value === 'boolean', `${name} must be true or false, got ${quote(value)}`);
}

function folderProblem(name: string, value: unknown): string | undefined {
  return rule(typeof value === 'string' && !value.split('/').includes('..'), `${name} must be a folder such as 'dist', without '..', got ${quote(value)}`);
}

function stringsProblem(name: string, value: unknown): string | undefined {
  return rule(Array.isArray(value) && value.every(item => typeof item === 'string' && item !== ''), `${name} must be a list of strings, got ${quote(value)}`);
}

/** What is wrong with the first value that breaks its rule. */
function firstProblem(rules: Readonly<Record<string, Rule>>, values: Readonly<Record<string, unknown>>): string | undefined {
  for (const [name, problemOf] of Object.entries(rules)) {
    const problem = problemOf(values[name]);
    if (problem !== undefined) {
      return problem;
    }
  }
  return undefined;
}

/** What is wrong with the first value that breaks its rule, among those that were not left out. */
function givenProblem(rules: Readonly<Record<string, Rule>>, options: object): string | undefined {
  const given = new Map<string, unknown>(Object.entries(options).filter(([, value]) => value !== undefined));
  return firstProblem(Object.fromEntries(Object.entries(rules).filter(([name]) => given.has(name))), Object.fromEntries(given));
}

function unknownPart(whole: string, parts: object, known: readonly string[]): string | undefined {
  const unknown = Object.keys(parts).find(name => !known.includes(name));
  return unknown === undefined ? undefined : `${whole} has an unknown property ${quote(unknown)}: expected ${known.join(', ')}`;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value for an error message: quoted, on one line, and short. */
export function quote(value: unknown): string {
  const text = typeof value === 'string' ? `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"')}'` : String(JSON.stringify(value));
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
