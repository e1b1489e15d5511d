import { crc32 } from 'zlib';
import { ZipFile, type Options } from 'yazl';

/** A ZIP archive with these files, as a build writes one. */
export async function givenArchive(
  files: Readonly<Record<string, string | Buffer>>, options: Partial<Options> & { comment?: string; links?: Readonly<Record<string, string>> } = {},
): Promise<Buffer> {
  const { comment, links = {}, ...fileOptions } = options;
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(files)) {
    if (name.endsWith('/')) {
      zip.addEmptyDirectory(name);
    } else {
      zip.addBuffer(Buffer.from(content), name, { mtime: new Date(0), ...fileOptions });
    }
  }
  Object.entries(links).forEach(([name, target]) => zip.addBuffer(Buffer.from(target), name, { mtime: new Date(0), mode: 0o120777 }));
  zip.end({ comment: comment ?? '', forceZip64Format: options.forceZip64Format ?? false });
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** A ZIP archive by hand, with what a well-behaved writer would not write. */
export function givenRawArchive(
  { name, content = Buffer.from('x'), size = content.length, flags = 0, method = 0, count, disk = 0, directoryOffset, numbered = false, utf8Name }: {
    name: Buffer;
    content?: Buffer;
    size?: number;
    flags?: number;
    method?: number;
    count?: number;
    disk?: number;
    directoryOffset?: number;
    /** Whether each name is another number of six digits. */
    numbered?: boolean;
    /** In Info-ZIP's field for it. */
    utf8Name?: string;
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
  const extra = utf8Name === undefined ? Buffer.alloc(0) : utf8Field(name, utf8Name);
  entry.writeUInt16LE(extra.length, 30);
  const files = Buffer.concat([local, name, content]);
  const directory = Buffer.concat(Array.from({ length: times }, (_, index) =>
    Buffer.concat([entry, numbered ? Buffer.from(String(index).padStart(6, '0')) : name, extra])));
  const zip64 = times > 65_535 ? zip64End(times, directory.length, files.length) : Buffer.alloc(0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(disk, 4);
  end.writeUInt16LE(Math.min(count ?? times, 65_535), 8);
  end.writeUInt16LE(Math.min(count ?? times, 65_535), 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(directoryOffset ?? files.length, 16);
  return Buffer.concat([files, directory, zip64, end]);
}

/** What a directory of more than 65,535 files needs: its own end, and where that is. */
function zip64End(count: number, length: number, offset: number): Buffer {
  const end = Buffer.alloc(56 + 20);
  end.writeUInt32LE(0x06064b50, 0);
  end.writeBigUInt64LE(44n, 4);
  end.writeBigUInt64LE(BigInt(count), 24);
  end.writeBigUInt64LE(BigInt(count), 32);
  end.writeBigUInt64LE(BigInt(length), 40);
  end.writeBigUInt64LE(BigInt(offset), 48);
  end.writeUInt32LE(0x07064b50, 56);
  end.writeBigUInt64LE(BigInt(offset + length), 64);
  return end;
}

/** Info-ZIP's Unicode path field, which belongs to the name with this checksum. */
function utf8Field(name: Buffer, utf8Name: string): Buffer {
  const text = Buffer.from(utf8Name);
  const field = Buffer.alloc(9 + text.length);
  field.writeUInt16LE(0x7075, 0);
  field.writeUInt16LE(5 + text.length, 2);
  field.writeUInt8(1, 4);
  field.writeUInt32LE(crc32(name), 5);
  text.copy(field, 9);
  return field;
}
