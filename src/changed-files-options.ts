import type { SiteOptions } from './site-options';

/**
 * What an action does if it cannot tell what has changed.
 */
export enum MissingBaselineBehavior {
  /**
   * The action invalidates everything, and its summary says why.
   */
  INVALIDATE_ALL = 'INVALIDATE_ALL',

  /**
   * The action fails. Deploy once with `INVALIDATE_ALL` first: the next execution compares with that deployment.
   */
  FAIL = 'FAIL',
}

/**
 * How the files of an artifact become a website, which actions deploy it, and what to do with changed files.
 */
export interface ChangedFilesOptions extends SiteOptions {
  /**
   * Whether query strings are part of the cache key, so that CloudFront caches `/index.html?page=2` separately from `/index.html`.
   *
   * The action then invalidates a changed file with any query string: `/index.html*`. CloudFront accepts 15 such wildcards at a time, so
   * with more changed files, wildcards cover whole directories.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/QueryStringParameters.html
   *
   * @default false
   */
  readonly queryStrings?: boolean;

  /**
   * Files, relative to `baseDirectory`, that the distribution or the bucket serves for other URLs, such as `404.html`, or the `index.html`
   * of a single-page app. CloudFront caches them under the requested URL, so if one of them changes, the action invalidates everything.
   * It also does so if one of them is no file of the artifact: it could not see a change.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/GeneratingCustomErrorResponses.html
   *
   * @default - none
   */
  readonly errorDocuments?: string[];

  /**
   * Files never to invalidate, as glob patterns relative to `baseDirectory`, such as `assets/**` for files whose names change with their
   * contents. A file that matches any pattern is excluded, so no pattern may begin with `!`; nor with `/`, which would match nothing.
   *
   * @see https://github.com/micromatch/picomatch#globbing-features
   *
   * @default - none
   */
  readonly exclude?: string[];

  /**
   * The pipeline actions that deploy the artifact to this distribution, as `Stage.Action`, such as `Deploy.Website`.
   *
   * Anything that they deployed since the last success may be in the cache, even if the execution failed later. Specify them if one action
   * deploys several sites, or if some actions with this artifact deploy to another distribution. Each action must have the artifact as an
   * input or output.
   *
   * Without it, synthesis fails if only actions take the artifact that deploy CloudFormation stacks, or that CDK Pipelines itself adds. It
   * warns if an action makes another artifact of this one and a later action deploys that.
   *
   * @default - all actions with the artifact as input, if one of them is of category Deploy; otherwise, all with it as input or output.
   * Sources, tests, approvals and invalidations never count
   */
  readonly deployedBy?: string[];

  /**
   * The maximum number of paths to send to CloudFront, from 1 to 3,000. If more have changed, up to that many patterns cover them, at most
   * 15 of them wildcards, chosen to match the fewest unchanged files. If more than half of the files have changed, the action invalidates
   * everything, which is one path.
   *
   * CloudFront bills a wildcard like any other path: 1,000 paths a month are free, and each further path costs $0.005. With the default, at
   * least 60 deployments a month are free. With 100, 20 deployments a day cost up to $295 a month. `InvalidationPaths.all()` counts as one
   * path.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/PayingForInvalidation.html
   *
   * @default 15
   */
  readonly maxPaths?: number;

  /**
   * What to do if the action cannot tell what the cache contains: the first time, after a change to these options, after a deploy action
   * failed without an artifact, and if an artifact has expired or cannot be read.
   *
   * @default MissingBaselineBehavior.INVALIDATE_ALL
   */
  readonly onMissingBaseline?: MissingBaselineBehavior;
}
