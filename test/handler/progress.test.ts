import * as fc from 'fast-check';
import { begin, fromContinuationToken, nextStep, toContinuationToken } from '../../src/handler/progress';

test('a token brings back the progress it was made of', () => {
  const found = { paths: 20, batches: 2, changes: undefined, note: undefined };
  const progress = { ...begin('11111111-abcd-1111-abcd-111111abcdef'), found, invalidationIds: ['I1', 'I2'], completed: 1, createTime: '2026-11-23T00:00:00.000Z' };
  expect(fromContinuationToken(toContinuationToken(progress))).toEqual(progress);
});

test('a token brings back what a report says of the paths', () => {
  const found = { paths: 3, batches: 1, changes: { changed: 0, unchanged: 2 }, note: 'all of it' };
  const progress = { ...begin('job'), found };
  expect(fromContinuationToken(toContinuationToken(progress))).toEqual({ ...progress, createTime: undefined });
});

test('a token is good for twice the longest time-out', () => {
  const twoDays = 2 * 86_400_000;
  jest.useFakeTimers({ now: 1_800_000_000_000 });
  try {
    const aged = (milliseconds: number) => toContinuationToken({ ...begin('job'), startedAt: Date.now() - milliseconds });
    expect(() => fromContinuationToken(aged(twoDays))).not.toThrow();
    expect(() => fromContinuationToken(aged(-twoDays))).not.toThrow();
    expect(() => fromContinuationToken(aged(twoDays + 1))).toThrow('Retry the stage to start the invalidation anew.');
    expect(() => fromContinuationToken(aged(-twoDays - 1))).toThrow('Retry the stage to start the invalidation anew.');
  } finally {
    jest.useRealTimers();
  }
});

test('a token of a job that has no invalidation yet', () => {
  const progress = begin('job');
  expect(fromContinuationToken(toContinuationToken(progress))).toEqual({ ...progress, found: undefined, createTime: undefined });
});

test('a token fits CodePipeline\'s 2048 characters with the ids of a hundred batches', () => {
  const progress = {
    ...begin('11111111-abcd-1111-abcd-111111abcdef'),
    found: { paths: 10_000, batches: 100 },
    invalidationIds: Array<string>(100).fill('I2J0I21PCUYOIK'),
    completed: 99,
    createTime: '2026-11-23T00:00:00.000Z',
  };
  expect(toContinuationToken(progress).length).toBeLessThanOrEqual(2048);
});

describe('a token that this function did not write', () => {
  const token = JSON.parse(toContinuationToken({ ...begin('job'), found: { paths: 1, batches: 1 }, invalidationIds: ['I1'], createTime: '2026-11-23T00:00:00.000Z' })) as object;

  test.each([
    ['no JSON', 'garbage'],
    ['cut in half', JSON.stringify(token).slice(0, 40)],
    ['a string', '"x"'],
    ['a list', '[]'],
    ['null', 'null'],
    ['of another version', JSON.stringify({ ...token, version: 2 })],
    ['without a caller reference', JSON.stringify({ ...token, callerReference: undefined })],
    ['with an id that would leave the URL', JSON.stringify({ ...token, invalidationIds: ['../../x'] })],
    ['with more invalidations than batches', JSON.stringify({ ...token, invalidationIds: ['I1', 'I2'], completed: 1 })],
    ['with more completed than created', JSON.stringify({ ...token, completed: 2 })],
    ['with two invalidations open', JSON.stringify({ ...token, completed: -1 })],
    ['with an invalidation of nothing', JSON.stringify({ ...token, found: undefined })],
    ['with a count that is none', JSON.stringify({ ...token, found: { paths: -1, batches: 1 } })],
    ['with changes that are none', JSON.stringify({ ...token, found: { paths: 1, batches: 1, changes: 'some' } })],
    ['with unchanged files that are no count', JSON.stringify({ ...token, found: { paths: 1, batches: 1, changes: { changed: 1 } } })],
    ['with changed files that are no count', JSON.stringify({ ...token, found: { paths: 1, batches: 1, changes: { unchanged: 1 } } })],
    ['with a note that is no text', JSON.stringify({ ...token, found: { paths: 1, batches: 1, note: 1 } })],
    ['with a create time that is a list', JSON.stringify({ ...token, createTime: ['2026-11-23T00:00:00.000Z'] })],
    ['started at a text', JSON.stringify({ ...token, startedAt: String(Date.now()) })],
    ['with an id that goes on', JSON.stringify({ ...token, callerReference: 'job/x' })],
    ['with changes that are no counts', JSON.stringify({ ...token, found: { paths: 1, batches: 1, changes: { changed: '1' } } })],
    ['started in another year', JSON.stringify({ ...token, startedAt: 0 })],
    ['started at no time', JSON.stringify({ ...token, startedAt: null })],
    ['with a create time that is none', JSON.stringify({ ...token, createTime: 'yesterday' })],
    ['with an invalidation that was never created', JSON.stringify({ ...token, createTime: undefined })],
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
  const progress = (batches: number | undefined, created: number, completed: number) => ({
    ...begin('job'), found: batches === undefined ? undefined : { paths: 1, batches }, invalidationIds: Array<string>(created).fill('I1'), completed,
  });

  test.each([
    // batches, created, completed, then what, and what where nobody waits for completion
    [undefined, 0, 0, 'find', 'find'],
    [0, 0, 0, 'finish', 'finish'],
    [1, 0, 0, 'create', 'create'],
    [1, 1, 0, 'wait', 'finish'],
    [1, 1, 1, 'finish', 'finish'],
    [2, 0, 0, 'create', 'create'],
    [2, 1, 0, 'wait', 'wait'],
    [2, 1, 1, 'create', 'create'],
    [2, 2, 1, 'wait', 'finish'],
    [2, 2, 2, 'finish', 'finish'],
  ])('of %p batches, %i created and %i completed: %s', (batches, created, completed, step, stepWithoutWait) => {
    expect(nextStep(progress(batches, created, completed), true)).toBe(step);
    expect(nextStep(progress(batches, created, completed), false)).toBe(stepWithoutWait);
  });

  test('a job of any size ends, and never does a step twice', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 20 }), fc.boolean(), (batches, waitForCompletion) => {
      const steps: string[] = [];
      const job = progress(undefined, 0, 0);
      for (let step = nextStep(job, waitForCompletion); step !== 'finish'; step = nextStep(job, waitForCompletion)) {
        steps.push(step);
        expect(steps.length).toBeLessThanOrEqual(1 + 2 * batches);
        if (step === 'find') {
          job.found = { paths: batches, batches };
        } else if (step === 'create') {
          job.invalidationIds.push('I1');
        } else {
          job.completed++;
        }
      }
      expect(steps.filter(step => step === 'create')).toHaveLength(batches);
      expect(steps.filter(step => step === 'wait')).toHaveLength(waitForCompletion ? batches : Math.max(0, batches - 1));
    }));
  });
});
