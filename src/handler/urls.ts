import picomatch from 'picomatch';
import { encodePath, type ChangedFilesParameters } from '../contract';

/** How the files of an artifact become objects in the bucket, and these URLs. */
export type SiteLayout = Pick<ChangedFilesParameters, 'baseDirectory' | 'prefix' | 'indexDocuments' | 'stripExtensions' | 'exclude'>;

/** What an artifact's files are on the website. */
export class Site {
  private readonly baseDirectory: string;
  private readonly prefix: string;
  private readonly indexDocuments: readonly string[];
  private readonly stripExtensions: readonly string[];
  private readonly isExcluded: (file: string) => boolean;

  constructor({ baseDirectory = '', prefix = '', indexDocuments = ['index.html'], stripExtensions = [], exclude = [] }: SiteLayout) {
    this.baseDirectory = asDirectory(baseDirectory);
    this.prefix = asDirectory(prefix);
    this.indexDocuments = indexDocuments;
    this.stripExtensions = stripExtensions;
    this.isExcluded = exclude.length === 0 ? () => false : picomatch([...exclude], { dot: true });
  }

  /** The key of the object that a file is deployed as, or `undefined` for one that is outside of the base directory. */
  keyOf(file: string): string | undefined {
    return file.startsWith(this.baseDirectory) ? this.prefix + file.slice(this.baseDirectory.length) : undefined;
  }

  /** Whether a change of the object is nobody's concern. */
  excludes(key: string): boolean {
    return this.isExcluded(key.slice(this.prefix.length));
  }

  /** The path that stands for the object where files are counted. */
  pathOf(key: string): string {
    return encodeKey(key);
  }

  /** Every path under which visitors may have the object in their cache: its own, without its extension, and its directory's. */
  pathsOf(key: string): string[] {
    const slash = key.lastIndexOf('/') + 1;
    const [directory, name] = [key.slice(0, slash), key.slice(slash)];
    const extension = this.stripExtensions.find(candidate => name.endsWith(candidate) && name !== candidate);
    const keys = [key, ...(extension === undefined ? [] : [key.slice(0, -extension.length)])];
    if (this.indexDocuments.includes(name)) {
      keys.push(directory, ...(directory === '' ? [] : [directory.slice(0, -1)]));
    }
    return [...new Set(keys.flatMap(pathForms))];
  }
}

function asDirectory(path: string): string {
  const trimmed = path.replace(/^(\.?\/)+|\/+$/g, '');
  return trimmed === '' || trimmed === '.' ? '' : `${trimmed}/`;
}

/** The path of a key, as CloudFront has it in its cache. What would have a meaning of its own in a path is encoded as well. */
function encodeKey(key: string): string {
  return encodePath(`/${key.replace(/%/g, '%25')}`).replace(/\?/g, '%3F');
}

function pathForms(key: string): string[] {
  const asterisk = key.indexOf('*');
  if (asterisk !== -1) {
    // No path can name it, since an asterisk is a wildcard.
    return [`${encodeKey(key.slice(0, asterisk))}*`];
  }
  const path = encodeKey(key);
  // S3 takes a plus sign for a space, so that visitors have to encode it; not all of them do.
  return path.includes('+') ? [path, path.replace(/\+/g, '%2B')] : [path];
}
