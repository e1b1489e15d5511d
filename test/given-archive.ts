import { ZipFile, type Options } from 'yazl';

/** A ZIP archive with these files, as a build writes one. */
export async function givenArchive(
  files: Readonly<Record<string, string | Buffer>>, options: Partial<Options> & { comment?: string } = {},
): Promise<Buffer> {
  const { comment, ...fileOptions } = options;
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(files)) {
    if (name.endsWith('/')) {
      zip.addEmptyDirectory(name);
    } else {
      zip.addBuffer(Buffer.from(content), name, { mtime: new Date(0), ...fileOptions });
    }
  }
  zip.end({ comment: comment ?? '', forceZip64Format: options.forceZip64Format ?? false });
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}
