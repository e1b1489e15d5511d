import { crc32, deflateRawSync } from 'zlib';
import { Sandbox, type FaultKind } from '../../sandbox';
import { Archive, Unreadable } from '../../src/handler/archive';
import { Busy } from '../../src/handler/failure';
import { givenArchive, givenRawArchive } from '../given-archive';

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

async function filesIn(archive: Archive): Promise<Map<string, { size: number; crc32: number }>> {
  const files = new Map<string, { size: number; crc32: number }>();
  for await (const { name, size, crc32: checksum } of archive.files()) {
    files.set(name, { size, crc32: checksum });
  }
  return files;
}

async function namesOf(bytes: Buffer): Promise<string[]> {
  return [...(await filesIn(await open(bytes))).keys()];
}

test('the files with their sizes and checksums, without the directories', async () => {
  const archive = await open(await givenArchive({ 'a/': '', 'a/b.txt': 'b', 'c.txt': 'ccc' }));
  expect(Object.fromEntries(await filesIn(archive))).toEqual({
    'a/b.txt': { size: 1, crc32: crc32('b') }, 'c.txt': { size: 3, crc32: crc32('ccc') },
  });
});

test.each<[string, () => Promise<Buffer>, string[]]>([
  ['ZIP64', () => givenArchive({ a: '1' }, { forceZip64Format: true }), ['a']],
  ['stored without compression', () => givenArchive({ a: '1' }, { compress: false }), ['a']],
  ['a comment', () => givenArchive({ a: '1' }, { comment: 'c'.repeat(60_000) }), ['a']],
  ['names in UTF-8', () => givenArchive({ 'straße/日本.html': '1' }), ['straße/日本.html']],
  ['names in CP437', async () => givenRawArchive({ name: Buffer.from([0x81, 0x2e, 0x74]) }), ['ü.t']],
  ['data descriptors', async () => givenRawArchive({ name: Buffer.from('a'), flags: 0x0008 }), ['a']],
  ['nothing at all', () => givenArchive({}), []],
])('%s', async (_, archive, names) => {
  expect(await namesOf(await archive())).toEqual(names);
});

test.each<[string, Parameters<typeof givenRawArchive>[0], string | undefined]>([
  ['ASCII', { name: Buffer.from('a.b/.c/d..html') }, undefined],
  ['UTF-8', { name: Buffer.from('café.html'), flags: 0x0800 }, undefined],
  ['UTF-8 in a field of its own', { name: Buffer.from('caf?.html'), utf8Name: 'café.html' }, undefined],
  ['UTF-8 that is not called so, as Info-ZIP writes it', { name: Buffer.from('café.html') }, 'is not ASCII, and the archive does not say that it is UTF-8'],
  ['what is not UTF-8 and is called so', { name: Buffer.from([0x61, 0xff]), flags: 0x0800 }, 'is not valid UTF-8'],
  ['the folder itself in front', { name: Buffer.from('./index.html') }, "has a part that is empty or '.'"],
  ['a backslash', { name: Buffer.from('a\\b') }, 'has a backslash, which stands for a slash or for itself'],
  ['two slashes', { name: Buffer.from('a//b') }, "has a part that is empty or '.'"],
  ['a part that is the folder itself', { name: Buffer.from('a/./b') }, "has a part that is empty or '.'"],
])('whether a deployment may write a file under another name: %s', async (_, raw, doubt) => {
  const doubts: (string | undefined)[] = [];
  for await (const file of (await open(givenRawArchive(raw))).files()) {
    doubts.push(file.doubt);
  }
  expect(doubts).toEqual([doubt]);
});

test('a symbolic link is told from a file', async () => {
  const links = new Map<string, boolean>();
  for await (const { name, isLink } of (await open(await givenArchive({ a: '1' }, { links: { b: 'a' } }))).files()) {
    links.set(name, isLink);
  }
  expect([...links]).toEqual([['a', false], ['b', true]]);
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

test('a file that is larger than one part is read in parts', async () => {
  const content = Buffer.from(Array.from({ length: 5 * 1024 * 1024 }, (_, index) => index % 251));
  const archive = await open(await givenArchive({ 'large.bin': content, 'end.bin': Buffer.alloc(200_000) }, { compress: false }));
  expect((await archive.read('large.bin', content.length))?.equals(content)).toBe(true);
  expect(sandbox.requests.length).toBeGreaterThan(2);
});

test('of a large archive, the directory alone is read', async () => {
  const files = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`file-${index}`, Buffer.alloc(50_000, index)]));
  const bytes = await givenArchive(files, { compress: false });
  const archive = await open(bytes);
  expect((await filesIn(archive)).size).toBe(200);
  expect(archive.bytesRead / bytes.length).toBeLessThan(0.02);
  expect(sandbox.requests).toMatchObject([{ operation: 'GetObject', input: { Range: 'bytes=-131072' }, status: 206 }]);
});

describe('a directory that is longer than the end of the archive', () => {
  let bytes: Buffer;

  beforeAll(async () => {
    bytes = await givenArchive(Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`${'d'.repeat(40)}/file-${index}`, '1'])));
  });

  test('is read in one piece more', async () => {
    const archive = await open(bytes);
    expect((await filesIn(archive)).size).toBe(5_000);
    expect(sandbox.requests).toHaveLength(2);
    expect(archive.bytesRead).toBe(sandbox.requests.reduce((sum, { input }) => sum + lengthOf(String(input.Range), archive.size), 0));
  });

  test.each<[FaultKind, string]>([
    [{ error: 'SlowDown', status: 503, message: 'Reduce your request rate.' }, 'SlowDown: Reduce your request rate'],
    [{ truncate: true }, 'Error: aborted'],
    [{ reset: 'before' }, 'Error: '],
  ])('is worth another attempt after %j', async (kind, words) => {
    const archive = await open(bytes);
    sandbox.faults.add({ service: 's3', operation: 'GetObject', fault: kind, times: 1 });
    const busy: unknown = await filesIn(archive).catch((error: unknown) => error);
    expect(busy).toBeInstanceOf(Busy);
    expect(busy).toMatchObject({
      type: 'SystemUnavailable',
      message: expect.stringMatching(/^S3 did not answer GetObject for the artifact s3:\/\/artifacts\/site\.zip: .*\. Retry the stage once S3 has recovered: https:\/\/health\.aws\.amazon\.com$/),
    });
    expect((busy as Busy).message).toMatch(words);
  });

  test('is unreadable where that is not allowed any more', async () => {
    const archive = await open(bytes);
    sandbox.faults.add({ service: 's3', operation: 'GetObject', fault: { error: 'AccessDenied', status: 403, message: 'Access Denied' }, times: 1 });
    await expect(filesIn(archive)).rejects.toThrow(new Unreadable('the artifact s3://artifacts/site.zip cannot be read: AccessDenied: Access Denied'));
  });

  test('is not mixed with that of an object that replaces it meanwhile', async () => {
    const archive = await open(bytes);
    sandbox.s3.put(LOCATION.bucket, LOCATION.key, Buffer.concat([bytes, Buffer.alloc(1)]));
    await expect(filesIn(archive)).rejects.toThrow('PreconditionFailed');
  });
});

function lengthOf(range: string, size: number): number {
  const [, start, end] = /^bytes=(\d*)-(\d+)$/.exec(range)!;
  return start === '' ? Math.min(Number(end), size) : Number(end) - Number(start) + 1;
}

describe('a hostile archive is unreadable, and nothing worse', () => {
  test.each<[string, () => Promise<Buffer> | Buffer, string]>([
    ['empty', () => Buffer.alloc(0), 'InvalidRange'],
    ['no ZIP', () => Buffer.from('PK no'), 'End of central directory record signature not found'],
    ['cut in half', async () => (await givenArchive({ a: '1', b: '2' })).subarray(0, 60), 'End of central directory'],
    ['a name that leaves the archive', () => givenRawArchive({ name: Buffer.from('../../etc/passwd') }), 'invalid relative path'],
    ['an absolute name', () => givenRawArchive({ name: Buffer.from('/etc/passwd') }), 'absolute path'],
    ['more files than the function has memory for', () => givenRawArchive({ name: Buffer.from('000000'), numbered: true }, 102_401), 'it has more than 102400 files, too many'],
    ['a directory that the function has no memory for', () => givenRawArchive({ name: Buffer.from('n'.repeat(60_000)) }, 500), 'its directory is larger than 25165824 bytes, too large'],
    ['a control character in a name', () => givenRawArchive({ name: Buffer.from('a\nb'), flags: 0x0800 }), 'it has a file name with control characters: "a\\nb"'],
    ['a directory that is not where it should be', () => givenRawArchive({ name: Buffer.from('a'), directoryOffset: 1_000_000 }), 'it ends before its directory ends'],
    ['more files than there are', () => givenRawArchive({ name: Buffer.from('a'), count: 60_000 }), 'it ends before its directory ends'],
    ['a directory on another disk', () => givenRawArchive({ name: Buffer.from('a'), disk: 1 }), 'multi-disk'],
  ])('%s', async (_, archive, message) => {
    await expect((async () => namesOf(await archive()))()).rejects.toMatchObject({
      message: expect.stringMatching(/^the artifact s3:\/\/artifacts\/site\.zip cannot be read: /),
    });
    await expect((async () => namesOf(await archive()))()).rejects.toThrow(message);
  });

  test('of a long name, only the beginning is told', async () => {
    const archive = await open(givenRawArchive({ name: Buffer.from(`${'a'.repeat(300)}\n`), flags: 0x0800 }));
    await expect(filesIn(archive)).rejects.toThrow(/"a{199}$/);
  });

  test('as many files as the function has memory for are not too many', async () => {
    expect(await namesOf(givenRawArchive({ name: Buffer.from('000000'), numbered: true }, 102_400))).toHaveLength(102_400);
  });

  test('a file that is larger than it may be is not read', async () => {
    const bytes = await givenArchive({ 'paths.txt': 'x'.repeat(1_000) });
    await expect((await open(bytes)).read('paths.txt', 999)).rejects.toThrow('paths.txt has 1000 bytes, more than 999');
    expect(await (await open(bytes)).read('paths.txt', 1_000)).toHaveLength(1_000);
  });

  test('a hundred megabytes that say they are a few bytes are not unpacked', async () => {
    const archive = await open(givenRawArchive({ name: Buffer.from('paths.txt'), content: deflateRawSync(Buffer.alloc(100_000_000)), size: 10, method: 8 }));
    await expect(archive.read('paths.txt', 1_000)).rejects.toThrow('too many bytes in the stream');
  });
});
