import { Lazy, Token } from 'aws-cdk-lib';
import { Artifact } from 'aws-cdk-lib/aws-codepipeline';
import { InvalidationPaths, type ChangedFilesOptions } from '../src';

test('all() is everything, as one wildcard', () => {
  expect(InvalidationPaths.all()._source).toEqual(['/*']);
});

test('of() keeps paths and tags as they are written, in their order, each once', () => {
  expect(InvalidationPaths.of('/b', '/a/*', '#news', '/b')._source).toEqual(['/b', '/a/*', '#news']);
});

describe('of() refuses what CloudFront would refuse', () => {
  test.each([
    ['index.html', "paths must start with '/' or '#', got 'index.html'"],
    ['', "paths must start with '/' or '#', got ''"],
    ['/a*b', "paths must contain '*' only as their last character, got '/a*b'"],
    ['/a*b', /got '\/a\*b'$/],
    ['/**', "paths must contain '*' only as their last character, got '/**': write '/*'"],
    ['/index.html /blog/*', "paths must be single paths, got '/index.html /blog/*': write a list, '/index.html', '/blog/*'"],
    ['/a\nb', "paths must not contain control characters such as line breaks, got '/a\\nb'"],
    ['/\u007f', 'paths must not contain control characters such as line breaks'],
    ['/\ud800', 'paths must be valid Unicode'],
    ['#', "cache tags must have 1 to 256 characters after the '#', got 0 in '#'"],
    [`#${'t'.repeat(257)}`, "cache tags must have 1 to 256 characters after the '#', got 257"],
    ['#a,b', "cache tags must consist of visible ASCII characters other than ',' and '*', got '#a,b'"],
    ['#a*', "cache tags must consist of visible ASCII characters other than ',' and '*', got '#a*'"],
    ['#a b', 'cache tags must consist of visible ASCII characters'],
    ['#é', 'cache tags must consist of visible ASCII characters'],
    [`/${'a'.repeat(4000)}`, 'paths must be at most 4000 characters long once URL-encoded, got 4001'],
    [`/${'é'.repeat(667)}`, 'paths must be at most 4000 characters long once URL-encoded, got 4003'],
  ])('%j', (path, message) => {
    expect(() => InvalidationPaths.of(path)).toThrow(message);
  });

  test('no path at all', () => {
    expect(() => InvalidationPaths.of()).toThrow("paths must not be empty: name at least one path, such as '/*'");
  });

  test('a bad path among good ones', () => {
    expect(() => InvalidationPaths.of('/good', 'bad')).toThrow("got 'bad'");
  });
});

describe('of() takes what CloudFront takes', () => {
  test.each([
    '/', '/*', '/index.html', '/index.html*', '/dir/*', '/dir*', '/search?q=a&b=c', '/Blog/Post.html', '/a b', '/straße', '/%20', '/100%', '/a%23b',
    `/${'a'.repeat(3999)}`, `/${'é'.repeat(666)}`, '#t', `#${'t'.repeat(256)}`, '#!~',
  ])('%j', path => {
    expect(InvalidationPaths.of(path)._source).toEqual([path]);
  });
});

describe('of() leaves to the function what is not known yet', () => {
  test('a pipeline variable', () => {
    expect(InvalidationPaths.of('#{variables.path}', 'x#{variables.a}*b')._source).toEqual(['#{variables.path}', 'x#{variables.a}*b']);
  });

  test('a token', () => {
    const path = Lazy.string({ produce: () => 'index.html' });
    expect(InvalidationPaths.of(path)._source).toEqual([path]);
  });

  test('a list token', () => {
    const paths = Token.asList({ 'Fn::Split': [',', 'a,b'] });
    expect(InvalidationPaths.of(...paths)._source).toEqual(paths);
  });
});

describe('fromManifest()', () => {
  test('names the file, and needs its artifact', () => {
    const artifact = new Artifact('site');
    const paths = InvalidationPaths.fromManifest(artifact.atPath('invalidation/paths.txt'));
    expect(paths._source).toEqual({ manifest: 'invalidation/paths.txt' });
    expect(paths._artifact).toBe(artifact);
  });

  test.each(['', '/paths.txt', '../paths.txt', 'a/../../paths.txt'])('%j is no file of an artifact', fileName => {
    expect(() => InvalidationPaths.fromManifest(new Artifact('site').atPath(fileName)))
      .toThrow(`manifest must be the name of a file in the artifact, such as 'invalidation.txt', got '${fileName}'`);
  });
});

describe('changedFiles()', () => {
  test('keeps its options, and needs its artifact', () => {
    const artifact = new Artifact('site');
    const paths = InvalidationPaths.changedFiles(artifact, { baseDirectory: 'dist', maxPaths: 3_000 });
    expect(paths._source).toEqual({ changedFiles: { baseDirectory: 'dist', maxPaths: 3_000 } });
    expect(paths._artifact).toBe(artifact);
  });

  test.each<[ChangedFilesOptions, string]>([
    [{ maxPaths: 0 }, 'maxPaths must be a whole number from 1 to 3000, got 0'],
    [{ maxPaths: 3_001 }, 'maxPaths must be a whole number from 1 to 3000, got 3001'],
    [{ maxPaths: 1.5 }, 'maxPaths must be a whole number from 1 to 3000, got 1.5'],
    [{ baseDirectory: '../dist' }, "baseDirectory must be a folder such as 'dist', without '..', got '../dist'"],
    [{ urlPath: 'a/..' }, "urlPath must be a folder such as 'dist', without '..', got 'a/..'"],
    [{ indexDocuments: ['a/index.html'] }, 'indexDocuments must be names without a folder'],
    [{ stripExtensions: ['html'] }, "stripExtensions must start with '.', such as '.html', got [\"html\"]"],
    [{ exclude: [''] }, 'exclude must be a list of strings'],
    [{ baseDirectory: '#{build.folder}' }, "baseDirectory must not contain a pipeline variable, got '#{build.folder}': each execution must use the same value. Write a fixed value"],
    [{ exclude: ['a', 'x#{a.b}'] }, 'exclude must not contain a pipeline variable'],
  ])('%j', (options, message) => {
    expect(() => InvalidationPaths.changedFiles(new Artifact('site'), options)).toThrow(message);
  });
});
