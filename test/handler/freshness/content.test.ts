import { Readable } from 'stream';
import { brotliCompressSync, crc32, createGunzip, gzipSync, type Gunzip } from 'zlib';
import * as fc from 'fast-check';
import { measure } from '../../../src/handler/freshness/content';

jest.mock('zlib', () => {
  const zlib = jest.requireActual<typeof import('zlib')>('zlib');
  return { ...zlib, createGunzip: jest.fn(zlib.createGunzip) };
});

const TEXT = Buffer.from('some text, '.repeat(1_000));
const measured = (bytes: Buffer) => ({ size: bytes.length, crc32: crc32(bytes) });

/** A body in chunks of some length. */
function bodyOf(bytes: Buffer, length = 1_000): Readable {
  return Readable.from((function* () {
    for (let start = 0; start < bytes.length; start += length) {
      yield bytes.subarray(start, start + length);
    }
  })());
}

test.each<[string | undefined, (bytes: Buffer) => Buffer]>([
  [undefined, bytes => bytes], ['identity', bytes => bytes], ['gzip', gzipSync], ['GZIP', gzipSync], ['x-gzip', gzipSync], ['br', brotliCompressSync],
])('a body with the encoding %s is measured as it was sent and decoded', async (encoding, encode) => {
  const sent = encode(TEXT);
  expect(await measure(bodyOf(sent), encoding, TEXT.length)).toEqual({ sent: measured(sent), decoded: measured(TEXT) });
});

test('whatever its chunks are', async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 5_000 }), fc.integer({ min: 1, max: 6_000 }), async (bytes, length) => {
    const sent = gzipSync(bytes);
    expect(await measure(bodyOf(sent, length), 'gzip', bytes.length)).toEqual({ sent: measured(sent), decoded: measured(Buffer.from(bytes)) });
  }));
});

test('an empty body', async () => {
  expect(await measure(bodyOf(Buffer.alloc(0)), undefined, 0)).toEqual({ sent: { size: 0, crc32: 0 }, decoded: { size: 0, crc32: 0 } });
});

test.each(['deflate', 'zstd', 'gzip, br'])('an encoding that nobody asked for is not decoded: %s', async encoding => {
  expect(await measure(bodyOf(TEXT), encoding, TEXT.length)).toEqual({ sent: measured(TEXT), decoded: undefined });
});

test('what is no archive cannot be decoded, and is measured as it was sent', async () => {
  expect(await measure(bodyOf(TEXT), 'gzip', TEXT.length)).toEqual({ sent: measured(TEXT), decoded: undefined });
});

test('a body that is too long is not read to its end', async () => {
  let read = 0;
  const endless = Readable.from((function* () {
    for (;;) {
      read += 1_000;
      yield Buffer.alloc(1_000);
    }
  })());
  const { sent } = await measure(endless, undefined, 10_000);
  expect(sent.size).toBeGreaterThan(10_000);
  expect(read).toBeLessThan(100_000);
});

test('a bomb is not decoded to its end, and what it is as it was sent is known', async () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  const { sent, decoded } = await measure(bodyOf(bomb), 'gzip', bomb.length);
  expect(sent).toEqual(measured(bomb));
  expect(decoded?.size).toBe(bomb.length + 1);
  const decoder = jest.mocked(createGunzip).mock.results[0].value as Gunzip;
  expect(decoder.bytesWritten).toBeLessThan(bomb.length / 2);
});

test('a body that breaks off is an error', async () => {
  const broken = Readable.from((async function* () {
    yield await Promise.resolve(gzipSync(TEXT).subarray(0, 20));
    throw new Error('aborted');
  })());
  await expect(measure(broken, 'gzip', TEXT.length)).rejects.toThrow('aborted');
});
