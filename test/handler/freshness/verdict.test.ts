import { fileVerdict, isFromOrigin, pageVerdict, statusVerdict } from '../../../src/handler/freshness/verdict';
import type { Visit } from '../../../src/handler/freshness/visit';
import type { SeenBefore } from '../../../src/handler/progress';

const HIT: Visit = { url: 'https://www.example.com/', status: 200, age: 100, cache: 'Hit from cloudfront', location: 'DUB56-P1', validator: '"v1"' };
const EXPECTED = { size: 3, crc32: 0xabc };
const OTHER = { size: 3, crc32: 0xdef };

test.each([
  ['Miss from cloudfront', true], ['RefreshHit from cloudfront', true], ['FunctionGeneratedResponse from cloudfront', true],
  ['LambdaGeneratedResponse from cloudfront', true], ['Hit from cloudfront', false], ['Error from cloudfront', false], ['HIT', false], ['', false], [undefined, false],
])('X-Cache %s comes from the origin: %s', (cache, expected) => {
  expect(isFromOrigin({ ...HIT, cache })).toBe(expected);
});

test.each([
  [200, undefined], [204, 'hopeless'], [304, 'hopeless'], [400, 'hopeless'], [401, 'hopeless'], [403, 'hopeless'], [404, 'hopeless'], [410, 'hopeless'],
  [408, 'old'], [429, 'old'], [500, 'old'], [502, 'old'], [503, 'old'], [504, 'old'],
] as const)('status %i is %s', (status, state) => {
  expect(statusVerdict({ ...HIT, status })?.state).toBe(state);
});

describe('a file', () => {
  test.each([
    ['as it was sent', { sent: EXPECTED, decoded: OTHER }, 'fresh'],
    ['decoded', { sent: OTHER, decoded: EXPECTED }, 'fresh'],
    ['not at all', { sent: OTHER, decoded: OTHER }, 'old'],
    ['but for its length', { sent: { ...EXPECTED, size: 4 } }, 'old'],
    ['not known', undefined, 'old'],
  ] as const)('is the one that was deployed %s', (_, content, state) => {
    expect(fileVerdict({ ...HIT, content }, EXPECTED, 50).state).toBe(state);
  });

  test.each<[string, Partial<Visit>, number | undefined, string]>([
    ['older than the invalidation', {}, 100, 'old'],
    ['younger', {}, 100.5, 'hopeless'],
    ['new', { age: 0 }, 1, 'hopeless'],
    ['from the origin, which gives it an age', { cache: 'Miss from cloudfront' }, 50, 'hopeless'],
    ['of an age that nobody shows', { cache: undefined, age: 0 }, 50, 'old'],
    ['in the cache, where nothing was invalidated', {}, undefined, 'old'],
    ['from the origin, where nothing was invalidated', { cache: 'Miss from cloudfront', age: 0 }, undefined, 'hopeless'],
  ])('with other bytes, %s', (_, visit, secondsSince, state) => {
    expect(fileVerdict({ ...HIT, content: { sent: OTHER }, ...visit }, EXPECTED, secondsSince).state).toBe(state);
  });

  test('says what was expected and seen', () => {
    expect(fileVerdict({ ...HIT, content: { sent: OTHER } }, EXPECTED, 50).words).toMatch(
      /^expected the file in the artifact with 3 bytes and the CRC-32 00000abc, got 3 bytes and the CRC-32 00000def \(status 200, Age 100, X-Cache 'Hit from cloudfront', edge location DUB56-P1\)\. /);
    expect(fileVerdict({ ...HIT, location: undefined, content: { sent: { size: 4, crc32: 0 } } }, EXPECTED, 50).words).toContain('got more (status 200, Age 100, X-Cache \'Hit from cloudfront\', edge location unknown)');
    expect(fileVerdict(HIT, EXPECTED, 50).words).toContain('got nothing that can be compared');
  });
});

describe('a page', () => {
  const BEFORE: SeenBefore = ['v1', 0];

  test.each<[string, Partial<Visit>, string, SeenBefore, string]>([
    ['a miss', { cache: 'Miss from cloudfront' }, 'v1', BEFORE, 'fresh'],
    ['a revalidation', { cache: 'RefreshHit from cloudfront' }, 'v1', BEFORE, 'fresh'],
    ['another version', {}, 'v2', BEFORE, 'fresh'],
    ['a copy as old as the invalidation', { age: 50 }, 'v1', BEFORE, 'old'],
    ['a copy younger than that', { age: 49 }, 'v1', BEFORE, 'fresh'],
    ['a copy without an age', { age: 0 }, 'v1', BEFORE, 'fresh'],
    ['the copy of before', {}, 'v1', BEFORE, 'old'],
    // Another server of the edge location may have it.
    ['another old copy, whose age went back', { age: 60 }, 'v1', BEFORE, 'old'],
    ['a copy whose origin gives it an age', { age: 86_420 }, 'v1', ['v1', 86_400], 'fresh'],
    ['an old copy whose origin gives it an age', { age: 86_450 }, 'v1', ['v1', 86_400], 'old'],
    ['an old copy that was not seen before', {}, 'v2', null, 'old'],
    ['a young copy that was not seen before', { age: 10 }, 'v2', null, 'fresh'],
    ['neither X-Cache nor Age', { cache: undefined, age: 0 }, 'v2', BEFORE, 'hopeless'],
    ['an age without X-Cache', { cache: '', age: 10 }, 'v1', BEFORE, 'fresh'],
  ])('%s', (_, visit, version, before, state) => {
    expect(pageVerdict({ ...HIT, ...visit }, version, before, 50).state).toBe(state);
  });
});
