import type { Changes } from './progress';
import { encodePath } from '../contract';

/** What is to be invalidated. */
export interface Found {
  readonly paths: string[];
  /** Of `changedFiles`, where it could tell. */
  readonly changes?: Changes;
  /** What else a person should know. */
  readonly note?: string;
}

/**
 * What CloudFront has in progress at most for one distribution. Wildcards are counted apart.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-invalidations
 */
export const MAX_PATHS_IN_PROGRESS = 3000;
export const MAX_WILDCARDS_IN_PROGRESS = 15;

/** The paths as CloudFront wants them: encoded, each once, in the order given. */
export function normalizePaths(paths: readonly string[]): string[] {
  return [...new Set(paths.map(path => path.startsWith('#') ? path : encodePath(path)))];
}

/**
 * Splits paths into the fewest batches that fit the quota.
 *
 * A further batch only exists because one before it was full, so it can start only when that one has completed.
 */
export function toBatches(paths: readonly string[]): string[][] {
  const wildcards = paths.filter(path => path.endsWith('*'));
  const files = paths.filter(path => !path.endsWith('*'));
  const batches: string[][] = [];
  while (wildcards.length > 0 || files.length > 0) {
    batches.push([...wildcards.splice(0, MAX_WILDCARDS_IN_PROGRESS), ...files.splice(0, MAX_PATHS_IN_PROGRESS)]);
  }
  return batches;
}
