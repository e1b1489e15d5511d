import * as fc from 'fast-check';
import { MAX_CHECKED_URLS, MAX_MAX_PAGES } from '../../src/contract';
import { begin, fromContinuationToken, nextStep, toContinuationToken } from '../../src/handler/progress';

const CREATED = { sent: 20, invalidationCount: 2, invalidationId: 'I2', createTime: '2026-11-23T00:00:00.000Z' };
const FOUND = { paths: 20, digest: '0123456789ab' };

test('a token brings back the progress it was made of', () => {
  const progress = { ...begin('11111111-abcd-1111-abcd-111111abcdef', 'E1'), found: FOUND, ...CREATED, completed: 15, halvings: 2 };
  expect(fromContinuationToken(toContinuationToken(progress))).toEqual(progress);
});

test('a token brings back what a report says of the paths', () => {
  const found = { ...FOUND, changes: { changed: 0, unchanged: 2 }, note: 'all of it', asOf: 1_795_000_000_123 };
  const progress = { ...begin('job', 'E1'), found };
  expect(fromContinuationToken(toContinuationToken(progress))).toEqual({ ...progress, createTime: undefined, invalidationId: undefined });
});

test('a token brings back what a freshness check has seen', () => {
  const check = { seen: [0, 2], since: 1_795_000_000_000, hopeless: 2, anew: 1, pages: 2, location: 'DUB56-P1, FRA60-P5' };
  expect(fromContinuationToken(toContinuationToken({ ...begin('job', 'E1'), check })).check).toEqual(check);
});

test('a token is good for twice the longest time-out', () => {
  const twoDays = 2 * 86_400_000;
  jest.useFakeTimers({ now: 1_800_000_000_000 });
  try {
    const aged = (milliseconds: number) => toContinuationToken({ ...begin('job', 'E1'), startedAt: Date.now() - milliseconds });
    expect(() => fromContinuationToken(aged(twoDays))).not.toThrow();
    expect(() => fromContinuationToken(aged(-twoDays))).not.toThrow();
    expect(() => fromContinuationToken(aged(twoDays + 1))).toThrow('Retry the stage to start a new invalidation.');
    expect(() => fromContinuationToken(aged(-twoDays - 1))).toThrow('Retry the stage to start a new invalidation.');
  } finally {
    jest.useRealTimers();
  }
});

test('a token of a job that has no invalidation yet', () => {
  const progress = begin('job', 'E1');
  const nothing = { found: undefined, createTime: undefined, invalidationId: undefined };
  expect(fromContinuationToken(toContinuationToken(progress))).toEqual({ ...progress, ...nothing });
});

test.each([14, 26])('a token fits CodePipeline\'s 2048 characters, however many batches there were, with an id of %i characters', length => {
  const progress = {
    ...begin('11111111-abcd-1111-abcd-111111abcdef', 'E'.repeat(length)),
    found: { paths: 10_000, digest: '0123456789ab', changes: { changed: 100_000, unchanged: 100_000 }, note: '"'.repeat(500), asOf: Date.now() },
    ...CREATED,
    sent: 10_000,
    invalidationCount: 10_000,
    invalidationId: 'I'.repeat(length),
    completed: 9_999,
    halvings: 12,
    check: {
      seen: Array.from({ length: MAX_MAX_PAGES }, (_, index) => index), since: Date.now(), hopeless: 999, anew: 2 ** MAX_CHECKED_URLS - 1, pages: 50, location: 'X'.repeat(50),
    },
  };
  expect(toContinuationToken(progress).length).toBeLessThanOrEqual(2048);
});

describe('a token that this function did not write', () => {
  const token = JSON.parse(toContinuationToken({ ...begin('job', 'E1'), found: FOUND, ...CREATED })) as object;

  test('but for what follows, it is taken', () => {
    expect(() => fromContinuationToken(JSON.stringify(token))).not.toThrow();
  });

  test.each([
    ['no JSON', 'garbage'],
    ['with a check that is none', JSON.stringify({ ...token, check: [] })],
    ['with more pages than there may be', JSON.stringify({ ...token, check: { seen: Array(51).fill(0) } })],
    ['with a page that is none', JSON.stringify({ ...token, check: { seen: [-1] } })],
    ['with pages that are no list', JSON.stringify({ ...token, check: { seen: 1 } })],
    ['with a check that began at a text', JSON.stringify({ ...token, check: { since: 'now' } })],
    ['with a check that began at a text', JSON.stringify({ ...token, check: { since: 'now' } })],
    ['with looks that are no count', JSON.stringify({ ...token, check: { hopeless: -1 } })],
    ['with pages that are no count', JSON.stringify({ ...token, check: { pages: 'all' } })],
    ['with bits that are no count', JSON.stringify({ ...token, check: { anew: 0.5 } })],
    ['with an edge location that is none', JSON.stringify({ ...token, check: { location: 1 } })],
    ['cut in half', JSON.stringify(token).slice(0, 40)],
    ['a string', '"x"'],
    ['a list', '[]'],
    ['null', 'null'],
    ['of another version', JSON.stringify({ ...token, version: 1 })],
    ['without a caller reference', JSON.stringify({ ...token, callerReference: undefined })],
    ['with an id that would leave the URL', JSON.stringify({ ...token, invalidationId: '../../x' })],
    ['with more sent than there is', JSON.stringify({ ...token, sent: 21 })],
    ['with more completed than sent', JSON.stringify({ ...token, completed: 21 })],
    ['with less than nothing completed', JSON.stringify({ ...token, completed: -1 })],
    ['with half a path sent', JSON.stringify({ ...token, sent: 1.5 })],
    ['with a batch halved in no count', JSON.stringify({ ...token, halvings: '1' })],
    ['with paths sent in no invalidation', JSON.stringify({ ...token, invalidationCount: 0, invalidationId: undefined, createTime: undefined })],
    ['with an invalidation of nothing', JSON.stringify({ ...token, found: undefined })],
    ['with a count that is none', JSON.stringify({ ...token, found: { ...FOUND, paths: -1 } })],
    ['without a digest', JSON.stringify({ ...token, found: { paths: 20 } })],
    ['with changes that are none', JSON.stringify({ ...token, found: { ...FOUND, changes: 'some' } })],
    ['with unchanged files that are no count', JSON.stringify({ ...token, found: { ...FOUND, changes: { changed: 1 } } })],
    ['with changed files that are no count', JSON.stringify({ ...token, found: { ...FOUND, changes: { unchanged: 1 } } })],
    ['with changes that are no counts', JSON.stringify({ ...token, found: { ...FOUND, changes: { changed: '1' } } })],
    ['with a note that is no text', JSON.stringify({ ...token, found: { ...FOUND, note: 1 } })],
    ['with a history that ends at a text', JSON.stringify({ ...token, found: { ...FOUND, asOf: 'now' } })],
    ['with a create time that is a list', JSON.stringify({ ...token, createTime: ['2026-11-23T00:00:00.000Z'] })],
    ['started at a text', JSON.stringify({ ...token, startedAt: String(Date.now()) })],
    ['without a target', JSON.stringify({ ...token, targetId: undefined })],
    ['with an id that goes on', JSON.stringify({ ...token, callerReference: 'job/x' })],
    ['started in another year', JSON.stringify({ ...token, startedAt: 0 })],
    ['started at no time', JSON.stringify({ ...token, startedAt: null })],
    ['with a create time that is none', JSON.stringify({ ...token, createTime: 'yesterday' })],
    ['with an invalidation that was never created', JSON.stringify({ ...token, createTime: undefined })],
    ['with an id before there is an invalidation', JSON.stringify({ ...token, sent: 0, invalidationCount: 0, createTime: undefined })],
  ])('%s', (_, text) => {
    expect(() => fromContinuationToken(text)).toThrow(expect.objectContaining({
      type: 'ConfigurationError', message: expect.stringContaining('The continuation token is not one that this version of the function wrote'),
    }));
  });

  test('nothing but a Failure comes of any text', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), text => {
      expect(() => fromContinuationToken(text)).toThrow(expect.objectContaining({ type: 'ConfigurationError' }));
    }));
  });
});

describe('what a job does next', () => {
  const progress = (paths: number | undefined, sent: number, completed: number) => ({
    ...begin('job', 'E1'), found: paths === undefined ? undefined : { ...FOUND, paths }, sent, completed,
  });

  test.each([
    // paths, sent, completed, then what, and what where nobody waits for completion
    [undefined, 0, 0, 'find', 'find'],
    [0, 0, 0, 'finish', 'finish'],
    [1, 0, 0, 'create', 'create'],
    [1, 1, 0, 'wait', 'finish'],
    [1, 1, 1, 'finish', 'finish'],
    [20, 0, 0, 'create', 'create'],
    [20, 15, 0, 'wait', 'wait'],
    [20, 15, 15, 'create', 'create'],
    [20, 20, 15, 'wait', 'finish'],
    [20, 20, 20, 'finish', 'finish'],
  ])('of %p paths, %i sent and %i completed: %s', (paths, sent, completed, step, stepWithoutWait) => {
    expect(nextStep(progress(paths, sent, completed), true)).toBe(step);
    expect(nextStep(progress(paths, sent, completed), false)).toBe(stepWithoutWait);
  });

  test.each([
    // paths, sent, completed, the check, then what for files, and what for pages
    [undefined, 0, 0, undefined, 'find', 'find'],
    [0, 0, 0, undefined, 'check', 'finish'],
    [0, 0, 0, { pages: 3 }, 'finish', 'finish'],
    [1, 0, 0, undefined, 'look', 'look'],
    [1, 0, 0, { seen: [] }, 'create', 'create'],
    [20, 15, 0, undefined, 'wait', 'wait'],
    [20, 15, 15, undefined, 'create', 'create'],
    [20, 20, 15, undefined, 'wait', 'wait'],
    [20, 20, 20, undefined, 'check', 'check'],
    [20, 20, 20, { since: 1 }, 'check', 'check'],
    [20, 20, 20, { pages: 1 }, 'finish', 'finish'],
  ])('of %p paths, %i sent and %i completed, with a freshness check (%j): %s, or %s', (paths, sent, completed, check, ofFiles, ofPages) => {
    const job = { ...progress(paths, sent, completed), check };
    expect([nextStep(job, true, 'files'), nextStep(job, true, 'pages')]).toEqual([ofFiles, ofPages]);
  });

  test('a job of any size ends, whatever its batches are, and sends each path once', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 20 }), fc.boolean(), (batches, waitForCompletion) => {
      const steps: string[] = [];
      const job = progress(undefined, 0, 0);
      const left = [...batches];
      for (let step = nextStep(job, waitForCompletion); step !== 'finish'; step = nextStep(job, waitForCompletion)) {
        steps.push(step);
        expect(steps.length).toBeLessThanOrEqual(1 + 2 * batches.length);
        if (step === 'find') {
          job.found = { ...FOUND, paths: batches.reduce((sum, batch) => sum + batch, 0) };
        } else if (step === 'create') {
          job.sent += left.shift()!;
        } else {
          job.completed = job.sent;
        }
      }
      expect(left).toEqual([]);
      expect(steps.filter(step => step === 'create')).toHaveLength(batches.length);
      expect(steps.filter(step => step === 'wait')).toHaveLength(waitForCompletion ? batches.length : Math.max(0, batches.length - 1));
    }));
  });
});
