/**
 * What an action does when it is not known what has changed.
 */
export enum MissingBaselineBehavior {
  /**
   * Everything is invalidated, and the action's summary says why.
   */
  INVALIDATE_ALL = 'INVALIDATE_ALL',

  /**
   * The action fails.
   */
  FAIL = 'FAIL',
}

/**
 * How the files of an artifact become a website, and what to do with those that have changed.
 */
export interface ChangedFilesOptions {
  /**
   * The folder of the artifact that is deployed. Files outside of it do not count.
   *
   * @default - the whole artifact
   */
  readonly baseDirectory?: string;

  /**
   * The folder of the bucket that the artifact is deployed to: the `objectKey` of an `S3DeployAction`.
   *
   * @default - the root of the bucket
   */
  readonly prefix?: string;

  /**
   * Names of files that stand for their directory. When `blog/index.html` changes, `/blog/index.html`, `/blog/` and `/blog` are invalidated.
   *
   * @default ['index.html']
   */
  readonly indexDocuments?: string[];

  /**
   * Extensions that visitors leave out. With `.html`, a change of `about.html` invalidates `/about`, too.
   *
   * @default - none
   */
  readonly stripExtensions?: string[];

  /**
   * Files that are never invalidated, as glob patterns below `baseDirectory`, such as `assets/**`.
   *
   * @see https://github.com/micromatch/picomatch#globbing-features
   *
   * @default - none
   */
  readonly exclude?: string[];

  /**
   * Whether files that are new are left alone.
   *
   * A new file's URL may be in the cache as an error page. For sites that put a fingerprint into the names of their assets, it is not.
   *
   * @default false
   */
  readonly skipAdded?: boolean;

  /**
   * How many paths are sent to CloudFront at most, from 1 to 3000. When more have changed, they are covered by that many patterns, at most 15 of
   * them wildcards, which hit the fewest unchanged files.
   *
   * CloudFront bills each path and each wildcard as one.
   *
   * @default 100
   */
  readonly maxPaths?: number;

  /**
   * What to do when it is not known what has changed: the first time, and when an artifact has expired or cannot be read.
   *
   * @default MissingBaselineBehavior.INVALIDATE_ALL
   */
  readonly onMissingBaseline?: MissingBaselineBehavior;
}
