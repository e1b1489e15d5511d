import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { gzipSync } from 'zlib';
import { build } from 'esbuild';
import { BUNDLED_HANDLER, loadedByEveryJob } from '../scripts/bundled-handler';

export interface Bundle {
  readonly name: string;
  readonly bytes: number;
  readonly gzipped: number;
}

/** What ships, what of it every job loads, and what people get who bundle the two SDK clients with esbuild's defaults. */
export async function measureBundles(): Promise<Bundle[]> {
  const files = readdirSync(BUNDLED_HANDLER).filter(file => file.endsWith('.mjs'));
  const { outputFiles } = await build({
    entryPoints: [join(__dirname, 'functions', 'sdk.mjs')], bundle: true, minify: true, platform: 'node', format: 'cjs', target: 'node24', write: false,
  });
  const sizes = (name: string, contents: readonly Uint8Array[]): Bundle => ({
    name,
    bytes: contents.reduce((sum, content) => sum + content.length, 0),
    gzipped: contents.reduce((sum, content) => sum + gzipSync(content).length, 0),
  });
  return [
    sizes('this library: what every job loads', loadedByEveryJob().map(read)),
    sizes('this library: with S3, STS and ZIP, loaded on demand', files.map(read)),
    sizes('the two SDK clients, bundled naively', outputFiles.map(({ contents }) => contents)),
  ];
}

function read(file: string): Buffer {
  return readFileSync(join(BUNDLED_HANDLER, file));
}
