import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join } from 'path';
import { Duration } from 'aws-cdk-lib';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { Edge, type FaultKind } from '../../sandbox';
import { InvalidationFailurePolicy, InvalidationPaths, MissingBaselineBehavior, type ChangedFilesOptions } from '../../src';
import { givenArchive, givenRawArchive } from '../given-archive';
import { failedRun, FIRST, givenWorld, SECOND, stopWorlds, succeeded, type Files } from '../given-artifacts';
import { expectOneTerminalReport } from '../given-sandbox';

// Whole executions. What of the history counts has its cases in history.test.ts; what takes long is in artifacts.slow.test.ts.
afterAll(stopWorlds);

test.concurrent('the first time everything is invalidated, and the summary says why', async () => {
  const world = await givenWorld();
  const action = await world.run(await world.givenArtifact(FIRST));
  expect(world.lastPaths()).toEqual(['/*']);
  expect(action).toMatchObject({
    status: 'Succeeded',
    summary: expect.stringMatching(/^Invalidated 1 path of distribution \w+ in .*: everything, because this action has not succeeded before \(/),
    outputVariables: { pathCount: '1', changedFileCount: 'none', unchangedFileCount: 'none' },
  });
});

test.concurrent('then what was modified, removed and added, in every form of its URL', async () => {
  const world = await givenWorld();
  await world.run(await world.givenArtifact(FIRST));
  const action = await world.run(await world.givenArtifact(SECOND));
  expect(world.lastPaths()).toEqual(['/blog', '/blog/', '/blog/index.html', '/new.html', '/old.html']);
  expect(action).toMatchObject({
    status: 'Succeeded',
    summary: expect.stringMatching(/^Invalidated 5 paths of distribution \w+ in .*: 3 files changed, and no unchanged file was invalidated with them \(invalidation/),
    outputVariables: { status: 'Completed', pathCount: '5', changedFileCount: '3', unchangedFileCount: '0' },
  });
});

test.concurrent('nothing has changed: no invalidation, and the summary says so', async () => {
  const world = await givenWorld();
  await world.run(await world.givenArtifact(FIRST));
  const action = await world.run(await world.givenArtifact(FIRST));
  expect(world.distribution.invalidations).toHaveLength(1);
  expect(action).toMatchObject({
    status: 'Succeeded',
    summary: `Nothing has changed since the last invalidation of distribution ${world.distribution.id}, so nothing was invalidated.`,
    outputVariables: { status: 'Completed', invalidationId: 'none', pathCount: '0', changedFileCount: '0', unchangedFileCount: '0' },
  });
  // It counts as a success: what comes next is compared with it.
  await world.run(await world.givenArtifact(SECOND));
  expect(world.lastPaths()).toContain('/new.html');
});

test.concurrent('more than maxPaths are covered by wildcards that hit the fewest unchanged files', async () => {
  const world = await givenWorld({ changedFiles: { maxPaths: 4 } });
  await world.run(await world.givenArtifact(FIRST));
  const action = await world.run(await world.givenArtifact(SECOND));
  expect([...world.lastPaths() ?? []].sort()).toEqual(['/blog', '/blog/*', '/new.html', '/old.html']);
  expect(action).toMatchObject({
    summary: expect.stringContaining('3 files changed, and 1 unchanged file was invalidated with them'),
    outputVariables: { pathCount: '4', changedFileCount: '3', unchangedFileCount: '1' },
  });
});

test.concurrent('every option of the layout', async () => {
  const world = await givenWorld({
    changedFiles: {
      baseDirectory: 'dist',
      urlPath: 'docs',
      indexDocuments: ['home.html'],
      stripExtensions: ['.html'],
      exclude: ['assets/**'],
      errorDocuments: ['404.html'],
      deployedBy: ['Deploy.Deploy'],
    },
  });
  const same = { 'dist/404.html': '1', 'dist/b.html': '1', 'dist/c.html': '1' };
  await world.run(await world.givenArtifact({ ...same, 'dist/home.html': '1', 'dist/assets/a.js': '1', 'src/x': '1', 'dist/a b.html': '1' }));
  await world.run(await world.givenArtifact({ ...same, 'dist/home.html': '2', 'dist/assets/a.js': '2', 'src/x': '2', 'dist/a b.html': '2' }));
  expect(world.lastPaths()).toEqual([
    '/docs', '/docs/', '/docs/a%20b', '/docs/a%20b.html', '/docs/a%20b/', '/docs/a+b', '/docs/a+b.html', '/docs/a+b/', '/docs/home', '/docs/home.html', '/docs/home/',
  ]);
});

describe('everything is invalidated where a deployment may make something else of a file, and the summary says why', () => {
  test.concurrent.each<[string, (version: string) => Promise<Buffer>, string]>([
    ['a symbolic link', version => givenArchive({ ...FIRST, 'v2/index.html': version }, { links: { latest: 'v2' } }), "'latest' is a symbolic link, whose target may change without it"],
    ['a changed file whose name another reader reads as UTF-8', async version => givenRawArchive({ name: Buffer.from('café.html'), content: Buffer.alloc(Number(version)) }), "the file name 'caf├⌐.html' is not ASCII"],
    ['a changed file whose name begins with the folder itself', version => givenArchive({ ...FIRST, './index.html': version }), "the file name './index.html' has a part that is empty or '.'"],
  ])('%s', async (_, archive, words) => {
    const world = await givenWorld();
    await world.run(await world.givenArtifact(await archive('1')));
    const action = await world.run(await world.givenArtifact(await archive('2')));
    expect(world.distribution.invalidations.map(({ paths }) => paths)).toEqual([['/*'], ['/*']]);
    expect(action).toMatchObject({ status: 'Succeeded', summary: expect.stringContaining(words) });
  });

  const backslash = { name: Buffer.from('blog\\a.html') };
  const slash = { name: Buffer.from('blog/a.html') };
  const marked = { name: Buffer.from('ü.html'), flags: 0x0800 };
  const unmarked = { name: Buffer.from([0x81, ...Buffer.from('.html')]) };
  test.concurrent.each([
    ['a backslash, and then with a slash', backslash, slash, "the file name 'blog/a.html' has a backslash"],
    ['a slash, and then with a backslash', slash, backslash, "the file name 'blog/a.html' has a backslash"],
    ['a mark of UTF-8, and then without', marked, unmarked, "the file name 'ü.html' is not ASCII"],
  ])('an unchanged file whose name is written with %s', async (_, before, after, words) => {
    const world = await givenWorld();
    await world.run(await world.givenArtifact(givenRawArchive(before)));
    const action = await world.run(await world.givenArtifact(givenRawArchive(after)));
    expect(world.distribution.invalidations.map(({ paths }) => paths)).toEqual([['/*'], ['/*']]);
    expect(action).toMatchObject({ status: 'Succeeded', summary: expect.stringContaining(words) });
  });

  test.concurrent('but not for such a name while the file stays the same', async () => {
    const world = await givenWorld();
    await world.run(await world.givenArtifact(await givenArchive({ ...FIRST, './same.html': '1' })));
    await world.run(await world.givenArtifact(await givenArchive({ ...FIRST, './same.html': '1', 'about.html': '2' })));
    expect(world.lastPaths()).toEqual(['/about.html']);
  });

  test.concurrent('but not for a link that is not part of the site, or excluded', async () => {
    const world = await givenWorld({ changedFiles: { baseDirectory: 'dist', exclude: ['latest'] } });
    const archive = (version: string) => givenArchive({ 'dist/a.html': version, 'dist/b.html': '', 'dist/c.html': '' }, { links: { 'dist/latest': 'a.html', 'node_modules/.bin/x': '../x.js' } });
    await world.run(await world.givenArtifact(await archive('1')));
    await world.run(await world.givenArtifact(await archive('2')));
    expect(world.lastPaths()).toEqual(['/a.html']);
  });
});

describe('what was deployed in between', () => {
  test.concurrent('and failed before the stage is compared, too: what it brought into the cache and is now reverted is invalidated', async () => {
    const world = await givenWorld();
    await world.run(await world.givenArtifact(FIRST));
    world.deploy(await world.givenArtifact({ ...FIRST, 'about.html': 'superseded' }));
    await world.run(await world.givenArtifact({ ...FIRST, 'index.html': 'new' }));
    expect(world.lastPaths()).toEqual(['/', '/about.html', '/index.html']);
  });

  test.concurrent('by an execution whose invalidation failed', async () => {
    const world = await givenWorld();
    await world.run(await world.givenArtifact(FIRST));
    const fault = world.sandbox.faults.add({ service: 'cloudfront', operation: 'CreateInvalidation', fault: { error: 'AccessDenied', status: 403 } });
    expect(await world.run(await world.givenArtifact({ ...FIRST, 'about.html': 'failed' }))).toMatchObject({ status: 'Failed' });
    expect(fault.hits).toBe(1);
    await world.run(await world.givenArtifact(FIRST));
    expect(world.lastPaths()).toEqual(['/about.html']);
  });

  test.concurrent('by an execution whose failure was a warning, which the history calls a success', async () => {
    const world = await givenWorld({ stage: { failurePolicy: InvalidationFailurePolicy.WARN } });
    await world.run(await world.givenArtifact(FIRST));
    world.sandbox.faults.add({ service: 'cloudfront', operation: 'CreateInvalidation', fault: { error: 'AccessDenied', status: 403 } });
    expect(await world.run(await world.givenArtifact({ ...FIRST, 'about.html': 'warned' }))).toMatchObject({ status: 'Succeeded', outputVariables: { status: 'Failed' } });
    await world.run(await world.givenArtifact({ ...FIRST, 'about.html': 'warned' }));
    expect(world.lastPaths()).toEqual(['/about.html']);
  });

  test.concurrent('while the last success was still being deployed, as in PARALLEL execution', async () => {
    const world = await givenWorld();
    const others = { 'a.html': '', 'b.html': '', 'c.html': '' };
    await world.run(await world.givenArtifact({ ...FIRST, ...others }));
    const slow = await world.givenArtifact({ ...FIRST, ...others, 'about.html': 'slow' });
    const fast = await world.givenArtifact({ ...FIRST, ...others, 'old.html': 'fast' });
    const pipelineExecutionId = crypto.randomUUID();
    world.deploy(slow, pipelineExecutionId);
    world.deploy(fast);
    await world.run(slow, { pipelineExecutionId, deploy: false });
    await world.run(await world.givenArtifact({ ...FIRST, ...others, 'about.html': 'slow', 'index.html': 'next' }));
    expect(world.lastPaths()).toEqual(['/', '/about.html', '/index.html', '/old.html']);
  });

  test.concurrent('by a retry of a failed stage: the artifact itself is no baseline', async () => {
    const world = await givenWorld();
    await world.run(await world.givenArtifact(FIRST));
    const second = await world.givenArtifact(SECOND);
    world.sandbox.faults.add({ service: 'cloudfront', operation: 'CreateInvalidation', fault: { error: 'AccessDenied', status: 403 } });
    const pipelineExecutionId = crypto.randomUUID();
    await world.run(second, { pipelineExecutionId });
    expect(await world.run(second, { pipelineExecutionId, deploy: false })).toMatchObject({ status: 'Succeeded' });
    expect(world.lastPaths()).toContain('/blog/index.html');
  });

  test.concurrent('by a rollback: the older artifact is compared with the newer', async () => {
    const world = await givenWorld();
    const first = await world.givenArtifact(FIRST);
    await world.run(first);
    await world.run(await world.givenArtifact(SECOND));
    await world.run(first);
    expect(world.lastPaths()).toEqual(['/blog', '/blog/', '/blog/index.html', '/new.html', '/old.html']);
  });

});

describe('green is never stale', () => {
  test.concurrent('the artifact had another name at the last success: everything', async () => {
    const world = await givenWorld();
    const first = await world.givenArtifact(FIRST);
    const artifacts = { source: { bucket: world.bucket, key: first } };
    await failedRun(world, first);
    world.deploy(first, undefined, { artifacts });
    succeeded(world, first, { artifacts, outputVariables: { status: 'Completed' } });
    const action = await world.run(await world.givenArtifact(SECOND));
    expect(world.lastPaths()).toEqual(['/*']);
    expect(action.summary).toContain('everything, because the artifact of this action was not called site when it last succeeded');
  });

  test.concurrent.each<[string, ChangedFilesOptions, string]>([
    ['baseDirectory', { baseDirectory: 'dits' }, "baseDirectory must be a folder with files in the artifact site, got 'dits/': the artifact has 'dist/', 'README.md' at the top level."],
    ['exclude', { baseDirectory: 'dist', exclude: ['**'] }, 'exclude must leave at least one file of the artifact site, got patterns that exclude all 2: no change would ever be seen.'],
  ])('%s that leaves no file is an error, also the first time', async (_, changedFiles, message) => {
    const world = await givenWorld({ changedFiles });
    const action = await world.run(await world.givenArtifact({ 'dist/index.html': '1', 'dist/a.html': '1', 'README.md': '1' }));
    expect(action.errorDetails).toEqual({ code: 'ConfigurationError', message });
  });

  test.concurrent.each<['Failed' | 'Abandoned' | 'InProgress']>([['Failed'], ['Abandoned'], ['InProgress']])(
    'a deployment without an artifact that is %s may have put anything into the cache: everything', async status => {
      const world = await givenWorld();
      await world.run(await world.givenArtifact(FIRST));
      world.deploy('', undefined, { status, artifacts: {} });
      const action = await world.run(await world.givenArtifact(SECOND));
      expect(world.lastPaths()).toEqual(['/*']);
      expect(action.summary).toMatch(new RegExp(`everything, because the run of Deploy\\.Deploy at 20.*Z \\(${status}\\) lists no artifact site but may have deployed something`));
    });

  test.concurrent('a deployment that outputs what it has built and deployed counts as one that takes it', async () => {
    const world = await givenWorld();
    await world.run(await world.givenArtifact(FIRST));
    const key = await world.givenArtifact({ ...FIRST, 'about.html': 'reverted later' });
    world.deploy('', undefined, { artifacts: {}, outputArtifacts: { site: { bucket: world.bucket, key } } });
    await world.run(await world.givenArtifact(FIRST));
    expect(world.lastPaths()).toEqual(['/about.html']);
  });

  test.concurrent('a deployment that began before the last one and ended after it counts, whatever became of it', async () => {
    const world = await givenWorld();
    await world.run(await world.givenArtifact(FIRST));
    const slow = world.deploy(await world.givenArtifact({ ...FIRST, 'about.html': 'slow' }), undefined, { status: 'InProgress' });
    await world.run(await world.givenArtifact({ ...FIRST, 'index.html': 'fast' }));
    slow.end({ status: 'Failed' });
    await world.run(await world.givenArtifact({ ...FIRST, 'index.html': 'fast' }));
    // It may have put back the old index, too.
    expect(world.lastPaths()).toEqual(['/', '/about.html', '/index.html']);
  });

  test.concurrent('the invalidation runs beside the deployment: it waits for its end', async () => {
    const world = await givenWorld();
    await world.run(await world.givenArtifact(FIRST));
    const second = await world.givenArtifact(SECOND);
    const deployment = world.deploy(second, undefined, { status: 'InProgress' });
    let end = Infinity;
    world.sandbox.clock.after(20_000, () => {
      end = world.sandbox.clock.now();
      deployment.end({ status: 'Succeeded' });
    });
    expect(await world.run(second, { deploy: false })).toMatchObject({ status: 'Succeeded' });
    expect(world.distribution.invalidations.at(-1)!.createTime).toBeGreaterThanOrEqual(end);
    expect(world.lastPaths()).toContain('/new.html');
  });

  test.concurrent('also where it deploys a copy of the artifact in another Region', async () => {
    const world = await givenWorld();
    await world.run(await world.givenArtifact(FIRST));
    const second = await world.givenArtifact(SECOND);
    const pipelineExecutionId = crypto.randomUUID();
    const artifacts = { site: { bucket: 'copies-in-another-region', key: second } };
    const deployment = world.deploy(second, pipelineExecutionId, { status: 'InProgress', artifacts });
    let end = Infinity;
    world.sandbox.clock.after(20_000, () => {
      end = world.sandbox.clock.now();
      deployment.end({ status: 'Succeeded' });
    });
    expect(await world.run(second, { pipelineExecutionId, deploy: false })).toMatchObject({ status: 'Succeeded' });
    expect(world.distribution.invalidations.at(-1)!.createTime).toBeGreaterThanOrEqual(end);
    expect(world.lastPaths()).toEqual(['/*']);
  });

  test.concurrent('so it does the first time, when everything is invalidated', async () => {
    const world = await givenWorld();
    const first = await world.givenArtifact(FIRST);
    const deployment = world.deploy(first, undefined, { status: 'InProgress' });
    let end = Infinity;
    world.sandbox.clock.after(20_000, () => {
      end = world.sandbox.clock.now();
      deployment.end({ status: 'Succeeded' });
    });
    expect(await world.run(first, { deploy: false })).toMatchObject({ status: 'Succeeded' });
    expect(world.distribution.invalidations).toMatchObject([{ paths: ['/*'] }]);
    expect(world.distribution.invalidations[0].createTime).toBeGreaterThanOrEqual(end);
  });

  test.concurrent('the history is read as far back as a run can matter, and no further', async () => {
    const world = await givenWorld();
    const day = 24 * 3_600_000;
    const record = (daysAgo: number) => world.sandbox.codePipeline.recordAction({
      pipeline: world.pipelineName, stage: 'Approve', action: 'Approve', startedAt: world.sandbox.clock.now() - daysAgo * day,
    });
    Array.from({ length: 250 }, () => record(30));
    // Began six days before the last success, and ended after it.
    const slow = world.deploy(await world.givenArtifact({ ...FIRST, 'about.html': 'slow' }), undefined, {
      status: 'InProgress', startedAt: world.sandbox.clock.now() - 6 * day,
    });
    Array.from({ length: 120 }, () => record(5));
    await world.run(await world.givenArtifact(FIRST));
    slow.end({ status: 'Succeeded' });
    const before = world.requests('ListActionExecutions').length;
    await world.run(await world.givenArtifact({ ...FIRST, 'old.html': 'new' }));
    expect([...world.lastPaths() ?? []].sort()).toEqual(['/about.html', '/old.html']);
    // Of four pages: the newest runs, the slow deployment's, and one of old runs only.
    expect(world.requests('ListActionExecutions').length - before).toBe(3);
  });

  test.concurrent('onMissingBaseline FAIL begins after a success with INVALIDATE_ALL', async () => {
    const world = await givenWorld({ changedFiles: { onMissingBaseline: MissingBaselineBehavior.FAIL } });
    const first = await world.givenArtifact(FIRST);
    expect(await world.run(first)).toMatchObject({ status: 'Failed' });
    const { paths: { changedFiles: { onMissingBaseline: _, ...changedFiles } }, ...others } = world.resolvedParameters() as {
      paths: { changedFiles: Record<string, unknown> };
    };
    world.deploy(first);
    succeeded(world, first, { userParameters: JSON.stringify({ ...others, paths: { changedFiles } }), outputVariables: { status: 'Completed' } });
    expect(await world.run(await world.givenArtifact(SECOND))).toMatchObject({ status: 'Succeeded', outputVariables: { changedFileCount: '3' } });
  });

  test.concurrent('query strings are covered where they are part of the cache key', async () => {
    const world = await givenWorld({ changedFiles: { queryStrings: true } });
    await world.run(await world.givenArtifact(FIRST));
    await world.run(await world.givenArtifact({ ...FIRST, 'about.html': 'new', 'blog/index.html': 'new' }));
    expect([...world.lastPaths() ?? []].sort()).toEqual(['/about.html*', '/blog', '/blog/', '/blog/?*', '/blog/index.html*', '/blog?*']);
  });

  test.concurrent('an error document may be in the cache under any URL: everything', async () => {
    const world = await givenWorld({ changedFiles: { errorDocuments: ['about.html'] } });
    await world.run(await world.givenArtifact(FIRST));
    const action = await world.run(await world.givenArtifact({ ...FIRST, 'about.html': 'new' }));
    expect(world.lastPaths()).toEqual(['/*']);
    expect(action).toMatchObject({
      summary: expect.stringContaining("everything, because the error document 'about.html' has changed and may be cached under any URL"),
      outputVariables: { changedFileCount: '1', unchangedFileCount: '4' },
    });
  });

  test.concurrent('an error document that is nowhere may be called something else: everything', async () => {
    const world = await givenWorld({ changedFiles: { errorDocuments: ['dist/404.html'] } });
    await world.run(await world.givenArtifact({ ...FIRST, '404.html': '1' }));
    const action = await world.run(await world.givenArtifact({ ...FIRST, '404.html': '2' }));
    expect(world.lastPaths()).toEqual(['/*']);
    expect(action.summary).toContain("everything, because the artifact site has no error document 'dist/404.html', so whether it has changed cannot be seen. Correct errorDocuments");
  });

  test.concurrent('the same files were deployed to somewhere else: everything, until they were deployed to one place twice', async () => {
    const world = await givenWorld();
    const artifact = await world.givenArtifact(FIRST);
    const runInto = async (BucketName: string) => {
      const pipelineExecutionId = crypto.randomUUID();
      world.deploy(artifact, pipelineExecutionId, { configuration: { Extract: 'true', BucketName } });
      return world.run(artifact, { pipelineExecutionId, deploy: false });
    };
    await runInto('website');
    await runInto('other');
    const action = await runInto('website');
    expect(world.distribution.invalidations.map(({ paths }) => paths)).toEqual([['/*'], ['/*'], ['/*']]);
    expect(action.summary).toContain('everything, because Deploy.Deploy was configured differently when this action last succeeded, so the same files may be other pages');
    expect((await runInto('website')).summary).toMatch(/^Nothing has changed/);
  });

  test.concurrent('the history does not say when a deployment was: it waits for one beside it, then invalidates everything', async () => {
    const world = await givenWorld();
    await world.run(await world.givenArtifact(FIRST));
    const second = await world.givenArtifact(SECOND);
    const deployment = world.deploy(second, undefined, { status: 'InProgress' });
    world.sandbox.codePipeline.historySettings.listsStartOf = ({ action }) => action !== 'Deploy';
    let end = Infinity;
    world.sandbox.clock.after(20_000, () => {
      end = world.sandbox.clock.now();
      deployment.end({ status: 'Succeeded' });
    });
    const action = await world.run(second, { deploy: false });
    expect(world.distribution.invalidations.at(-1)!.createTime).toBeGreaterThanOrEqual(end);
    expect(action.summary).toContain("everything, because the pipeline's history does not say when Deploy.Deploy ran");
  });

  test.concurrent('a variable of the pipeline says where the same files are deployed: everything, where it has another value', async () => {
    const world = await givenWorld();
    const artifact = await world.givenArtifact(FIRST);
    const runInto = async (folder: string) => {
      const pipelineExecutionId = crypto.randomUUID();
      const configuration = { BucketName: 'website', ObjectKey: '#{variables.folder}' };
      world.deploy(artifact, pipelineExecutionId, { configuration, resolvedConfiguration: { ...configuration, ObjectKey: folder } });
      return world.run(artifact, { pipelineExecutionId, deploy: false });
    };
    await runInto('en');
    await runInto('de');
    await runInto('de');
    expect(world.distribution.invalidations.map(({ paths }) => paths)).toEqual([['/*'], ['/*']]);
  });

  test.concurrent('a Commands action has no configuration: what has changed is known', async () => {
    const world = await givenWorld();
    world.sandbox.codePipeline.historySettings.listsConfigurations = false;
    const runWith = async (artifact: string) => {
      const pipelineExecutionId = crypto.randomUUID();
      world.deploy(artifact, pipelineExecutionId, { actionType: { category: 'Compute', owner: 'AWS', provider: 'Commands', version: '1' } });
      return world.run(artifact, { pipelineExecutionId, deploy: false });
    };
    await runWith(await world.givenArtifact(FIRST));
    await runWith(await world.givenArtifact({ ...FIRST, 'about.html': '2' }));
    expect(world.lastPaths()).toEqual(['/about.html']);
  });

  test.concurrent('more than half of the files have changed: everything, which is one path', async () => {
    const world = await givenWorld();
    await world.run(await world.givenArtifact(FIRST));
    const action = await world.run(await world.givenArtifact({ ...FIRST, 'index.html': '2', 'about.html': '2', 'old.html': '2' }));
    expect(world.lastPaths()).toEqual(['/*']);
    expect(action.summary).toContain('everything, because 3 of 5 files have changed');
  });

  test.concurrent('a continuation finds the same paths, although others have deployed and succeeded in between', async () => {
    const world = await givenWorld({ functionTimeout: Duration.seconds(30) });
    await world.run(await world.givenArtifact(FIRST));
    const second = await world.givenArtifact(SECOND);
    world.sandbox.faults.add({
      service: 'cloudfront', operation: 'CreateInvalidation', fault: { error: 'TooManyInvalidationsInProgress', status: 400 }, times: 6,
    });
    world.sandbox.clock.after(25_000, () => {
      const key = 'Website-Pipeline/site/other';
      void givenArchive({ ...FIRST, 'about.html': 'other' }).then(body => world.sandbox.s3.put(world.bucket, key, body));
      world.deploy(key);
      succeeded(world, key, { outputVariables: { status: 'Completed' } });
    });
    const action = await world.run(second);
    expect(action.jobs.length).toBeGreaterThan(1);
    expect(action).toMatchObject({ status: 'Succeeded', outputVariables: { changedFileCount: '3' } });
    expect(world.distribution.invalidations.slice(1).flatMap(({ paths }) => [...paths]).sort()).toEqual(
      ['/blog', '/blog/', '/blog/index.html', '/new.html', '/old.html']);
  });
});

describe('everything is invalidated, and the summary says why', () => {
  test.concurrent('the last artifact has expired', async () => {
    const world = await givenWorld();
    const first = await world.givenArtifact(FIRST);
    await world.run(first);
    world.sandbox.s3.remove(world.bucket, first);
    const action = await world.run(await world.givenArtifact(SECOND));
    expect(world.lastPaths()).toEqual(['/*']);
    expect(action.summary).toContain(`everything, because the artifact s3://${world.bucket}/${first} cannot be read: AccessDenied`);
  });

  test.concurrent('the artifact is no ZIP', async () => {
    const world = await givenWorld();
    await world.run(await world.givenArtifact(FIRST));
    const action = await world.run(await world.givenArtifact(Buffer.from('no ZIP at all')));
    expect(world.lastPaths()).toEqual(['/*']);
    expect(action).toMatchObject({ status: 'Succeeded', summary: expect.stringContaining('End of central directory record signature not found') });
  });

  test.concurrent('the history may not be read', async () => {
    const world = await givenWorld();
    await world.run(await world.givenArtifact(FIRST));
    world.sandbox.faults.add({ service: 'codepipeline', operation: 'ListActionExecutions', fault: { error: 'AccessDeniedException', status: 400 }, times: Infinity });
    const action = await world.run(await world.givenArtifact(SECOND));
    expect(action.summary).toMatch(/everything, because the history of the pipeline .* cannot be read: AccessDeniedException/);
  });

  test.concurrent('or the action fails, if that is wanted', async () => {
    const world = await givenWorld({ changedFiles: { onMissingBaseline: MissingBaselineBehavior.FAIL } });
    expect((await world.run(await world.givenArtifact(FIRST))).errorDetails).toEqual({
      code: 'JobFailed',
      message: 'Cannot tell what has changed, because this action has not succeeded before. ' +
        'Deploy once with onMissingBaseline set to INVALIDATE_ALL, the default, to invalidate everything. Then set it to FAIL again: the next execution compares with that deployment.',
    });
    expect(world.distribution.invalidations).toEqual([]);
  });
});

test.concurrent('a name that breaks out of a path breaks nothing', async () => {
  const world = await givenWorld();
  const others = { 'index.html': '1', 'c.html': '1', 'd.html': '1', 'e.html': '1' };
  await world.run(await world.givenArtifact(others));
  await world.run(await world.givenArtifact({ ...others, 'a*b.html': '2', '"]}.html': '2', 'what?.html': '2', 'ü%20.html': '2' }));
  expect(world.lastPaths()).toEqual(['/%22*', '/a*', '/%C3%BC%2520.html', '/%c3%bc%2520.html', '/what%3F.html', '/what%3f.html']);
});

test.concurrent('the function may read the artifacts and the history of this pipeline, and nothing else', async () => {
  const world = await givenWorld({ encrypted: true });
  await world.run(await world.givenArtifact(FIRST));
  const action = await world.run(await world.givenArtifact(SECOND));
  expect(action).toMatchObject({ status: 'Succeeded', outputVariables: { changedFileCount: '3' } });
  expect(world.sandbox.requests.filter(({ errorCode }) => errorCode !== undefined)).toEqual([]);
  const role = world.sandbox.role(String(world.requests('GetObject')[0].principal));
  expect(role.allows('s3:GetObject', 'arn:aws:s3:::other/key')).toBe(false);
  expect(role.allows('s3:PutObject', `arn:aws:s3:::${world.bucket}/key`)).toBe(false);
  expect(role.allows('s3:ListBucket', `arn:aws:s3:::${world.bucket}`)).toBe(false);
  expect(role.allows('codepipeline:ListActionExecutions', 'arn:aws:codepipeline:eu-west-1:123456789012:other')).toBe(false);
  expect(role.allows('codepipeline:GetPipeline', '*')).toBe(false);
});

test.concurrent('a pipeline with a name of its own', async () => {
  const world = await givenWorld({ pipelineName: 'website' });
  await world.run(await world.givenArtifact(FIRST));
  await world.run(await world.givenArtifact(SECOND));
  expect(world.requests('ListActionExecutions')).toContainEqual(expect.objectContaining({ input: expect.objectContaining({ pipelineName: 'website' }) }));
  expect(world.lastPaths()).toContain('/new.html');
});

describe('S3 or CodePipeline is down for a while: the action waits, and is green', () => {
  test.concurrent.each<['s3' | 'codepipeline', string, string, FaultKind]>([
    ['s3', 'GetObject', '503 SlowDown', { error: 'SlowDown', status: 503 }],
    ['s3', 'GetObject', 'a reset', { reset: 'before' }],
    ['s3', 'GetObject', 'a hang', { hang: 'before' }],
    ['s3', 'GetObject', 'a body that ends half-way', { truncate: true }],
    ['s3', 'GetObject', 'a body that is something else', { malformed: true }],
    ['codepipeline', 'ListActionExecutions', 'Throttling', { throttle: true }],
    ['codepipeline', 'ListActionExecutions', '500', { error: 'InternalFailure', status: 500 }],
    ['codepipeline', 'ListActionExecutions', 'a hang', { hang: 'before' }],
  ])('%s %s: %s', async (service, operation, _, fault) => {
    const world = await givenWorld();
    await world.run(await world.givenArtifact(FIRST));
    const handle = world.sandbox.faults.add({ service, operation, fault, times: 2 });
    const action = await world.run(await world.givenArtifact(SECOND));
    expect(handle.hits).toBe(2);
    expect(action).toMatchObject({ status: 'Succeeded', outputVariables: { changedFileCount: '3' } });
    expectOneTerminalReport(action);
  });
});

test.concurrent('a redelivered event and a crash make one invalidation', async () => {
  const world = await givenWorld();
  await world.run(await world.givenArtifact(FIRST));
  world.sandbox.lambda.crash({ when: ({ operation }) => operation === 'CreateInvalidation' });
  world.sandbox.codePipeline.delivery.duplicateDeliveries = 1;
  const action = await world.run(await world.givenArtifact(SECOND));
  expect(action.status).toBe('Succeeded');
  expect(world.distribution.invalidations).toHaveLength(2);
  expectOneTerminalReport(action);
});

test.concurrent('a wait that is longer than an invocation does not read the artifacts again', async () => {
  const world = await givenWorld({ functionTimeout: Duration.seconds(30) });
  await world.run(await world.givenArtifact(FIRST));
  world.distribution.settings.completesAfter = 30_000;
  const before = world.requests('GetObject').length;
  const action = await world.run(await world.givenArtifact(SECOND));
  expect(action.jobs).toHaveLength(2);
  expect(action.outputVariables).toMatchObject({ status: 'Completed', changedFileCount: '3', pathCount: '5' });
  expect(world.requests('GetObject').length - before).toBe(2);
});

describe('visitors', () => {
  test.concurrent('of changed pages get the new version under every form of the URL, and those of unchanged pages their cache hits', async () => {
    const world = await givenWorld();
    const origin = mkdtempSync(join(tmpdir(), 'origin-'));
    const write = (files: Files) => Object.entries(files).forEach(([name, content]) => {
      mkdirSync(dirname(join(origin, name)), { recursive: true });
      writeFileSync(join(origin, name), content);
    });
    write(FIRST);
    const edge = await Edge.start({
      clock: world.sandbox.clock, cloudFront: world.sandbox.cloudFront, distributionId: world.distribution.id, origin, directoryIndexes: true,
    });
    try {
      await world.run(await world.givenArtifact(FIRST));
      const visit = async (path: string) => {
        const response = await fetch(`${edge.url}${path}`);
        return [await response.text(), response.headers.get('x-cache')];
      };
      const pages = ['/', '/index.html', '/about.html', '/blog/post.html', '/blog', '/blog/', '/blog/index.html'];
      for (const page of pages) {
        await visit(page);
      }
      write(SECOND);
      expect(await visit('/blog')).toEqual(['b', 'Hit from cloudfront']);

      await world.run(await world.givenArtifact(SECOND));

      expect(Object.fromEntries(await Promise.all(pages.map(async page => [page, await visit(page)] as const)))).toEqual({
        '/': ['a', 'Hit from cloudfront'],
        '/index.html': ['a', 'Hit from cloudfront'],
        '/about.html': ['d', 'Hit from cloudfront'],
        '/blog/post.html': ['c', 'Hit from cloudfront'],
        '/blog': ['B', 'Miss from cloudfront'],
        '/blog/': ['B', 'Miss from cloudfront'],
        '/blog/index.html': ['B', 'Miss from cloudfront'],
      });
    } finally {
      await edge.stop();
      rmSync(origin, { recursive: true, force: true });
    }
  });
});

describe('a manifest in the artifact', () => {
  const SITE = codepipeline.Artifact.artifact('site');
  const fromManifest = (file: string) => ({ stage: { paths: InvalidationPaths.fromManifest(SITE.atPath(file)) } });

  test.concurrent('lists what is invalidated', async () => {
    const world = await givenWorld({ ...fromManifest('out/paths.txt'), encrypted: true });
    const action = await world.run(await world.givenArtifact({ 'index.html': '1', 'out/paths.txt': '# changed\n/\n/blog/*\n/straße\n/\n' }));
    expect(world.lastPaths()).toEqual(['/blog/*', '/', '/stra%C3%9Fe']);
    expect(action).toMatchObject({ status: 'Succeeded', outputVariables: { pathCount: '3', changedFileCount: 'none' } });
  });

  test.concurrent('without a path invalidates nothing', async () => {
    const world = await givenWorld(fromManifest('paths.txt'));
    const action = await world.run(await world.givenArtifact({ 'paths.txt': '# nothing\n' }));
    expect(world.distribution.invalidations).toEqual([]);
    expect(action).toMatchObject({ status: 'Succeeded', outputVariables: { pathCount: '0' } });
    expect(action.summary).toBe(`Nothing to invalidate for distribution ${world.distribution.id}: the manifest lists no paths.`);
  });

  test.concurrent.each<[string, Files | Buffer, string]>([
    ['is missing', { 'index.html': '1' }, "manifest must be a file in the artifact site, got 'paths.txt', which is not there"],
    ['has a bad line', { 'paths.txt': '/a\nb\n' }, "paths.txt: line 2: paths must start with '/' or '#', got 'b'"],
    ['is larger than a mebibyte', { 'paths.txt': '/a\n'.repeat(400_000) }, 'paths.txt has 1200000 bytes, more than 1048576'],
    ['is in no ZIP', Buffer.from('{}'), "Cannot read the manifest 'paths.txt', because the artifact s3://"],
  ])('that %s is reported at once', async (_, files, message) => {
    const world = await givenWorld(fromManifest('paths.txt'));
    expect((await world.run(await world.givenArtifact(files))).errorDetails).toMatchObject({
      code: 'ConfigurationError', message: expect.stringContaining(message),
    });
    expect(world.distribution.invalidations).toEqual([]);
  });
});
