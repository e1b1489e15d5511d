import { Token, type Duration } from 'aws-cdk-lib';
import type * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { checkedUrlsProblem, filesCheckProblem, pageUrlProblem, type FilesCheckParameters, type FreshnessCheckParameters } from './contract';
import { isLiteral, isProblem, refuse, variableProblem } from './private/refuse';
import type { SiteOptions } from './site-options';

/**
 * Options for `FreshnessCheck.files()`. If the action's `paths` are `InvalidationPaths.changedFiles()`, the defaults of the inherited
 * options come from there.
 */
export interface FreshnessCheckFilesOptions extends SiteOptions {
  /**
   * The URL of the site, such as `https://www.example.com/`. It must start with `https://`, and its host must have a public address.
   *
   * It may contain tokens, such as the domain name of a distribution, and pipeline variables. The check follows redirects only to the same
   * host.
   */
  readonly url: string;

  /**
   * The maximum number of pages to visit, from 1 to 50.
   *
   * @default 10
   */
  readonly maxPages?: number;

  /**
   * Files that may be visited, as glob patterns relative to `baseDirectory`. No pattern may begin with `/` or `!`.
   *
   * @see https://github.com/micromatch/picomatch#globbing-features
   *
   * @default - all files. Files larger than 10 MiB are never visited
   */
  readonly include?: string[];

  /**
   * How long to wait for an old copy to disappear after the invalidation is complete. The action's `timeout` still applies.
   *
   * @default Duration.minutes(2)
   */
  readonly timeout?: Duration;
}

/**
 * Visits a site as a browser would and checks that it is fresh.
 *
 * The check sees what one visitor sees: usually, the edge location nearest to the function responds. It does not see what browsers and
 * service workers cache.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Invalidation.html
 *
 * @example
 * declare const site: codepipeline.Artifact;
 *
 * FreshnessCheck.files(site, { url: 'https://www.example.com/' });
 */
export class FreshnessCheck {
  /**
   * Compares what the site serves with what was deployed: each visited page must have the size and CRC-32 of its file in the artifact, in a
   * copy that is newer than the invalidation.
   *
   * The check visits each page before the invalidation, so that the edge has a copy to lose, and again after it is complete. A page that no
   * path of the invalidation matches must have the right bytes, but does not count as seen fresh.
   *
   * With `InvalidationPaths.changedFiles()` of the same artifact, the check visits changed files, index documents and HTML first.
   * Otherwise, or if nothing has changed, it visits a sample of all files. If something changes the bytes on the way, such as Lambda@Edge
   * or templating after the build, use `pages()` instead.
   *
   * @param artifact the artifact that the deploy action deploys. It becomes the action's only input, so `paths` must come from the same
   * artifact or from none.
   * @throws Error if an option is out of range
   */
  public static files(artifact: codepipeline.Artifact, options: FreshnessCheckFilesOptions): FreshnessCheck {
    const { timeout, url, ...others } = options;
    const timeoutSeconds = timeout?.toSeconds({ integral: false });
    const parameters: FilesCheckParameters = { url, ...others, timeoutSeconds };
    refuse(variableProblem(others) ?? filesCheckProblem({
      ...others,
      url: isLiteral(url) ? url : undefined,
      timeoutSeconds: Token.isUnresolved(timeoutSeconds) ? undefined : timeoutSeconds,
    }));
    return new FreshnessCheck({ files: parameters }, artifact);
  }

  /**
   * Checks that the edge has fetched each page again from the origin. It needs only the URLs and does not check the contents.
   *
   * The check visits each page before the invalidation and again after it is complete. A page counts as fetched again if its `Age`, and that
   * of each redirect to it, shows that it is newer than the invalidation. The check waits up to 2 minutes for an old copy to disappear.
   *
   * If the origin is a cache that sends an `Age` of its own, a page may be older than the invalidation although CloudFront has fetched it
   * again: use `files()`.
   *
   * @param urls 1 to 20 pages, such as `https://www.example.com/`. Each must start with `https://`, and its host must have a public
   * address. URLs may contain tokens and pipeline variables. The check follows redirects only to hosts of these URLs.
   * @throws Error if a URL is invalid
   */
  public static pages(...urls: string[]): FreshnessCheck {
    const unique = Token.isUnresolved(urls) ? urls : [...new Set(urls)];
    refuse(Token.isUnresolved(urls) ? undefined : checkedUrlsProblem(unique) ?? unique.filter(isLiteral).map(pageUrlProblem).find(isProblem));
    return new FreshnessCheck({ pages: unique });
  }

  /**
   * The check as part of a job's parameters.
   *
   * @internal
   */
  public readonly _check: FreshnessCheckParameters;

  /**
   * The input artifact that the action needs.
   *
   * @internal
   */
  public readonly _artifact?: codepipeline.Artifact;

  private constructor(check: FreshnessCheckParameters, artifact?: codepipeline.Artifact) {
    this._check = check;
    this._artifact = artifact;
  }
}
