import { Token } from 'aws-cdk-lib';
import { ALL_PATHS, pathProblem, pathsProblem } from './contract';
import { holdsVariable } from './private/variables';

/**
 * What an invalidation removes from the cache.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-objects.html
 *
 * @example
 * InvalidationPaths.of('/index.html', '/blog/*');
 */
export class InvalidationPaths {
  /**
   * Everything in the cache: `/*`.
   *
   * CloudFront counts and bills it as one path.
   */
  public static all(): InvalidationPaths {
    return new InvalidationPaths([ALL_PATHS]);
  }

  /**
   * The given paths and cache tags, each once.
   *
   * A path starts with `/`, is case-sensitive, has at most 4,000 characters, and may have a `*` as its last character.
   * Non-ASCII and unsafe characters may be written as they are or URL-encoded. `/dir/*` is what is below the directory,
   * `/dir*` is also its siblings with the same beginning; `/file*` is the file with whatever query string.
   *
   * A cache tag starts with `#`, followed by at most 256 visible ASCII characters without a comma.
   *
   * A path may hold tokens and pipeline variables, such as `/releases/#{variables.release}/*`, whose values are
   * checked when the action runs.
   *
   * @param paths 1 or more paths or tags. All parameters of the action together must fit 1000 characters.
   * @throws Error for a path or a tag that CloudFront would refuse
   */
  public static of(...paths: string[]): InvalidationPaths {
    const problem = Token.isUnresolved(paths) ? undefined : pathsProblem(paths) ?? paths.filter(isLiteral).map(pathProblem).find(isProblem);
    if (problem !== undefined) {
      throw new Error(problem);
    }
    return new InvalidationPaths(Token.isUnresolved(paths) ? paths : [...new Set(paths)]);
  }

  /** @internal */
  public readonly _paths: string[];

  private constructor(paths: string[]) {
    this._paths = paths;
  }
}

function isLiteral(path: string): boolean {
  return !Token.isUnresolved(path) && !holdsVariable(path);
}

function isProblem(problem: string | undefined): boolean {
  return problem !== undefined;
}
