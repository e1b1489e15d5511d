import { existsSync, readdirSync, realpathSync, statSync } from 'fs';
import { join, relative, resolve, sep } from 'path';
import { UsageError } from './options';

export const INDEX = 'index.html';

/** The sandbox keeps both versions and the cache in memory. */
const MAX_FILES = 20_000;
const MAX_BYTES = 300_000_000;

const HOW = 'Name the folder that your site generator writes to';

type Option = '--site' | '--next';

/** Refuses what is no built site, or none that the demo can play. */
export function checkFolder(option: Option, folder: string): void {
  if (!existsSync(folder)) {
    throw new UsageError(`${option} must be a folder, got '${folder}', which does not exist. ${HOW}, after a build.`);
  }
  if (!statSync(folder).isDirectory()) {
    throw new UsageError(`${option} must be a folder, got the file '${folder}'. ${HOW}.`);
  }
  const files = listFiles(option, folder);
  if (files.length === 0) {
    throw new UsageError(`${option} must have files, got the empty folder '${folder}'. ${HOW}, after a build.`);
  }
  if (!files.includes(INDEX)) {
    throw new UsageError(`${option} must have an ${INDEX} at its top, got '${folder}'${elsewhere(files, folder)}`);
  }
  const name = files.find(file => /\\|^[A-Za-z]:|\ufffd/.test(file));
  if (name !== undefined) {
    throw new UsageError(`${option} must have files with names that a pipeline's ZIP archive takes, got '${name}'. Rename it, or leave it out.`);
  }
  const bytes = files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
  if (bytes > MAX_BYTES) {
    throw new UsageError(`${option} must have at most ${number(MAX_BYTES / 1e6)} MB, got ${number(Math.ceil(bytes / 1e6))} MB in '${folder}'. ` +
      'Name a copy without its largest files.');
  }
}

/** With `/` between folders. Links count as what they lead to, and links to nothing do not count. */
export function listFiles(option: Option, folder: string): string[] {
  const files: string[] = [];
  try {
    for (const file of filesIn(resolve(folder))) {
      files.push(relative(resolve(folder), file).split(sep).join('/'));
      if (files.length > MAX_FILES) {
        break;
      }
    }
  } catch (error) {
    throw new UsageError(`${option} must be readable, got '${folder}': ${error instanceof Error ? error.message : String(error)}.`);
  }
  if (files.length > MAX_FILES) {
    throw new UsageError(`${option} must have at most ${number(MAX_FILES)} files, got more in '${folder}'. ${HOW}, or a part of it.`);
  }
  return files.sort();
}

function* filesIn(folder: string, above: readonly string[] = []): Generator<string> {
  const real = realpathSync(folder);
  if (above.includes(real)) {
    throw new Error(`the link '${folder}' leads to a folder that it is in`);
  }
  // Unlike a folder's own listing, this follows links, and leaves out those to nothing.
  for (const path of readdirSync(folder).map(name => join(folder, name)).filter(existsSync)) {
    if (statSync(path).isDirectory()) {
      yield* filesIn(path, [...above, real]);
    } else if (statSync(path).isFile()) {
      yield path;
    }
  }
}

function elsewhere(files: readonly string[], folder: string): string {
  const nearest = files.filter(file => file.endsWith(`/${INDEX}`)).sort((a, b) => a.split('/').length - b.split('/').length)[0];
  if (nearest !== undefined) {
    return `. Name the folder that has one: '${join(folder, nearest, '..')}', perhaps.`;
  }
  return files.some(file => /\.html?$/i.test(file)) ? `. ${HOW}.` : `, which has no HTML at all. ${HOW}.`;
}

function number(value: number): string {
  return value.toLocaleString('en');
}
