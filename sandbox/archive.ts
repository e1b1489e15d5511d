import { readdirSync } from 'fs';
import { join, relative, sep } from 'path';
import { ZipFile } from 'yazl';

/**
 * A folder as an artifact of a pipeline.
 *
 * @param compress takes its time, which is worth it only where somebody reads the size of the archive
 */
export async function archiveOf(folder: string, compress = true): Promise<Buffer> {
  const zip = new ZipFile();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }).filter(candidate => candidate.isFile())) {
    const file = join(entry.parentPath, entry.name);
    zip.addFile(file, relative(folder, file).split(sep).join('/'), { compress });
  }
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}
