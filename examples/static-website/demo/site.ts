import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'fs';
import { dirname, join } from 'path';
import picomatch from 'picomatch';
import { checkFolder, INDEX, listFiles } from './folder';
import { UsageError, type Options } from './options';
import { count } from './text';

/** More visits than that tell nothing new, and take time. */
const MAX_VISITED = 1_000;

const MARK = '<p style="position:fixed;inset:auto 1rem 1rem auto;margin:0;padding:.5rem 1rem;border-radius:2rem;background:#166534;color:#fff;' +
  'font:1rem/1.5 sans-serif;z-index:9999">Version 2</p>\n';

/** Two versions of a site, each in a folder that belongs to the demo. Files have `/` between folders; pages come first, the index document before all. */
export interface Site {
  readonly versions: readonly [string, string];
  /** Of version 1: what visitors may have made CloudFront keep. */
  readonly first: readonly string[];
  /** Of version 2. */
  readonly second: readonly string[];
  /** In both versions, with other contents. */
  readonly modified: readonly string[];
  /** In both versions, with the same contents. */
  readonly unchanged: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** @throws UsageError where a folder is no site, or the second is no other version of the first */
export function checkSite({ site, next }: Pick<Options, 'site' | 'next'>): void {
  if (site !== undefined) {
    checkFolder('--site', site);
  }
  if (next !== undefined) {
    checkFolder('--next', next);
  }
}

/** The demo's own site, or the user's, whose second version is made here where there is none. */
export function prepareSite(workspace: string, { site, next }: Pick<Options, 'site' | 'next'>): Site {
  const versions = [join(workspace, 'version-1'), join(workspace, 'version-2')] as const;
  if (site === undefined) {
    versions.forEach((version, index) => ['site-both', `site-v${index + 1}`].forEach(part => cpSync(join(__dirname, part), version, { recursive: true })));
  } else {
    copy('--site', site, versions[0]);
    copy(next === undefined ? '--site' : '--next', next ?? site, versions[1]);
    if (next === undefined) {
      mark(join(versions[1], INDEX));
    }
  }
  const compared = compare(versions);
  if (compared.modified.length + compared.added.length + compared.removed.length === 0) {
    throw new UsageError(`--next must be another build than --site, got '${next}', which has the same ${count(compared.first.length, 'file')}. Change a page, and build again.`);
  }
  return compared;
}

/** @throws UsageError for a pattern that leaves nothing out, which is most likely a mistake */
export function checkExclude({ first, second }: Site, exclude: readonly string[] = []): void {
  const idle = exclude.find(pattern => {
    const matches = picomatch(pattern, { dot: true, nonegate: true });
    return ![...first, ...second].some(file => matches(file));
  });
  if (idle !== undefined) {
    throw new UsageError(`--exclude must match a file of the site, got '${idle}', which matches none. Write it relative to the site's folder.`);
  }
}

/** Where a visitor finds a file. */
export function urlPathOf(file: string): string {
  return file === INDEX ? '/' : `/${file.split('/').map(encodeURIComponent).join('/')}`;
}

/** What visitors get of a file once a version is deployed: the deploy action overwrites files, and deletes none. */
export function deployed({ versions: [first, second] }: Site, version: 1 | 2, file: string): Buffer | undefined {
  const path = [join(second, file), join(first, file)].slice(2 - version).find(existsSync);
  return path === undefined ? undefined : readFileSync(path);
}

/** The files that the demo's visitor looks at: those that may be stale before all others. */
export function visitedFiles({ modified, added, unchanged, removed }: Site): string[] {
  return [...modified, ...added, ...unchanged, ...removed].slice(0, MAX_VISITED);
}

/** Bytes of files of version 1. */
export function sizeOf({ versions: [first] }: Site, files: readonly string[]): number {
  return files.reduce((sum, file) => sum + statSync(join(first, file)).size, 0);
}

/** Links become files, so that nothing written to a copy reaches the user's folder. */
function copy(option: '--site' | '--next', folder: string, version: string): void {
  for (const file of listFiles(option, folder)) {
    mkdirSync(dirname(join(version, file)), { recursive: true });
    copyFileSync(join(folder, file), join(version, file));
  }
}

function compare(versions: Site['versions']): Site {
  const [first, second] = versions.map(version => listFiles('--site', version).sort((a, b) => rank(a) - rank(b)));
  const [inFirst, inSecond] = [new Set(first), new Set(second)];
  const common = first.filter(file => inSecond.has(file));
  const isSame = (file: string) => {
    const [one, other] = versions.map(version => join(version, file));
    return statSync(one).size === statSync(other).size && readFileSync(one).equals(readFileSync(other));
  };
  const unchanged = new Set(common.filter(isSame));
  return {
    versions,
    first,
    second,
    modified: common.filter(file => !unchanged.has(file)),
    unchanged: [...unchanged],
    added: second.filter(file => !inFirst.has(file)),
    removed: first.filter(file => !inSecond.has(file)),
  };
}

function rank(file: string): number {
  return file === INDEX ? 0 : file.endsWith('.html') ? 1 : 2;
}

/** Byte for byte: the encoding of the page is the user's business. */
function mark(page: string): void {
  const html = readFileSync(page, 'latin1');
  const end = html.toLowerCase().lastIndexOf('</body>');
  const position = end < 0 ? html.length : end;
  // A copy of what may not be written may not be written either.
  rmSync(page);
  writeFileSync(page, html.slice(0, position) + MARK + html.slice(position), 'latin1');
}
