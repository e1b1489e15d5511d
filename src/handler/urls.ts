import picomatch from 'picomatch';
import { encodePath, type ChangedFilesSite } from '../contract';

/** What some programs encode in a path, and others do not. For CloudFront, both may be objects of their own. */
const SOMETIMES_ENCODED = /[!$&'()+,:;=@]/g;

/**
 * What no path can name for sure: an asterisk is a wildcard, and the others are what browsers send as they are and CloudFront takes only
 * encoded. Whether both name the same object is unknown.
 */
const UNNAMEABLE = /[*[\]^|~]/;

/** Maps the files of an artifact to the URLs that serve them. */
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
    this.isExcluded = matching(exclude);
  }

  /** The name of an artifact's file relative to the base directory, or `undefined` if the file is not part of the site. */
  fileOf(name: string): string | undefined {
    return name.startsWith(this.baseDirectory) ? name.slice(this.baseDirectory.length) : undefined;
  }

  /** Whether changes to the file are ignored. */
  excludes(file: string): boolean {
    return this.isExcluded(file) && !this.isErrorDocument(file);
  }

  /** The error documents that are none of these files. */
  errorDocumentsOtherThan(isFile: (file: string) => boolean): string[] {
    return this.errorDocuments.filter(file => !isFile(file));
  }

  /** Whether CloudFront may have cached the file under any URL at all. */
  isErrorDocument(file: string): boolean {
    return this.errorDocuments.includes(file);
  }

  /** The path that represents the file when files are counted. */
  pathOf(file: string): string {
    return encode(this.urlPath + file);
  }

  /**
   * Every path under which CloudFront may have cached the file: its own, those without an extension, and its directory's. The last two with
   * and without a slash at the end, since AWS's own advice is to invalidate both.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-objects.html
   */
  pathsOf(file: string): string[] {
    const key = this.urlPath + file;
    const slash = key.lastIndexOf('/') + 1;
    const [directory, name] = [key.slice(0, slash), key.slice(slash)];
    const otherNames = this.extensionsOf(name).map(extension => key.slice(0, -extension.length)).flatMap(bare => [bare, `${bare}/`]);
    if (this.indexDocuments.includes(name)) {
      otherNames.push(directory, ...(directory === '' ? [] : [directory.slice(0, -1)]));
    }
    return [...new Set([...this.forms(key, '*'), ...otherNames.flatMap(other => this.forms(other, '?*'))])];
  }

  /**
   * The paths where visitors find the file, the likeliest first: the short form, then the file's own name. Below the root of a host, only a
   * function or a website endpoint serves index documents, so the directory's URL may not exist.
   */
  visitedPathsOf(file: string): string[] {
    const key = this.urlPath + file;
    const name = key.slice(key.lastIndexOf('/') + 1);
    const [extension] = this.extensionsOf(name);
    const shown = this.indexDocuments.includes(name) ? key.slice(0, -name.length) : extension === undefined ? key : key.slice(0, -extension.length);
    return [...new Set([shown, key])].map(each => encode(each).replace(/\+/g, hexOf));
  }

  isIndexDocument(file: string): boolean {
    return this.indexDocuments.includes(file.slice(file.lastIndexOf('/') + 1));
  }

  /** Those that visitors may leave out: of 'about.en.html', both '.html' and '.en.html'. */
  private extensionsOf(name: string): string[] {
    return this.stripExtensions.filter(extension => name.endsWith(extension) && name !== extension);
  }

  /**
   * The paths of one URL. If query strings are part of the cache key, a wildcard matches whatever follows. After a name that may be the
   * prefix of others, such as a directory's, it matches only what follows a question mark.
   */
  private forms(key: string, anyQuery: '*' | '?*'): string[] {
    const paths = encodingsOf(key);
    if (!this.queryStrings) {
      return paths;
    }
    return paths.flatMap(each => each.endsWith('*') ? [each] : anyQuery === '*' ? [`${each}*`] : [each, `${each}?*`]);
  }
}

/**
 * Paths that match a key however a program encodes it. Programs differ in what they encode, so if a key has several such characters, a
 * wildcard stands for what begins with the first of them.
 */
function encodingsOf(key: string): string[] {
  const sometimesEncoded = new Set([...key.matchAll(SOMETIMES_ENCODED)].map(([character]) => character === ')' ? '(' : character));
  if (sometimesEncoded.size > 1 || UNNAMEABLE.test(key)) {
    const first = Math.min(...[key.search(SOMETIMES_ENCODED), key.search(UNNAMEABLE)].filter(index => index !== -1));
    return variantsOf(encode(key.slice(0, first))).map(prefix => `${prefix}*`);
  }
  const path = encode(key);
  return variantsOf(path, path.replace(SOMETIMES_ENCODED, hexOf));
}

/** S3 reads a plus sign as a space, and some programs write it so, or the hexadecimal digits in lower case. */
function variantsOf(...paths: readonly string[]): string[] {
  const withPlus = paths.flatMap(path => [path, path.replace(/%20/g, '+')]);
  return [...new Set(withPlus.flatMap(path => [path, path.replace(/%[\dA-F]{2}/g, hex => hex.toLowerCase())]))];
}

function hexOf(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** A folder as a prefix: without a slash at the start, with one at the end. */
export function asDirectory(path: string): string {
  const trimmed = path.replace(/^(\.?\/)+|\/+$/g, '');
  return trimmed === '' || trimmed === '.' ? '' : `${trimmed}/`;
}

/** The path of a key in CloudFront's cache. Characters with a special meaning in a path are encoded as well. */
function encode(key: string): string {
  return encodePath(`/${key.replace(/%/g, '%25')}`).replace(/\?/g, '%3F');
}

/**
 * Whether a file matches any of the patterns. None of them negates: './!logo.png' would match every other file, and `exclude` would leave
 * nearly the whole site in the cache.
 */
export function matching(patterns: readonly string[]): (file: string) => boolean {
  return patterns.length === 0 ? () => false : picomatch([...patterns], { dot: true, nonegate: true });
}
