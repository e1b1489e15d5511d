import * as fc from 'fast-check';
import { distributionIdProblem, distributionRoleArnProblem, encodePath, externalIdProblem, pathProblem, pathsProblem, quote, timeoutProblem } from '../src/contract';

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
    expect(distributionIdProblem(id)).toMatch('distributionId must be the id of a CloudFront distribution');
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
    'arn:aws:sts::111122223333:assumed-role/r/s', 'arn:aws:iam::111122223333:role/a b', 'arn:aws:iam::111122223333:role/r\n',
  ])('the ARN of a role that is %j', arn => {
    expect(distributionRoleArnProblem(arn)).toMatch(/^distributionRole must have the ARN of an IAM role, such as 'arn:aws:iam::111122223333:role\/invalidate-website', got /);
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
  expect(quote('x'.repeat(1000))).toHaveLength(120);
});
