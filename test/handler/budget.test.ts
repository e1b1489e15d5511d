import { budgetOf, hasTimeForCall, limited } from '../../src/handler/budget';

const NOW = 1_800_000_000_000;

beforeEach(() => jest.useFakeTimers({ now: NOW }));
afterEach(() => jest.useRealTimers());

test.each([
  [300_000, 280_000],
  [60_000, 40_000],
  [30_000, 20_000],
  [9_000, 6_000],
])('of %i milliseconds, the work gets %i and the report the rest', (remaining, work) => {
  const budget = budgetOf({ awsRequestId: 'id', getRemainingTimeInMillis: () => remaining });
  expect(budget.workUntil - NOW).toBe(work);
  expect(budget.reportUntil - NOW).toBe(remaining - 250);
});

test('a quarter of a second is time for a call, less is not', () => {
  expect(hasTimeForCall(NOW + 250)).toBe(true);
  expect(hasTimeForCall(NOW + 249)).toBe(false);
});

describe('limited', () => {
  test('gives the answer', async () => {
    await expect(limited(NOW + 1_000, async () => 'answer')).resolves.toBe('answer');
  });

  test('gives the error', async () => {
    await expect(limited(NOW + 1_000, async () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  test.each([
    [3_000, 'no response within 3 seconds'],
    [60_000, 'no response within 10 seconds'],
  ])('ends a call that never answers, with %i milliseconds left', async (left, message) => {
    let signal: AbortSignal | undefined;
    const outcome = expect(limited(NOW + left, abortSignal => {
      signal = abortSignal;
      return new Promise(() => {});
    })).rejects.toThrow(message);
    await jest.advanceTimersByTimeAsync(10_000);
    await outcome;
    expect(signal?.aborted).toBe(true);
  });

  test('leaves no timer behind', async () => {
    await limited(NOW + 60_000, async () => 'answer');
    expect(jest.getTimerCount()).toBe(0);
  });
});

test.each([0, -1, -60_000])('a call for which %i milliseconds are left is not made', async milliseconds => {
  const call = jest.fn<Promise<void>, []>();
  await expect(limited(Date.now() + milliseconds, call)).rejects.toThrow('no time was left for the call');
  expect(call).not.toHaveBeenCalled();
});
