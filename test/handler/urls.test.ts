import { Site } from '../../src/handler/urls';

test.each([
  ['index.html', ['/index.html', '/']],
  ['blog/index.html', ['/blog/index.html', '/blog/', '/blog']],
  ['about.html', ['/about.html']],
  ['a b/ü.html', ['/a%20b/%C3%BC.html']],
  ['100%.html', ['/100%25.html']],
  ['%20.html', ['/%2520.html']],
  ['what?.html', ['/what%3F.html']],
  ['a#b.html', ['/a%23b.html']],
  ['a+b.html', ['/a+b.html', '/a%2Bb.html']],
  ['a*b.html', ['/a*']],
  ['~user/x', ['/%7Euser/x']],
])('%s is seen as %j', (key, paths) => {
  expect(new Site({}).pathsOf(key)).toEqual(paths);
});

test('stripped extensions', () => {
  const site = new Site({ stripExtensions: ['.html'] });
  expect(site.pathsOf('about.html')).toEqual(['/about.html', '/about']);
  expect(site.pathsOf('blog/index.html')).toEqual(['/blog/index.html', '/blog/index', '/blog/', '/blog']);
  expect(site.pathsOf('.html')).toEqual(['/.html']);
  expect(site.pathsOf('style.css')).toEqual(['/style.css']);
});

test('other index documents, and none', () => {
  expect(new Site({ indexDocuments: ['default.htm'] }).pathsOf('a/default.htm')).toEqual(['/a/default.htm', '/a/', '/a']);
  expect(new Site({ indexDocuments: [] }).pathsOf('a/index.html')).toEqual(['/a/index.html']);
});

test('nothing is excluded, no extension stripped and no folder put in front, unless it is said', () => {
  const site = new Site({});
  expect(site.keyOf('a/b.html')).toBe('a/b.html');
  expect(site.excludes('a/b.html')).toBe(false);
  expect(site.pathsOf('a/b.html')).toEqual(['/a/b.html']);
});

test('the path of an object by which files are counted', () => {
  expect(new Site({ prefix: 'docs' }).pathOf('docs/a b?.html')).toBe('/docs/a%20b%3F.html');
});

test.each(['dist', 'dist/', './dist', '/dist/', '././dist//', './/dist'])('the base directory %s is stripped, and what is outside of it does not count', baseDirectory => {
  const site = new Site({ baseDirectory });
  expect(site.keyOf('dist/a/index.html')).toBe('a/index.html');
  expect(site.keyOf('distant/a')).toBeUndefined();
  expect(site.keyOf('README.md')).toBeUndefined();
});

test.each(['', '.', './', '/'])('the base directory %j is the whole artifact', baseDirectory => {
  expect(new Site({ baseDirectory }).keyOf('a')).toBe('a');
});

test('a base directory of two folders, one of which ends with a dot', () => {
  expect(new Site({ baseDirectory: 'build./site' }).keyOf('build./site/a')).toBe('a');
});

test('the prefix is put in front, and is part of every path', () => {
  const site = new Site({ prefix: '/docs/', baseDirectory: 'out' });
  expect(site.keyOf('out/index.html')).toBe('docs/index.html');
  expect(site.pathsOf('docs/index.html')).toEqual(['/docs/index.html', '/docs/', '/docs']);
});

test.each([
  ['assets/**', 'docs/assets/a/b.js', true],
  ['assets/**', 'docs/index.html', false],
  ['*.map', 'docs/a.map', true],
  ['*.map', 'docs/a/b.map', false],
  ['**/*.map', 'docs/a/b.map', true],
  ['.well-known/**', 'docs/.well-known/x', true],
  ['**/*.map', 'docs/a/.hidden.map', true],
])('what %s excludes below the base directory: %s is %s', (pattern, key, excluded) => {
  expect(new Site({ prefix: 'docs', exclude: [pattern] }).excludes(key)).toBe(excluded);
});
