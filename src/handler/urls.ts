import picomatch from 'picomatch';
import { encodePath, type ChangedFilesSite } from '../contract';

/** Which URLs show which file of an artifact. */
export class Site {
  readonly baseDirectory: string;
  private readonly urlPath: string;
  private readonly indexDocuments: readonly string[];
  private readonly stripExtensions: readonly string[];
  private readonly queryStrings: boolean;
  private readonly errorDocuments: readonly string[];
  private readonly isExcluded: (file: string) => boolean;

  constructor(options: ChangedFilesSite) {
    const { baseDirectory = '', urlPath = '', indexDocuments = ['index.html'], stripExtensions = [] } = options;
    const { queryStrings = false, errorDocuments = [], exclude = [] } = options;
    this.baseDirectory = asDirectory(baseDirectory);
    this.urlPath = asDirectory(urlPath);
    this.indexDocuments = indexDocuments;
    this.stripExtensions = stripExtensions;
    this.queryStrings = queryStrings;
    this.errorDocuments = errorDocuments;
    this.isExcluded = exclude.length === 0 ? () => false : picomatch([...exclude], { dot: true });
  }

  /** A file of the artifact as the site has it, below the base directory, or `undefined` for one that is no part of the site. */
  fileOf(name: string): string | undefined {
    return name.startsWith(this.baseDirectory) ? name.slice(this.baseDirectory.length) : undefined;
  }

  /** Whether a change of the file is nobody's concern. */
  excludes(file: string): boolean {
    return this.isExcluded(file) && !this.isErrorDocument(file);
  }

  /** Whether CloudFront may have the file in its cache under any URL at all. */
  isErrorDocument(file: string): boolean {
    return this.errorDocuments.includes(file);
  }

  /** The path that stands for the file where files are counted. */
  pathOf(file: string): string {
    return encode(this.urlPath + file);
  }

  /** Every path under which visitors may have the file in their cache: its own, without its extension, and its directory's. */
  pathsOf(file: string): string[] {
    const key = this.urlPath + file;
    const slash = key.lastIndexOf('/') + 1;
    const [directory, name] = [key.slice(0, slash), key.slice(slash)];
    const extension = this.stripExtensions.find(candidate => name.endsWith(candidate) && name !== candidate);
    const otherNames = extension === undefined ? [] : [key.slice(0, -extension.length)];
    if (this.indexDocuments.includes(name)) {
      otherNames.push(directory, ...(directory === '' ? [] : [directory.slice(0, -1)]));
    }
    return [...new Set([...this.forms(key, '*'), ...otherNames.flatMap(other => this.forms(other, '?*'))])];
  }

  /**
   * Where visitors look for the file, the likeliest place first: without what they leave out, and then by its own name. Below the root of a host,
   * only a function or a website endpoint knows index documents, so that the directory may not be there.
   */
  visitedPathsOf(file: string): string[] {
    const key = this.urlPath + file;
    const name = key.slice(key.lastIndexOf('/') + 1);
    const extension = this.stripExtensions.find(candidate => name.endsWith(candidate) && name !== candidate);
    const shown = this.indexDocuments.includes(name) ? key.slice(0, -name.length) : extension === undefined ? key : key.slice(0, -extension.length);
    return [...new Set([shown, key])].map(each => encode(each).replace(/\+/g, '%2B'));
  }

  isIndexDocument(file: string): boolean {
    return this.indexDocuments.includes(file.slice(file.lastIndexOf('/') + 1));
  }

  /**
   * The paths of one URL. Where query strings are part of the cache key, a wildcard takes whatever follows; after a name that others may begin
   * with, such as a directory's, only what follows a question mark.
   */
  private forms(key: string, anyQuery: '*' | '?*'): string[] {
    const asterisk = key.indexOf('*');
    if (asterisk !== -1) {
      // No path can name it, since an asterisk is a wildcard.
      return [`${encode(key.slice(0, asterisk))}*`];
    }
    const path = encode(key);
    // S3 takes a plus sign for a space, so that visitors have to encode it; not all of them do.
    const paths = path.includes('+') ? [path, path.replace(/\+/g, '%2B')] : [path];
    if (!this.queryStrings) {
      return paths;
    }
    return paths.flatMap(each => anyQuery === '*' ? [`${each}*`] : [each, `${each}?*`]);
  }
}

/** A folder as it stands in front of names: without a slash at its beginning, with one at its end. */
export function asDirectory(path: string): string {
  const trimmed = path.replace(/^(\.?\/)+|\/+$/g, '');
  return trimmed === '' || trimmed === '.' ? '' : `${trimmed}/`;
}

/** The path of a key, as CloudFront has it in its cache. What would have a meaning of its own in a path is encoded as well. */
function encode(key: string): string {
  return encodePath(`/${key.replace(/%/g, '%25')}`).replace(/\?/g, '%3F');
}
