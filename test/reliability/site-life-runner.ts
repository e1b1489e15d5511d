/** Lives the lives of site-life.ts: in virtual time, with the function's own code, over the sandbox's CodePipeline and S3. */
import {
  ERROR_DOCUMENT, FIRST_SITE, MINUTE, reasonOf, Website, type DeploymentFate, type Event, type Execution, type Invalidation, type Outcome, type Plan,
} from './site-life';
import {
  BUILD_TYPE, DEFAULT_SETTINGS, distributionIdOf, INVALIDATION_TYPE, PIPELINE_NAME, pipelineOf, shapeOf, SOURCE_TYPE,
  type Deployer, type Pipeline, type Settings, type Shape,
} from './site-shapes';
import { Sandbox, type ActionRecord, type ArtifactLocation, type RecordedAction } from '../../sandbox';
import type { JobParameters } from '../../src/contract';
import { givenArchive } from '../given-archive';

/** How long our action waits while AWS, or a deployment, is busy: an hour, as by default. */
const TIMEOUT = 60 * MINUTE;
const BUCKET = 'artifacts';
/** Why everything is invalidated where the function names no reason. */
const COVER = 'the cover of what has changed';

/** What a part of a life does: it yields minutes to let pass, or what is to be waited for while no time passes. */
type Course<Result = void> = Generator<number | Promise<unknown>, Result, unknown>;

/** Virtual time. What happens at the same time happens in the order in which it was planned. */
class Timeline {
  private readonly courses: { at: number; readonly course: Course }[] = [];

  constructor(public now: number) {}

  begin(course: Course, after = 0): void {
    this.courses.push({ at: this.now + after * MINUTE, course });
  }

  async run(): Promise<void> {
    while (this.courses.length > 0) {
      const next = this.courses.reduce((first, each) => each.at < first.at ? each : first);
      this.now = next.at;
      let { done, value } = next.course.next();
      while (!done && typeof value !== 'number') {
        ({ done, value } = next.course.next(await value));
      }
      this.courses.splice(this.courses.indexOf(next), 1);
      if (!done) {
        this.courses.push({ ...next, at: this.now + Number(value) * MINUTE });
      }
    }
  }
}

/** An execution that runs, or has run. */
interface Run {
  readonly index: number;
  readonly plan: Execution;
  readonly pipelineExecutionId: string;
  /** How often the pipeline had been changed when it began. */
  readonly version: number;
  /** By their names. */
  readonly artifacts: Record<string, ArtifactLocation>;
  /** As it was when the execution began. */
  readonly pipeline: Pipeline;
  /** How many deployments it has begun. */
  deployments: number;
}

/** What is in an artifact, file by file. */
type Files = Readonly<Record<string, string>>;

const archives = new Map<string, Buffer>();

/** Where lives take place: one sandbox for as many as one likes, one after the other. */
export class LifeSandbox {
  static async start(): Promise<LifeSandbox> {
    const sandbox = await Sandbox.start();
    const role = sandbox.addRole('function', [{ Effect: 'Allow', Action: ['codepipeline:ListActionExecutions', 's3:GetObject'], Resource: '*' }]);
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_CODEPIPELINE: sandbox.codePipeline.endpoint,
      AWS_ENDPOINT_URL_S3: sandbox.s3.endpoint,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: role.accessKeyId,
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'token',
    });
    return new LifeSandbox(sandbox);
  }

  private lives = 0;

  private constructor(private readonly sandbox: Sandbox) {}

  async live(plan: Plan): Promise<Outcome> {
    this.sandbox.requests.splice(0);
    this.sandbox.codePipeline.historySettings.listsVariablesWithoutNamespace = plan.listsVariables;
    return new Life(plan, this.sandbox, `${PIPELINE_NAME}-${++this.lives}`).live();
  }

  async stop(): Promise<void> {
    await this.sandbox.stop();
  }
}

class Life {
  private readonly shape: Shape;
  private readonly time: Timeline;
  private readonly websites: readonly Website[];
  private readonly runs: Run[] = [];
  private pipeline: Pipeline;
  private version = 0;
  private readonly versions: Record<string, number> = { ...FIRST_SITE };
  private running = 0;
  private objects = 0;
  private readonly files = new Map<string, Files>();
  /** Of each stage: the execution in it, and the one that waits. */
  private readonly stages = new Map<string, { inside?: Run; waiting?: Run }>();
  private readonly invalidations: Invalidation[] = [];
  private readonly failures: string[] = [];
  private readonly events: Event[] = [];

  constructor(private readonly plan: Plan, private readonly sandbox: Sandbox, private readonly name: string) {
    this.shape = shapeOf(plan.shape);
    // Everything happens before the present, by the clock of the function, too.
    this.time = new Timeline(Date.now() - 3 * 24 * 60 * MINUTE);
    this.pipeline = pipelineOf(plan.shape, this.settings({}));
    const keys = [...new Set([...Object.keys(FIRST_SITE), ...plan.executions.flatMap(({ edits }) => Object.keys(edits))])];
    this.websites = this.pipeline.sites.map((_, index) => new Website(index, keys, plan.visitors));
    this.websites.forEach(website => website.visit(this.time.now));
  }

  async live(): Promise<Outcome> {
    const { codePipeline, s3 } = this.sandbox;
    codePipeline.addStage(this.name, 'Source', []);
    try {
      this.time.begin(this.user());
      await this.time.run();
      const stale = this.invalidations.flatMap(invalidation => invalidation.stale);
      return { invalidations: this.invalidations, failures: this.failures, stale, events: this.events };
    } finally {
      codePipeline.removePipeline(this.name);
      [...this.files.keys()].forEach(key => s3.remove(BUCKET, key));
    }
  }

  /** Changes the site and the pipeline, and starts the executions. */
  private* user(): Course {
    for (const [index, execution] of this.plan.executions.entries()) {
      if (execution.overlapsAfter === undefined) {
        while (this.running > 0) {
          yield 1;
        }
        yield 1;
      } else {
        yield execution.overlapsAfter;
      }
      if (Object.keys(execution.changes).length > 0) {
        this.pipeline = pipelineOf(this.plan.shape, this.settings(execution.changes));
        this.version++;
        this.tell(index, `the user changes ${JSON.stringify(execution.changes)}`);
      }
      if (execution.artifactsExpire) {
        [...this.files.keys()].forEach(key => this.sandbox.s3.remove(BUCKET, key));
        this.tell(index, 'all artifacts expire');
      }
      Object.entries(execution.edits).forEach(([key, version]) => {
        if (version === undefined) {
          delete this.versions[key];
        } else {
          this.versions[key] = version;
        }
      });
      const run = {
        index,
        plan: execution,
        pipelineExecutionId: crypto.randomUUID(),
        version: this.version,
        pipeline: this.pipeline,
        artifacts: {},
        deployments: 0,
      };
      this.runs.push(run);
      this.running++;
      this.time.begin(this.execution(run));
    }
  }

  private settings(changes: Partial<Settings>): Settings {
    const { cleanUrls, queryStrings, errorDocument } = this.plan.visitors;
    const settings = { ...(this.pipeline?.settings ?? { ...DEFAULT_SETTINGS, ...this.plan.settings }), ...changes };
    return {
      ...settings,
      options: {
        ...settings.options,
        ...(cleanUrls ? { stripExtensions: ['.html'] } : {}),
        ...(queryStrings ? { queryStrings: true } : {}),
        ...(errorDocument ? { errorDocuments: [ERROR_DOCUMENT] } : {}),
      },
    };
  }

  private* execution(run: Run): Course {
    try {
      if (run.plan.rollsBack === undefined) {
        yield* this.execute(run);
      } else {
        yield* this.rollBack(run, run.plan.rollsBack);
      }
    } finally {
      this.running--;
    }
  }

  private* execute(run: Run): Course {
    run.artifacts.source = yield* this.store('source', this.siteFiles(''));
    const { source } = run.artifacts;
    this.record(run, 'Source', 'Source', SOURCE_TYPE, {}).end({ status: 'Succeeded', endedAt: this.time.now, outputArtifacts: { source } });
    const edits = Object.entries(run.plan.edits).map(([key, version]) => version === undefined ? `no ${key}` : `${key} ${version}`);
    this.tell(run.index, `begins with ${edits.join(', ') || 'the same site'}`);
    if (run.pipeline.hasBuild) {
      const { artifact, folder } = run.pipeline.settings;
      const build = this.record(run, 'Build', 'Build', BUILD_TYPE, { source: run.artifacts.source });
      const files = this.siteFiles(folder);
      yield 1;
      if (run.plan.buildFails) {
        build.end({ status: 'Failed', endedAt: this.time.now });
        this.tell(run.index, 'its build fails');
        return;
      }
      run.artifacts[artifact] = yield* this.store(artifact, files);
      build.end({ status: 'Succeeded', endedAt: this.time.now, outputArtifacts: { [artifact]: run.artifacts[artifact] } });
    }
    for (const site of this.websites.keys()) {
      if (!(yield* this.deployAndInvalidate(run, site))) {
        return;
      }
    }
  }

  /** A stage is rolled back; CodePipeline takes only executions since the pipeline was last changed. */
  private* rollBack(run: Run, { executions, goesOn }: NonNullable<Execution['rollsBack']>): Course {
    const target = this.runs[run.index - executions];
    const site = this.websites.length - 1;
    const needs = run.pipeline.sites[site].deployers.map(({ builds }) => builds ? 'source' : run.pipeline.settings.artifact);
    if (target === undefined || target.version !== this.version || needs.some(name => target.artifacts[name] === undefined)) {
      this.tell(run.index, 'there is nothing to roll back to');
      return;
    }
    Object.assign(run.artifacts, target.artifacts);
    this.tell(run.index, `rolls back to execution ${target.index + 1}`);
    yield* this.deployAndInvalidate(run, site, goesOn);
  }

  private* deployAndInvalidate(run: Run, site: number, goesOn = true): Course<boolean> {
    if (!(yield* this.enter(run, `deploy ${site}`))) {
      return false;
    }
    const hasDeployed = yield* this.deploy(run, site);
    const proceeds = hasDeployed && !run.plan.stopsAfterDeployment;
    if (hasDeployed && !proceeds) {
      this.tell(run.index, 'is stopped after its deployment');
    }
    if (proceeds && this.shape.hasStaging) {
      const isGreen = yield* this.invalidate(run, site);
      this.leave(run, `deploy ${site}`);
      return isGreen;
    }
    this.leave(run, `deploy ${site}`);
    if (!proceeds || !goesOn || !(yield* this.enter(run, `invalidate ${site}`))) {
      return false;
    }
    const isGreen = yield* this.invalidate(run, site);
    this.leave(run, `invalidate ${site}`);
    return isGreen;
  }

  /** Waits for a stage. SUPERSEDED: a newer execution takes the place of one that waits. */
  private* enter(run: Run, name: string): Course<boolean> {
    const stage = this.stages.get(name) ?? {};
    this.stages.set(name, stage);
    if (this.plan.mode === 'PARALLEL') {
      return true;
    }
    if (stage.inside !== undefined && this.plan.mode === 'SUPERSEDED') {
      stage.waiting = run;
    }
    while (stage.inside !== undefined) {
      yield 1;
      if (stage.waiting !== undefined && stage.waiting !== run && this.plan.mode === 'SUPERSEDED') {
        this.tell(run.index, 'is superseded');
        return false;
      }
    }
    stage.inside = run;
    stage.waiting = stage.waiting === run ? undefined : stage.waiting;
    return true;
  }

  private leave(run: Run, name: string): void {
    const stage = this.stages.get(name);
    if (stage?.inside === run) {
      stage.inside = undefined;
    }
  }

  /** Runs the deployers of a stage at the same time. */
  private* deploy(run: Run, site: number): Course<boolean> {
    const pipeline = this.pipelineFor(run);
    const { stage, deployers } = pipeline.sites[site];
    const outcomes: boolean[] = [];
    for (const deployer of deployers) {
      const fate = run.plan.deployments[run.deployments++ % run.plan.deployments.length];
      this.time.begin(this.deployment(run, pipeline, site, stage, deployer, fate, outcomes));
    }
    while (outcomes.length < deployers.length) {
      yield 0.5;
    }
    return outcomes.every(Boolean);
  }

  private* deployment(
    run: Run, pipeline: Pipeline, site: number, stage: string, deployer: Deployer, fate: DeploymentFate, outcomes: boolean[],
  ): Course {
    const first = yield* this.attempt(run, pipeline, site, stage, deployer, fate, fate.isFlaky);
    if (first || !fate.isRetried) {
      outcomes.push(first);
      return;
    }
    yield 2;
    outcomes.push(yield* this.attempt(run, pipeline, site, stage, deployer, { ...fate, ends: 'well' }, false));
  }

  /** One run of an action that deploys, file by file. */
  private* attempt(
    run: Run, pipeline: Pipeline, site: number, stage: string, deployer: Deployer, { ends, takes }: DeploymentFate, isFlaky: boolean,
  ): Course<boolean> {
    const { artifact, folder, bucket } = pipeline.settings;
    const input = deployer.builds ? 'source' : artifact;
    const location = run.artifacts[input];
    if (location === undefined) {
      this.tell(run.index, `${deployer.action} has no artifact ${input}`);
      return false;
    }
    const record = this.record(run, stage, deployer.action, deployer.actionType, { [input]: location }, { configuration: { BucketName: bucket } });
    const content = this.files.get(location.key)!;
    const built = deployer.builds ? inFolder(folder, isFlaky ? { ...content, 'index.html': `${content['index.html']}, flaky` } : content) : content;
    const writes = this.writesOf(site, deployer, built, folder);
    const end = (status: 'Abandoned' | 'Failed' | 'Succeeded', outputArtifacts: Record<string, ArtifactLocation> = {}) => {
      record.end({ status, endedAt: this.time.now, outputArtifacts });
      this.tell(run.index, `${deployer.action} ${status === 'Succeeded' ? 'has deployed' : `is ${status.toLowerCase()}`}`);
    };
    this.tell(run.index, `${deployer.action} begins${isFlaky ? ', with a flaky build' : ''}`);
    if (ends === 'before it wrote anything' || writes.length === 0) {
      yield 1;
      end('Failed');
      return false;
    }
    const isHalf = ends === 'half-way' || ends.startsWith('abandoned');
    const half = isHalf ? Math.ceil(writes.length / 2) : writes.length;
    const website = bucket === 'website' ? this.websites[site] : undefined;
    yield* this.write(run, website, writes.slice(0, half), takes);
    if (ends.startsWith('abandoned')) {
      end('Abandoned');
      if (ends === 'abandoned, and goes on') {
        this.time.begin(this.goOn(run, website, writes.slice(half), takes), takes);
      }
      return false;
    }
    if (ends !== 'well') {
      end('Failed');
      return false;
    }
    if (deployer.builds) {
      run.artifacts[artifact] = yield* this.store(artifact, built);
    }
    end('Succeeded', deployer.builds ? { [artifact]: run.artifacts[artifact] } : {});
    return true;
  }

  private* goOn(run: Run, website: Website | undefined, writes: readonly (readonly [string, string | undefined])[], takes: number): Course {
    yield* this.write(run, website, writes, takes);
    this.tell(run.index, 'what was abandoned has written the rest');
  }

  /** @param website `undefined` for a bucket that nobody visits */
  private* write(run: Run, website: Website | undefined, writes: readonly (readonly [string, string | undefined])[], takes: number): Course {
    for (const [key, content] of writes) {
      yield takes / writes.length;
      website?.write(key, content);
      website?.visit(this.time.now);
    }
    this.tell(run.index, `has written ${website === undefined ? 'to another bucket: ' : ''}${writes.map(([key, content]) => content ?? `no ${key}`).join(', ')}`);
  }

  /** What a deployment does to the bucket: `undefined` deletes. */
  private writesOf(site: number, { deploys, actionType }: Deployer, files: Files, folder: string): (readonly [string, string | undefined])[] {
    const root = actionType.category === 'Deploy' || folder === '' ? '' : `${folder}/`;
    const wanted = Object.entries(files).filter(([name]) => name.startsWith(root))
      .map(([name, content]) => [name.slice(root.length), content] as const)
      .filter(([key]) => deploys(key));
    // A sync of a folder that is not there fails before it deletes anything.
    const gone = this.shape.deletes && wanted.length > 0
      ? this.websites[site].keys.filter(key => deploys(key) && !wanted.some(([each]) => each === key)) : [];
    return [...wanted, ...gone.map(key => [key, undefined] as const)];
  }

  /** Runs our action, and judges it. */
  private* invalidate(run: Run, site: number): Course<boolean> {
    const { invalidation } = run.plan;
    if (invalidation === 'fails' || invalidation === 'fails, and is retried') {
      yield* this.invalidation(run, site, 'fails');
      if (invalidation === 'fails') {
        return false;
      }
      yield 2;
      return yield* this.invalidation(run, site, 'runs');
    }
    return yield* this.invalidation(run, site, invalidation);
  }

  private* invalidation(run: Run, site: number, fate: Execution['invalidation']): Course<boolean> {
    const pipeline = this.pipelineFor(run);
    const { settings } = pipeline;
    const { stage, action, namespace, userParameters: text } = pipeline.sites[site].invalidator;
    const location = run.artifacts[settings.artifact];
    if (location === undefined) {
      this.tell(run.index, `${action} has no artifact ${settings.artifact}`);
      return false;
    }
    const userParameters = text.replaceAll(`"${PIPELINE_NAME}"`, `"${this.name}"`);
    const record = this.record(run, stage, action, INVALIDATION_TYPE, { [settings.artifact]: location }, { namespace, userParameters });
    const fail = (words: string) => {
      record.end({ status: 'Failed', endedAt: this.time.now, errorDetails: { code: 'JobFailed', message: words } });
      this.tell(run.index, `${action} is red: ${words}`);
      this.failures.push(words);
      return false;
    };
    const giveUpAt = this.time.now + TIMEOUT;
    const ask = () => findPathsOf(userParameters, { name: settings.artifact, location });
    let answer = (yield ask()) as Answer;
    while (answer.kind === 'busy') {
      if (this.time.now >= giveUpAt) {
        return fail(`gave up: ${answer.words}`);
      }
      yield 1;
      answer = (yield ask()) as Answer;
    }
    if (answer.kind === 'failure') {
      return fail(answer.words);
    }
    if (fate === 'fails') {
      return fail('CloudFront refuses the invalidation');
    }
    const distributionId = distributionIdOf(site, settings.distribution);
    const variables = {
      distributionId,
      distributionTenantId: 'none',
      invalidationId: 'none',
      status: 'Failed',
      pathCount: String(answer.paths.length),
      changedFileCount: String(answer.changed ?? 'none'),
      unchangedFileCount: String(answer.unchanged ?? 'none'),
      createTime: 'none',
      errorType: 'none',
      errorMessage: 'none',
    };
    if (fate === 'fails with a warning') {
      record.end({
        status: 'Succeeded',
        endedAt: this.time.now,
        summary: 'WARNING: visitors may still see old pages. PermissionError: CloudFront refuses the invalidation',
        outputVariables: { ...variables, errorType: 'PermissionError', errorMessage: 'CloudFront refuses the invalidation' },
      });
      this.tell(run.index, `${action} warns that it could not invalidate`);
      return true;
    }
    const website = this.websites[site];
    const concerns = (url: string) => !this.isExcluded(url, settings);
    const { kept, of, stale } = website.distributions[settings.distribution].invalidate(answer.paths, concerns);
    website.visit(this.time.now);
    this.tell(run.index, `${action} invalidates ${answer.paths.join(' ') || 'nothing'}${answer.note === undefined ? '' : ` (${answer.note})`}`);
    const createTime = new Date(this.time.now).toISOString();
    yield 1;
    if (fate === 'is abandoned once it has invalidated') {
      record.end({ status: 'Abandoned', endedAt: this.time.now });
      this.tell(run.index, `${action} is abandoned`);
      return false;
    }
    const invalidationId = answer.paths.length === 0 ? undefined : `I${record.pipelineExecutionId.replaceAll('-', '').slice(0, 13).toUpperCase()}`;
    const status = fate === 'does not wait' ? 'InProgress' : 'Completed';
    record.end({
      status: 'Succeeded',
      endedAt: this.time.now,
      externalExecutionId: invalidationId,
      summary: summaryOf(distributionId, answer, invalidationId, status),
      outputVariables: { ...variables, status, invalidationId: invalidationId ?? 'none', createTime: invalidationId === undefined ? 'none' : createTime },
    });
    this.tell(run.index, `${action} is green`);
    this.invalidations.push({
      execution: run.index, site, paths: answer.paths, reason: answer.reason, kept, of, stale: stale.map(each => ({ ...each, execution: run.index })),
    });
    return true;
  }

  /** PARALLEL executions keep the pipeline that they began with. */
  private pipelineFor(run: Run): Pipeline {
    return this.plan.mode === 'PARALLEL' ? run.pipeline : this.pipeline;
  }

  /** Files of which the user has said that their changes are nobody's concern. */
  private isExcluded(url: string, { options }: Settings): boolean {
    return Array.isArray(options.exclude) && options.exclude.length > 0 && url.startsWith('/assets/');
  }

  private siteFiles(folder: string): Files {
    return inFolder(folder, Object.fromEntries(Object.entries(this.versions).map(([key, version]) => [key, `${key} ${version}`])));
  }

  /** Writes an artifact. */
  private* store(name: string, files: Files): Course<ArtifactLocation> {
    const content = JSON.stringify(files);
    const archive = archives.get(content) ?? (yield givenArchive(files)) as Buffer;
    archives.set(content, archive);
    const key = `${this.name}/${name}/${++this.objects}`;
    this.sandbox.s3.put(BUCKET, key, archive);
    this.files.set(key, files);
    return { bucket: BUCKET, key };
  }

  private record(
    run: Run, stage: string, action: string, actionType: typeof SOURCE_TYPE, artifacts: Record<string, ArtifactLocation>,
    more: Pick<ActionRecord, 'namespace' | 'userParameters' | 'configuration'> = {},
  ): RecordedAction {
    const { pipelineExecutionId } = run;
    return this.sandbox.codePipeline.recordAction({
      pipeline: this.name, pipelineExecutionId, stage, action, actionType, artifacts, status: 'InProgress', startedAt: this.time.now, ...more,
    });
  }

  private tell(execution: number, text: string): void {
    this.events.push({ at: this.time.now, execution, text });
  }
}

function inFolder(folder: string, files: Files): Files {
  return folder === '' ? files : Object.fromEntries(Object.entries(files).map(([name, content]) => [`${folder}/${name}`, content]));
}

/** What our action came to. */
type Answer =
  | {
    readonly kind: 'found';
    readonly paths: readonly string[];
    readonly changed?: number;
    readonly unchanged?: number;
    readonly note?: string;
    /** Why everything is invalidated, where it is. */
    readonly reason?: string;
  }
  | { readonly kind: 'busy'; readonly words: string }
  | { readonly kind: 'failure'; readonly words: string };

/** Asks the function's own code, as its handler does. The modules are loaded once the environment is set. */
async function findPathsOf(userParameters: string, artifact: { readonly name: string; readonly location: ArtifactLocation }): Promise<Answer> {
  const [{ findPaths }, { normalizePaths }, { Busy, Failure }, { checkParameters, readParameters }] = await Promise.all([
    import('../../src/handler/path-source.js'), import('../../src/handler/paths.js'), import('../../src/handler/failure.js'),
    import('../../src/handler/parameters.js'),
  ]);
  try {
    const parameters: JobParameters = checkParameters(readParameters(userParameters), {});
    const found = await findPaths(parameters, artifact, undefined, Date.now() + MINUTE);
    const paths = normalizePaths(found.paths);
    return {
      kind: 'found', paths, ...found.changes, note: found.note, reason: paths.includes('/*') ? reasonOf(found.note ?? COVER) : undefined,
    };
  } catch (error) {
    if (error instanceof Busy || error instanceof Failure) {
      return { kind: error instanceof Busy ? 'busy' : 'failure', words: error.message };
    }
    throw error;
  }
}

/** The summary of the handler, as far as the history's readers look at it. */
function summaryOf(distributionId: string, { paths }: Extract<Answer, { kind: 'found' }>, invalidationId: string | undefined, status: string): string {
  if (invalidationId === undefined) {
    return `Nothing has changed since the last invalidation of distribution ${distributionId}, so nothing was invalidated.`;
  }
  const what = `${paths.length} path${paths.length === 1 ? '' : 's'} of distribution ${distributionId}`;
  return status === 'Completed' ? `Invalidated ${what} in 1 minute (invalidation ${invalidationId}).`
    : `Started the invalidation of ${what} (invalidation ${invalidationId}) and did not wait for it: waitForCompletion is false.`;
}
