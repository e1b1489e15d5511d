import { Duration } from 'aws-cdk-lib';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import type { ActionRecord } from '../../sandbox';
import { InvalidationPaths } from '../../src';
import { givenArchive, givenRawArchive } from '../given-archive';
import { failedRun, FIRST, givenWorld, SECOND, stopWorlds, succeeded, type World } from '../given-artifacts';
import { until } from '../given-sandbox';

afterAll(stopWorlds);

test('100,000 files are compared with 60,000, and 40,000 of them covered, within the memory that the function has', async () => {
  const world = await givenWorld({ changedFiles: { maxPaths: 10 } });
  const archive = (count: number) => world.givenArtifact(givenRawArchive({ name: Buffer.from('000000'), numbered: true }, count));
  const { invocations } = world.sandbox.lambda;
  const ended = () => until(() => invocations.every(({ outcome }) => outcome !== undefined));
  await world.run(await archive(60_000));
  await ended();
  expect(await world.run(await archive(100_000))).toMatchObject({ status: 'Succeeded', outputVariables: { changedFileCount: '40000' } });
  await ended();
  // In one process, which has the first job's memory by then.
  expect([invocations.map(({ outcome }) => outcome), world.sandbox.lambda.processes]).toEqual([['ok', 'ok'], 1]);
  expect(invocations[1].usageAfter?.memory ?? 0).toBeLessThan(256);
}, 60_000);

describe('what was deployed in between', () => {
  test.concurrent('as often as there is time to compare', async () => {
    const world = await givenWorld();
    await world.run(await world.givenArtifact(FIRST));
    for (let index = 0; index < 20; index++) {
      world.deploy(await world.givenArtifact({ ...FIRST, 'about.html': String(index) }));
    }
    await world.run(await world.givenArtifact(FIRST));
    expect(world.lastPaths()).toEqual(['/about.html']);
  });

  test.concurrent('more often than that: everything is invalidated, and the summary says why', async () => {
    const world = await givenWorld({ functionTimeout: Duration.seconds(30) });
    await world.run(await world.givenArtifact(FIRST));
    for (let index = 0; index < 10; index++) {
      world.deploy(await world.givenArtifact(FIRST));
    }
    world.sandbox.faults.add({ service: 's3', operation: 'GetObject', fault: { delay: 4_000 }, times: Infinity });
    const action = await world.run(await world.givenArtifact(FIRST));
    expect(world.lastPaths()).toEqual(['/*']);
    expect(action.summary).toMatch(/everything, because 11 artifacts may be in the cache, and the function had time to compare only \d/);
  });
});

describe('green is never stale: a deployment beside the invalidation is waited for', () => {
  test.concurrent.each<[string, (world: World) => Promise<string>, RegExp]>([
    [
      'the artifact has a symbolic link',
      async world => world.givenArtifact(await givenArchive(SECOND, { links: { latest: 'index.html' } })),
      /everything, because .* 'latest' is a symbolic link/,
    ],
    ['the artifact is no ZIP', world => world.givenArtifact(Buffer.from('no archive')), /everything, because .* cannot be read/],
    [
      'the history is longer than is read',
      async world => {
        // At the time of the success, so that it is listed before or after all of them: no success is found among the first ones.
        for (let index = 0; index < 10_000; index++) {
          world.sandbox.codePipeline.recordAction({ pipeline: world.pipelineName, stage: 'Test', action: 'Test', pipelineExecutionId: 'e' });
        }
        return world.givenArtifact(SECOND);
      },
      /everything, because the last 10000 action executions of the pipeline do not go back/,
    ],
  ])('also where it invalidates everything, since %s', async (_, artifactOf, reason) => {
    const world = await givenWorld();
    await world.run(await world.givenArtifact(FIRST));
    const key = await artifactOf(world);
    const deployment = world.deploy(key, undefined, { status: 'InProgress' });
    let end = Infinity;
    world.sandbox.clock.after(30_000, () => {
      end = world.sandbox.clock.now();
      deployment.end({ status: 'Succeeded' });
    });
    const action = await world.run(key, { deploy: false });
    expect(world.distribution.invalidations.at(-1)!.createTime).toBeGreaterThanOrEqual(end);
    expect(action.summary).toMatch(reason);
  });
});

describe('green is never stale', () => {
  test.concurrent.each<[string, Partial<ActionRecord>, boolean]>([
    ['the variables say so', { outputVariables: { status: 'Completed' } }, true],
    ['the summary says so, since CodePipeline lists no variables', { summary: 'Invalidated 1 path of distribution E1 in 9 seconds (invalidation I1).' }, true],
    ['the summary says that there was nothing to do', { summary: 'Nothing has changed since the last invalidation of distribution E1, so nothing was invalidated.' }, true],
    ['the variables say that it only warned', { outputVariables: { status: 'Failed' }, summary: 'Invalidated' }, false],
    ['the summary says that it only warned', { summary: 'WARNING: visitors may still see old pages. PermissionError: …' }, false],
    ['nothing says so', {}, false],
  ])('whether a success was an invalidation: %s', async (_, proof, isBaseline) => {
    const world = await givenWorld();
    const first = await world.givenArtifact(FIRST);
    await failedRun(world, first);
    world.deploy(first);
    succeeded(world, first, proof);
    const action = await world.run(await world.givenArtifact(SECOND));
    expect(world.lastPaths()?.includes('/*')).toBe(!isBaseline);
    expect(action.summary)[isBaseline ? 'toContain' : 'toMatch'](isBaseline ? '3 files changed' : /everything, because this action only warned when it last succeeded/);
  });
});

describe('everything is invalidated, and the summary says why', () => {
  test.concurrent.each([2, 65_535])('the artifact has %i files of one name', async times => {
    const world = await givenWorld();
    await world.run(await world.givenArtifact(FIRST));
    const action = await world.run(await world.givenArtifact(givenRawArchive({ name: Buffer.from('a') }, times)));
    expect(world.lastPaths()).toEqual(['/*']);
    expect(action).toMatchObject({ status: 'Succeeded', summary: expect.stringContaining("it has two files named 'a'") });
  });

  test.concurrent('the artifact has more files than the function has memory for', async () => {
    const world = await givenWorld();
    await world.run(await world.givenArtifact(FIRST));
    const action = await world.run(await world.givenArtifact(givenRawArchive({ name: Buffer.from('000000'), numbered: true }, 102_401)));
    expect(world.lastPaths()).toEqual(['/*']);
    expect(action).toMatchObject({ status: 'Succeeded', summary: expect.stringContaining('it has more than 102400 files, too many for a function with 256 MB of memory') });
  });
});

test.concurrent('a manifest with more wildcards than CloudFront takes at a time goes in batches, also across invocations', async () => {
  const world = await givenWorld({ stage: { paths: InvalidationPaths.fromManifest(codepipeline.Artifact.artifact('site').atPath('paths.json')) }, functionTimeout: Duration.seconds(30) });
  world.distribution.settings.completesAfter = 30_000;
  const paths = Array.from({ length: 31 }, (_, index) => `/${index}/*`);
  const action = await world.run(await world.givenArtifact({ 'paths.json': JSON.stringify(paths) }));
  expect(action.status).toBe('Succeeded');
  expect(world.distribution.invalidations.flatMap(invalidation => invalidation.paths)).toEqual(paths);
  expect(world.distribution.invalidations).toHaveLength(3);
  expect(action.outputVariables).toMatchObject({ pathCount: '31' });
});

describe('the last success is one of the same target and the same paths', () => {
  test.concurrent('without a wait for CloudFront, one that did not wait either', async () => {
    const world = await givenWorld({ stage: { waitForCompletion: false } });
    await world.run(await world.givenArtifact(FIRST));
    await world.run(await world.givenArtifact(SECOND));
    expect(world.lastPaths()).not.toContain('/*');
  });

  const withOptions = (written: Record<string, unknown>, options: object) =>
    ({ ...written, paths: { changedFiles: { ...(written.paths as { changedFiles: object }).changedFiles, ...options } } });
  test.concurrent.each<[string, (written: Record<string, unknown>) => Record<string, unknown>, boolean]>([
    ['the same', written => written, true],
    ['another timeout', written => ({ ...written, timeoutSeconds: 1 }), true],
    ['the distribution of the function, by hand, which may have been another', ({ distributionId: _, ...written }) => written, false],
    ['another distribution', written => ({ ...written, distributionId: 'E2OTHER' }), false],
    ['no wait for CloudFront, which may still be at work', written => ({ ...written, waitForCompletion: false }), false],
    ['all paths', written => ({ ...written, paths: ['/*'] }), false],
    ['another layout', written => withOptions(written, { urlPath: 'docs' }), false],
    ['other actions that deploy', written => withOptions(written, { deployedBy: ['Deploy.Other'] }), false],
    ['another limit', written => withOptions(written, { maxPaths: 1_000 }), true],
    ['onMissingBaseline', written => withOptions(written, { onMissingBaseline: 'FAIL' }), true],
  ])('%s', async (_, parameters, isBaseline) => {
    const world = await givenWorld();
    const first = await world.givenArtifact(FIRST);
    await failedRun(world, first);
    succeeded(world, first, { userParameters: JSON.stringify(parameters(world.resolvedParameters())), outputVariables: { status: 'Completed' } });
    await world.run(await world.givenArtifact(SECOND));
    expect(world.lastPaths()?.includes('/*')).toBe(!isBaseline);
  });
});
