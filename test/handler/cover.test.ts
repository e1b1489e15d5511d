import * as fc from 'fast-check';
import { cover } from '../../src/handler/cover';

test('what fits is named, and nothing else is hit', () => {
  expect(cover(['/b', '/a/x', '/a/'], ['/a/y'], 3)).toEqual({ paths: ['/a/', '/a/x', '/b'], unchanged: 0 });
});

test('the directory with the fewest unchanged files is given up first', () => {
  const changed = ['/a/1', '/a/2', '/b/1', '/b/2'];
  expect(cover(changed, ['/a/3', '/a/4', '/b/3'], 3)).toEqual({ paths: ['/a/1', '/a/2', '/b/*'], unchanged: 1 });
});

test('a wildcard low in the tree is better than one above', () => {
  const changed = ['/blog/2026/a', '/blog/2026/b', '/blog/2026/c', '/index.html'];
  expect(cover(changed, ['/blog/2025/a', '/blog/2026/d', '/about.html'], 2)).toEqual({ paths: ['/blog/2026/*', '/index.html'], unchanged: 1 });
});

test('of equal covers, the one with the fewest patterns', () => {
  expect(cover(['/a/1', '/a/2', '/b'], [], 2)).toEqual({ paths: ['/*'], unchanged: 0 });
  expect(cover(['/a/1', '/a/2', '/b'], ['/c'], 2)).toEqual({ paths: ['/a/*', '/b'], unchanged: 0 });
});

test('one path for all', () => {
  expect(cover(['/a/1', '/b/2'], ['/c'], 1)).toEqual({ paths: ['/*'], unchanged: 1 });
});

test('never more than 15 wildcards', () => {
  const changed = Array.from({ length: 20 }, (_, index) => [`/d${index}/1`, `/d${index}/2`]).flat();
  const unchanged = Array.from({ length: 20 }, (_, index) => `/d${index}/3`);
  const { paths } = cover(changed, unchanged, 25);
  expect(paths.filter(path => path.endsWith('*')).length).toBeLessThanOrEqual(15);
  expect(paths.length).toBeLessThanOrEqual(25);
});

test('as many as 15 wildcards', () => {
  const changed = Array.from({ length: 15 }, (_, index) => `/d${index}/1*`);
  const unchanged = Array.from({ length: 15 }, (_, index) => `/d${index}/2`);
  expect(cover(changed, unchanged, 100)).toEqual({ paths: [...changed].sort(), unchanged: 0 });
  // With one more, the two that share a directory are given up for it.
  expect(cover([...changed, '/d3/3*'], [...unchanged, '/d3/4'], 100)).toEqual({ paths: [...changed.filter(path => path !== '/d3/1*'), '/d3/*'].sort(), unchanged: 2 });
});

test('a path that is a wildcard already counts as one', () => {
  const changed = Array.from({ length: 16 }, (_, index) => `/d/${index}*`);
  expect(cover(changed, ['/d/x', '/e'], 100)).toEqual({ paths: ['/d/*'], unchanged: 1 });
});

test('a directory does not cover the path without its slash', () => {
  expect(cover(['/blog/index.html', '/blog/', '/blog/a', '/blog'], ['/x'], 2)).toEqual({ paths: ['/blog', '/blog/*'], unchanged: 0 });
});

test('a hundred thousand files in deep and in wide trees', () => {
  const files = Array.from({ length: 100_000 }, (_, index) => `/${index % 300}/${index % 7}/${index % 1100}/${index}.html`);
  const { paths } = cover(files.filter((_, index) => index % 3 === 0), files.filter((_, index) => index % 3 !== 0), 100);
  expect(paths.length).toBeLessThanOrEqual(100);
  const deep = `${'/d'.repeat(500)}/f`;
  expect(cover([deep], [], 1).paths).toEqual([deep]);
});

/** Small trees: a few names, at most three directories deep. */
const path = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 }).map(names => `/${names.join('/')}`);
const site = fc.uniqueArray(fc.tuple(path, fc.boolean()), { minLength: 1, maxLength: 12, selector: ([name]) => name });

test('every changed path is covered, within the limits, and the unchanged are counted right', () => {
  fc.assert(fc.property(site, fc.integer({ min: 1, max: 6 }), (files, maxPaths) => {
    const [changed, unchanged] = split(files);
    fc.pre(changed.length > 0);
    const { paths, unchanged: hit } = cover(changed, unchanged, maxPaths);
    expect(paths.length).toBeLessThanOrEqual(maxPaths);
    expect(changed.filter(name => !isHit(name, paths))).toEqual([]);
    expect(unchanged.filter(name => isHit(name, paths))).toHaveLength(hit);
  }), { numRuns: 1_000 });
});

test('no cover is better: tried against every one there is', () => {
  fc.assert(fc.property(site, fc.integer({ min: 1, max: 5 }), (files, maxPaths) => {
    const [changed, unchanged] = split(files);
    fc.pre(changed.length > 0);
    const candidates = [...new Set(changed.flatMap(name => [name, ...wildcardsAbove(name)]))];
    let best = [Infinity, Infinity];
    for (const paths of subsets(candidates, maxPaths)) {
      if (changed.every(name => isHit(name, paths))) {
        const cost = [unchanged.filter(name => isHit(name, paths)).length, paths.length];
        best = cost[0] < best[0] || (cost[0] === best[0] && cost[1] < best[1]) ? cost : best;
      }
    }
    const found = cover(changed, unchanged, maxPaths);
    expect([found.unchanged, found.paths.length]).toEqual(best);
  }), { numRuns: 300 });
});

function split(files: [string, boolean][]): [string[], string[]] {
  return [files.filter(([, changed]) => changed).map(([name]) => name), files.filter(([, changed]) => !changed).map(([name]) => name)];
}

function isHit(name: string, paths: readonly string[]): boolean {
  return paths.some(pattern => pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern);
}

function wildcardsAbove(name: string): string[] {
  return [...name.matchAll(/\//g)].map(({ index }) => `${name.slice(0, index + 1)}*`);
}

function* subsets<T>(items: readonly T[], most: number): Generator<T[]> {
  if (items.length === 0 || most === 0) {
    yield [];
    return;
  }
  const [first, ...rest] = items;
  yield* subsets(rest, most);
  for (const subset of subsets(rest, most - 1)) {
    yield [first, ...subset];
  }
}
