import * as fc from 'fast-check';
import { normalizePaths, toBatches } from '../../src/handler/paths';

test('paths are encoded, then each is kept once', () => {
  expect(normalizePaths(['/a b', '/b', '/a%20b', '#tag', '#tag'])).toEqual(['/a%20b', '/b', '#tag']);
});

test('a tag is no path: nothing in it is encoded', () => {
  expect(normalizePaths(['#a~[b]'])).toEqual(['#a~[b]']);
});

describe('toBatches', () => {
  test.each([
    [15, 0, 1], [16, 0, 2], [30, 0, 2], [31, 0, 3],
    [0, 3000, 1], [0, 3001, 2],
    [15, 3000, 1], [16, 3000, 2], [15, 3001, 2], [16, 3001, 2],
  ])('%i wildcards and %i paths go in %i batches', (wildcards, files, batches) => {
    expect(toBatches([...numbered(wildcards, '/*'), ...numbered(files, '')])).toHaveLength(batches);
  });

  test('every path is in one batch, no batch is over the quota, and none could be left out', () => {
    fc.assert(fc.property(fc.nat({ max: 70 }), fc.nat({ max: 7000 }), (wildcards, files) => {
      const paths = [...numbered(wildcards, '/*'), ...numbered(files, '')];
      const batches = toBatches(paths);
      expect(batches.flat().sort()).toEqual(paths.sort());
      expect(batches.every(batch => batch.filter(isWildcard).length <= 15 && batch.filter(path => !isWildcard(path)).length <= 3000)).toBe(true);
      expect(batches).toHaveLength(Math.max(Math.ceil(wildcards / 15), Math.ceil(files / 3000)));
    }), { numRuns: 30 });
  });
});

function numbered(count: number, suffix: string): string[] {
  return Array.from({ length: count }, (_, index) => `/${index}${suffix}`);
}

function isWildcard(path: string): boolean {
  return path.endsWith('*');
}
