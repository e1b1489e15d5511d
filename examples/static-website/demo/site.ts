import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'fs';
import { join, relative, resolve, sep } from 'path';
import { UsageError } from './options';

const INDEX = 'index.html';

/** More than that tells nothing new, and takes time. */
const MAX_VISITED = 200;

const MARK = '<p style="position:fixed;inset:auto 1rem 1rem auto;margin:0;padding:.5rem 1rem;border-radius:2rem;background:#166534;color:#fff;' +
  'font:1rem/1.5 sans-serif;z-index:9999">Version 2</p>\n';

/** Two versions of a site, each in a folder that belongs to the demo. */
export interface Site {
  readonly versions: readonly [string, string];
  /** Files with `/` between folders, the index document first. */
  readonly files: readonly string[];
}

/** The demo's own site, or the user's: the second version of that one is made here. */
export function prepareSite(workspace: string, folder: string | undefined): Site {
  const versions = [join(workspace, 'version-1'), join(workspace, 'version-2')] as const;
  if (folder === undefined) {
    versions.forEach((version, index) => cpSync(join(__dirname, `site-v${index + 1}`), version, { recursive: true }));
  } else {
    checkSite(folder);
    // Links become files, so that nothing written to a copy reaches the user's folder; links to nothing are left out.
    versions.forEach(version => cpSync(resolve(folder), version, { recursive: true, dereference: true, filter: existsSync }));
    mark(join(versions[1], INDEX));
  }
  return { versions, files: listFiles(versions[0]) };
}

/** @throws UsageError */
export function checkSite(folder: string): void {
  if (!existsSync(folder)) {
    throw new UsageError(`--site: there is no folder '${folder}'.`);
  }
  if (!statSync(folder).isDirectory()) {
    throw new UsageError(`--site: '${folder}' is not a folder.`);
  }
  if (readdirSync(folder).length === 0) {
    throw new UsageError(`--site: '${folder}' is empty.`);
  }
  if (!existsSync(join(folder, INDEX)) || !statSync(join(folder, INDEX)).isFile()) {
    throw new UsageError(`--site: '${folder}' has no ${INDEX}. Name the folder that your site generator writes to.`);
  }
}

/** Where a visitor finds a file. */
export function urlPathOf(file: string): string {
  return file === INDEX ? '/' : `/${file.split('/').map(encodeURIComponent).join('/')}`;
}

/** The files that the demo's visitor looks at: the index document, other pages, and then the rest. */
export function visitedFiles({ files }: Site): string[] {
  return [...files].sort((a, b) => rank(a) - rank(b)).slice(0, MAX_VISITED);
}

export function read(version: string, file: string): Buffer {
  return readFileSync(join(version, file));
}

function rank(file: string): number {
  return file === INDEX ? 0 : file.endsWith('.html') ? 1 : 2;
}

/** Byte for byte: the encoding of the page is the user's business. */
function mark(page: string): void {
  const html = readFileSync(page, 'latin1');
  const end = html.toLowerCase().lastIndexOf('</body>');
  const position = end < 0 ? html.length : end;
  writeFileSync(page, html.slice(0, position) + MARK + html.slice(position), 'latin1');
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}
