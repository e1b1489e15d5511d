import { FAULTS, type FaultName } from './faults';
import type { Options } from './options';
import { read, urlPathOf, visitedFiles, type Site } from './site';
import { bad, faint, good, Timeline } from './timeline';
import { isFresh, Visitor } from './visitor';
import { watch } from './watch';
import { deployExample, type World } from './world';
import type { ActionExecution } from '../../../sandbox';

/** @see https://aws.amazon.com/cloudfront/pricing/ */
const FREE_PATHS_PER_MONTH = 1_000;
const DOLLARS_PER_PATH = 0.005;

/** How many pages the timeline shows; the rest is visited, too. */
const SHOWN = 3;

/** Between what the user does and what the visitor sees of it, so that a person can follow. In milliseconds. */
const PACE = 700;

/**
 * Plays the whole story.
 *
 * @returns whether every page is fresh in the end
 */
export async function play(site: Site, { site: folder, fault }: Options, workspace: string): Promise<boolean> {
  const timeline = new Timeline();
  timeline.title('A stale page turns fresh', 'examples/static-website on a sandbox of AWS: everything on this machine, in real time');

  timeline.chapter('Deploy the example');
  const world = await deployExample(workspace);
  try {
    timeline.event('cdk', 'synthesises the stacks Website and WebsitePipeline, and deploys them to the sandbox');
    timeline.event('CloudFront', `serves distribution ${world.distribution.id} at ${world.edge.url}`);
    return await tell(world, site, folder, fault, timeline);
  } finally {
    await world.stop();
  }
}

async function tell(world: World, site: Site, folder: string | undefined, fault: FaultName | undefined, timeline: Timeline): Promise<boolean> {
  const files = visitedFiles(site);
  const shown = files.slice(0, SHOWN);
  const [index] = files;
  const visitor = new Visitor(world, site, timeline, shown);

  timeline.chapter('Version 1');
  await world.publish(site.versions[0]);
  timeline.event('you', `publish ${count(site.files.length, 'file')}${folder === undefined ? '' : ` of ${folder}`}`);
  for (const file of shown) {
    await visitor.look(file, 1);
  }
  for (const file of files.slice(SHOWN)) {
    await visitor.visit(file);
  }
  await pause();
  await visitor.look(index, 1);

  timeline.chapter('Version 2');
  await pause();
  await world.publish(site.versions[1]);
  const changed = site.files.filter(file => !read(site.versions[0], file).equals(read(site.versions[1], file)));
  timeline.event('you', `publish version 2: ${count(changed.length, 'file')} changed${folder === undefined ? '' : ', a mark on index.html'}`);
  for (const file of shown) {
    await visitor.look(file, 2);
  }
  timeline.event('visitor', bad('sees stale pages, and would for a year: that is how long the example lets CloudFront keep them'));
  await pause();

  timeline.chapter(`The pipeline's last stage: ${world.stageName}`);
  if (fault !== undefined) {
    FAULTS[fault].begin(world, (actor, text) => timeline.event(actor, text));
  }
  timeline.event('CodePipeline', `starts action ${world.actionName}, which invokes the function as it ships`);
  const stopWatching = watch(world, timeline);
  const stopReloading = visitor.reload(index, 2);
  const action = await world.runStage();
  await stopReloading();
  stopWatching();
  timeline.event('CodePipeline', action.status === 'Succeeded'
    ? `${good('Succeeded')}: ${action.summary}`
    : `${bad(action.status)} with ${action.errorDetails?.code}`);

  timeline.chapter('What visitors see now');
  for (const file of shown) {
    await visitor.look(file, 2);
  }
  const stale: string[] = [];
  for (const file of files) {
    if (!isFresh(await visitor.visit(file), 2)) {
      stale.push(urlPathOf(file));
    }
  }
  const invalidation = world.distribution.invalidations.find(({ id }) => id === action.outputVariables.invalidationId);
  report(timeline, action, invalidation?.paths ?? [], files.length, stale);
  return action.status === 'Succeeded' && stale.length === 0;
}

function report(timeline: Timeline, action: ActionExecution, paths: readonly string[], pages: number, stale: readonly string[]): void {
  const elapsed = ['elapsed', `${(((action.endedAt ?? Date.now()) - action.startedAt) / 1000).toFixed(1)} s`] as const;
  if (action.status !== 'Succeeded') {
    timeline.end(false, 'The stage is red, and visitors still see old pages', [
      ['CodePipeline shows', `${action.errorDetails?.code}: ${action.errorDetails?.message}`],
      ['stale', `${stale.length} of ${count(pages, 'page')}: ${list(stale)}`],
      ['why it is red', 'Nothing was invalidated, so CloudFront goes on serving what it has. A green stage would hide that.'],
      elapsed,
    ]);
    return;
  }
  timeline.end(stale.length === 0, stale.length === 0 ? 'The stage is green, and every page is fresh' : 'The stage is green, and pages are stale', [
    ['invalidation', action.outputVariables.invalidationId],
    ['paths', `${paths.join(' ')} (a wildcard counts as one path, however many files it covers)`],
    elapsed,
    ['cost on AWS', `$0 within the ${FREE_PATHS_PER_MONTH.toLocaleString('en')} free paths a month, then $${paths.length * DOLLARS_PER_PATH}`],
    ['seen fresh', `${action.outputVariables.checkedPageCount} by the stage itself, before it turned green`],
    ['pages', `${pages - stale.length} of ${pages} fresh${stale.length === 0 ? '' : `; stale: ${list(stale)}`}`],
  ]);
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}

function list(paths: readonly string[]): string {
  return paths.slice(0, SHOWN).join(' ') + (paths.length > SHOWN ? faint(` and ${paths.length - SHOWN} more`) : '');
}

function pause(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, PACE));
}
