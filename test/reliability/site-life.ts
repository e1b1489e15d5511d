/**
 * The life of a site, and what "green is never stale" means in it.
 *
 * A life is a list of executions of a pipeline: each brings a version of the site, and meets a fate (a build fails, a deployment ends half-way,
 * a stage is stopped, retried or rolled back). Between them, the user changes the pipeline. Visitors may look at any URL at any moment.
 *
 * **The rule.** When the invalidation reports green, then of all copies that a visitor may have brought into the cache before the invalidation
 * was created, none that is left differs from what the origin had at that moment. What a deployment writes later is for the invalidation
 * after it.
 *
 * No visitor is left to chance: a cache has *every* copy that somebody could have brought into it since the distribution exists. The code under
 * test is the function's own: it reads the history from the sandbox's CodePipeline and the archives from the sandbox's S3, over HTTP. Time is
 * virtual, so that a life of hours takes milliseconds.
 */
import { distributionIdOf, shapeOf, type Settings, type ShapeName } from './site-shapes';
import { CacheKeys } from '../../sandbox';

export const MINUTE = 60_000;
const NOT_FOUND = 'page not found';
export const ERROR_DOCUMENT = '404.html';

/** A site by its files: the number of the version that each has. */
export type Versions = Readonly<Record<string, number>>;

/** What an execution changes of the site: `undefined` removes a file. */
export type Edits = Readonly<Record<string, number | undefined>>;

/** The site that every life begins with. */
export const FIRST_SITE: Versions = { 'index.html': 0, 'about.html': 0, 'blog/index.html': 0, 'blog/post.html': 0, 'assets/app.js': 0 };

/** What happens to a deployment. */
export interface DeploymentFate {
  /** An abandoned one may go on writing all the same. */
  readonly ends: 'well' | 'before it wrote anything' | 'half-way' | 'after it wrote everything' | 'abandoned half-way' | 'abandoned, and goes on';
  /** Minutes from the first file to the last. */
  readonly takes: number;
  /** Whether it is retried when it has failed. The second attempt ends well. */
  readonly isRetried: boolean;
  /** Whether the first attempt of a build that deploys builds something else than the second. */
  readonly isFlaky: boolean;
}

/** One execution of the pipeline, and what happens in it. */
export interface Execution {
  readonly edits: Edits;
  /** What the user has changed of the pipeline before. */
  readonly changes: Partial<Settings>;
  /** Minutes after the start of the execution before it; by default, once all before it have ended. */
  readonly overlapsAfter?: number;
  /** A rollback takes the artifacts of an execution before it, counted backwards, and runs a stage of that one. */
  readonly rollsBack?: { readonly executions: number; readonly goesOn: boolean };
  readonly buildFails: boolean;
  /** Of the deployers, one after the other, stage by stage; the first again where they are fewer. */
  readonly deployments: readonly DeploymentFate[];
  /** Whether the execution is stopped after its deployment: a test fails, an approval is refused. */
  readonly stopsAfterDeployment: boolean;
  readonly invalidation: 'runs' | 'does not wait' | 'fails' | 'fails, and is retried' | 'fails with a warning' | 'is abandoned once it has invalidated';
  /** Whether all artifacts of earlier executions have expired. */
  readonly artifactsExpire: boolean;
}

/** What visitors may ask for beside the plain URLs. The options of the invalidation say so, too. */
export interface Visitors {
  /** `/about` and `/about/` are `/about.html`. */
  readonly cleanUrls: boolean;
  /** `/about.html?utm=x`, with query strings in the cache key. */
  readonly queryStrings: boolean;
  /** A page that is missing shows `404.html`. */
  readonly errorDocument: boolean;
}

/** A life, as it is told in advance. */
export interface Plan {
  readonly shape: ShapeName;
  readonly mode: 'PARALLEL' | 'QUEUED' | 'SUPERSEDED';
  readonly settings: Partial<Settings>;
  readonly visitors: Visitors;
  /** Whether CodePipeline lists the output variables of an action without a namespace. */
  readonly listsVariables: boolean;
  readonly executions: readonly Execution[];
}

/** A copy that breaks the rule. */
export interface StaleCopy {
  readonly execution: number;
  readonly url: string;
  readonly distributionId: string;
  /** What the visitor gets. */
  readonly copy: string;
  readonly origin: string;
  readonly fetchedAt: number;
}

/** One green invalidation. */
export interface Invalidation {
  readonly execution: number;
  readonly site: number;
  readonly paths: readonly string[];
  /** Why everything was invalidated. */
  readonly reason?: string;
  /** Of the URLs that have a page, those whose fresh copy is still there, and how many there are. */
  readonly kept: number;
  readonly of: number;
  readonly stale: readonly StaleCopy[];
}

/** What became of a life. */
export interface Outcome {
  readonly invalidations: readonly Invalidation[];
  /** Why invalidations were red. */
  readonly failures: readonly string[];
  readonly stale: readonly StaleCopy[];
  /** What happened, for a person to follow. */
  readonly events: readonly Event[];
}

export interface Event {
  readonly at: number;
  readonly execution: number;
  readonly text: string;
}

/** What a story tells of an execution. */
interface Fate extends Omit<Execution, 'changes' | 'deployments' | 'edits'> {
  readonly deployment: Partial<DeploymentFate>;
}

/** Writes a plan the way one tells it. */
export class LifeStory {
  private readonly executions: Execution[] = [];
  private changed: Partial<Settings> = {};

  constructor(private readonly plan: Omit<Plan, 'executions'>) {}

  /** The user changes the pipeline. */
  changes(settings: Partial<Settings>): this {
    this.changed = { ...this.changed, ...settings };
    return this;
  }

  /** An execution brings these versions of files to the site. Unless told otherwise, all goes well. */
  deploys(edits: Edits, { deployment = {}, ...fate }: Partial<Fate> = {}): this {
    this.executions.push({
      edits,
      changes: this.changed,
      buildFails: false,
      stopsAfterDeployment: false,
      invalidation: 'runs',
      artifactsExpire: false,
      deployments: [{ ends: 'well', takes: 2, isRetried: false, isFlaky: false, ...deployment }],
      ...fate,
    });
    this.changed = {};
    return this;
  }

  get end(): Plan {
    return { ...this.plan, executions: this.executions };
  }
}

export function aLife(shape: ShapeName, plan: Partial<Omit<Plan, 'executions' | 'shape'>> = {}): LifeStory {
  const visitors = { cleanUrls: false, queryStrings: false, errorDocument: false };
  return new LifeStory({ mode: 'SUPERSEDED', settings: {}, visitors, listsVariables: true, ...plan, shape });
}

/** A distribution with every copy that visitors may have brought into its cache. */
export class Distribution {
  private readonly keys: CacheKeys;
  /** Of each URL, its copies by their content, with the time when they were first fetched. */
  private readonly copies = new Map<string, Map<string, number>>();

  constructor(
    readonly id: string, private readonly urls: readonly string[], queryStrings: boolean, private readonly origin: (url: string) => string,
  ) {
    this.keys = new CacheKeys({ forwardQueryStrings: queryStrings });
    urls.forEach(url => this.copies.set(url, new Map()));
  }

  /** Visitors look at everything. */
  visit(now: number): void {
    for (const url of this.urls) {
      const copies = this.copies.get(url)!;
      const content = this.origin(url);
      if (!copies.has(content)) {
        copies.set(content, now);
      }
    }
  }

  /** Removes what the paths name, and tells what is left. */
  invalidate(paths: readonly string[], concerns: (url: string) => boolean): Pick<Invalidation, 'kept' | 'of'> & { stale: Omit<StaleCopy, 'execution'>[] } {
    const matches = this.keys.matcher(paths);
    const stale: Omit<StaleCopy, 'execution'>[] = [];
    let [kept, of] = [0, 0];
    for (const url of this.urls) {
      const copies = this.copies.get(url)!;
      const origin = this.origin(url);
      const isPage = !origin.startsWith(NOT_FOUND);
      of += isPage ? 1 : 0;
      if (matches(this.keys.of(url), [])) {
        copies.clear();
        continue;
      }
      kept += isPage ? 1 : 0;
      for (const [copy, fetchedAt] of copies) {
        if (copy !== origin && concerns(url)) {
          stale.push({ url, distributionId: this.id, copy, origin, fetchedAt });
        }
      }
    }
    return { kept, of, stale };
  }
}

/** A bucket, and the two distributions that serve it. */
export class Website {
  readonly distributions: readonly Distribution[];
  private readonly objects = new Map<string, string>();

  constructor(site: number, keys: readonly string[], private readonly visitors: Visitors) {
    const urls = urlsOf(keys, visitors);
    this.distributions = [0, 1].map(index => new Distribution(distributionIdOf(site, index), urls, visitors.queryStrings, url => this.answer(url)));
  }

  get keys(): readonly string[] {
    return [...this.objects.keys()];
  }

  visit(now: number): void {
    this.distributions.forEach(distribution => distribution.visit(now));
  }

  write(key: string, content: string | undefined): void {
    if (content === undefined) {
      this.objects.delete(key);
    } else {
      this.objects.set(key, content);
    }
  }

  private answer(url: string): string {
    // S3 reads a plus sign as a space.
    const key = decodeURIComponent(url.split('?', 1)[0].slice(1).replace(/\+/g, ' '));
    const isDirectory = key === '' || key.endsWith('/');
    const candidates = [key, `${key}${isDirectory ? '' : '/'}index.html`, ...(this.visitors.cleanUrls ? [`${key.replace(/\/$/, '')}.html`] : [])];
    const found = candidates.map(candidate => this.objects.get(candidate)).find(content => content !== undefined);
    const errorDocument = this.visitors.errorDocument ? this.objects.get(ERROR_DOCUMENT) : undefined;
    return found ?? (errorDocument === undefined ? NOT_FOUND : `${NOT_FOUND}: ${errorDocument}`);
  }
}

/** Every URL under which visitors may ask for these files. */
function urlsOf(keys: readonly string[], { cleanUrls, queryStrings, errorDocument }: Visitors): string[] {
  const forms = (key: string) => [
    `/${key}`,
    ...(key.endsWith('index.html') ? [`/${key.slice(0, -'index.html'.length)}`, `/${key.slice(0, -'/index.html'.length)}`] : []),
    ...(cleanUrls && key.endsWith('.html') ? ['', '/'].map(slash => `/${key.slice(0, -'.html'.length)}${slash}`) : []),
  ];
  const encoded = keys.flatMap(forms).flatMap(url =>
    [url.replace(/ /g, '%20'), url.replace(/ /g, '+'), url.split('/').map(encodeURIComponent).join('/')]);
  const urls = [...new Set([...encoded, ...(errorDocument ? ['/nowhere'] : [])])];
  return queryStrings ? urls.flatMap(url => [url, `${url}?utm=x`]) : urls;
}

/** A reason without what differs from life to life. */
export function reasonOf(words: string): string {
  return words.replace(/^everything, because /, '').replace(/s3:\/\/\S+|'[^']*'|\d{4}-\d\d-\d\dT\S+Z/g, '…').replace(/(…, )+…/g, '…').replace(/(cannot be read: \w+):.*/, '$1').replace(/\b\d+\b/g, 'n');
}

/** A life that has gone wrong, for a person to follow. */
export function narrate(plan: Plan, { events, stale }: Outcome): string {
  const start = events[0]?.at ?? 0;
  const clock = (at: number) => {
    const minutes = Math.floor((at - start) / MINUTE);
    return `${String(Math.floor(minutes / 60)).padStart(2)}:${String(minutes % 60).padStart(2, '0')}`;
  };
  const { title } = shapeOf(plan.shape);
  const visitors = Object.entries(plan.visitors).filter(([, is]) => is).map(([name]) => name);
  return [
    `${title}, ${plan.mode}${visitors.length === 0 ? '' : `, ${visitors.join(', ')}`}, variables ${plan.listsVariables ? 'listed' : 'not listed without a namespace'}` +
      `${Object.keys(plan.settings).length === 0 ? '' : `, ${JSON.stringify(plan.settings)}`}`,
    ...events.map(({ at, execution, text }) => `  ${clock(at)}  ${String(execution + 1).padStart(2)}  ${text}`),
    ...stale.map(({ execution, url, distributionId, copy, origin, fetchedAt }) =>
      `  STALE after execution ${execution + 1}: ${url} of ${distributionId}: visitors have '${copy}' (fetched at ${clock(fetchedAt)}), the origin has '${origin}'`),
  ].join('\n');
}
