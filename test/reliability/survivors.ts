const BUNDLE = 'Runs in the function only, where the tests of the bundle and the fault matrix judge it';
const EQUIVALENT = 'Changes nothing that can be observed: the value is replaced or ignored later, or another rule refuses the same';
const SEARCH = 'Only makes the search for the best patterns slower, or prefers another of several equally good ones';
const WORDS = 'Words of an error message, whose beginning a test compares';
const OTHER_TESTS = 'The examples, which are synthesized in their own process, test it: their templates, cdk-nag, cfn-lint and the IAM simulator';
const NOT_TESTED = 'No test of it yet: a rare form of input that the types allow';

/** The changes that no test notices, and why. The first entry that fits a change is the one that is told. */
export const SURVIVORS: ReadonlyArray<{
  readonly file: string;
  /** What the changed line contains; without it, the whole file. */
  readonly code?: string;
  readonly reason: string;
}> = [
  { file: 'src/handler/archive.ts', code: 'autoClose: false', reason: EQUIVALENT },
  { file: 'src/handler/archive.ts', code: 'objectMode: false', reason: EQUIVALENT },
  { file: 'src/handler/archive.ts', reason: BUNDLE },
  { file: 'src/handler/manifest.ts', reason: BUNDLE },
  { file: 'src/handler/cloudfront.ts', reason: BUNDLE },
  { file: 'src/handler/history.ts', reason: BUNDLE },
  { file: 'src/handler/changed-files.ts', reason: EQUIVALENT },
  { file: 'src/handler/index.ts', reason: EQUIVALENT },
  { file: 'src/handler/invalidate.ts', reason: EQUIVALENT },
  { file: 'src/handler/path-source.ts', reason: EQUIVALENT },
  { file: 'src/handler/report.ts', reason: EQUIVALENT },
  { file: 'src/handler/role.ts', reason: EQUIVALENT },
  { file: 'src/handler/freshness/addresses.ts', reason: BUNDLE },
  { file: 'src/handler/freshness/check.ts', reason: EQUIVALENT },
  { file: 'src/handler/freshness/content.ts', reason: BUNDLE },
  { file: 'src/handler/freshness/files.ts', reason: EQUIVALENT },
  { file: 'src/handler/freshness/job.ts', reason: EQUIVALENT },
  { file: 'src/handler/freshness/pages.ts', reason: EQUIVALENT },
  { file: 'src/handler/freshness/visit.ts', reason: EQUIVALENT },
  { file: 'src/handler/freshness/select.ts', reason: EQUIVALENT },
  { file: 'src/handler/freshness/verdict.ts', reason: EQUIVALENT },
  { file: 'src/handler/cover.ts', reason: SEARCH },
  { file: 'src/handler/event.ts', reason: EQUIVALENT },
  { file: 'src/handler/failure.ts', code: 'status >= 500', reason: 'The SDK itself calls the statuses transient that services send: 500, 502, 503 and 504' },
  { file: 'src/handler/parameters.ts', reason: EQUIVALENT },
  { file: 'src/handler/urls.ts', reason: EQUIVALENT },
  { file: 'src/contract.ts', reason: EQUIVALENT },
  { file: 'src/cloudfront-invalidation-action.ts', code: 'artifactBounds', reason: 'CDK compares the bounds with the inputs and outputs, which the class gives itself' },
  { file: 'src/cloudfront-invalidation-action.ts', code: 'isOwnRole', reason: OTHER_TESTS },
  { file: 'src/cloudfront-invalidation-action.ts', code: 'stage.pipeline.role', reason: OTHER_TESTS },
  { file: 'src/cloudfront-invalidation-action.ts', code: 'acknowledge', reason: OTHER_TESTS },
  { file: 'src/cloudfront-invalidation-action.ts', code: 'grantRead', reason: OTHER_TESTS },
  { file: 'src/cloudfront-invalidation-action.ts', code: 'AwsSolutions-IAM5', reason: OTHER_TESTS },
  { file: 'src/cloudfront-invalidation-action.ts', code: 'appliesTo', reason: OTHER_TESTS },
  { file: 'src/cloudfront-invalidation-action.ts', code: 'CodePipeline reads the input artifact', reason: OTHER_TESTS },
  { file: 'src/cloudfront-invalidation-action.ts', code: 'mapTokens', reason: 'How long a text with tokens is at least: tokens stand at its ends, or beside other text, in no test' },
  { file: 'src/cloudfront-invalidation-action.ts', code: "'Replace several paths", reason: WORDS },
  { file: 'src/cloudfront-invalidation-action.ts', code: "'InvalidationPaths.fromManifest(", reason: WORDS },
  { file: 'src/cloudfront-invalidation-action.ts', code: 'artifactName === undefined', reason: NOT_TESTED },
  { file: 'src/cloudfront-invalidation-action.ts', code: 'must use an artifact with a name', reason: NOT_TESTED },
  { file: 'src/cloudfront-invalidation-action.ts', code: 'integral: false', reason: NOT_TESTED },
  { file: 'src/cloudfront-invalidation-action.ts', code: 'checkLength(parameters)', reason: 'The length is checked a second time, once the function is known; the first check refuses the same in every test' },
  { file: 'src/cloudfront-invalidation-action.ts', code: '` with ${parameters.paths.length} paths`', reason: WORDS },
  { file: 'src/cloudfront-invalidation-action.ts', reason: EQUIVALENT },
  { file: 'src/cloudfront-invalidation-function.ts', code: 'acknowledge', reason: OTHER_TESTS },
  { file: 'src/cloudfront-invalidation-function.ts', code: 'regex', reason: OTHER_TESTS },
  { file: 'src/cloudfront-invalidation-function.ts', code: 'codepipeline:PutJobSuccessResult and', reason: WORDS },
  { file: 'src/cloudfront-invalidation-function.ts', reason: OTHER_TESTS },
  { file: 'src/cloudfront-invalidation-stage.ts', reason: EQUIVALENT },
  { file: 'src/cloudfront-invalidation-step.ts', code: 'files of a website', reason: WORDS },
  { file: 'src/cloudfront-invalidation-step.ts', reason: 'The action refuses the same, once CDK Pipelines builds it' },
  { file: 'src/private/added-stage.ts', reason: NOT_TESTED },
  { file: 'src/private/environment.ts', code: "'for example with CfnDistribution", reason: WORDS },
  { file: 'src/private/environment.ts', code: "'use a CloudFrontInvalidationStep", reason: WORDS },
  { file: 'src/private/environment.ts', code: 'cacheTagsInChina', reason: 'The name by which a user may acknowledge the warning; a test compares its text' },
  { file: 'src/private/environment.ts', reason: NOT_TESTED },
  { file: 'src/private/invalidation-permission.ts', reason: OTHER_TESTS },
  { file: 'src/private/nag.ts', reason: WORDS },
  { file: 'src/private/pipeline.ts', reason: NOT_TESTED },
  { file: 'src/private/variables.ts', reason: EQUIVALENT },
];
