import type { SiteOptions } from './site-options';

/**
 * What an action does when it is not known what has changed.
 */
export enum MissingBaselineBehavior {
  /**
   * Everything is invalidated, and the action's summary says why.
   */
  INVALIDATE_ALL = 'INVALIDATE_ALL',

  /**
   * The action fails. Deploy once with `INVALIDATE_ALL` before: the next execution compares with that one.
   */
  FAIL = 'FAIL',
}

/**
 * How the files of an artifact become a website, who deploys it, and what to do with the files that have changed.
 */
export interface ChangedFilesOptions extends SiteOptions {
  /**
   * Whether query strings are part of the cache key, so that CloudFront keeps `/index.html?page=2` apart from `/index.html`.
   *
   * A changed file is then invalidated with whatever query string: `/index.html*`. CloudFront takes 15 such wildcards at a time, so that a
   * few changed files are soon covered by their directories.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/QueryStringParameters.html
   *
   * @default false
   */
  readonly queryStrings?: boolean;

  /**
   * Files that the distribution or the bucket shows instead of others, below `baseDirectory`, such as `404.html`, or the `index.html` of a
   * single-page app. CloudFront keeps them under the URL that was asked for: when one of them changes, everything is invalidated.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/GeneratingCustomErrorResponses.html
   *
   * @default - none
   */
  readonly errorDocuments?: string[];

  /**
   * Files that are never invalidated, as glob patterns below `baseDirectory`, such as `assets/**` for files whose names change with their contents.
   *
   * @see https://github.com/micromatch/picomatch#globbing-features
   *
   * @default - none
   */
  readonly exclude?: string[];

  /**
   * The actions of the pipeline that deploy the artifact to this distribution, each as `Stage.Action`, such as `Deploy.Website`.
   *
   * What one of them has deployed since the last success may be in the cache, even where its execution failed later. Name them where one action
   * deploys several sites, and where some that take the artifact deploy to another distribution. Each must have the artifact as an input or output.
   *
   * @default - the actions of category Deploy that take the artifact; where there are none, all but sources, tests and invalidations that have it
   * as an input or output
   */
  readonly deployedBy?: string[];

  /**
   * How many paths are sent to CloudFront at most, from 1 to 3000. When more have changed, they are covered by that many patterns, at most 15 of
   * them wildcards, which hit the fewest unchanged files. When more than half of the files have changed, everything is invalidated, which is one path.
   *
   * CloudFront bills each path and each wildcard as one: 1,000 a month are free, each further one costs $0.005. With the default, 60 deployments a
   * month are free; with 100, 20 deployments a day cost up to $295 a month. `InvalidationPaths.all()` is one path.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/PayingForInvalidation.html
   *
   * @default 15
   */
  readonly maxPaths?: number;

  /**
   * What to do when it is not known what the cache may hold: the first time, after these options were changed, when an action that deploys has failed
   * without an artifact, and when an artifact has expired or cannot be read.
   *
   * @default MissingBaselineBehavior.INVALIDATE_ALL
   */
  readonly onMissingBaseline?: MissingBaselineBehavior;
}
