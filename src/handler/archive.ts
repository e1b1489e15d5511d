import { Readable } from 'stream';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { fromRandomAccessReaderPromise, RandomAccessReader, type Entry, type ZipFile } from 'yauzl';
import { CALL_TIMEOUT, limited } from './budget';
import { Busy, describe, isWorthAnotherAttempt } from './failure';

/** The location of an artifact in S3. */
export interface Location {
  readonly bucket: string;
  readonly key: string;
}

/** What shows whether two files are the same. */
export interface FileVersion {
  readonly size: number;
  readonly crc32: number;
}

/** One file of an archive. */
export interface ArchivedFile extends FileVersion {
  readonly name: string;
  /** Whether it is a symbolic link: its content is the name of its target. */
  readonly isLink: boolean;
  /** What is unclear about the name, so that a deployment may write the file under another one, if so. */
  readonly doubt?: string;
}

/** How much of the end of an archive is read first. The directory is there, and this is more than the longest comment needs. */
const SUFFIX_LENGTH = 128 * 1024;

/** How much of a longer directory is read at a time. */
const WINDOW_LENGTH = 4 * 1024 * 1024;

/**
 * Artifacts are not trusted: what the function reads and keeps must fit its memory. With 256 MB, a hundred thousand files take 207 MB at
 * most (`npx projen benchmark`).
 */
export const MEMORY_SIZE = Number(process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE ?? 256);
const MAX_FILES = 400 * MEMORY_SIZE;
const MAX_DIRECTORY_BYTES = 96 * 1024 * MEMORY_SIZE;

/** The highest four bits of the external attributes are the kind of a file in Unix. */
const FILE_KIND = 2 ** 28;
const SYMBOLIC_LINK = 0xa;

/** What a ZIP archive says about a name: that it is UTF-8, in a flag or in Info-ZIP's field for it. */
const UTF_8_FLAG = 0x0800;
const UTF_8_NAME_FIELD = 0x7075;

/** The archive does not exist, cannot be read, or is not a ZIP archive. Waiting does not help. */
export class Unreadable extends Error {}

/** The client does not retry: `waitFor` does. */
const client = new S3Client({
  maxAttempts: 1,
  // A part of an object has no checksum.
  responseChecksumValidation: 'WHEN_REQUIRED',
  requestHandler: { connectionTimeout: 3_000, requestTimeout: CALL_TIMEOUT, throwOnRequestTimeout: true },
});

/**
 * A ZIP archive in S3. Only its directory and single files are read.
 *
 * @throws Unreadable, or Busy if another attempt may succeed
 */
export class Archive {
  static async open(location: Location, until: number): Promise<Archive> {
    const reader = await RangeReader.open(location, until);
    const zip = await readable(location, fromRandomAccessReaderPromise(reader, reader.size, { autoClose: false, lazyEntries: true }));
    return new Archive(location, zip, reader);
  }

  private constructor(private readonly location: Location, private readonly zip: ZipFile, private readonly reader: RangeReader) {}

  /** How many bytes have been read so far. */
  get bytesRead(): number {
    return this.reader.bytesRead;
  }

  /** The archive's size in bytes. */
  get size(): number {
    return this.reader.size;
  }

  /** When S3 got it, in epoch milliseconds, to the second. */
  get writtenAt(): number | undefined {
    return this.reader.writtenAt;
  }

  /** The files one by one, without the directories. */
  async* files(): AsyncGenerator<ArchivedFile> {
    for await (const entry of this.entries()) {
      const { fileName: name, uncompressedSize: size, crc32, externalFileAttributes } = entry;
      if (!name.endsWith('/')) {
        yield { name, size, crc32, doubt: doubtAbout(entry), isLink: Math.floor(externalFileAttributes / FILE_KIND) === SYMBOLIC_LINK };
      }
    }
  }

  /** The error to throw about a problem in the archive. */
  unreadable(words: string): Unreadable {
    return unreadable(this.location, words);
  }

  /** The content of one file, or `undefined` if there is no file with that name. */
  async read(fileName: string, maxBytes: number): Promise<Buffer | undefined> {
    let found: Entry | undefined;
    for await (const entry of this.entries()) {
      found = entry.fileName === fileName ? entry : found;
    }
    if (found === undefined) {
      return undefined;
    }
    if (found.uncompressedSize > maxBytes) {
      throw unreadable(this.location, `${fileName} has ${found.uncompressedSize} bytes, more than ${maxBytes}`);
    }
    const entry = found;
    return readable(this.location, (async () => {
      const chunks: Buffer[] = [];
      // yauzl ends the stream with an error if the file is longer or shorter than the directory says.
      for await (const chunk of await this.zip.openReadStreamPromise(entry)) {
        chunks.push(chunk as Buffer);
      }
      return Buffer.concat(chunks);
    })());
  }

  private async* entries(): AsyncGenerator<Entry> {
    const entries = this.zip.eachEntry();
    for (let count = 0; ; count++) {
      const { done, value } = await readable(this.location, entries.next());
      if (done) {
        return;
      }
      if (count === MAX_FILES) {
        throw unreadable(this.location, `it has more than ${MAX_FILES} files, too many for a function with ${MEMORY_SIZE} MB of memory`);
      }
      // eslint-disable-next-line no-control-regex -- the check is about control characters
      if (/[\u0000-\u001f\u007f]/.test(value.fileName)) {
        throw unreadable(this.location, `it has a file name with control characters: ${JSON.stringify(value.fileName).slice(0, 200)}`);
      }
      yield value;
    }
  }
}

/** Reads parts of an object: its end first, and the rest on demand in windows. */
class RangeReader extends RandomAccessReader {
  static async open(location: Location, until: number): Promise<RangeReader> {
    return new RangeReader(location, until, await get(location, `bytes=-${SUFFIX_LENGTH}`, undefined, until));
  }

  bytesRead: number;
  private window: { readonly start: number; readonly bytes: Buffer } | undefined;

  private constructor(private readonly location: Location, private readonly until: number, private readonly suffix: Part) {
    super();
    this.bytesRead = suffix.bytes.length;
  }

  get size(): number {
    return this.suffix.size;
  }

  get writtenAt(): number | undefined {
    return this.suffix.writtenAt;
  }

  override read(buffer: Buffer, offset: number, length: number, position: number, callback: (error: Error | null, bytesRead?: number) => void): void {
    this.bytesAt(position, length).then(bytes => callback(null, bytes.copy(buffer, offset)), callback);
  }

  override _readStreamForRange(start: number, end: number): ReturnType<RandomAccessReader['_readStreamForRange']> {
    return Readable.from(this.pieces(start, end), { objectMode: false });
  }

  private async* pieces(start: number, end: number): AsyncGenerator<Buffer> {
    for (let position = start; position < end; position += WINDOW_LENGTH) {
      yield await this.bytesAt(position, Math.min(WINDOW_LENGTH, end - position));
    }
  }

  private async bytesAt(position: number, length: number): Promise<Buffer> {
    for (const part of [this.suffix, this.window]) {
      if (part !== undefined && position >= part.start && position + length <= part.start + part.bytes.length) {
        return part.bytes.subarray(position - part.start, position - part.start + length);
      }
    }
    if (position + length > this.size) {
      throw new Error('it ends before its directory ends');
    }
    if (this.bytesRead >= MAX_DIRECTORY_BYTES) {
      throw new Error(`its directory is larger than ${MAX_DIRECTORY_BYTES} bytes, too large for a function with ${MEMORY_SIZE} MB of memory`);
    }
    const end = Math.min(position + Math.max(length, WINDOW_LENGTH), this.size);
    const { bytes } = await get(this.location, `bytes=${position}-${end - 1}`, this.suffix.etag, this.until);
    this.bytesRead += bytes.length;
    this.window = { start: position, bytes };
    return bytes.subarray(0, length);
  }
}

interface Part {
  readonly start: number;
  readonly bytes: Buffer;
  /** The size of the whole object. */
  readonly size: number;
  readonly writtenAt: number | undefined;
  readonly etag: string | undefined;
}

async function get(location: Location, range: string, etag: string | undefined, until: number): Promise<Part> {
  const command = new GetObjectCommand({ Bucket: location.bucket, Key: location.key, Range: range, IfMatch: etag });
  try {
    return await limited(until, async abortSignal => {
      const { Body: body, ContentRange: contentRange, LastModified: lastModified, ETag: tag } = await client.send(command, { abortSignal });
      const [, start, end, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange ?? '') ?? [];
      const bytes = Buffer.from(await body?.transformToByteArray() ?? []);
      if (size === undefined || bytes.length !== Number(end) - Number(start) + 1) {
        throw new Error('the response is not the requested part');
      }
      return { start: Number(start), bytes, size: Number(size), writtenAt: lastModified?.getTime(), etag: tag };
    });
  } catch (error) {
    const { words } = describe(error);
    throw isWorthAnotherAttempt(error)
      ? new Busy('SystemUnavailable', `S3 did not answer GetObject for the artifact ${uriOf(location)}: ${words}. ` +
        'Retry the stage once S3 has recovered: https://health.aws.amazon.com')
      : unreadable(location, words);
  }
}

/** Archives made on Windows may have it between folders. `yauzl` reads it as a slash. */
const BACKSLASH = 0x5c;

/** Whoever unpacks an archive may read such a name differently, and then the site has another file. The same few texts for all files. */
function doubtAbout({ fileName, fileNameRaw, generalPurposeBitFlag, extraFields }: Entry): string | undefined {
  if (fileNameRaw.includes(BACKSLASH)) {
    return 'has a backslash, which stands for a slash or for itself';
  }
  if (/(^|\/)\.?(\/|$)/.test(fileName)) {
    return 'has a part that is empty or \'.\'';
  }
  const saysUtf8 = Math.floor(generalPurposeBitFlag / UTF_8_FLAG) % 2 === 1 || extraFields.some(({ id }) => id === UTF_8_NAME_FIELD);
  if (!saysUtf8 && fileNameRaw.some(byte => byte > 0x7f)) {
    return 'is not ASCII, and the archive does not say that it is UTF-8';
  }
  return fileName.includes('\ufffd') ? 'is not valid UTF-8' : undefined;
}

async function readable<T>(location: Location, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    throw error instanceof Busy || error instanceof Unreadable ? error : unreadable(location, describe(error).words);
  }
}

function unreadable(location: Location, words: string): Unreadable {
  return new Unreadable(`the artifact ${uriOf(location)} cannot be read: ${words}`);
}

function uriOf({ bucket, key }: Location): string {
  return `s3://${bucket}/${key}`;
}
