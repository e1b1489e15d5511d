import { pathsOf } from '../../src/handler/changed-files';
import { Site } from '../../src/handler/urls';

const VERSION = { size: 1, crc32: 1 };

/** A site of which nearly a half has changed, and the name of each file can be encoded in several ways. */
function givenChanges(count: number) {
  const changed = Array.from({ length: count }, (_, index) => `pages/R&D ${index}.html`);
  const files = new Map([...changed, ...Array.from({ length: count + 1 }, (_, index) => `same/${index}.html`)].map(name => [name, VERSION]));
  return pathsOf(new Set(changed), files, new Site({}), { maxPaths: 15 });
}

test('more URLs than the function has memory for: everything, and the reason is told', () => {
  expect(givenChanges(40_000)).toEqual({
    paths: ['/*'], changes: { changed: 40_000, unchanged: 40_001 }, note: 'everything, because the changed files are seen under more than 153600 URLs',
  });
});

test('fewer are covered', () => {
  const { paths, changes } = givenChanges(2_000);
  expect(paths).toEqual(['/pages/*']);
  expect(changes).toEqual({ changed: 2_000, unchanged: 0 });
});
