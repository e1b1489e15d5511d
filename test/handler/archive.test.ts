import { crc32, deflateRawSync } from 'zlib';
import { Sandbox } from '../../sandbox';
import { Archive } from '../../src/handler/archive';
import { givenArchive } from '../given-archive';

const LOCATION = { bucket: 'artifacts', key: 'site.zip' };

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await Sandbox.start();
  const role = sandbox.addRole('reader', [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }]);
  // The client reads it with its first request.
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_S3: sandbox.s3.endpoint, AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: role.accessKeyId, AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'token',
  });
});

afterAll(() => sandbox.stop());

async function open(bytes: Buffer): Promise<Archive> {
  sandbox.s3.put(LOCATION.bucket, LOCATION.key, bytes);
  sandbox.requests.splice(0);
  return Archive.open(LOCATION, Date.now() + 10_000);
}

async function namesOf(bytes: Buffer): Promise<string[]> {
  return [...(await (await open(bytes)).files()).keys()];
}

test('the files with their sizes and checksums, without the directories', async () => {
  const archive = await open(await givenArchive({ 'a/': '', 'a/b.txt': 'b', 'c.txt': 'ccc' }));
  expect(Object.fromEntries(await archive.files())).toEqual({
    'a/b.txt': { size: 1, crc32: crc32('b') }, 'c.txt': { size: 3, crc32: crc32('ccc') },
  });
});

test.each<[string, () => Promise<Buffer>, string[]]>([
  ['ZIP64', () => givenArchive({ a: '1' }, { forceZip64Format: true }), ['a']],
  ['stored without compression', () => givenArchive({ a: '1' }, { compress: false }), ['a']],
  ['a comment', () => givenArchive({ a: '1' }, { comment: 'c'.repeat(60_000) }), ['a']],
  ['names in UTF-8', () => givenArchive({ 'straße/日本.html': '1' }), ['straße/日本.html']],
  ['names in CP437', async () => raw({ name: Buffer.from([0x81, 0x2e, 0x74]) }), ['ü.t']],
  ['data descriptors', async () => raw({ name: Buffer.from('a'), flags: 0x0008 }), ['a']],
  ['nothing at all', () => givenArchive({}), []],
])('%s', async (_, archive, names) => {
  expect(await namesOf(await archive())).toEqual(names);
});

test('a file is read, deflated or not, and one that is not there is not', async () => {
  const content = 'line\n'.repeat(10_000);
  const archive = await open(await givenArchive({ 'paths.txt': content, 'other': '1' }));
  expect((await archive.read('paths.txt', 100_000))?.toString()).toBe(content);
  const stored = await open(await givenArchive({ 'paths.txt': content }, { compress: false }));
  expect((await stored.read('paths.txt', 100_000))?.toString()).toBe(content);
  const other = await open(await givenArchive({ 'paths.txt': content }));
  expect(await other.read('missing.txt', 100_000)).toBeUndefined();
});

test('of a large archive, the directory alone is read', async () => {
  const files = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`file-${index}`, Buffer.alloc(50_000, index)]));
  const bytes = await givenArchive(files, { compress: false });
  const archive = await open(bytes);
  expect((await archive.files()).size).toBe(200);
  expect(archive.bytesRead / bytes.length).toBeLessThan(0.02);
  expect(sandbox.requests).toMatchObject([{ operation: 'GetObject', input: { Range: 'bytes=-131072' }, status: 206 }]);
});

test('a directory that is longer than the end of the archive is read in one piece more', async () => {
  const files = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`${'d'.repeat(40)}/file-${index}`, '1']));
  expect(await namesOf(await givenArchive(files))).toHaveLength(5_000);
  expect(sandbox.requests.length).toBeLessThanOrEqual(2);
});

describe('a hostile archive is unreadable, and nothing worse', () => {
  test.each<[string, () => Promise<Buffer> | Buffer, string]>([
    ['empty', () => Buffer.alloc(0), 'InvalidRange'],
    ['no ZIP', () => Buffer.from('PK no'), 'End of central directory record signature not found'],
    ['cut in half', async () => (await givenArchive({ a: '1', b: '2' })).subarray(0, 60), 'End of central directory'],
    ['a name that leaves the archive', () => raw({ name: Buffer.from('../../etc/passwd') }), 'invalid relative path'],
    ['an absolute name', () => raw({ name: Buffer.from('/etc/passwd') }), 'absolute path'],
    ['a control character in a name', () => raw({ name: Buffer.from('a\nb'), flags: 0x0800 }), 'control characters in its name: "a\\nb"'],
    ['two files of one name', () => raw({ name: Buffer.from('a') }, 2), 'two files named "a"'],
    ['65,536 files of one name', () => raw({ name: Buffer.from('a') }, 65_535), 'two files named "a"'],
    ['a directory that is not where it should be', () => raw({ name: Buffer.from('a'), directoryOffset: 1_000_000 }), 'it ends before its directory does'],
    ['more files than there are', () => raw({ name: Buffer.from('a'), count: 60_000 }), 'it ends before its directory does'],
    ['a directory on another disk', () => raw({ name: Buffer.from('a'), disk: 1 }), 'multi-disk'],
  ])('%s', async (_, archive, message) => {
    await expect((async () => namesOf(await archive()))()).rejects.toMatchObject({
      message: expect.stringMatching(/^the artifact s3:\/\/artifacts\/site\.zip cannot be read: /),
    });
    await expect((async () => namesOf(await archive()))()).rejects.toThrow(message);
  });

  test('a file that is larger than it may be is not read', async () => {
    const archive = await open(await givenArchive({ 'paths.txt': 'x'.repeat(1_000) }));
    await expect(archive.read('paths.txt', 999)).rejects.toThrow('paths.txt has 1000 bytes, more than 999');
  });

  test('a gigabyte that says it is a few bytes is not unpacked', async () => {
    const archive = await open(raw({ name: Buffer.from('paths.txt'), content: deflateRawSync(Buffer.alloc(100_000_000)), size: 10, method: 8 }));
    await expect(archive.read('paths.txt', 1_000)).rejects.toThrow('too many bytes in the stream');
  });

  test('an object that is replaced while it is read is not mixed with the new one', async () => {
    const files = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`${'d'.repeat(40)}/file-${index}`, '1']));
    const archive = await open(await givenArchive(files));
    sandbox.s3.put(LOCATION.bucket, LOCATION.key, await givenArchive({ ...files, more: '2' }));
    await expect(archive.files()).rejects.toThrow('PreconditionFailed');
  });
});

/** A ZIP archive by hand, with what a well-behaved writer would not write. */
function raw(
  { name, content = Buffer.from('x'), size = content.length, flags = 0, method = 0, count, disk = 0, directoryOffset }: {
    name: Buffer; content?: Buffer; size?: number; flags?: number; method?: number; count?: number; disk?: number; directoryOffset?: number;
  },
  times = 1,
): Buffer {
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(20, 4);
  local.writeUInt16LE(flags, 6);
  local.writeUInt16LE(method, 8);
  local.writeUInt32LE(content.length, 18);
  local.writeUInt32LE(size, 22);
  local.writeUInt16LE(name.length, 26);
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(20, 6);
  entry.writeUInt16LE(flags, 8);
  entry.writeUInt16LE(method, 10);
  entry.writeUInt32LE(content.length, 20);
  entry.writeUInt32LE(size, 24);
  entry.writeUInt16LE(name.length, 28);
  const files = Buffer.concat([local, name, content]);
  const directory = Buffer.concat(Array<Buffer>(times).fill(Buffer.concat([entry, name])));
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(disk, 4);
  end.writeUInt16LE(count ?? times, 8);
  end.writeUInt16LE(count ?? times, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(directoryOffset ?? files.length, 16);
  return Buffer.concat([files, directory, end]);
}
