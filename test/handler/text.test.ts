import * as fc from 'fast-check';
import { count, formatSeconds, truncate } from '../../src/handler/text';

test('what fits stays', () => {
  expect(truncate('12345', 5)).toBe('12345');
});

test('what does not fit ends in an ellipsis', () => {
  expect(truncate('123456', 5)).toBe('1234…');
});

test('no character is cut in two', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 20 }), (text, length) => {
    const cut = truncate(text, length);
    expect(cut.length).toBeLessThanOrEqual(length);
    expect(cut).not.toMatch(/\p{Surrogate}/u);
  }));
});

test.each([
  [1, '1 second'], [12.34, '12.3 seconds'], [60, '60 seconds'], [119, '119 seconds'], [120, '2 minutes'], [3600, '1 hour'], [5400, '1.5 hours'], [86400, '24 hours'],
])('%d seconds read %s', (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

test.each([[0, '0 paths'], [1, '1 path'], [2, '2 paths']])('%d is %s', (number, text) => {
  expect(count(number, 'path')).toBe(text);
});
