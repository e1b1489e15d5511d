/**
 * What AWS does not document, or may do differently: the sandbox does both, and the library works either way. docs/aws.md has a row for each.
 */
import { Duration } from 'aws-cdk-lib';
import type { DeliverySettings, DistributionSettings, HistorySettings } from '../../sandbox';
import { InvalidationPaths } from '../../src';
import { givenArchive } from '../given-archive';
import { givenCheckedSite, stopCheckedSites, type CheckedSite, type CheckedSiteOptions } from '../given-checked-site';
import { expectOneTerminalReport, givenWorld, stopWorlds, until } from '../given-sandbox';

/** Of which an invocation may wait for 20 seconds. */
const SHORT = { functionTimeout: Duration.seconds(30) };

afterAll(() => Promise.all([stopWorlds(), stopCheckedSites()]));

describe('CloudFront', () => {
  test.concurrent('takes a repeated caller reference for a new one: two invalidations, one accepted report', async () => {
    const world = await givenWorld();
    world.distribution.settings.forgetsReferences = true;
    Object.assign(world.sandbox.codePipeline.delivery, { duplicateDeliveries: 1, duplicateAfter: 1_000 });
    const action = await world.runStage();
    await until(() => world.distribution.invalidations.length === 2 && action.reports.length === 2);
    expect(action.status).toBe('Succeeded');
    expect(new Set(world.distribution.invalidations.map(({ callerReference }) => callerReference)).size).toBe(1);
    expectOneTerminalReport(action);
  });

  test.concurrent.each<[string, string]>([
    ['short', 'I1'],
    ['long', `I${'X'.repeat(99)}`],
    ['of other characters', 'inv_2wjDZi3hD1ivOXf6rpZJO1AB'],
  ])('has invalidation ids that are %s: a continuation knows them', async (_, id) => {
    const world = await givenWorld(SHORT);
    Object.assign(world.distribution.settings, { newInvalidationId: () => id, completesAfter: 40_000 });
    const action = await world.runStage();
    expect(action).toMatchObject({ status: 'Succeeded', outputVariables: { invalidationId: id } });
    expect(action.jobs.length).toBeGreaterThan(1);
  });

  test.concurrent.each([false, true])('knows an invalidation only some seconds after it was created, also when it must be found: %s', async mustBeFound => {
    const world = await givenWorld();
    Object.assign(world.distribution.settings, { visibleAfter: 8_000, completesAfter: 10_000, refusesRepeatedReference: mustBeFound });
    Object.assign(world.sandbox.codePipeline.delivery, { duplicateDeliveries: mustBeFound ? 1 : 0, duplicateAfter: 1_000 });
    const action = await world.runStage();
    expect(action.status).toBe('Succeeded');
    expect(world.distribution.invalidations).toHaveLength(1);
    expect(world.requests('GetInvalidation').map(({ errorCode }) => errorCode)).toContain('NoSuchInvalidation');
    expectOneTerminalReport(action);
  });

  test.concurrent('lists the oldest invalidations first: the earlier one is found', async () => {
    const world = await givenWorld();
    Object.assign(world.distribution.settings, { order: 'oldestFirst', refusesRepeatedReference: true });
    Array.from({ length: 10 }, (_, index) => world.sandbox.cloudFront.invalidate(world.distribution.id, `other-${index}`, ['/other']));
    world.sandbox.lambda.crash({ when: ({ operation }) => operation === 'CreateInvalidation' });
    expect(await world.runStage()).toMatchObject({ status: 'Succeeded', outputVariables: { invalidationId: world.distribution.invalidations[10].id } });
    expect(world.distribution.invalidations).toHaveLength(11);
  });

  test.concurrent('spells a status otherwise', async () => {
    const world = await givenWorld();
    world.distribution.settings.completedStatus = 'COMPLETED';
    expect((await world.runStage()).status).toBe('Succeeded');
  });

  test.concurrent.each<[string, Partial<DistributionSettings>, string[]]>([
    ['has a quota of its own for cache tags', { cacheTags: true, maxTagsInProgress: 10 }, Array.from({ length: 25 }, (_, index) => `#t${index}`)],
    ['counts wildcards as paths', { countsWildcardsAsPaths: true, maxPathsInProgress: 16 }, [
      ...Array.from({ length: 12 }, (_, index) => `/w${index}/*`), ...Array.from({ length: 12 }, (_, index) => `/p${index}`),
    ]],
  ])('%s: what is too large is halved, and every path is invalidated once', async (_, settings, paths) => {
    const world = await givenWorld({ paths: InvalidationPaths.of(...paths) });
    Object.assign(world.distribution.settings, settings);
    const action = await world.runStage();
    expect(action).toMatchObject({ status: 'Succeeded', outputVariables: { status: 'Completed', pathCount: String(paths.length) } });
    expect(world.distribution.invalidations.length).toBeGreaterThan(1);
    expect(world.distribution.invalidations.flatMap(invalidation => invalidation.paths).sort()).toEqual([...paths].sort());
  });
});

describe('CodePipeline', () => {
  test.concurrent.each<[string, Partial<DeliverySettings>]>([
    ['at once', { continuationInterval: 0 }],
    ['after two minutes', { continuationInterval: 120_000 }],
    ['with the id of the first', { keepsJobIds: true }],
    ['twice', { duplicateDeliveries: 1, duplicateAfter: 500 }],
  ])('continues a job %s: one invalidation', async (_, delivery) => {
    const world = await givenWorld(SHORT);
    Object.assign(world.sandbox.codePipeline.delivery, delivery);
    world.distribution.settings.completesAfter = 40_000;
    const action = await world.runStage();
    expect(action).toMatchObject({ status: 'Succeeded', outputVariables: { status: 'Completed' } });
    expect(action.jobs.length).toBeGreaterThan(1);
    expect(world.distribution.invalidations).toHaveLength(1);
  });

  describe('gives a continuation the artifact', () => {
    test.concurrent('in another place: a manifest goes on', async () => {
      const site = await givenManifestSite();
      continueWithCopies(site);
      expect(await site.run()).toMatchObject({ status: 'Succeeded', outputVariables: { pathCount: '40', invalidationCount: '3' } });
      expect(site.distribution.invalidations.flatMap(({ paths }) => paths)).toHaveLength(40);
    });

    test.concurrent('not at all: red, and said', async () => {
      const site = await givenManifestSite();
      site.sandbox.codePipeline.delivery.continuationArtifact = () => undefined;
      expect(await site.run()).toMatchObject({
        status: 'Failed', errorDetails: { code: 'ConfigurationError', message: expect.stringContaining('the action has no input artifact') },
      });
    });

    test.concurrent('in another place: what has changed stays the same', async () => {
      const site = await givenChangingSite(SHORT);
      continueWithCopies(site);
      const { settings } = site.distribution;
      await site.deploy(SECOND);
      settings.maxPathsInProgress = 2;
      settings.completesAfter = 30_000;
      site.sandbox.cloudFront.invalidate(site.distribution.id, 'somebody else\'s', ['/other']);
      const action = await site.run();
      expect(action.jobs.length).toBeGreaterThan(1);
      expect(action).toMatchObject({ status: 'Succeeded', outputVariables: { changedFileCount: '1' } });
      expect(site.distribution.invalidations.at(-1)?.paths).toEqual(['/', '/index.html']);
    });
  });

  test.concurrent.each(['InvalidJobStateException', 'JobNotFoundException', 'ValidationException', 'accepted'] as const)(
    'says to a second answer: %s. The first one stands', async secondAnswer => {
      const world = await givenWorld();
      Object.assign(world.sandbox.codePipeline.delivery, { duplicateDeliveries: 1, secondAnswer });
      const action = await world.runStage();
      await until(() => action.reports.length > 1 && world.sandbox.lambda.invocations.every(({ outcome }) => outcome !== undefined));
      expect(action).toMatchObject({ status: 'Succeeded', outputVariables: { status: 'Completed' } });
      // What is no answer to the question is an error of the function: Lambda delivers again.
      const second = secondAnswer === 'ValidationException' ? 'error' : 'ok';
      expect(world.sandbox.lambda.invocations.map(({ outcome }) => outcome).sort()).toEqual([second, 'ok'].sort());
      expect(world.distribution.invalidations).toHaveLength(1);
      expectOneTerminalReport(action);
    });

  describe('puts the value of a variable into the parameters', () => {
    const given = () => givenWorld({ paths: InvalidationPaths.of('/#{Build.page}') });

    test.concurrent('as it is: a quote breaks them, and that is said', async () => {
      expect((await (await given()).runStage({ 'Build.page': 'a"b' })).errorDetails).toMatchObject({
        code: 'ConfigurationError', message: expect.stringContaining('variable'),
      });
    });

    test.concurrent('escaped: a quote is a part of the path', async () => {
      const world = await given();
      world.sandbox.codePipeline.delivery.escapesVariables = true;
      expect((await world.runStage({ 'Build.page': 'a"b' })).status).toBe('Succeeded');
      expect(world.distribution.invalidations[0].paths).toEqual(['/a%22b']);
    });

    test.concurrent('of any length: the limit of 1,000 characters is one of what is written', async () => {
      const world = await given();
      expect((await world.runStage({ 'Build.page': 'a'.repeat(3_000) })).status).toBe('Succeeded');
      expect(world.distribution.invalidations[0].paths).toEqual([`/${'a'.repeat(3_000)}`]);
    });
  });
});

test.concurrent('CloudFront knows a new permission only some seconds later: red, and green when the stage is retried', async () => {
  const world = await givenWorld();
  world.sandbox.faults.add({ service: 'cloudfront', operation: 'CreateInvalidation', fault: { error: 'AccessDenied', status: 403 } });
  expect((await world.runStage()).errorDetails).toMatchObject({ code: 'PermissionError', message: expect.stringContaining('cloudfront:CreateInvalidation') });
  expect((await world.runStage()).status).toBe('Succeeded');
});

describe('the history', () => {
  test.concurrent.each<[string, Partial<HistorySettings>]>([
    ['lists the oldest runs first', { order: 'oldestFirst' }],
    ['cuts times to seconds', { wholeSeconds: true }],
    ['lists no summaries', { listsSummaries: false }],
  ])('%s: what has changed is known', async (_, settings) => {
    const site = await givenChangingSite();
    Object.assign(site.sandbox.codePipeline.historySettings, settings);
    const { codePipeline, clock } = site.sandbox;
    const approve = (count: number, daysAgo: number) => Array.from({ length: count }, () => codePipeline.recordAction({
      pipeline: 'website', stage: 'Approve', action: 'Approve', startedAt: clock.now() - daysAgo * 24 * 3_600_000,
    }));
    // The pages that these runs fill hide none of the others.
    approve(80, 30);
    await site.deploy({ ...FIRST, 'help.html': 'fresh again' });
    expect((await site.run()).status).toBe('Succeeded');
    approve(120, 0);
    await site.deploy({ ...FIRST, 'about.html': 'of an execution that went no further', 'help.html': 'fresh again' });
    await site.deploy({ ...FIRST, 'index.html': 'new', 'help.html': 'fresh again' });
    expect(await site.run()).toMatchObject({ status: 'Succeeded', outputVariables: { changedFileCount: '2' } });
    expect(site.distribution.invalidations.at(-1)?.paths).toEqual(['/', '/about.html', '/index.html']);
  });

  test.concurrent('shows the same place for artifacts of several executions: everything is invalidated, and the summary says why', async () => {
    const site = await givenChangingSite({ reusesKeys: true });
    await site.deploy(SECOND);
    expect(await site.run()).toMatchObject({
      status: 'Succeeded', summary: expect.stringContaining('everything, because the artifact site has replaced one that was deployed before'),
    });
    expect(site.distribution.invalidations.at(-1)?.paths).toEqual(['/*']);
  });

  test.concurrent('shows an artifact that another has replaced since: everything is invalidated, and the summary says why', async () => {
    const site = await givenChangingSite();
    await site.deploy(SECOND);
    const [{ bucket }] = site.sandbox.requests.filter(({ operation }) => operation === 'GetObject').map(({ input }) => ({ bucket: String(input.Bucket) }));
    site.sandbox.s3.put(bucket, 'website/site/1', await givenArchive(SECOND));
    expect(await site.run()).toMatchObject({ status: 'Succeeded', summary: expect.stringContaining('another artifact has replaced it since it was deployed') });
    expect(site.distribution.invalidations.at(-1)?.paths).toEqual(['/*']);
  });

  test.concurrent('does not list how actions are configured: everything is invalidated, and the summary says why', async () => {
    const site = await givenChangingSite();
    site.sandbox.codePipeline.historySettings.listsConfigurations = false;
    await site.deploy(SECOND);
    expect(await site.run()).toMatchObject({ status: 'Succeeded', summary: expect.stringContaining("everything, because the pipeline's history does not say how Deploy.Deploy was configured") });
    expect(site.distribution.invalidations.at(-1)?.paths).toEqual(['/*']);
  });

  test.concurrent('lists runs late: everything is invalidated, and the summary says why', async () => {
    const site = await givenChangingSite();
    site.sandbox.codePipeline.historySettings.listedAfter = 600_000;
    await site.deploy(SECOND);
    expect(await site.run()).toMatchObject({ status: 'Succeeded', summary: expect.stringContaining('everything, because this action has not succeeded before') });
    expect(site.distribution.invalidations.at(-1)?.paths).toEqual(['/*']);
  });
});

const FIRST = { 'index.html': 'one', 'about.html': 'about', 'help.html': 'help', 'news.html': 'news', 'shop.html': 'shop' };
const SECOND = { ...FIRST, 'index.html': 'two' };

/** A site that was deployed and invalidated once. */
async function givenChangingSite(options: Pick<CheckedSiteOptions, 'functionTimeout' | 'reusesKeys'> = {}): Promise<CheckedSite> {
  const site = await givenCheckedSite({
    ...options, stage: artifact => ({ paths: InvalidationPaths.changedFiles(artifact), freshnessCheck: undefined }),
  });
  await site.deploy(FIRST);
  expect((await site.run()).status).toBe('Succeeded');
  return site;
}

/** A site whose artifact names more wildcards than CloudFront takes at a time, each batch of which takes as long as an invocation waits. */
async function givenManifestSite(): Promise<CheckedSite> {
  const site = await givenCheckedSite({
    ...SHORT, stage: artifact => ({ paths: InvalidationPaths.fromManifest(artifact.atPath('paths.txt')), freshnessCheck: undefined }),
  });
  site.distribution.settings.completesAfter = 15_000;
  await site.deploy({ 'paths.txt': Array.from({ length: 40 }, (_, index) => `/${index}/*`).join('\n') });
  return site;
}

/** A continuation finds the artifact in a new place each time. */
function continueWithCopies({ sandbox }: CheckedSite): void {
  let copies = 0;
  sandbox.codePipeline.delivery.continuationArtifact = ({ bucket, key }) => {
    const copy = `${key}-${++copies}`;
    sandbox.s3.copy(bucket, key, copy);
    return { bucket, key: copy };
  };
}

