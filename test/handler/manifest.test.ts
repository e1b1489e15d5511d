import * as fc from 'fast-check';
import { parseManifest } from '../../src/handler/manifest';

function parse(text: string | Buffer): string[] {
  return parseManifest('invalidation.txt', Buffer.from(text));
}

test.each([
  ['/a\n/b/*\n#news\n', ['/a', '/b/*', '#news']],
  ['/a\r\n/b', ['/a', '/b']],
  ['\n  /a  \n\n# a comment\n#\n/b\n', ['/a', '/b']],
  ['\ufeff/a', ['/a']],
  ['["/a", "/b/*"]', ['/a', '/b/*']],
  ['\n [\n"/ü"\n]\n', ['/ü']],
  ['', []],
  ['# nothing\n', []],
  ['[]', []],
  ['/a %23 b', ['/a %23 b']],
  ['/a\n'.repeat(10_000), Array<string>(10_000).fill('/a')],
  ['/a*\n'.repeat(1_500), Array<string>(1_500).fill('/a*')],
  ['/a*b'.slice(0, 3), ['/a*']],
])('%.30j lists %.30j', (text, paths) => {
  expect(parse(text)).toEqual(paths);
});

test.each<[string | Buffer, string]>([
  ['/a\nb\n', "invalidation.txt: line 2: paths must start with '/' or '#', got 'b'"],
  ['# one\n\n/a*b', "invalidation.txt: line 3: paths must contain '*' only as their last character"],
  ['#a,b', 'invalidation.txt: line 1: cache tags must consist of visible ASCII characters'],
  ['["/a", "b"]', "invalidation.txt: item 2: paths must start with '/'"],
  ['["/a", 1]', 'invalidation.txt: item 2: paths must be strings, got 1'],
  ['["/a"', "invalidation.txt: it starts with '[' but is not a JSON array"],
  ['/a%23\nb#', "invalidation.txt: line 2: paths must start with '/' or '#', got 'b#'"],
  ['/a # a comment', "invalidation.txt: line 1: paths must not have a fragment, since browsers do not send it, got '/a # a comment'"],
  ['/./index.html', "invalidation.txt: line 1: paths must not have empty parts ('//'), '.' or '..'"],
  [`/${'a'.repeat(4001)}`, 'invalidation.txt: line 1: paths must be at most 4000 characters'],
  ['/a\n'.repeat(10_001), 'invalidation.txt: it must list at most 10000 paths, got 10001'],
  ['/a*\n'.repeat(1_501), 'invalidation.txt: it must list at most 1500 paths with a wildcard, got 1501'],
  [Buffer.from([0x2f, 0xff]), 'invalidation.txt: it must be UTF-8 text'],
  ['/a\u0000', 'invalidation.txt: line 1: paths must not contain control characters'],
])('%.30j is refused', (text, message) => {
  expect(() => parse(text)).toThrow(expect.objectContaining({ type: 'ConfigurationError', message: expect.stringContaining(message) }));
});

test('nothing but a Failure comes of any text', () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), text => {
    try {
      expect(parse(text).every(path => /^[/#]/.test(path))).toBe(true);
    } catch (error) {
      expect(error).toMatchObject({ type: 'ConfigurationError' });
    }
  }));
});
