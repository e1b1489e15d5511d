import { readFileSync } from 'fs';
import { join } from 'path';

/** Where the bundle is that the package ships. */
export const BUNDLED_HANDLER = join(__dirname, '..', 'assets', 'handler');

/** The files of the bundle that are loaded before the first job. */
export function loadedByEveryJob(): string[] {
  const loaded = new Set(['index.mjs']);
  for (const file of loaded) {
    const source = readFileSync(join(BUNDLED_HANDLER, file), 'utf8');
    [...source.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)].forEach(([, imported]) => loaded.add(imported));
  }
  return [...loaded];
}
