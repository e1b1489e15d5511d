import * as fc from 'fast-check';
import {
  changedFilesProblem, distributionIdProblem, distributionRoleArnProblem, encodePath, externalIdProblem, manifestProblem, pathProblem,
  PARAMETERS, pathsProblem, quote, timeoutProblem, unawaitedCheckProblem,
} from '../src/contract';

describe('encodePath', () => {
  test.each([
    ['/index.html', '/index.html'],
    ['/a b', '/a%20b'],
    ['/straße/ñ', '/stra%C3%9Fe/%C3%B1'],
    ['/😀', '/%F0%9F%98%80'],
    ['/%20', '/%20'],
    ['/%c3%9f', '/%c3%9f'],
    ['/100%', '/100%25'],
    ['/%2', '/%252'],
    ['/%zz', '/%25zz'],
    ['/a#b', '/a%23b'],
    ['/~user', '/%7Euser'],
    ['/<">{}|\\^[]`', '/%3C%22%3E%7B%7D%7C%5C%5E%5B%5D%60'],
    ["/-_.!*'();:@&=+$,?x/", "/-_.!*'();:@&=+$,?x/"],
    ['/search?q=a+b&c=d', '/search?q=a+b&c=d'],
  ])('%s → %s', (path, encoded) => {
    expect(encodePath(path)).toBe(encoded);
  });

  test('encoding twice is encoding once, and leaves visible ASCII only', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), text => {
      const encoded = encodePath(text);
      expect(encodePath(encoded)).toBe(encoded);
      expect(encoded).toMatch(/^[\u0000-\u007f]*$/);
      expect(encoded).not.toMatch(/[ <>"#{}|\\^~[\]`]/);
    }));
  });

  test('decoding gives the path back where nothing was encoded before', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }).filter(text => !text.includes('%')), text => {
      expect(decodeURIComponent(encodePath(text))).toBe(text);
    }));
  });
});

describe('problems', () => {
  test.each([undefined, null, 1, {}, ['/a']])('a path that is %j', path => {
    expect(pathProblem(path)).toMatch('paths must be strings');
  });

  test.each([undefined, null, '/*', {}, 5])('paths that are %j', paths => {
    expect(pathsProblem(paths)).toMatch('paths must be a list of strings');
  });

  test.each([0, -1, 86_401, NaN, Infinity, '60', undefined, null])('a timeout of %p', timeout => {
    expect(timeoutProblem(timeout)).toMatch('timeout must be more than 0 and at most 86400 seconds');
  });

  test.each([0.5, 1, 3600, 86_400])('no problem with a timeout of %p', timeout => {
    expect(timeoutProblem(timeout)).toBeUndefined();
  });

  test.each(['', 'E1/../E2', 'E1 ', 'arn:aws:cloudfront::1:distribution/E1', 'E'.repeat(129), 1, null])('a distribution id of %j', id => {
    expect(distributionIdProblem(id)).toMatch('distributionId must be the ID of a CloudFront distribution');
  });

  test.each(['E2QWRUHEXAMPLE', 'dt_2example', 'E'.repeat(128)])('no problem with a distribution id of %j', id => {
    expect(distributionIdProblem(id)).toBeUndefined();
  });

  test.each([
    'arn:aws:iam::111122223333:role/r',
    'arn:aws-cn:iam::111122223333:role/team/website/invalidate',
    'arn:aws-us-gov:iam::111122223333:role/a+b=c,d.e@f_g-h',
  ])('the ARN of a role is fine: %s', arn => {
    expect(distributionRoleArnProblem(arn)).toBeUndefined();
  });

  test.each([
    undefined, null, 1, '', 'invalidate-website', 'arn:aws:iam::111122223333:role/', 'arn:aws:iam::1111:role/r', 'arn:aws:iam::111122223333:user/u',
    'arn:aws:sts::111122223333:assumed-role/r/s', 'x arn:aws:iam::111122223333:role/r', ['arn:aws:iam::111122223333:role/r'], 'arn:aws:iam::111122223333:role/a b', 'arn:aws:iam::111122223333:role/r\n',
  ])('the ARN of a role that is %j', arn => {
    expect(distributionRoleArnProblem(arn)).toMatch(/^distributionRole must have the ARN of an IAM role, such as 'arn:aws:iam::111122223333:role\/invalidate-website', got /);
  });

  test.each(['/', '/*', '/a b', '/a b/c', '/a%20/b', '/a b%20', '/a,b;c', '/a%2C/b', '/a%23b', '/.well-known/x', '/..a/b..', '/.*', '/a/..*', '/search?u=//b/../c/.', '/%2Ea', '/a.', '/%2F/a', '/?a=/b', '/😀', `/${'a'.repeat(3_999)}`, `/${'ü'.repeat(666)}abc`, '#a', `#${'t'.repeat(256)}`])('no problem with the path %.20j', path => {
    expect(pathProblem(path)).toBeUndefined();
  });

  test.each([
    ['/\ud800', "paths must be valid Unicode, got '/\\ud800'"],
    [`/${'a'.repeat(4_000)}`, 'paths must be at most 4000 characters long once URL-encoded, got 4001 in \'/aaa'],
    [`/${'ü'.repeat(667)}`, 'paths must be at most 4000 characters long once URL-encoded, got 4003 in'],
    ['/**', "paths must contain '*' only as their last character, got '/**': write '/*'"],
    ['/blog/***', "got '/blog/***': write '/blog/*'"],
    ['/a /b', "paths must be single paths, got '/a /b': write a list, '/a', '/b'. If a URL has this before a '/', write it as %20"],
    ['/index.html,/blog/*', "paths must be single paths, got '/index.html,/blog/*': write a list, '/index.html', '/blog/*'. If a URL has this before a '/', use a wildcard in its place"],
    ['/a, /b;/c', "write a list, '/a', '/b', '/c'."],
    ['/a\u00a0/b', 'paths must be single paths'],
    ['/index.html ', "paths must not end with white space, got '/index.html ': remove it."],
    ['/index.html\u00a0', 'paths must not end with white space'],
    ['/docs/#install', "paths must not have a fragment, since browsers do not send it, got '/docs/#install': remove what begins with '#'. If it is part of a file name, write it as %23"],
    ['/./index.html', "paths must not have empty parts ('//'), '.' or '..', which most likely match nothing, got '/./index.html'"],
    ['//index.html', 'paths must not have empty parts'],
    ['/a//b', 'paths must not have empty parts'],
    ['/a/../b', 'paths must not have empty parts'],
    ['/a/..', 'paths must not have empty parts'],
    ['/a/.', 'paths must not have empty parts'],
    ['/a/..?b', 'paths must not have empty parts'],
    ['/%2E%2e/a', 'paths must not have empty parts'],
    ['/a  /b/* /c', "write a list, '/a', '/b/*', '/c'."],
    ['#', "cache tags must have 1 to 256 characters after the '#', got 0 in '#'"],
    [`#${'t'.repeat(257)}`, "cache tags must have 1 to 256 characters after the '#', got 257 in '#ttt"],
    ['# a', "cache tags must consist of visible ASCII characters other than ',' and '*', got '# a'"],
    ['#a ', 'cache tags must consist of visible ASCII characters'],
    ['#ü', 'cache tags must consist of visible ASCII characters'],
    ['#a*', 'cache tags must consist of visible ASCII characters'],
  ])('a path that is %.20j', (path, problem) => {
    expect(pathProblem(path)).toContain(problem);
  });

  test('every path that has no problem is one that a browser asks for', () => {
    const parts = fc.constantFrom(...'a./?#% ,;\\"^|+~&=*ü\u00a0\t:@[]{`<', '..', '%2e', '%2E', '%2F', '%23', '%20');
    fc.assert(fc.property(fc.array(parts, { maxLength: 8 }).map(each => `/${each.join('')}`), path => {
      fc.pre(pathProblem(path) === undefined);
      // Whatever a wildcard stands for, something does.
      const sent = encodePath(path).replace(/\*$/, 'x');
      expect(new URL(`https://www.example.com${sent}`).href).toBe(`https://www.example.com${sent}`);
    }), { numRuns: 5_000 });
  });

  test.each(['a', 'a/b.txt', '..a/b..txt', 'a/'])('a manifest is fine: %s', fileName => {
    expect(manifestProblem(fileName)).toBeUndefined();
  });

  test.each([undefined, 1, ['a'], '', '/a', '..', '../a', 'a/../b'])('a manifest that is %j', fileName => {
    expect(manifestProblem(fileName)).toBe(`manifest must be the name of a file in the artifact, such as 'invalidation.txt', got ${quote(fileName)}`);
  });

  test.each([
    {}, { baseDirectory: 'dist/site', urlPath: '..a' }, { indexDocuments: [], stripExtensions: [], exclude: [] },
    { indexDocuments: ['index.html', 'a.htm'], stripExtensions: ['.html', '.tar.gz'], exclude: ['a/**'] },
    { queryStrings: true }, { queryStrings: false }, { errorDocuments: ['404.html', 'errors/500.html'] }, { deployedBy: ['Deploy.Website', 'My.Stage.Action'] }, { maxPaths: 1 }, { maxPaths: 3_000 }, { onMissingBaseline: 'FAIL' }, { onMissingBaseline: 'INVALIDATE_ALL' },
  ])('options of changedFiles are fine: %j', options => {
    expect(changedFilesProblem(options as Record<never, never>)).toBeUndefined();
  });

  test.each([
    [{ baseDirectory: '..' }, "baseDirectory must be a folder such as 'dist', without '..', got '..'"],
    [{ baseDirectory: 'a/../b' }, 'baseDirectory must be a folder'],
    [{ baseDirectory: null }, 'baseDirectory must be a folder'],
    [{ urlPath: ['a'] }, "urlPath must be a folder such as 'dist', without '..', got [\"a\"]"],
    [{ indexDocuments: 'index.html' }, "indexDocuments must be a list of strings, got 'index.html'"],
    [{ stripExtensions: ['.html', ''] }, 'stripExtensions must be a list of strings, got [".html",""]'],
    [{ exclude: ['a', 1] }, 'exclude must be a list of strings, got ["a",1]'],
    [{ exclude: ['/assets/**'] }, 'exclude must be patterns of file names relative to baseDirectory'],
    [{ exclude: ['assets/**', '!assets/logo.png'] }, "that do not begin with '/' or '!', got [\"assets/**\",\"!assets/logo.png\"]"],
    [{ indexDocuments: ['a.html', 'b/c.html'] }, 'indexDocuments must be names without a folder, such as \'index.html\', got ["a.html","b/c.html"]'],
    [{ stripExtensions: ['.a', 'html'] }, 'stripExtensions must start with \'.\', such as \'.html\', got [".a","html"]'],
    [{ stripExtensions: ['.'] }, "stripExtensions must start with '.'"],
    [{ stripExtensions: ['x.html'] }, "stripExtensions must start with '.'"],
    [{ stripExtensions: ['.a/b'] }, "stripExtensions must start with '.'"],
    [{ queryStrings: 'yes' }, "queryStrings must be true or false, got 'yes'"],
    [{ errorDocuments: '404.html' }, "errorDocuments must be a list of strings, got '404.html'"],
    [{ errorDocuments: ['/404.html'] }, 'errorDocuments must be file names relative to baseDirectory, such as \'404.html\', got ["/404.html"]'],
    [{ errorDocuments: ['./404.html'] }, 'errorDocuments must be file names relative to baseDirectory'],
    [{ errorDocuments: ['../404.html'] }, 'errorDocuments must be file names relative to baseDirectory'],
    [{ deployedBy: [] }, "deployedBy must name at least one action, such as 'Deploy.Website'"],
    [{ deployedBy: ['Deploy'] }, "deployedBy must name actions as 'Stage.Action', such as 'Deploy.Website', got [\"Deploy\"]"],
    [{ deployedBy: ['.Website'] }, "deployedBy must name actions as 'Stage.Action'"],
    [{ deployedBy: ['Deploy.'] }, "deployedBy must name actions as 'Stage.Action'"],
    [{ maxPaths: 0 }, 'maxPaths must be a whole number from 1 to 3000, got 0'],
    [{ maxPaths: 3_001 }, 'maxPaths must be a whole number from 1 to 3000, got 3001'],
    [{ maxPaths: 1.5 }, 'maxPaths must be a whole number from 1 to 3000, got 1.5'],
    [{ maxPaths: '1' }, "maxPaths must be a whole number from 1 to 3000, got '1'"],
    [{ onMissingBaseline: 'SKIP' }, "onMissingBaseline must be INVALIDATE_ALL or FAIL, got 'SKIP'"],
  ])('options of changedFiles that are %j', (options, problem) => {
    expect(changedFilesProblem(options as Record<never, never>)).toMatch(problem);
  });

  test.each([
    null, { pages: ['https://www.example.com/'] }, { pages: ['https://www.example.com:8443/a?b=c', 'http://127.0.0.1:1/', 'http://localhost/', 'http://[::1]:2/'] },
    { files: { url: 'https://www.example.com' } }, { pages: Array(20).fill('https://www.example.com/') },
    { files: { url: 'https://www.example.com/docs/', maxPages: 50, include: ['**/*.html'], timeoutSeconds: 86_400, baseDirectory: 'dist', urlPath: 'a', indexDocuments: [], stripExtensions: ['.html'] } },
  ])('a freshness check is fine: %j', check => {
    expect(PARAMETERS.freshnessCheck.problem(check)).toBeUndefined();
  });

  test.each([
    [undefined, 'freshnessCheck must be an object with either files or pages, got undefined'],
    ['files', "freshnessCheck must be an object with either files or pages, got 'files'"],
    [{}, 'freshnessCheck must be an object with either files or pages, got {}'],
    [{ files: { url: 'https://a.example/' }, pages: ['https://a.example/'] }, 'freshnessCheck must be an object with either files or pages'],
    [{ pages: ['https://a.example/'], more: 1 }, 'freshnessCheck must be an object with either files or pages'],
    [{ pages: [] }, 'freshnessCheck must have 1 to 20 pages, got 0'],
    [{ pages: Array(21).fill('https://a.example/') }, 'freshnessCheck must have 1 to 20 pages, got 21'],
    [{ pages: 'https://a.example/' }, "freshnessCheck must have 1 to 20 pages, got 'https://a.example/'"],
    ...['www.example.com', 'http://www.example.com/', 'ftp://www.example.com/', 'file:///etc/passwd', 'https://user:secret@www.example.com/', 'https://user@www.example.com/',
      'https://www.example.com/#top', 'https://www.example.com/a b', 'https://www.example.com/ü', 'https://www.example.com/\n', 'https://', '', 1, null, 'http://127.0.0.1.example.com/',
      'http://169.254.169.254/', 'javascript:alert(1)'].map((url): [object, string] =>
      [{ pages: ['https://a.example/', url] }, `freshnessCheck must have URLs that start with 'https://' and consist of visible ASCII characters, without credentials or '#', such as 'https://www.example.com/', got ${quote(url)}`]),
    [{ files: 'https://a.example/' }, "freshnessCheck must have an object as its files, got 'https://a.example/'"],
    [{ files: {} }, "freshnessCheck must have URLs that start with 'https://'"],
    [{ files: { url: 'https://a.example/?b' } }, "url must be the address of a site, without '?', such as 'https://www.example.com/', got 'https://a.example/?b'"],
    [{ files: { url: 'https://a.example/', maxPages: 0 } }, 'maxPages must be a whole number from 1 to 50, got 0'],
    [{ files: { url: 'https://a.example/', maxPages: 51 } }, 'maxPages must be a whole number from 1 to 50, got 51'],
    [{ files: { url: 'https://a.example/', maxPages: 1.5 } }, 'maxPages must be a whole number from 1 to 50, got 1.5'],
    [{ files: { url: 'https://a.example/', include: ['a', ''] } }, 'include must be a list of strings, got ["a",""]'],
    [{ files: { url: 'https://a.example/', timeoutSeconds: 0 } }, 'timeout must be more than 0'],
    [{ files: { url: 'https://a.example/', baseDirectory: '..' } }, 'baseDirectory must be a folder'],
    [{ files: { url: 'https://a.example/', exclude: ['a'] } }, "freshnessCheck has an unknown property 'exclude': expected baseDirectory, "],
  ])('a freshness check that is %j', (check, problem) => {
    expect(PARAMETERS.freshnessCheck.problem(check)).toContain(problem);
  });

  test.each([
    [false, null, false], [false, undefined, false], [true, { pages: [] }, false], [undefined, { pages: [] }, false], [false, { pages: [] }, true],
  ])('waitForCompletion %p and a check of %j exclude each other: %p', (waitForCompletion, check, refused) => {
    expect(unawaitedCheckProblem(waitForCompletion, check) !== undefined).toBe(refused);
  });

  test.each(['id', 'x'.repeat(1224), 'Website_1+=,.@:/-'])('an external id is fine: %.20s', externalId => {
    expect(externalIdProblem(externalId)).toBeUndefined();
  });

  test.each([undefined, null, 12, '', 'x', 'x'.repeat(1225), 'two words', 'quote"', 'line\n'])('an external id that is %.20j', externalId => {
    expect(externalIdProblem(externalId)).toMatch(/^externalId must have 2 to 1224 characters/);
  });
});

test('quote keeps a message on one line and short', () => {
  expect(quote('a\nb')).toBe("'a\\nb'");
  expect(quote('say "x"')).toBe("'say \"x\"'");
  expect(quote(undefined)).toBe('undefined');
  expect(quote('x'.repeat(118))).toBe(`'${'x'.repeat(118)}'`);
  expect(quote('x'.repeat(119))).toBe(`'${'x'.repeat(116)}...`);
});
