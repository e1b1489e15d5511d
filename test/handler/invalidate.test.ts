import { Busy, Failure, InProgress } from '../../src/handler/failure';
import { backoff, lookPause, pollPause, waitFor } from '../../src/handler/invalidate';
import { begin } from '../../src/handler/progress';

test.each([
  [0, 1_000], [25_000, 1_000], [60_000, 1_000], [120_000, 2_000], [300_000, 5_000], [3_600_000, 5_000],
])('after %i milliseconds, the next poll comes in %i', (waited, pause) => {
  expect(pollPause(waited)).toBe(pause);
});

test.each([
  [0, 1_000], [1, 2_000], [4, 16_000], [5, 20_000], [100, 20_000],
])('after %i troubles in a row, the pause is %i milliseconds at most and half of that at least', (troubles, most) => {
  const pauses = Array.from({ length: 100 }, () => backoff(troubles));
  expect(Math.max(...pauses)).toBeLessThanOrEqual(most);
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(most / 2);
  expect(new Set(pauses).size).toBeGreaterThan(1);
});

test('looks are at any fraction of a second, and never more than half as far apart again as polls', () => {
  const pauses = Array.from({ length: 100 }, () => lookPause(0));
  expect(Math.max(...pauses)).toBeLessThanOrEqual(1_500);
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(1_000);
  expect(new Set(pauses).size).toBeGreaterThan(50);
});

describe('waitFor', () => {
  const START = 1_800_000_000_000;
  const THROTTLED = new Busy('SystemUnavailable', 'busy');
  const POLL = new InProgress('in progress');

  beforeEach(() => {
    jest.useFakeTimers({ now: START });
    // The longest pauses: 1, 2, 4, 8, 16 and then 20 seconds.
    jest.spyOn(Math, 'random').mockReturnValue(0);
    jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  test('while CloudFront is always busy, ends before it would sleep into the time of the report', async () => {
    const { attempts, outcome } = await waitFrom({ workFor: 40_000, timeoutSeconds: 3_600 });
    expect(outcome).toEqual({ answer: undefined, after: 31_000 });
    expect(attempts).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000]);
  });

  test('makes its last attempt at the timeout, and not later', async () => {
    const { attempts, outcome } = await waitFrom({ workFor: 280_000, timeoutSeconds: 10 });
    expect(attempts).toEqual([0, 1_000, 3_000, 7_000, 10_000]);
    expect(outcome).toEqual({ failure: 'Gave up after 10 seconds (timeout). busy', after: 10_000 });
  });

  test('makes no attempt that it has no time for', async () => {
    expect(await waitFrom({ workFor: 249, timeoutSeconds: 3_600 })).toEqual({ attempts: [], outcome: { answer: undefined, after: 0 } });
  });

  test('polls twice, four times, at most eight times as rarely after each poll that was throttled', async () => {
    const polls = [POLL, POLL, THROTTLED, POLL, POLL, THROTTLED, POLL, POLL, THROTTLED, POLL, POLL, THROTTLED, POLL, POLL];
    const { attempts } = await waitFrom({ workFor: 280_000, timeoutSeconds: 3_600 }, polls);
    const pauses = attempts.slice(1).map((at, index) => at - attempts[index]);
    expect(pauses.slice(0, polls.length)).toEqual([
      1_000, 1_000, /* throttled */ 1_000, 2_000, 2_000, /* throttled */ 1_000, 4_000, 4_000, /* throttled */ 1_000, 8_000, 8_000,
      /* throttled */ 1_000, 8_000, 8_000,
    ]);
  });

  async function waitFrom({ workFor, timeoutSeconds }: { workFor: number; timeoutSeconds: number }, busy: readonly Busy[] = []) {
    const attempts: number[] = [];
    const budget = { workUntil: START + workFor, reportUntil: START + workFor + 20_000 };
    const waiting = waitFor(async () => {
      attempts.push(Date.now() - START);
      throw busy[attempts.length - 1] ?? THROTTLED;
    }, begin('job', 'E1'), timeoutSeconds, budget).then(
      answer => ({ answer, after: Date.now() - START }),
      (failure: Failure) => ({ failure: failure.message, after: Date.now() - START }),
    );
    await jest.advanceTimersByTimeAsync(300_000);
    return { attempts, outcome: await waiting };
  }
});
