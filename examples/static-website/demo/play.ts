import { FAULTS } from './faults';
import type { Options } from './options';
import { report } from './report';
import { visitedFiles, type Site } from './site';
import { count } from './text';
import { bad, good, Timeline } from './timeline';
import { isFresh, Visitor, type Visit } from './visitor';
import { watch } from './watch';
import { deployExample, type World } from './world';
import type { ActionExecution } from '../../../sandbox';

/** How many pages the timeline shows; the others are visited, too. */
const SHOWN = 3;

/** Between what the user does and what the visitor sees of it, so that a person can follow. In milliseconds. */
const PACE = 700;

export interface Played {
  /** Whether the stage is green, and every page that was visited in the end is fresh. */
  readonly fresh: boolean;
  /** The page that a visitor reloads. */
  readonly watched: string;
  readonly looks: readonly Visit[];
  /** The stage's last run. */
  readonly action: ActionExecution;
}

/** Plays the whole story. */
export async function play(site: Site, options: Options, workspace: string, timeline = new Timeline()): Promise<Played> {
  timeline.title('A stale page turns fresh', 'examples/static-website on a sandbox of AWS, on this machine and in real time');

  timeline.chapter('Deploy the example');
  const world = await deployExample(workspace, options.changedFiles);
  try {
    timeline.event('cdk', 'synthesises the stacks Website and WebsitePipeline, and deploys them to the sandbox');
    timeline.event('CloudFront', `serves distribution ${world.distribution.id} at ${world.edge.url}`);
    return await tell(world, site, options, timeline);
  } finally {
    await world.stop();
  }
}

async function tell(world: World, site: Site, options: Options, timeline: Timeline): Promise<Played> {
  const visitor = new Visitor(world, site, timeline);
  const shown = options.changedFiles === undefined
    ? [...site.modified, ...site.unchanged].slice(0, SHOWN)
    : [...site.modified.slice(0, SHOWN - 1), ...site.unchanged].slice(0, SHOWN);
  const [watched] = shown;

  timeline.chapter('Version 1');
  await world.publish(site.versions[0]);
  timeline.event('you', `publish ${count(site.first.length, 'file')}${options.site === undefined ? '' : ` of ${options.site}`}`);
  if (options.changedFiles !== undefined) {
    const first = await world.runFirstStage();
    tellEnd(first, timeline);
    if (first.status !== 'Succeeded') {
      report({ timeline, world, site, options, action: first, visits: [] });
      return { fresh: false, watched, looks: visitor.looks, action: first };
    }
  }
  for (const file of shown) {
    await visitor.look(file, 1);
  }
  const visited = visitedFiles(site);
  await visitor.visitAll(visited.filter(file => !site.added.includes(file)));
  await pause();
  await visitor.look(watched, 1);

  timeline.chapter('Version 2');
  await pause();
  await world.publish(site.versions[1]);
  timeline.event('you', `publish version 2${options.next === undefined ? '' : ` of ${options.next}`}: ${differences(site, options)}`, 'published');
  if (site.removed.length > 0) {
    timeline.event('CodePipeline', `leaves ${count(site.removed.length, 'removed file')} in the bucket: its deploy action deletes nothing`);
  }
  const looks: Visit[] = [];
  for (const file of shown) {
    looks.push(await visitor.look(file, 2));
  }
  timeline.event('visitor', looks.every(look => isFresh(look, 2))
    ? 'sees no old page: no file of version 1 has other contents now'
    : bad('sees stale pages, and would for a year: that is how long the example lets CloudFront keep them'));
  await pause();

  timeline.chapter(`The pipeline's last stage: ${world.stageName}`);
  if (options.fault !== undefined) {
    FAULTS[options.fault].begin(world, (actor, text) => timeline.event(actor, text));
  }
  timeline.event('CodePipeline', `starts action ${world.actionName}, which invokes the function as it ships`, 'started');
  const stopWatching = watch(world, timeline);
  const stopReloading = visitor.reload(watched, 2);
  const action = await world.runStage();
  stopWatching();
  tellEnd(action, timeline);
  await stopReloading();

  timeline.chapter('What visitors see now');
  for (const file of shown) {
    await visitor.look(file, 2);
  }
  const visits = await visitor.visitAll(visited);
  report({ timeline, world, site, options, action, visits });
  return { fresh: action.status === 'Succeeded' && visits.every(visit => isFresh(visit, 2)), watched, looks: visitor.looks, action };
}

function tellEnd({ status, summary, errorDetails }: ActionExecution, timeline: Timeline): void {
  timeline.event('CodePipeline', status === 'Succeeded' ? `${good('Succeeded')}: ${summary}` : `${bad(status)} with ${errorDetails?.code}`, 'ended');
}

function differences({ modified, added, removed }: Site, { site, next }: Options): string {
  const parts = [`${count(modified.length, 'file')} changed`, ...[[added.length, 'added'], [removed.length, 'removed']].flatMap(([number, what]) =>
    number === 0 ? [] : [`${number.toLocaleString('en')} ${what}`])];
  return parts.join(', ') + (site !== undefined && next === undefined ? ', a mark on index.html' : '');
}

function pause(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, PACE));
}
