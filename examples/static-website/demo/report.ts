import type { Options } from './options';
import { sizeOf, urlPathOf, type Site } from './site';
import { bytes, count, list, pageName, percent } from './text';
import type { Timeline } from './timeline';
import { isFresh, type Visit } from './visitor';
import type { World } from './world';
import { CacheKeys, type ActionExecution } from '../../../sandbox';

/** @see https://aws.amazon.com/cloudfront/pricing/ */
const FREE_PATHS_PER_MONTH = 1_000;
const DOLLARS_PER_PATH = 0.005;

/** The function sends 15 paths at most, unless `maxPaths` says otherwise. */
const SHOWN_PATHS = 15;

interface Story {
  readonly timeline: Timeline;
  readonly world: World;
  readonly site: Site;
  readonly options: Options;
  readonly action: ActionExecution;
  /** The last visits of each page. */
  readonly visits: readonly Visit[];
}

/** What it all came to. */
export function report({ timeline, world, site, options, action, visits }: Story): void {
  const elapsed = ['elapsed', `${(((action.endedAt ?? Date.now()) - action.startedAt) / 1000).toFixed(1)} s`] as const;
  const stale = visits.filter(visit => !isFresh(visit, 2)).map(({ file }) => pageName(file));
  if (action.status !== 'Succeeded') {
    timeline.end(false, visits.length === 0 ? 'The stage is red' : 'The stage is red, and visitors still see old pages', [
      ['CodePipeline shows', `${action.errorDetails?.code}: ${action.errorDetails?.message}`],
      ...visits.length === 0 ? [] : [['stale', `${stale.length} of ${count(visits.length, 'page')}: ${list(stale)}`] as const],
      ['why it is red', 'Nothing was invalidated, so CloudFront goes on serving what it has. A green stage would hide that.'],
      elapsed,
    ]);
    return;
  }
  const { invalidationId, checkedPageCount } = action.outputVariables;
  const paths = world.distribution.invalidations.find(({ id }) => id === invalidationId)?.paths ?? [];
  timeline.end(stale.length === 0, stale.length === 0 ? 'The stage is green, and every page is fresh' : 'The stage is green, and pages are stale', [
    ['invalidation', paths.length === 0 ? 'none: no change concerns the cache' : invalidationId],
    ...pathFacts(paths),
    ...options.changedFiles === undefined ? [] : cacheFacts(paths, site, options.changedFiles.exclude),
    elapsed,
    ...paths.length === 0 ? [] : [['cost on AWS', `$0 within the ${FREE_PATHS_PER_MONTH.toLocaleString('en')} free paths a month, then $${Number((paths.length * DOLLARS_PER_PATH).toFixed(3))}`] as const],
    ['seen fresh', `${checkedPageCount} by the stage itself, before it turned green`],
    ['pages', `${(visits.length - stale.length).toLocaleString('en')} of ${visits.length.toLocaleString('en')} fresh${stale.length === 0 ? '' : `; stale: ${list(stale)}`}` +
      (visits.length < site.second.length ? `; of ${count(site.second.length, 'file')}, those that changed were visited first` : '')],
    ...stale.length > 0 && options.changedFiles?.exclude !== undefined
      ? [['why they are stale', '--exclude leaves out files that change under the same name. Leave out only those whose names change with their contents.'] as const]
      : [],
  ]);
}

function pathFacts(paths: readonly string[]): (readonly [string, string])[] {
  switch (paths.length) {
    case 0: return [];
    case 1: return [['paths', `${paths[0]}${paths[0].endsWith('*') ? ' (a wildcard counts as one path, however many files it covers)' : ''}`]];
    default: return [['paths', [`${paths.length}:`, ...paths.slice(0, SHOWN_PATHS), ...paths.length > SHOWN_PATHS ? [`and ${paths.length - SHOWN_PATHS} more`] : []].join('\n')]];
  }
}

/** What stays of a cache that has every file of version 1. */
function cacheFacts(paths: readonly string[], site: Site, exclude: readonly string[] | undefined): (readonly [string, string])[] {
  const kept = filesKept(paths, site.first);
  const all = paths.includes('/*');
  return [
    ['cache kept', `${kept.length.toLocaleString('en')} of ${count(site.first.length, 'file')} (${percent(kept.length, site.first.length)}), ` +
      `${bytes(sizeOf(site, kept))} of ${bytes(sizeOf(site, site.first))}${all ? '' : '; /* would keep none'}`],
    ...all && exclude === undefined
      ? [['to keep more', 'Leave out files whose names change with their contents: --exclude \'assets/**\'. A date or a version number in every page changes every page.'] as const]
      : [],
  ];
}

export function filesKept(paths: readonly string[], files: readonly string[]): string[] {
  const keys = new CacheKeys();
  const isDropped = keys.matcher(paths);
  return files.filter(file => !isDropped(keys.of(urlPathOf(file)), []));
}
