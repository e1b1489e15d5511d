import * as fc from 'fast-check';
import { Site } from '../../src/handler/urls';

const isInvalidated = (paths: readonly string[], url: string) => paths.some(path => path.endsWith('*') ? url.startsWith(path.slice(0, -1)) : url === path);
const eachSegment = (key: string, encode: (segment: string) => string) => `/${key.split('/').map(encode).join('/')}`;
const strictly = (text: string) => encodeURIComponent(text).replace(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

test.each([
  ['index.html', ['/index.html', '/']],
  ['blog/index.html', ['/blog/index.html', '/blog/', '/blog']],
  ['about.html', ['/about.html']],
  ['a b.html', ['/a%20b.html', '/a+b.html']],
  ['ü.html', ['/%C3%BC.html', '/%c3%bc.html']],
  ['100%.html', ['/100%25.html']],
  ['%20.html', ['/%2520.html']],
  ['what?.html', ['/what%3F.html', '/what%3f.html']],
  ['a#b.html', ['/a%23b.html']],
  ['a+b.html', ['/a+b.html', '/a%2Bb.html', '/a%2bb.html']],
  ['icon@2x.png', ['/icon@2x.png', '/icon%402x.png']],
  ['photo (1).jpg', ['/photo%20(1).jpg', '/photo+(1).jpg', '/photo%20%281%29.jpg', '/photo+%281%29.jpg']],
  ['R&D/old, new.html', ['/R*']],
  ['the team/it\'s (us).html', ['/the%20team/it*', '/the+team/it*']],
  ['a*b.html', ['/a*']],
  ['a/~user/x', ['/a/*']],
  ['blog/[slug].js', ['/blog/*']],
])('%s is seen as %j', (key, paths) => {
  expect(new Site({}).pathsOf(key)).toEqual(paths);
});

describe('however a visitor encodes a name, a path names it', () => {
  const spaceAsPlus = (text: string) => text.replace(/%20/g, '+');

  test.each<[string, (key: string) => string]>([
    ['a browser', key => new URL(`https://example.com/${key.replace(/[%?#\\]/g, strictly)}?`).pathname],
    ['encodeURI', key => `/${encodeURI(key).replace(/[?#]/g, strictly)}`],
    ['encodeURIComponent', key => eachSegment(key, encodeURIComponent)],
    ['Python\'s quote, PHP\'s rawurlencode', key => eachSegment(key, strictly)],
    ['PHP\'s urlencode, the console of S3', key => spaceAsPlus(eachSegment(key, strictly))],
    ['.NET\'s UrlEncode', key => spaceAsPlus(eachSegment(key, encodeURIComponent)).replace(/['~]/g, strictly).replace(/%\w\w/g, hex => hex.toLowerCase())],
    ['Go\'s PathEscape', key => eachSegment(key, strictly).replace(/%(24|26|2B|3A|3D|40)/g, decodeURIComponent)],
    ['escape', key => /[\u0080-\uffff]/.test(key) ? eachSegment(key, strictly) : eachSegment(key, escape)],
    ['Java\'s URLEncoder', key => spaceAsPlus(eachSegment(key, text => strictly(text).replace(/~/g, '%7E').replace(/%2A/g, '*')))],
  ])('%s', (_, encode) => {
    const character = fc.oneof(fc.constantFrom(...' !"#$%&\'()*+,-./:;<=>?@[]^_`{|}~aZ9'), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }));
    const name = fc.array(character, { minLength: 1, maxLength: 12 }).map(characters => characters.join(''))
      // Artifacts with other names invalidate everything.
      .filter(key => !/(^|\/)\.{0,2}(\/|$)|[\u0000-\u001f\\\ufffd]|\p{Surrogate}/u.test(key));
    fc.assert(fc.property(name, key => {
      expect(isInvalidated(new Site({}).pathsOf(key), encode(key))).toBe(true);
    }), { numRuns: 2_000 });
  });
});

test('paths that CloudFront takes name the directory, the name without an extension, and each with a query string, too', () => {
  const segment = fc.array(fc.constantFrom(...' !&\'()+,:;=@[]~ab%?#üé"{}`^|*'), { minLength: 1, maxLength: 6 }).map(characters => characters.join(''));
  const file = fc.tuple(fc.array(segment, { maxLength: 2 }), segment, fc.constantFrom('.html', '/index.html', '.en.html'));
  const encoder = fc.constantFrom<(text: string) => string>(encodeURIComponent, strictly, text => encodeURI(text).replace(/[?#]/g, strictly));
  fc.assert(fc.property(file, fc.boolean(), encoder, ([directories, name, end], queryStrings, encode) => {
    const key = ['docs & more', ...directories, name + end].join('/');
    const paths = new Site({ urlPath: 'docs & more', stripExtensions: ['.html', '.en.html'], queryStrings }).pathsOf(key.slice('docs & more/'.length));
    const ends = { '.html': ['', '/'], '.en.html': ['', '/', '.en', '.en/'], '/index.html': ['', '/', '/index', '/index/'] }[end]!;
    const urls = [key, ...ends.map(shown => key.slice(0, -end.length) + shown)].map(url => eachSegment(url, encode));
    for (const url of urls.flatMap(each => queryStrings ? [each, `${each}?v=1`] : [each])) {
      expect([url, isInvalidated(paths, url)]).toEqual([url, true]);
    }
    expect(paths.filter(path => /[^!-~]|[<>"#{}|\\^~[\]`]|%(?![0-9A-Fa-f]{2})|\*./.test(path))).toEqual([]);
  }), { numRuns: 2_000 });
});

test('stripped extensions', () => {
  const site = new Site({ stripExtensions: ['.html'] });
  expect(site.pathsOf('about.html')).toEqual(['/about.html', '/about', '/about/']);
  expect(site.pathsOf('blog/index.html')).toEqual(['/blog/index.html', '/blog/index', '/blog/index/', '/blog/', '/blog']);
  expect(site.pathsOf('.html')).toEqual(['/.html']);
  expect(site.pathsOf('style.css')).toEqual(['/style.css']);
});

test.each([[['.html', '.en.html']], [['.en.html', '.html']]])('of several extensions, %j, each that fits', stripExtensions => {
  expect(new Set(new Site({ stripExtensions }).pathsOf('about.en.html'))).toEqual(new Set(['/about.en.html', '/about.en', '/about.en/', '/about', '/about/']));
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
    ['a+b.html', ['/a+b.html*', '/a%2Bb.html*', '/a%2bb.html*']],
    ['a+b/index.html', ['/a+b/index.html*', '/a%2Bb/index.html*', '/a%2bb/index.html*', '/a+b/', '/a+b/?*', '/a%2Bb/', '/a%2Bb/?*', '/a%2bb/', '/a%2bb/?*', '/a+b', '/a+b?*', '/a%2Bb', '/a%2Bb?*', '/a%2bb', '/a%2bb?*']],
    ['a*b.html', ['/a*']],
    ['a*/index.html', ['/a*']],
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
