import { MAX_WILDCARDS_IN_PROGRESS } from './paths';

/** What is sent to CloudFront, and how much of the cache it takes that need not have gone. */
export interface Cover {
  readonly paths: readonly string[];
  /** How many unchanged files the wildcards hit. */
  readonly unchanged: number;
}

/** A directory of the site, with what is changed in it. */
interface Directory {
  /** Up to and with the last slash. */
  readonly prefix: string;
  readonly directories: Map<string, Directory>;
  /** Changed paths of the directory itself. */
  readonly paths: string[];
  /** Unchanged files in it and below. */
  unchanged: number;
}

/**
 * One way to cover all that is changed in a part of the tree: how many patterns it takes, how many of them are wildcards, how many
 * unchanged files they hit, and what they are.
 */
interface Way {
  readonly patterns: number;
  readonly wildcards: number;
  readonly unchanged: number;
  readonly paths: readonly string[];
  /** The ways of the parts that this one is made of. */
  readonly parts: readonly Way[];
}

/**
 * Covers changed paths by at most `maxPaths` patterns, at most 15 of them wildcards, that hit the fewest unchanged files. Of the covers
 * that hit equally few, it takes the one with the fewest patterns.
 *
 * Exact, by dynamic programming over the directory tree: each directory is either covered by one wildcard, or its paths are named and its
 * subdirectories covered each in one of their own ways. Ways that are no better than another one in anything are left out.
 *
 * @param changed URL paths, each once; some may end with a wildcard already
 * @param unchanged the URL path of each unchanged file
 */
export function cover(changed: readonly string[], unchanged: readonly string[], maxPaths: number): Cover {
  const root = toTree(changed, unchanged);
  const ways = waysOf(root, maxPaths);
  // '/*' is always one of them.
  const way = ways.reduce((left, right) => isBetter(right, left) ? right : left);
  return { paths: pathsOf(way), unchanged: way.unchanged };
}

function toTree(changed: readonly string[], unchanged: readonly string[]): Directory {
  const root = directory('/');
  for (const path of changed) {
    descend(root, path, true).paths.push(path);
  }
  // Only directories with changes matter: elsewhere no wildcard is ever needed.
  for (const path of unchanged) {
    descend(root, path, false);
  }
  return root;
}

/** Goes to the directory of a path: makes the way where something is changed, and counts along it where not. */
function descend(root: Directory, path: string, isChanged: boolean): Directory {
  let current = root;
  let end = 0;
  for (;;) {
    if (!isChanged) {
      current.unchanged++;
    }
    const start = end + 1;
    end = path.indexOf('/', start);
    if (end === -1) {
      return current;
    }
    const name = path.slice(start, end);
    let next = current.directories.get(name);
    if (next === undefined) {
      if (!isChanged) {
        return current;
      }
      next = directory(path.slice(0, end + 1));
      current.directories.set(name, next);
    }
    current = next;
  }
}

function directory(prefix: string): Directory {
  return { prefix, directories: new Map(), paths: [], unchanged: 0 };
}

function waysOf({ prefix, directories, paths, unchanged }: Directory, maxPaths: number): Way[] {
  const wildcards = paths.filter(path => path.endsWith('*')).length;
  const named: Way = { patterns: paths.length, wildcards, unchanged: 0, paths, parts: [] };
  let ways = paths.length <= maxPaths && wildcards <= MAX_WILDCARDS_IN_PROGRESS ? [named] : [];
  for (const child of directories.values()) {
    if (ways.length === 0) {
      break;
    }
    ways = combined(ways, waysOf(child, maxPaths), maxPaths);
  }
  return best([...ways, { patterns: 1, wildcards: 1, unchanged, paths: [`${prefix}*`], parts: [] }]);
}

function combined(left: readonly Way[], right: readonly Way[], maxPaths: number): Way[] {
  const ways: Way[] = [];
  for (const a of left) {
    for (const b of right) {
      const [patterns, wildcards] = [a.patterns + b.patterns, a.wildcards + b.wildcards];
      if (patterns <= maxPaths && wildcards <= MAX_WILDCARDS_IN_PROGRESS) {
        ways.push({ patterns, wildcards, unchanged: a.unchanged + b.unchanged, paths: [], parts: [a, b] });
      }
    }
  }
  return best(ways);
}

/** Leaves out what is no better than another way in patterns, in wildcards and in unchanged files. */
function best(ways: Way[]): Way[] {
  const sorted = ways.sort((a, b) => a.patterns - b.patterns || a.unchanged - b.unchanged || a.wildcards - b.wildcards);
  /** The fewest unchanged files so far, by the number of wildcards. */
  const fewest = new Array<number>(MAX_WILDCARDS_IN_PROGRESS + 1).fill(Infinity);
  return sorted.filter(({ wildcards, unchanged }) => {
    if (fewest[wildcards] <= unchanged) {
      return false;
    }
    for (let more = wildcards; more <= MAX_WILDCARDS_IN_PROGRESS && fewest[more] > unchanged; more++) {
      fewest[more] = unchanged;
    }
    return true;
  });
}

function isBetter(way: Way, than: Way): boolean {
  return way.unchanged < than.unchanged || (way.unchanged === than.unchanged && way.patterns < than.patterns);
}

function pathsOf(way: Way): string[] {
  const paths: string[] = [];
  const rest = [way];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    paths.push(...next.paths);
    rest.push(...next.parts);
  }
  return paths.sort();
}
