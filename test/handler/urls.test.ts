import { Site } from '../../src/handler/urls';

test.each([
  ['index.html', ['/index.html', '/']],
  ['blog/index.html', ['/blog/index.html', '/blog/', '/blog']],
  ['about.html', ['/about.html']],
  ['a b/ü.html', ['/a%20b/%C3%BC.html', '/a+b/%C3%BC.html']],
  ['100%.html', ['/100%25.html']],
  ['%20.html', ['/%2520.html']],
  ['what?.html', ['/what%3F.html']],
  ['a#b.html', ['/a%23b.html']],
  ['a+b.html', ['/a+b.html', '/a%2Bb.html']],
  ['a b+c', ['/a%20b+c', '/a%20b%2Bc', '/a+b%2Bc']],
  ['R&D, old.html', ['/R&D,%20old.html', '/R%26D%2C%20old.html', '/R&D,+old.html', '/R%26D%2C+old.html']],
  ['a*b.html', ['/a*']],
  ['~user/x', ['/%7Euser/x']],
])('%s is seen as %j', (key, paths) => {
  expect(new Site({}).pathsOf(key)).toEqual(paths);
});

test('stripped extensions', () => {
  const site = new Site({ stripExtensions: ['.html'] });
  expect(site.pathsOf('about.html')).toEqual(['/about.html', '/about', '/about/']);
  expect(site.pathsOf('blog/index.html')).toEqual(['/blog/index.html', '/blog/index', '/blog/index/', '/blog/', '/blog']);
  expect(site.pathsOf('.html')).toEqual(['/.html']);
  expect(site.pathsOf('style.css')).toEqual(['/style.css']);
});

test('other index documents, and none', () => {
  expect(new Site({ indexDocuments: ['default.htm'] }).pathsOf('a/default.htm')).toEqual(['/a/default.htm', '/a/', '/a']);
  expect(new Site({ indexDocuments: [] }).pathsOf('a/index.html')).toEqual(['/a/index.html']);
});

test('nothing is excluded, no extension stripped and no folder put in front, unless it is said', () => {
  const site = new Site({});
  expect(site.fileOf('a/b.html')).toBe('a/b.html');
  expect(site.excludes('a/b.html')).toBe(false);
  expect(site.pathsOf('a/b.html')).toEqual(['/a/b.html']);
});

test('the path by which a file is counted', () => {
  expect(new Site({ urlPath: 'docs' }).pathOf('a b?.html')).toBe('/docs/a%20b%3F.html');
});

test.each(['dist', 'dist/', './dist', '/dist/', '././dist//', './/dist'])('the base directory %s is stripped, and what is outside of it does not count', baseDirectory => {
  const site = new Site({ baseDirectory });
  expect(site.fileOf('dist/a/index.html')).toBe('a/index.html');
  expect(site.fileOf('distant/a')).toBeUndefined();
  expect(site.fileOf('README.md')).toBeUndefined();
});

test.each(['', '.', './', '/'])('the base directory %j is the whole artifact', baseDirectory => {
  expect(new Site({ baseDirectory }).fileOf('a')).toBe('a');
});

test('a base directory of two folders, one of which ends with a dot', () => {
  expect(new Site({ baseDirectory: 'build./site' }).fileOf('build./site/a')).toBe('a');
});

test('the folder of the URL is put in front of every path', () => {
  const site = new Site({ urlPath: '/docs/', baseDirectory: 'out' });
  expect(site.fileOf('out/index.html')).toBe('index.html');
  expect(site.pathsOf('index.html')).toEqual(['/docs/index.html', '/docs/', '/docs']);
});

describe('where query strings are part of the cache key', () => {
  test.each([
    ['about.html', ['/about.html*']],
    ['index.html', ['/index.html*', '/', '/?*']],
    ['blog/index.html', ['/blog/index.html*', '/blog/', '/blog/?*', '/blog', '/blog?*']],
    ['a+b.html', ['/a+b.html*', '/a%2Bb.html*']],
    ['a*b.html', ['/a*']],
  ])('%s is seen as %j', (file, paths) => {
    expect(new Site({ queryStrings: true }).pathsOf(file)).toEqual(paths);
  });

  test('a name without its extension takes no others that begin with it', () => {
    expect(new Site({ queryStrings: true, stripExtensions: ['.html'] }).pathsOf('about.html')).toEqual(['/about.html*', '/about', '/about?*', '/about/', '/about/?*']);
  });
});

test.each([
  ['assets/**', 'assets/a/b.js', true],
  ['assets/**', 'index.html', false],
  ['*.map', 'a.map', true],
  ['*.map', 'a/b.map', false],
  ['**/*.map', 'a/b.map', true],
  ['.well-known/**', '.well-known/x', true],
  ['**/*.map', 'a/.hidden.map', true],
  ['./assets/**', 'assets/a.js', true],
  ['./!logo.png', 'index.html', false],
  ['!(*).html', 'index.html', false],
])('what %s excludes below the base directory: %s is %s', (pattern, file, excluded) => {
  expect(new Site({ urlPath: 'docs', exclude: [pattern] }).excludes(file)).toBe(excluded);
});

test('an error document concerns everybody, also where a pattern excludes it', () => {
  const site = new Site({ errorDocuments: ['errors/404.html'], exclude: ['errors/**'] });
  expect(site.isErrorDocument('errors/404.html')).toBe(true);
  expect(site.isErrorDocument('404.html')).toBe(false);
  expect(site.excludes('errors/404.html')).toBe(false);
  expect(site.excludes('errors/500.html')).toBe(true);
});
