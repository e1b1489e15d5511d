import * as fc from 'fast-check';
import { aLife, narrate, type LifeStory, type Outcome } from './site-life';
import { plansOf } from './site-life-generator';
import { LifeProcess } from './site-life-process';
import { SHAPES, type ShapeName } from './site-shapes';

const SEED = 20261124;
/** Few, for the time they take: `npx projen reliability:lives` lives hundreds, and 2,000 at each change. */
const LIVES_PER_SHAPE = 4;

/** Two, since random lives take longest. */
const processes = [LifeProcess.start(), LifeProcess.start()];
let lives: LifeProcess;

beforeAll(async () => {
  lives = await processes[0];
});
afterAll(() => Promise.all(processes.map(async started => (await started).stop())));

/** Lives it, and expects every green invalidation to leave nothing stale. */
async function expectFresh({ end }: LifeStory): Promise<Outcome> {
  const outcome = await lives.live(end);
  expect(outcome.stale.length === 0 ? '' : narrate(end, outcome)).toBe('');
  return outcome;
}

/** The paths of the last green invalidation. */
function lastPaths({ invalidations }: Outcome): readonly string[] | undefined {
  return invalidations.at(-1)?.paths;
}

describe('the model', () => {
  test.each(Object.keys(SHAPES) as ShapeName[])('%s: everything the first time, then the page that changed', async shape => {
    const outcome = await expectFresh(aLife(shape).deploys({}).deploys({ 'about.html': 1 }).deploys({}));
    const paths = outcome.invalidations.map(invalidation => invalidation.paths);
    expect(paths).toEqual(shape === 'staging'
      // Who deploys to which of the two is not listed: Prod had not deployed yet when Staging was first invalidated, and is one deployment behind.
      ? [['/*'], ['/*'], ['/*'], ['/about.html'], ['/about.html'], []]
      : [['/*'], ['/about.html'], []]);
  });

  test('finds the copy that an invalidation has forgotten, and tells of it', async () => {
    // The options lie about the site.
    const life = aLife('s3', { settings: { options: { indexDocuments: [] } } }).deploys({}).deploys({ 'blog/index.html': 1 }).end;
    const outcome = await lives.live(life);
    expect(outcome.stale).toMatchObject([
      { execution: 1, url: '/blog/', copy: 'blog/index.html 0', origin: 'blog/index.html 1' }, { execution: 1, url: '/blog' },
    ]);
    expect(narrate(life, outcome)).toMatch(/STALE after execution 2: \/blog\/ of \w+: visitors have '.* 0' \(fetched at {2}0:0\d\), the origin has '.* 1'/);
  });
});

describe('an artifact that has another name than at the last success', () => {
  test('is compared with nothing', async () => {
    await expectFresh(aLife('s3').deploys({}).changes({ artifact: 'build' }).deploys({ 'about.html': 1 }));
  });
});

describe('a base directory that matches no file', () => {
  test('is never green', async () => {
    const { invalidations, failures } = await expectFresh(
      aLife('codebuild', { settings: { options: { baseDirectory: 'dits' } } }).deploys({}).deploys({ 'about.html': 1 }),
    );
    expect(invalidations).toEqual([]);
    expect(failures).toEqual(Array(2).fill(expect.stringContaining('dits')));
  });
});

describe.each(['build-and-deploy', 'build-and-sync'] as const)('%s', shape => {
  test('a deployment whose test fails, then a revert', async () => {
    await expectFresh(aLife(shape).deploys({})
      .deploys({ 'about.html': 1 }, { stopsAfterDeployment: true })
      .deploys({ 'about.html': 0 }));
  });

  test.each(['half-way', 'after it wrote everything', 'abandoned half-way', 'abandoned, and goes on'] as const)(
    'a deployment that ends %s, then a revert', async ends => {
      await expectFresh(aLife(shape).deploys({})
        .deploys({ 'index.html': 1, 'assets/app.js': 1 }, { deployment: { ends } })
        .deploys({ 'index.html': 0, 'assets/app.js': 0 }));
    });

  test('a flaky build that fails, and is retried', async () => {
    await expectFresh(aLife(shape).deploys({})
      .deploys({}, { deployment: { ends: 'after it wrote everything', isFlaky: true, isRetried: true } }));
  });
});

describe('PARALLEL', () => {
  test('a deployment that began before the last success\'s and ended after it', async () => {
    await expectFresh(aLife('s3', { mode: 'PARALLEL' }).deploys({})
      .deploys({ 'blog/post.html': 1 }, { deployment: { takes: 60 }, stopsAfterDeployment: true })
      .deploys({ 'blog/post.html': 0, 'about.html': 1 }, { overlapsAfter: 5 })
      .deploys({ 'index.html': 1 }));
  });

  test('a deployment that is in progress, and shows no artifact yet', async () => {
    await expectFresh(aLife('build-and-deploy', { mode: 'PARALLEL' }).deploys({})
      .deploys({ 'index.html': 1 }, { deployment: { takes: 60 } })
      .deploys({ 'index.html': 0 }, { overlapsAfter: 40 })
      .deploys({}, { overlapsAfter: 40 }));
  });
});

describe('variables', () => {
  test.each([true, false])('that are listed without a namespace (%s): the second time, only what has changed is invalidated', async listsVariables => {
    const outcome = await expectFresh(aLife('s3', { listsVariables }).deploys({}).deploys({ 'about.html': 1 }));
    expect(lastPaths(outcome)).toEqual(['/about.html']);
  });

  test.each([true, false])('that are listed without a namespace (%s): a warning is no success', async listsVariables => {
    await expectFresh(aLife('s3', { listsVariables }).deploys({})
      .deploys({ 'about.html': 1 }, { invalidation: 'fails with a warning' })
      .deploys({}));
  });
});

describe('a page', () => {
  test('that leaves the artifact, stays in the bucket and comes back changed', async () => {
    await expectFresh(aLife('s3').deploys({})
      .deploys({ 'about.html': undefined })
      .deploys({ 'about.html': 1 }));
  });
});

describe('who deploys', () => {
  test('is listed: a Staging that is busy does not count for Prod', async () => {
    const outcome = await expectFresh(aLife('staging', { settings: { listsDeployers: true } }).deploys({})
      .deploys({ 'about.html': 1 }, { stopsAfterDeployment: true })
      .deploys({ 'about.html': 0, 'index.html': 1 }));
    expect(outcome.invalidations.filter(({ site }) => site === 1).map(({ paths }) => paths)).toEqual([['/*'], ['/', '/index.html']]);
  });
});

describe('random lives', () => {
  const shapes = Object.keys(SHAPES) as ShapeName[];

  test.concurrent.each(shapes)('%s: green is never stale', async shape => {
    const own = await processes[shapes.indexOf(shape) % processes.length];
    await fc.assert(
      fc.asyncProperty(plansOf(shape), async plan => {
        const outcome = await own.live(plan);
        if (outcome.stale.length > 0) {
          throw new Error(narrate(plan, outcome));
        }
      }),
      { seed: SEED, numRuns: LIVES_PER_SHAPE },
    );
  }, 120_000);
});
