import { Failure, InProgress } from '../../../src/handler/failure';
import { Check, lookBefore, type Look, type Page } from '../../../src/handler/freshness/check';
import type { CheckProgress } from '../../../src/handler/progress';

const START = 1_800_000_000_000;
const UNTIL = START + 3_600_000;

beforeEach(() => {
  jest.useFakeTimers({ now: START });
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
});

afterEach(() => jest.useRealTimers());

/** A page with what each look at it comes to; the last one stays. */
function givenPage(name: string, ...states: Look['state'][]): Page & { readonly looks: jest.Mock } {
  const looks = jest.fn<Promise<Look>, [number]>(() => Promise.resolve({
    state: states.length > 1 ? states.shift()! : states[0], words: `${name} is bad.`, location: 'DUB56-P1',
  }));
  return { url: name, lookBefore: () => Promise.resolve(true), look: looks, looks };
}

function givenCheck(pages: Page[], progress: CheckProgress = {}) {
  const check = new Check(pages, { goal: 'seen fresh', timeoutSeconds: 60, progress });
  return { check, progress, look: () => check.look(UNTIL) };
}

test('once all pages are fresh, it is known how many and where', async () => {
  const { look, progress } = givenCheck([givenPage('a', 'fresh'), givenPage('b', 'fresh')]);
  await look();
  expect(progress).toMatchObject({ pages: 2, location: 'DUB56-P1', since: START });
});

test('a page that was seen fresh is not looked at again', async () => {
  const [a, b] = [givenPage('a', 'fresh'), givenPage('b', 'old', 'fresh')];
  const { look } = givenCheck([a, b]);
  await expect(look()).rejects.toThrow(new InProgress('b was not seen fresh: b is bad.'));
  await look();
  expect([a.looks.mock.calls.length, b.looks.mock.calls.length]).toEqual([1, 2]);
});

test('what does not heal fails at the third look in a row', async () => {
  const { look, progress } = givenCheck([givenPage('a', 'old'), givenPage('b', 'hopeless', 'hopeless', 'old', 'hopeless')]);
  const outcomes: unknown[] = [];
  for (let count = 0; count < 6; count++) {
    outcomes.push(await look().catch(error => error));
  }
  expect(outcomes.map(outcome => outcome instanceof Failure)).toEqual([false, false, false, false, false, true]);
  expect(String(outcomes[5])).toContain('b was not seen fresh: b is bad. The same is true of 1 more of 2 pages: see the function\'s log.');
  expect(progress.hopeless).toBe(3);
});

test('also where the looks are those of several invocations', async () => {
  await expect(givenCheck([givenPage('a', 'hopeless')], { hopeless: 2, since: START }).look()).rejects.toBeInstanceOf(Failure);
});

test.each([[59_999, InProgress], [60_000, Failure]])('after %i milliseconds, an old page is %p', async (elapsed, expected) => {
  const { look } = givenCheck([givenPage('a', 'old')], { since: START });
  jest.setSystemTime(START + elapsed);
  await expect(look()).rejects.toBeInstanceOf(expected);
});

test('the log says once what becomes of a page', async () => {
  const write = jest.mocked(process.stdout.write);
  const { look } = givenCheck([givenPage('a', 'old', 'old', 'fresh'), givenPage('b', 'unclaimed')]);
  for (let count = 0; count < 3; count++) {
    await look().catch(() => undefined);
  }
  const lines = write.mock.calls.map(([line]) => JSON.parse(String(line)) as object);
  expect(lines).toEqual([
    expect.objectContaining({ level: 'WARN', message: 'Page was not seen fresh', url: 'a', location: 'DUB56-P1', state: 'old', seen: 'a is bad.' }),
    expect.objectContaining({ level: 'INFO', message: 'Page was not seen fresh', url: 'b', state: 'unclaimed' }),
    expect.objectContaining({ level: 'INFO', message: 'Page was seen fresh', url: 'a', state: 'fresh' }),
  ]);
});

test.each<[string, Partial<CheckProgress>, Look['state'], string]>([
  ['time', { since: START - 60_000 }, 'old', 'Gave up after 60 seconds (timeout of freshnessCheck). a was not seen fresh: a is bad.'],
  ['hope', { since: START, hopeless: 2 }, 'hopeless', 'a was not seen fresh: a is bad.'],
])('without %s, the job has failed', async (_, progress, state, message) => {
  await expect(givenCheck([givenPage('a', state)], progress).look()).rejects.toMatchObject({ type: 'JobFailed', message });
});

test('every edge location is named once', async () => {
  const pages = ['DUB56-P1', 'FRA60-P5', 'DUB56-P1', undefined].map((location, index): Page => ({
    url: String(index), lookBefore: () => Promise.resolve(true), look: () => Promise.resolve({ state: 'fresh', words: '', location }),
  }));
  const { look, progress } = givenCheck(pages);
  await look();
  expect(progress.location).toBe('DUB56-P1, FRA60-P5');
});

test('with too little time for a look, no page is blamed', async () => {
  const page = givenPage('a', 'hopeless');
  const { check, progress } = givenCheck([page], { hopeless: 2 });
  await expect(check.look(START + 1_999)).rejects.toThrow(new InProgress('a was not seen fresh: it has not been visited yet.'));
  expect(page.looks).not.toHaveBeenCalled();
  expect(progress.hopeless).toBe(2);
});

test('a page has a line in the log when it turns fresh or old, not at each look', async () => {
  const { look } = givenCheck([givenPage('a', 'old', 'old', 'old', 'fresh'), givenPage('b', 'fresh')]);
  for (let count = 0; count < 4; count++) {
    await look().catch(() => {});
  }
  const lines = jest.mocked(process.stdout.write).mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>);
  expect(lines.map(({ url, state }) => `${url} ${state}`)).toEqual(['a old', 'b fresh', 'a fresh']);
});

test('no more than ten pages are visited at a time', async () => {
  let [now, most] = [0, 0];
  const pages = Array.from({ length: 50 }, (_, index): Page => ({
    url: String(index),
    lookBefore: () => Promise.resolve(true),
    look: async () => {
      most = Math.max(most, ++now);
      await Promise.resolve();
      now--;
      return { state: 'fresh', words: '' };
    },
  }));
  const { look, progress } = givenCheck(pages);
  await look();
  expect(most).toBe(10);
  expect(progress.pages).toBe(50);
});

test('nothing is claimed of a page that no path names, as long as another one was seen fresh', async () => {
  const named = givenPage('named', 'old', 'fresh');
  const { look, progress } = givenCheck([givenPage('unnamed', 'unclaimed'), named]);
  await expect(look()).rejects.toThrow(new InProgress('named was not seen fresh: named is bad. The same is true of 1 more of 2 pages: see the function\'s log.'));
  await look();
  expect(progress.pages).toBe(1);
});

test('a check in which nothing can be claimed is not over', async () => {
  const { look, progress } = givenCheck([givenPage('a', 'unclaimed'), givenPage('b', 'unclaimed')]);
  await expect(look()).rejects.toThrow(new InProgress('a was not seen fresh: a is bad. The same is true of 1 more of 2 pages: see the function\'s log.'));
  expect(progress.pages).toBeUndefined();
});

describe('before the invalidation', () => {
  /** Pages that can be visited at the nth attempt. */
  function givenPages(...attempts: number[]) {
    const visits = attempts.map(() => 0);
    const ends: number[] = [];
    const pages = attempts.map((attempt, index): Page => ({
      ...givenPage('a', 'fresh'),
      lookBefore: end => {
        ends.push(end - START);
        return Promise.resolve(++visits[index] >= attempt);
      },
    }));
    return { pages, visits, ends };
  }

  async function look(pages: readonly Page[], until = UNTIL): Promise<number[]> {
    const looking = lookBefore(pages, until);
    await jest.advanceTimersByTimeAsync(60_000);
    return looking;
  }

  test('each page is visited once, and the invalidation is not delayed for long', async () => {
    const { pages, visits, ends } = givenPages(1, 1);
    expect(await look(pages)).toEqual([0, 1]);
    expect([visits, ends]).toEqual([[1, 1], [20_000, 20_000]]);
  });

  test('the time of the invocation is not exceeded', async () => {
    const { pages, ends } = givenPages(1);
    await look(pages, START + 5_000);
    expect(ends).toEqual([5_000]);
  });

  test('a page that cannot be visited is tried three times, and the others are not visited again', async () => {
    const { pages, visits } = givenPages(1, 3, 4, 2);
    expect(await look(pages)).toEqual([0, 1, 3]);
    expect(visits).toEqual([1, 3, 3, 2]);
  });

  test('no page is tried again once the time is up', async () => {
    const { pages, visits } = givenPages(3);
    expect(await look(pages, START + 1_500)).toEqual([]);
    expect(visits).toEqual([2]);
  });
});
