/** The observations of a real account, made in the sandbox: they see what it does, and what it does otherwise. */
import { OBSERVATIONS } from './observations/observations';
import { startSandboxWorld, type SandboxWorld } from './observations/sandbox-world';
import { VISITS } from './observations/visits';
import { observeAll, type Seen } from './observations/world';

const worlds: SandboxWorld[] = [];

afterAll(() => Promise.all(worlds.map(world => world.stop())));

async function given(...parameters: Parameters<typeof startSandboxWorld>): Promise<SandboxWorld> {
  const world = await startSandboxWorld(...parameters);
  worlds.push(world);
  return world;
}

const NUMBER = expect.any(Number) as number;

/** On a busy machine, a second may have gone by. */
const MISS = expect.stringMatching(/^Miss from cloudfront, (no|a small) Age$/) as string;

/** What the sandbox does, and what it does with every switch the other way. What has no other answer has no switch. */
const EXPECTED: Readonly<Record<string, readonly [Seen, Seen?]>> = {
  'history-delay': [{ listed: 'within ten seconds' }, { listed: 'later' }],
  'history-order': [{ first: 'the newest' }, { first: 'the oldest' }],
  'history-times': [{ unit: 'milliseconds' }, { unit: 'seconds' }],
  'history-without-namespace': [{ variables: 'listed' }, { variables: 'not listed' }],
  'history-summary': [{ summary: 'listed' }, { summary: 'not listed' }],
  'history-configuration': [{ configuration: 'listed' }, { configuration: 'not listed' }],
  'artifact-keys': [{ executions: 'some', keys: 'one for each' }, { executions: 'some', keys: 'the same for some' }],
  'artifact-range': [{ range: 'all of a short one', etag: true }],
  'continuation': [
    { id: 'a new one', artifact: 'in the same place', secondsBetweenJobs: NUMBER }, { id: 'the same', artifact: 'in another place', secondsBetweenJobs: NUMBER },
  ],
  'second-answer': [{ answer: 'InvalidJobStateException' }, { answer: 'accepted' }],
  'rollback': [{ stages: 'Deploy' }, { stages: 'Deploy, InvalidateCloudFrontCache' }],
  'repeated-reference': [{ answer: 'the earlier invalidation' }, { answer: 'InvalidationBatchAlreadyExists' }],
  'repeated-reference-other-order': [{ answer: 'the earlier invalidation' }, { answer: 'InvalidationBatchAlreadyExists' }],
  'repeated-reference-other-paths': [{ answer: 'InvalidArgument' }, { answer: 'InvalidationBatchAlreadyExists' }],
  'invalidation-id': [{ length: NUMBER, characters: 'capitals and digits' }, { length: 40, characters: 'others' }],
  'invalidation-known': [{ answer: 'known at once' }, { answer: 'NoSuchInvalidation' }],
  'invalidation-order': [{ first: 'the newest' }, { first: 'the oldest' }],
  'invalidation-time': [{ status: 'Completed', seconds: NUMBER }, { status: 'COMPLETED', seconds: NUMBER }],
  'wildcards-over-quota': [{ answer: 'BatchTooLarge' }, { answer: 'accepted', listed: 'as given' }],
  'cache-tag-without-config': [{ answer: 'InvalidArgument' }, { answer: 'accepted', listed: 'as given' }],
  'path-with-a-blank': [{ answer: 'InvalidArgument' }],
  'headers-of-a-page': [
    { first: MISS, second: 'Hit from cloudfront, a large Age', afterInvalidation: MISS },
    { first: 'no X-Cache, no Age', second: 'no X-Cache, no Age', afterInvalidation: 'no X-Cache, no Age' },
  ],
  'completed-is-fresh': [{ visitorsGet: 'the new page' }, { visitorsGet: 'the old page' }],
  'root-by-its-file': [{ visitorsGet: 'the new page' }, { notSeen: 'the cache has another page' }],
  'root-by-slash': [{ visitorsGet: 'the new page' }, { notSeen: 'the cache has another page' }],
  'query-string-by-its-path': [{ visitorsGet: 'the old page' }],
  'query-string-by-wildcard': [{ visitorsGet: 'the new page' }, { visitorsGet: 'the old page' }],
  'error-is-kept': [{ status: 404, cache: 'Error from cloudfront', kept: true }, { status: 404, cache: 'undefined', kept: false }],
};

test('every observation has its names and answers here', () => {
  expect(OBSERVATIONS.map(({ name }) => name)).toEqual(Object.keys(EXPECTED));
});

test.concurrent('what the sandbox does', async () => {
  const seen = await observeAll(OBSERVATIONS, await given());
  expect(seen).toEqual(Object.fromEntries(Object.entries(EXPECTED).map(([name, [expected]]) => [name, expected])));
}, 120_000);

test.concurrent('what it does otherwise', async () => {
  const world = await given({
    delivery: ({ s3 }) => ({
      keepsJobIds: true,
      secondAnswer: 'accepted',
      continuationArtifact: ({ bucket, key }) => {
        s3.copy(bucket, key, `${key}-copy`);
        return { bucket, key: `${key}-copy` };
      },
    }),
    edge: { hidesCache: true, errorTtl: 0 },
    reusesArtifactKeys: true,
  });
  let count = 0;
  world.set({
    refusesRepeatedReference: true,
    callerReferenceError: 'InvalidationBatchAlreadyExists',
    newInvalidationId: () => `inv_${String(++count).padStart(36, 'x')}`,
    visibleAfter: 3_000,
    order: 'oldestFirst',
    completedStatus: 'COMPLETED',
    maxWildcardsInProgress: 20,
    cacheTags: true,
    // Far later than it says.
    takesEffectAfter: 24 * 3_600_000,
  });
  Object.assign(world.sandbox.codePipeline.historySettings, {
    listsVariablesWithoutNamespace: false, listsSummaries: false, listsConfigurations: false, order: 'oldestFirst', wholeSeconds: true, listedAfter: 30_000,
  });
  world.sandbox.codePipeline.rollbackRunsLaterStages = true;
  const seen = await observeAll(OBSERVATIONS, world);
  expect(seen).toEqual(Object.fromEntries(Object.entries(EXPECTED).map(([name, [expected, otherwise = expected]]) => [name, otherwise])));
}, 120_000);

test.concurrent('what it does where query strings are not part of the cache key', async () => {
  const seen = await observeAll(VISITS.filter(({ name }) => name.startsWith('query-string')), await given({ edge: { forwardQueryStrings: false } }));
  expect(seen).toEqual({ 'query-string-by-its-path': { visitorsGet: 'the new page' }, 'query-string-by-wildcard': { visitorsGet: 'the new page' } });
}, 120_000);

test('an observation that cannot be made says why, and leaves the others be', async () => {
  const world = worlds[0];
  const seen = await observeAll([
    { name: 'broken', observe: () => Promise.reject(new Error('no')) },
    { name: 'whole', observe: () => Promise.resolve({ answer: 'yes' }) },
  ], world);
  expect(seen).toEqual({ broken: { notSeen: 'Error: no' }, whole: { answer: 'yes' } });
});
