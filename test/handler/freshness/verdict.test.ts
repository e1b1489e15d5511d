import { fileVerdict, pageVerdict, statusVerdict, type Invalidated } from '../../../src/handler/freshness/verdict';
import { isFromOrigin, type Visit } from '../../../src/handler/freshness/visit';

const INVALIDATED_AT = 1_800_000_000_000;

/** When the visits are, in milliseconds since the invalidation. */
const LATER = 50_000;
const INVALIDATED: Invalidated = { at: INVALIDATED_AT, isSeenBefore: true };
const UNSEEN: Invalidated = { at: INVALIDATED_AT, isSeenBefore: false };
const EXPECTED = { size: 3, crc32: 0xabc };
const OTHER = { size: 3, crc32: 0xdef };

/** A visit some time after the invalidation, of an age in seconds. */
function givenVisit({ age = 100, ...visit }: Partial<Visit> & { readonly sinceInvalidation?: number } = {}): Visit {
  const { sinceInvalidation = LATER, ...others } = visit;
  const askedAt = INVALIDATED_AT + sinceInvalidation;
  return {
    url: 'https://www.example.com/',
    status: 200,
    age: age === 0 ? undefined : age,
    cache: 'Hit from cloudfront',
    location: 'DUB56-P1',
    madeAfter: askedAt - (age + 1) * 1000,
    redirectsMadeAfter: Infinity,
    askedAt,
    answeredAt: askedAt + 20,
    ...others,
  };
}

test.each([
  ['Miss from cloudfront', true], ['RefreshHit from cloudfront', true], ['FunctionGeneratedResponse from cloudfront', true],
  ['LambdaGeneratedResponse from cloudfront', true], ['Hit from cloudfront', false], ['Error from cloudfront', false], ['HIT', false], ['', false], [undefined, false],
])('X-Cache %s comes from the origin: %s', (cache, expected) => {
  expect(isFromOrigin(givenVisit({ cache }))).toBe(expected);
});

test.each([
  [200, undefined], [204, 'hopeless'], [304, 'hopeless'], [400, 'hopeless'], [401, 'hopeless'], [403, 'hopeless'], [404, 'hopeless'], [410, 'hopeless'],
  [408, 'old'], [429, 'old'], [500, 'old'], [502, 'old'], [503, 'old'], [504, 'old'],
] as const)('status %i is %s', (status, state) => {
  expect(statusVerdict(givenVisit({ status, age: 0 }), INVALIDATED)?.state).toBe(state);
  expect(statusVerdict(givenVisit({ status }), undefined)?.state).toBe(state);
});

const SEEN = "Age 100, X-Cache 'Hit from cloudfront', edge location DUB56-P1";

test.each([
  [401, 'the site requires a login, and the function has none'],
  [403, 'the file does not exist, the site restricts access (AWS WAF, signed URLs, geographic restrictions), or the bucket denies CloudFront access'],
  [404, 'the deploy action wrote to another folder or bucket, or the URL is wrong'],
  [410, 'the URL is wrong'],
  [499, 'the URL is wrong'],
  [500, 'the origin has an outage'],
  [503, 'the origin has an outage'],
])('status %i most likely means: %s', (status, reason) => {
  expect(statusVerdict(givenVisit({ status }), undefined)?.words).toBe(`expected status 200, got status ${status}, ${SEEN}. Most likely ${reason}.`);
});

test('an error that is older than the invalidation most likely is an old copy', () => {
  expect(statusVerdict(givenVisit({ status: 404 }), INVALIDATED)?.words)
    .toBe(`expected status 200, got status 404, ${SEEN}. Most likely this edge location still has its old copy.`);
});

test.each<[string, Partial<Visit>, string]>([
  ['an age', {}, 'an older one'],
  ['no age', { age: 0, madeAfter: 0 }, 'one from the cache without an Age'],
])('an old copy with %s is called that', (_, visit, what) => {
  const { words } = pageVerdict(givenVisit(visit), INVALIDATED);
  expect(words).toContain(`expected a copy newer than the invalidation 50 seconds ago, got ${what} (status 200, Age `);
  expect(words).toMatch(/Most likely no path of the invalidation matches this URL \(.*\), this edge location still has its old copy, or the origin is a cache itself/);
});

test('without X-Cache and Age, the words say what may remove them', () => {
  expect(pageVerdict(givenVisit({ age: 0, cache: undefined }), INVALIDATED).words)
    .toMatch(/^expected X-Cache or Age, got neither \(.*\)\. Most likely CloudFront does not serve this URL, or a response headers policy removes them/);
});

test('other bytes in a new copy may come from a newer execution, another folder or something on the way', () => {
  expect(fileVerdict(givenVisit({ age: 1, content: { sent: OTHER } }), EXPECTED, INVALIDATED, true).words).toMatch(
    /^expected the file in the artifact with 3 bytes and the CRC-32 00000abc, got 3 bytes and the CRC-32 00000def \(.*\)\. This copy is newer than the invalidation\. Most likely a newer execution has deployed in the meantime; the deploy action wrote to another folder or bucket; url, /);
});

test.each([
  ['as old as the invalidation', { age: 50 }, 'old'], ['younger', { age: 49 }, 'hopeless'], ['behind a redirect that is older', { age: 0, redirectsMadeAfter: INVALIDATED_AT - 1 }, 'old'],
] as const)('a 404 %s', (_, visit, state) => {
  expect(statusVerdict(givenVisit({ status: 404, cache: 'Error from cloudfront', ...visit }), INVALIDATED)?.state).toBe(state);
});

describe('a file', () => {
  test.each([
    ['as it was sent', { sent: EXPECTED, decoded: OTHER }, 'fresh'],
    ['decoded', { sent: OTHER, decoded: EXPECTED }, 'fresh'],
    ['not at all', { sent: OTHER, decoded: OTHER }, 'old'],
    ['but for its length', { sent: { ...EXPECTED, size: 4 } }, 'old'],
    ['not known', undefined, 'old'],
  ] as const)('is the one that was deployed %s', (_, content, state) => {
    expect(fileVerdict(givenVisit({ content }), EXPECTED, undefined, true).state).toBe(state);
  });

  test.each<[string, Partial<Visit>, Invalidated | undefined, string]>([
    ['older than the invalidation', {}, INVALIDATED, 'old'],
    ['younger', { age: 49 }, INVALIDATED, 'hopeless'],
    ['from the origin, which gives it an age', { cache: 'Miss from cloudfront' }, INVALIDATED, 'hopeless'],
    ['of an age that nobody shows', { cache: undefined, age: 0 }, INVALIDATED, 'old'],
    ['in the cache, where nothing was invalidated', {}, undefined, 'old'],
    ['from the origin, where nothing was invalidated', { cache: 'Miss from cloudfront', age: 0 }, undefined, 'hopeless'],
  ])('with other bytes, %s', (_, visit, invalidated, state) => {
    expect(fileVerdict(givenVisit({ content: { sent: OTHER }, ...visit }), EXPECTED, invalidated, true).state).toBe(state);
  });

  test.each<[string, Partial<Visit>, Invalidated | undefined, string, string]>([
    ['older than the invalidation', {}, INVALIDATED, 'old', 'unclaimed'],
    ['as old', { age: 50 }, INVALIDATED, 'old', 'unclaimed'],
    ['younger', { age: 49 }, INVALIDATED, 'fresh', 'fresh'],
    ['in the cache, where nothing was invalidated', {}, undefined, 'fresh', 'fresh'],
    ['from an origin that gives it an age', { cache: 'Miss from cloudfront' }, INVALIDATED, 'fresh', 'fresh'],
    ['from the cache, of an origin that gives it an age', { age: 86_420 }, INVALIDATED, 'old', 'unclaimed'],
    ['younger, but nobody has visited it before', { age: 49 }, UNSEEN, 'hopeless', 'unclaimed'],
    ['from the origin, but nobody has visited it before', { cache: 'Miss from cloudfront', age: 0 }, UNSEEN, 'hopeless', 'unclaimed'],
    ['older, and nobody has visited it before', {}, UNSEEN, 'old', 'unclaimed'],
    ['of an age that nobody shows', { cache: undefined, age: 0 }, INVALIDATED, 'fresh', 'fresh'],
    ['behind a redirect that is older', { age: 0, redirectsMadeAfter: INVALIDATED_AT - 1 }, INVALIDATED, 'old', 'unclaimed'],
    ['from the cache without an age', { age: 0, madeAfter: 0 }, INVALIDATED, 'fresh', 'fresh'],
    ['so within a second', { age: 0, madeAfter: 0, askedAt: INVALIDATED_AT + 999 }, INVALIDATED, 'old', 'unclaimed'],
  ])('with its bytes, %s: %j, or %s where no path names it', (_, visit, invalidated, named, unnamed) => {
    const visited = givenVisit({ content: { sent: EXPECTED }, ...visit });
    expect([true, false].map(isInvalidated => fileVerdict(visited, EXPECTED, invalidated, isInvalidated).state)).toEqual([named, unnamed]);
  });

  test('says what was expected and seen', () => {
    expect(fileVerdict(givenVisit({ content: { sent: OTHER } }), EXPECTED, INVALIDATED, true).words).toMatch(
      /^expected the file in the artifact with 3 bytes and the CRC-32 00000abc, got 3 bytes and the CRC-32 00000def \(status 200, Age 100, X-Cache 'Hit from cloudfront', edge location DUB56-P1\)\. /);
    expect(fileVerdict(givenVisit({ location: undefined, content: { sent: { size: 4, crc32: 0 } } }), EXPECTED, INVALIDATED, true).words)
      .toContain('got more (status 200, Age 100, X-Cache \'Hit from cloudfront\', edge location unknown)');
    expect(fileVerdict(givenVisit(), EXPECTED, INVALIDATED, true).words).toContain('got nothing that can be compared');
    expect(fileVerdict(givenVisit({ content: { sent: EXPECTED }, redirect: 'a redirect' }), EXPECTED, INVALIDATED, true).words).toMatch(
      /^expected a copy newer than the invalidation 50 seconds ago, got the file in an older one \(status 200, .*, after a redirect\), so other edge locations may have an older file\. Most likely no path/);
  });
});

describe('a page', () => {
  test.each<[string, Partial<Visit>, Invalidated, string]>([
    ['a miss', { cache: 'Miss from cloudfront', age: 0 }, INVALIDATED, 'fresh'],
    ['a miss of a regional cache with an old copy', { cache: 'Miss from cloudfront' }, INVALIDATED, 'old'],
    ['a revalidation', { cache: 'RefreshHit from cloudfront', age: 0 }, INVALIDATED, 'fresh'],
    ['what a function makes', { cache: 'FunctionGeneratedResponse from cloudfront', age: 0 }, INVALIDATED, 'fresh'],
    ['a copy as old as the invalidation', { age: 50 }, INVALIDATED, 'old'],
    ['a copy younger than that', { age: 49 }, INVALIDATED, 'fresh'],
    ['a copy without an age', { age: 0, madeAfter: 0 }, INVALIDATED, 'old'],
    ['an old copy of any version', {}, INVALIDATED, 'old'],
    ['a copy whose origin gives it an age', { age: 86_420 }, INVALIDATED, 'old'],
    ['a miss whose origin gives it an age', { age: 86_400, cache: 'Miss from cloudfront' }, INVALIDATED, 'old'],
    ['a copy of between the visit before and the invalidation', { age: 55 }, INVALIDATED, 'old'],
    ['a new copy of what nobody has visited before', { age: 49 }, UNSEEN, 'hopeless'],
    ['an old copy of what nobody has visited before', {}, UNSEEN, 'old'],
    ['neither X-Cache nor Age', { cache: undefined, age: 0 }, INVALIDATED, 'hopeless'],
    ['an age without X-Cache', { cache: '', age: 10 }, INVALIDATED, 'fresh'],
    ['a new page behind an old redirect', { age: 0, cache: 'Miss from cloudfront', redirectsMadeAfter: INVALIDATED_AT - 1 }, INVALIDATED, 'old'],
    ['a new page behind a new redirect', { age: 0, cache: 'Miss from cloudfront', redirectsMadeAfter: INVALIDATED_AT }, INVALIDATED, 'fresh'],
  ])('%s', (_, visit, invalidated, state) => {
    expect(pageVerdict(givenVisit(visit), invalidated).state).toBe(state);
  });

  test('a request that takes long does not make an old copy young', () => {
    expect(pageVerdict(givenVisit({ age: 50, answeredAt: INVALIDATED_AT + LATER + 9_000 }), INVALIDATED).state).toBe('old');
  });
});
