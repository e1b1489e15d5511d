import { createHash } from 'crypto';
import type { Changes } from './progress';
import { encodePath } from '../contract';

/** What to invalidate. */
export interface Found {
  readonly paths: string[];
  /** The changes that `changedFiles` found, if it could tell. */
  readonly changes?: Changes;
  /** Anything else the summary should say. */
  readonly note?: string;
  /** When the pipeline's history ends for this job. */
  readonly asOf?: number;
  /** The names of the changed files in the artifact, if a freshness check is going to visit some of them. */
  readonly changedFiles?: readonly string[];
}

/**
 * CloudFront's quota of paths in progress for one distribution. Wildcards have a quota of their own.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-invalidations
 */
export const MAX_PATHS_IN_PROGRESS = 3000;
export const MAX_WILDCARDS_IN_PROGRESS = 15;

/** Encodes the paths, removes duplicates, and orders them so that they fit into few batches. */
export function normalizePaths(paths: readonly string[]): string[] {
  const normalized = [...new Set(paths.map(path => path.startsWith('#') ? path : encodePath(path)))];
  const wildcards = normalized.filter(isWildcard);
  const files = normalized.filter(path => !isWildcard(path));
  const ordered: string[] = [];
  while (wildcards.length > 0 || files.length > 0) {
    ordered.push(...wildcards.splice(0, MAX_WILDCARDS_IN_PROGRESS), ...files.splice(0, MAX_PATHS_IN_PROGRESS));
  }
  return ordered;
}

/** As many paths from an offset as CloudFront accepts at a time. Each halving of the batch halves the number, down to one. */
export function batchAt(paths: readonly string[], offset: number, halvings: number): string[] {
  const most = (quota: number) => Math.max(1, Math.floor(quota / 2 ** halvings));
  const batch: string[] = [];
  let wildcards = 0;
  for (const path of paths.slice(offset, offset + most(MAX_PATHS_IN_PROGRESS + MAX_WILDCARDS_IN_PROGRESS))) {
    wildcards += isWildcard(path) ? 1 : 0;
    if (wildcards > most(MAX_WILDCARDS_IN_PROGRESS) || batch.length + 1 - wildcards > most(MAX_PATHS_IN_PROGRESS)) {
      break;
    }
    batch.push(path);
  }
  return batch;
}

/** A digest that shows whether a later invocation has found the same paths. */
export function digestOf(paths: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(paths)).digest('hex').slice(0, 12);
}

export function isWildcard(path: string): boolean {
  return path.endsWith('*');
}
