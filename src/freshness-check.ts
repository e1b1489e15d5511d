import { Token, type Duration } from 'aws-cdk-lib';
import type * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { checkedUrlsProblem, filesCheckProblem, pageUrlProblem, type FilesCheckParameters, type FreshnessCheckParameters } from './contract';
import { isLiteral, isProblem, refuse, variableProblem } from './private/refuse';
import type { SiteOptions } from './site-options';

/**
 * What `FreshnessCheck.files` visits. What says which URL shows which file is taken from `InvalidationPaths.changedFiles` where it is left out
 * here and the action has that.
 */
export interface FreshnessCheckFilesOptions extends SiteOptions {
  /**
   * Where visitors find the site, such as `https://www.example.com/`. It begins with `https://`, and its host has a public address.
   *
   * It may hold tokens, such as the domain name of a distribution, and pipeline variables. Redirects are followed within its host.
   */
  readonly url: string;

  /**
   * How many pages are visited at most, from 1 to 50.
   *
   * @default 10
   */
  readonly maxPages?: number;

  /**
   * Files that may be visited, as glob patterns below `baseDirectory`.
   *
   * @see https://github.com/micromatch/picomatch#globbing-features
   *
   * @default - all files of at most 10 MiB
   */
  readonly include?: string[];

  /**
   * How long an old copy is waited for, once the invalidation is complete. Never longer than the `timeout` of the action.
   *
   * @default Duration.minutes(2)
   */
  readonly timeout?: Duration;
}

/**
 * Visits a site as a browser would, and sees whether it is fresh.
 *
 * One edge location is asked, the one nearest to the function: it is one visitor's view. What browsers and service workers keep is out of sight.
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
   * Compares what the site serves with what was deployed: the size and the CRC-32 of each visited page are those of its file in the artifact.
   *
   * With `InvalidationPaths.changedFiles` of the same artifact, files that have changed are visited, index documents and HTML first; otherwise, or
   * when nothing has changed, a sample of all. Not for sites whose bytes are changed on the way, by Lambda@Edge or by templating after the build:
   * use `pages` there.
   *
   * @param artifact what the deploy action deploys. It becomes the input of the action, which has one: `paths` can only come from the same.
   * @throws Error if an option is out of its range
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
   * Looks whether the edge has fetched each page anew. Needs nothing but the pages, and knows nothing of their contents.
   *
   * Each page is visited once before the invalidation, and again once it is complete. It is fetched anew when it was not in the cache, was
   * validated again, has another `ETag` or `Last-Modified`, or is younger than the invalidation. An old copy is waited for up to 2 minutes.
   *
   * @param urls 1 to 20 pages, such as `https://www.example.com/`. Each begins with `https://`, and its host has a public address. They may
   *   hold tokens and pipeline variables. Redirects are followed within the hosts of all of them.
   * @throws Error for a URL that cannot be visited
   */
  public static pages(...urls: string[]): FreshnessCheck {
    const unique = Token.isUnresolved(urls) ? urls : [...new Set(urls)];
    refuse(Token.isUnresolved(urls) ? undefined : checkedUrlsProblem(unique) ?? unique.filter(isLiteral).map(pageUrlProblem).find(isProblem));
    return new FreshnessCheck({ pages: unique });
  }

  /**
   * What a job's parameters say of the check.
   *
   * @internal
   */
  public readonly _check: FreshnessCheckParameters;

  /**
   * What the action needs as its input.
   *
   * @internal
   */
  public readonly _artifact?: codepipeline.Artifact;

  private constructor(check: FreshnessCheckParameters, artifact?: codepipeline.Artifact) {
    this._check = check;
    this._artifact = artifact;
  }
}
