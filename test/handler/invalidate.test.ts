import { backoff, formatSeconds, pollPause } from '../../src/handler/invalidate';

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

test.each([
  [1, '1 second'], [12.34, '12.3 seconds'], [60, '60 seconds'], [119, '119 seconds'], [120, '2 minutes'], [3600, '1 hour'], [5400, '1.5 hours'], [86400, '24 hours'],
])('%d seconds read %s', (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});
