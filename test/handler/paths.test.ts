import * as fc from 'fast-check';
import { batchAt, digestOf, isWildcard, normalizePaths } from '../../src/handler/paths';

test('paths are encoded, then each is kept once', () => {
  expect(normalizePaths(['/a b', '/b', '/a%20b', '#tag', '#tag'])).toEqual(['/a%20b', '/b', '#tag']);
});

test('a tag is no path: nothing in it is encoded', () => {
  expect(normalizePaths(['#a~[b]'])).toEqual(['#a~[b]']);
});

describe('batchAt', () => {
  test.each([
    [15, 0, 1], [16, 0, 2], [30, 0, 2], [31, 0, 3],
    [0, 3000, 1], [0, 3001, 2],
    [15, 3000, 1], [16, 3000, 2], [15, 3001, 2], [16, 3001, 2],
  ])('%i wildcards and %i paths go in %i batches', (wildcards, files, batches) => {
    expect(allBatches([...numbered(files, ''), ...numbered(wildcards, '/*')], 0)).toHaveLength(batches);
  });

  test('every path is in one batch, no batch is over the quota, and none could be left out', () => {
    fc.assert(fc.property(fc.nat({ max: 70 }), fc.nat({ max: 7000 }), (wildcards, files) => {
      const paths = [...numbered(wildcards, '/*'), ...numbered(files, '')];
      const batches = allBatches(paths, 0);
      expect(batches.flat().sort()).toEqual(paths.sort());
      expect(batches.every(batch => batch.filter(isWildcard).length <= 15 && batch.filter(path => !isWildcard(path)).length <= 3000)).toBe(true);
      expect(batches).toHaveLength(Math.max(Math.ceil(wildcards / 15), Math.ceil(files / 3000)));
    }), { numRuns: 30 });
  });

  test.each([[1, 7, 1500], [2, 3, 750], [3, 1, 375], [4, 1, 187], [20, 1, 1]])('halved %i times, a batch has %i wildcards and %i other paths at most', (halvings, wildcards, files) => {
    const paths = normalizePaths([...numbered(40, '/*'), ...numbered(4_000, '')]);
    const batches = allBatches(paths, halvings);
    expect(batches.flat()).toEqual(paths);
    expect(Math.max(...batches.map(batch => batch.filter(isWildcard).length))).toBe(wildcards);
    expect(Math.max(...batches.map(batch => batch.filter(path => !isWildcard(path)).length))).toBeLessThanOrEqual(files);
  });
});

test('the digest tells other paths, and another order', () => {
  expect(digestOf(['/a', '/b'])).toBe(digestOf(['/a', '/b']));
  expect(new Set([['/a', '/b'], ['/b', '/a'], ['/a'], ['/a,/b'], []].map(digestOf)).size).toBe(5);
});

function allBatches(paths: readonly string[], halvings: number): string[][] {
  const ordered = normalizePaths(paths);
  const batches: string[][] = [];
  for (let offset = 0; offset < ordered.length; offset += batches.at(-1)!.length) {
    batches.push(batchAt(ordered, offset, halvings));
    expect(batches.at(-1)).not.toEqual([]);
  }
  return batches;
}

function numbered(count: number, suffix: string): string[] {
  return Array.from({ length: count }, (_, index) => `/${index}${suffix}`);
}
