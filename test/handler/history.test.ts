import { Sandbox, type ActionRecord } from '../../sandbox';
import { actionMark, type ChangedFilesParameters } from '../../src/contract';
import { Busy } from '../../src/handler/failure';
import { Doubt, findBaselines, type Sought } from '../../src/handler/history';
import { checkParameters } from '../../src/handler/parameters';
import { givenClients } from '../given-clients';

// What of the history counts, in the tests' own process. Whole executions are in artifacts.test.ts, random ones in site-life.test.ts.
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const NOW = Date.now();

/** Minutes before now. */
const ago = (minutes: number) => NOW - minutes * MINUTE;

const DEPLOY_ACTION = { category: 'Deploy', owner: 'AWS', provider: 'S3', version: '1' } as const;
const CONFIGURATION = { BucketName: 'website', Extract: 'true' };

let sandbox: Sandbox;
let count = 0;
let pipeline = '';

beforeAll(async () => {
  sandbox = await Sandbox.start();
  givenClients(sandbox, 'codepipeline:ListActionExecutions');
});

afterAll(() => sandbox.stop());

beforeEach(() => {
  pipeline = `Website${++count}`;
  sandbox.codePipeline.addStage(pipeline, 'Invalidate', []);
  sandbox.requests.splice(0);
});

const siteAt = (key: string) => ({ bucket: 'artifacts', key });

/** A deployment of the artifact with this key, a minute long. */
function deployed(key: string | undefined, startedAt: number, run: Partial<ActionRecord> = {}) {
  const isOver = run.status !== 'InProgress';
  return sandbox.codePipeline.recordAction({
    pipeline,
    stage: 'Deploy',
    action: 'Site',
    actionType: DEPLOY_ACTION,
    configuration: CONFIGURATION,
    artifacts: key === undefined ? {} : { site: siteAt(key) },
    startedAt,
    ...isOver && { endedAt: startedAt + MINUTE },
    ...run,
  });
}

/** A success of the action itself, at once. */
function invalidated(startedAt: number, run: Partial<ActionRecord> = {}) {
  return sandbox.codePipeline.recordAction({
    pipeline,
    stage: 'Invalidate',
    action: 'Invalidate',
    startedAt,
    endedAt: startedAt,
    artifacts: { site: siteAt('whatever') },
    ...withParameters({}),
    outputVariables: { status: 'Completed' },
    ...run,
  });
}

function withParameters(parameters: object): Partial<ActionRecord> {
  return { userParameters: JSON.stringify({ distributionId: 'E2WEBSITE', paths: { changedFiles: changedFiles() }, ...parameters }) };
}

function changedFiles(options: Partial<ChangedFilesParameters> = {}): ChangedFilesParameters {
  return { pipelineName: pipeline, stageName: 'Invalidate', actionName: 'Invalidate', deployedBy: ['Deploy.Site'], otherActions: actionMark('Build.Build'), ...options };
}

function find(options: Partial<ChangedFilesParameters> = {}, sought: Partial<Sought> = {}) {
  const parameters = checkParameters({ distributionId: 'E2WEBSITE', paths: { changedFiles: changedFiles(options) } }, {});
  return findBaselines({
    pipelineName: pipeline, parameters, changedFiles: changedFiles(options), artifact: { name: 'site', location: siteAt('current') }, ...sought,
  }, Date.now() + 10_000);
}

async function keys(options: Partial<ChangedFilesParameters> = {}, sought: Partial<Sought> = {}): Promise<string[]> {
  return (await find(options, sought)).artifacts.map(({ key }) => key).sort();
}

describe('what the cache may contain', () => {
  test('is what was deployed when the action last succeeded, and not what was before', async () => {
    deployed('1', ago(40));
    invalidated(ago(35));
    deployed('2', ago(30));
    invalidated(ago(25));
    expect(await keys()).toEqual(['2']);
  });

  test.each(['Succeeded', 'Failed', 'Abandoned'] as const)('is what was deployed since, too: %s', async status => {
    deployed('1', ago(40));
    invalidated(ago(35));
    deployed('2', ago(30), { status });
    expect(await keys()).toEqual(['1', '2']);
  });

  test('is what is being deployed by another execution, too', async () => {
    deployed('1', ago(40));
    invalidated(ago(35));
    deployed('2', ago(30), { status: 'InProgress' });
    expect(await keys()).toEqual(['1', '2']);
  });

  test.each([[1, ['0', '1']], [0, ['0', '1']], [-1, ['1']]])('is what ended %i milliseconds after the last deployment had started, too', async (later, expected) => {
    deployed('0', ago(60), { endedAt: ago(40) + later });
    deployed('1', ago(40));
    invalidated(ago(35));
    expect(await keys()).toEqual(expected);
  });

  test('is what an abandoned run may still have deployed, for a week', async () => {
    deployed('too old', ago(40) - 7 * DAY - 1, { status: 'Abandoned' });
    deployed('0', ago(40) - 7 * DAY, { status: 'Abandoned' });
    deployed('1', ago(40));
    invalidated(ago(35));
    expect(await keys()).toEqual(['0', '1']);
  });

  test.each([['Failed', ['0', '1']], ['Succeeded', ['1']]] as const)('a deployment that %s before the last success: %j', async (status, expected) => {
    deployed('0', ago(50));
    deployed('1', ago(40), { status });
    invalidated(ago(35));
    expect(await keys()).toEqual(expected);
  });

  test.each([
    ['of the same execution had ended', true, ['1']],
    ['of another execution may not have ended', false, ['0', '1']],
  ])('a deployment that ended in the moment of the last success and is %s', async (_, isSame, expected) => {
    deployed('0', ago(50));
    const { pipelineExecutionId } = deployed('1', ago(40), { endedAt: ago(35) });
    invalidated(ago(35), isSame ? { pipelineExecutionId } : {});
    expect(await keys()).toEqual(expected);
  });

  test('an earlier deployment of the same execution that had not ended is not the last one', async () => {
    deployed('0', ago(50));
    const { pipelineExecutionId } = deployed('1', ago(40), { endedAt: ago(34) });
    invalidated(ago(35), { pipelineExecutionId });
    expect(await keys()).toEqual(['0', '1']);
  });

  test('is what each deploying action put there, however long ago', async () => {
    const options = { deployedBy: ['Deploy.Site', 'Deploy.Assets'] };
    deployed('0', ago(60));
    deployed('assets', ago(50), { action: 'Assets' });
    deployed('other', ago(45), { stage: 'Gone' });
    deployed('1', ago(40));
    invalidated(ago(35), withParameters({ paths: { changedFiles: changedFiles(options) } }));
    expect(await keys(options)).toEqual(['1', 'assets', 'other']);
  });

  test.each(['newestFirst', 'oldestFirst'] as const)('names an artifact once, with its first use, in a history that is listed %s', async order => {
    sandbox.codePipeline.historySettings.order = order;
    deployed('1', ago(40));
    invalidated(ago(35));
    deployed('1', ago(20));
    deployed('1', ago(30));
    expect((await find()).artifacts).toEqual([{ bucket: 'artifacts', key: '1', usedAt: ago(40) }]);
    sandbox.codePipeline.historySettings.order = 'newestFirst';
  });

  test('ends where this job began, in every invocation', async () => {
    deployed('1', ago(40));
    invalidated(ago(35));
    deployed('2', ago(30));
    deployed('3', ago(30) + 1);
    const { asOf } = await find();
    expect(asOf).toBe(ago(30) + 1);
    expect(await keys({}, { asOf: ago(30) })).toEqual(['1', '2']);
  });
});

describe('an artifact counts', () => {
  const BUILD = { category: 'Build', owner: 'AWS', provider: 'CodeBuild', version: '1' } as const;

  test('with the name of the one that the job has, and no other', async () => {
    deployed('1', ago(40), { artifacts: { template: siteAt('template'), site: siteAt('1'), config: siteAt('config') } });
    invalidated(ago(35));
    expect(await keys()).toEqual(['1']);
  });

  test('where the action that deploys it has made it, too, from the end of the run on', async () => {
    deployed('source', ago(40), { actionType: BUILD, artifacts: { source: siteAt('source') }, outputArtifacts: { site: siteAt('1'), report: siteAt('report') } });
    invalidated(ago(35));
    expect((await find()).artifacts).toEqual([{ ...siteAt('1'), usedAt: ago(39) }]);
  });

  test('in its own bucket: the same key elsewhere is another one', async () => {
    deployed('1', ago(40));
    invalidated(ago(35));
    deployed(undefined, ago(30), { artifacts: { site: { bucket: 'replica', key: '1' } } });
    expect((await find()).artifacts.map(({ bucket }) => bucket).sort()).toEqual(['artifacts', 'replica']);
  });
});

describe('the last success', () => {
  beforeEach(() => {
    deployed('1', ago(50));
    invalidated(ago(45));
    deployed('2', ago(40));
  });

  const OF_FUNCTION = withParameters({ distributionId: undefined });
  test.each<[string, boolean, Partial<ActionRecord>]>([
    ['that completed', true, {}],
    ['whose variables are not listed, but its summary', true, { outputVariables: {}, summary: 'Invalidated 1 path' }],
    ['of which nothing is listed', false, { outputVariables: {} }],
    ['whose summary is a warning', false, { outputVariables: {}, summary: 'WARNING: visitors may still see old pages.' }],
    ['that only warned', false, { outputVariables: { status: 'Failed' }, summary: 'Invalidated 1 path' }],
    ['that did not wait for CloudFront', false, { ...withParameters({ waitForCompletion: false }), outputVariables: { status: 'InProgress' } }],
    ['of another distribution', false, withParameters({ distributionId: 'E2OTHER' })],
    ['of the distribution that its variables tell', true, { ...OF_FUNCTION, outputVariables: { status: 'Completed', distributionId: 'E2WEBSITE' } }],
    ['of a tenant', false, { ...OF_FUNCTION, outputVariables: { status: 'Completed', distributionId: 'none', distributionTenantId: 'dt_1' } }],
    ['of a distribution that nobody knows', false, OF_FUNCTION],
    ['that had nothing to do', true, { outputVariables: {}, summary: 'Nothing has changed since the last invalidation of distribution E1, so nothing was invalidated.' }],
    ['with another layout', false, withParameters({ paths: { changedFiles: { ...changedFiles(), urlPath: 'docs' } } })],
    ['with other actions that deploy', false, withParameters({ paths: { changedFiles: { ...changedFiles(), deployedBy: ['Deploy.Other'] } } })],
    ['with another limit', true, withParameters({ paths: { changedFiles: { ...changedFiles(), maxPaths: 1_000 } } })],
    ['with another onMissingBaseline', true, withParameters({ paths: { changedFiles: { ...changedFiles(), onMissingBaseline: 'FAIL' } } })],
    ['with another timeout', true, withParameters({ timeoutSeconds: 1 })],
    ['with all paths', false, withParameters({ paths: ['/*'] })],
    ['of an artifact with another name', false, { artifacts: { other: siteAt('2') } }],
    ['of two artifacts, one with the name', true, { artifacts: { other: siteAt('1'), site: siteAt('2') } }],
    ['without an artifact', false, { artifacts: {} }],
  ])('%s proves that its pages are fresh: %s', async (_, isProof, run) => {
    invalidated(ago(35), run);
    expect(await keys()).toEqual(isProof ? ['2'] : ['1', '2']);
  });
});

test.each<[string, Partial<ActionRecord>]>([
  ['this action only warned when it last succeeded', { outputVariables: { status: 'Failed' } }],
  ['this action did not wait for CloudFront when it last succeeded', withParameters({ waitForCompletion: false })],
  ['this action invalidated something else when it last succeeded', withParameters({ distributionId: 'E2OTHER' })],
  ['the options of changedFiles were different when this action last succeeded', withParameters({ paths: ['/*'] })],
  ['the artifact of this action was not called site when it last succeeded', { artifacts: { other: siteAt('2') } }],
])('everything is invalidated if no success proves anything, for the reason of the newest: %s', async (reason, run) => {
  deployed('1', ago(60));
  invalidated(ago(50), { outputVariables: {} });
  invalidated(ago(35), run);
  await expect(find()).rejects.toThrow(new Doubt(reason));
});

describe('a success is one', () => {
  beforeEach(() => {
    deployed('1', ago(50));
    invalidated(ago(45));
    deployed('2', ago(40));
  });

  test.each([
    ['of this action in this stage', {}, ['2']],
    ['not of another action of this stage', { action: 'Other' }, ['1', '2']],
    ['not of another stage', { stage: 'Other' }, ['1', '2']],
    ['not of a run that failed', { status: 'Failed' }, ['1', '2']],
  ] as const)('%s', async (_, run, expected) => {
    invalidated(ago(35), run);
    expect(await keys()).toEqual(expected);
  });
});

describe('an action that this pipeline does not know', () => {
  const deployedByOther = (startedAt: number, run: Partial<ActionRecord> = {}) => deployed('other', startedAt, { stage: 'Gone', ...run });

  beforeEach(() => {
    deployed('1', ago(40));
    invalidated(ago(35));
  });

  test.each([[1, true], [0, true], [-1, false]])('counts if it ended %i milliseconds after the last deployment had started: %s', async (later, counts) => {
    deployedByOther(ago(60), { endedAt: ago(40) + later });
    expect(await keys()).toEqual(counts ? ['1', 'other'] : ['1']);
  });

  test('may have deployed anything, where no artifact is listed', async () => {
    deployed(undefined, ago(30), { stage: 'Gone' });
    await expect(find()).rejects.toThrow(new Doubt(`the run of Gone.Site at ${new Date(ago(30)).toISOString()} (Succeeded) lists no artifact site but may have deployed something`));
  });

  test.each<[string, Partial<ActionRecord>]>([
    ['a test', { actionType: { ...DEPLOY_ACTION, category: 'Test' } }],
    ['an approval', { actionType: { ...DEPLOY_ACTION, category: 'Approval' } }],
    ['one that the pipeline has and that does not deploy the site', { stage: 'Build', action: 'Build' }],
    ['another invalidation', { userParameters: '{"distributionId":"E2OTHER"}' }],
  ])('does not count if it is %s', async (_, run) => {
    deployedByOther(ago(30), run);
    expect(await keys()).toEqual(['1']);
  });
});

describe('everything is invalidated', () => {
  const reason = async () => {
    const error: unknown = await find().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Doubt);
    return (error as Doubt).message;
  };

  test('before the first success', async () => {
    deployed('1', ago(40));
    expect(await reason()).toBe('this action has not succeeded before');
  });

  test.each<[string, () => void]>([
    ['it deployed only later', () => deployed('1', ago(30))],
    ['it had only failed', () => deployed('1', ago(40), { status: 'Failed' })],
    ['another action had deployed', () => deployed('1', ago(40), { action: 'Other' })],
    ['it has never deployed', () => undefined],
  ])('where an action had not deployed when the last invalidation succeeded: %s', async (_, deploy) => {
    deploy();
    invalidated(ago(35));
    expect(await reason()).toBe('Deploy.Site had not deployed when this action last succeeded, or the pipeline\'s history does not go back far enough');
  });

  test.each([
    ['then', { configuration: { ...CONFIGURATION, BucketName: 'other' } }, {}],
    ['since', {}, { configuration: { ...CONFIGURATION, BucketName: 'other' } }],
    ['once it was known', {}, { resolvedConfiguration: { ...CONFIGURATION, ObjectKey: 'folder' } }],
  ])('where an action was configured differently %s', async (_, then, since) => {
    deployed('1', ago(40), then);
    invalidated(ago(35));
    deployed('2', ago(30), since);
    expect(await reason()).toBe('Deploy.Site was configured differently when this action last succeeded, so the same files may be other pages');
  });

  test('where the history does not say how an action was configured', async () => {
    deployed('1', ago(40));
    invalidated(ago(35));
    sandbox.codePipeline.historySettings.listsConfigurations = false;
    try {
      expect(await reason()).toBe('the pipeline\'s history does not say how Deploy.Site was configured');
    } finally {
      sandbox.codePipeline.historySettings.listsConfigurations = true;
    }
  });

  test('where the history does not say when an action ran', async () => {
    deployed('1', ago(40));
    invalidated(ago(35));
    sandbox.codePipeline.historySettings.listsStartOf = ({ stage }) => stage !== 'Deploy';
    try {
      expect(await reason()).toBe('the pipeline\'s history does not say when Deploy.Site ran');
    } finally {
      sandbox.codePipeline.historySettings.listsStartOf = () => true;
    }
  });

  test('where 10,000 runs do not go back far enough', async () => {
    for (let index = 0; index < 10_000; index++) {
      sandbox.codePipeline.recordAction({ pipeline, stage: 'Other', action: 'Other', startedAt: ago(10) + index });
    }
    deployed('1', ago(40));
    invalidated(ago(35));
    expect(await reason()).toBe('the last 10000 action executions of the pipeline do not go back to what was deployed when this action last succeeded');
    expect(sandbox.requests).toHaveLength(100);
  });

  test('but not where CodePipeline is down: that is worth another attempt', async () => {
    sandbox.faults.add({ service: 'codepipeline', operation: 'ListActionExecutions', fault: { error: 'InternalError', status: 500 } });
    await expect(find()).rejects.toMatchObject({
      type: 'SystemUnavailable',
      message: expect.stringMatching(new RegExp(`^CodePipeline did not answer ListActionExecutions for the pipeline ${pipeline}: .* Retry the stage once CodePipeline has recovered: https://health\\.aws\\.amazon\\.com$`)),
    });
  });

  test('where the history cannot be read', async () => {
    sandbox.codePipeline.removePipeline(pipeline);
    expect(await reason()).toMatch(new RegExp(`^the history of the pipeline ${pipeline} cannot be read: PipelineNotFoundException`));
  });
});

describe('a deployment that is in progress is waited for, whatever else is wrong', () => {
  const inProgress = (pipelineExecutionId?: string, key = '2') => deployed(key, ago(1), { status: 'InProgress', pipelineExecutionId });

  test('of the same artifact', async () => {
    inProgress(undefined, 'current');
    const error: unknown = await find().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Busy);
    expect(error).toMatchObject({
      type: 'ConfigurationError',
      message: 'Deploy.Site is still deploying the same artifact, so this invalidation would run too early. Give this action a higher runOrder than that action. ' +
        'If that action deploys to another site, set deployedBy to the actions that deploy to this distribution.',
    });
  });

  test('but not one that is over, of this very artifact', async () => {
    deployed('1', ago(40));
    invalidated(ago(35));
    deployed('current', ago(30));
    deployed('current', ago(20), { status: 'Failed' });
    expect(await keys()).toEqual(['1', 'current']);
  });

  test.each([
    ['the same execution, whose artifact is elsewhere', true, 'InProgress', true],
    ['another execution', false, 'InProgress', false],
    ['an execution whose invalidation is over', true, 'Failed', false],
  ] as const)('of %s', async (_, isSame, status, isWaitedFor) => {
    deployed('1', ago(40));
    invalidated(ago(35));
    const { pipelineExecutionId } = inProgress();
    invalidated(ago(0), { status, artifacts: { site: siteAt('current') }, ...status === 'InProgress' && { endedAt: undefined }, ...isSame && { pipelineExecutionId } });
    const error: unknown = await find().catch((thrown: unknown) => thrown);
    expect(error instanceof Busy).toBe(isWaitedFor);
  });
});

test('the order in which a configuration is listed does not matter', async () => {
  deployed('1', ago(40), { configuration: { Extract: 'true', BucketName: 'website' } });
  invalidated(ago(35));
  deployed('2', ago(30), { configuration: { BucketName: 'website', Extract: 'true' } });
  expect(await keys()).toEqual(['1', '2']);
});

test('the history is read back to the last deployment of each action, also where one is older than a week', async () => {
  const options = { deployedBy: ['Deploy.Site', 'Deploy.Assets'] };
  deployed('assets', ago(40) - 30 * DAY, { action: 'Assets' });
  for (let index = 0; index < 300; index++) {
    sandbox.codePipeline.recordAction({ pipeline, stage: 'Build', action: 'Build', startedAt: ago(40) - 8 * DAY - index * MINUTE });
  }
  deployed('1', ago(40));
  invalidated(ago(35), withParameters({ paths: { changedFiles: changedFiles(options) } }));
  expect(await keys(options)).toEqual(['1', 'assets']);
});

test('the history is read until everything on a page is a week too old to matter', async () => {
  for (let index = 0; index < 400; index++) {
    deployed('old', ago(40) - 8 * DAY - index * MINUTE);
  }
  deployed('1', ago(40));
  invalidated(ago(35));
  expect(await keys()).toEqual(['1']);
  // The first page has what counts, the second one nothing.
  expect(sandbox.requests.map(({ operation }) => operation)).toEqual(['ListActionExecutions', 'ListActionExecutions']);
});
