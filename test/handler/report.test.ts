import * as fc from 'fast-check';
import { truncate } from '../../src/handler/report';

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
