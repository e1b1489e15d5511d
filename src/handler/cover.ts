import { isWildcard, MAX_WILDCARDS_IN_PROGRESS } from './paths';

/** The paths to send to CloudFront, and how many unchanged files they evict. */
export interface Cover {
  readonly paths: readonly string[];
  /** How many unchanged files the wildcards match. */
  readonly unchanged: number;
}

/** A directory of the site and what has changed in it. */
interface Directory {
  /** Up to and including the last slash. */
  readonly prefix: string;
  readonly directories: Map<string, Directory>;
  /** Changed paths in the directory itself. */
  readonly paths: string[];
  /** The number of unchanged files in it and below. */
  unchanged: number;
}

/**
 * One way to cover all changes in a part of the tree: how many patterns it needs, how many of them are wildcards, how many unchanged files
 * they match, and the patterns themselves.
 */
interface Way {
  readonly patterns: number;
  readonly wildcards: number;
  readonly unchanged: number;
  readonly paths: readonly string[];
  /** The ways for the subdirectories that this way combines. */
  readonly parts: readonly Way[];
}

/** How many ways a directory keeps at most: a few for a first cover, then as many as the time allows. Fewer ways make the cover coarser. */
const WAYS_KEPT = { first: 8, then: [4_096, 512, 64] };

/** How many pairs of ways one attempt may compare: about a second of work, within the function's memory. */
const MAX_PAIRS = 4_000_000;

/**
 * Covers the changed paths with at most `maxPaths` patterns, at most 15 of them wildcards, that match the fewest unchanged files. If
 * several covers match equally few, it chooses the one with the fewest patterns.
 *
 * Exact, by dynamic programming over the directory tree: either one wildcard covers a directory, or its paths are named and each of its
 * subdirectories is covered in one of its own ways. Ways that are no better than another in any respect are dropped, and so are ways that
 * match more than a known cover. If the rest is still too much for the function, each directory keeps a sample of its ways.
 *
 * @param changed URL paths without duplicates; some may already end with a wildcard
 * @param unchanged the URL path of each unchanged file
 */
export function cover(changed: readonly string[], unchanged: readonly string[], maxPaths: number): Cover {
  const root = toTree(changed, unchanged);
  const fits = changed.length <= maxPaths && changed.filter(isWildcard).length <= MAX_WILDCARDS_IN_PROGRESS;
  const everything = wildcardOf(root);
  // Listed by name, the changed paths match nothing else.
  const first = fits ? undefined : new Ways(maxPaths, WAYS_KEPT.first, everything.unchanged).best(root);
  for (const kept of WAYS_KEPT.then) {
    const way = new Ways(maxPaths, kept, fits ? 0 : first?.unchanged ?? everything.unchanged).best(root);
    if (way !== undefined) {
      return { paths: pathsOf(way), unchanged: way.unchanged };
    }
  }
  const way = first ?? everything;
  return fits ? { paths: [...changed].sort(), unchanged: 0 } : { paths: pathsOf(way), unchanged: way.unchanged };
}

function toTree(changed: readonly string[], unchanged: readonly string[]): Directory {
  const root = directory('/');
  for (const path of changed) {
    descend(root, path, true).paths.push(path);
  }
  // Only directories with changes matter: no other directory needs a wildcard.
  for (const path of unchanged) {
    descend(root, path, false);
  }
  return root;
}

/** Goes to the directory of a path. For a changed path it creates missing directories; for an unchanged one it counts the file in each. */
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

function wildcardOf({ prefix, unchanged }: Directory): Way {
  return { patterns: 1, wildcards: 1, unchanged, paths: [`${prefix}*`], parts: [] };
}

/** Finds the ways to cover a directory, unless there are too many. */
class Ways {
  private pairs = 0;

  constructor(private readonly maxPaths: number, private readonly kept: number, private readonly maxUnchanged: number) {}

  /** `undefined` if there are too many ways, or none is good enough. */
  best(root: Directory): Way | undefined {
    const ways = this.of(root);
    return ways?.length ? ways.reduce((left, right) => isBetter(right, left) ? right : left) : undefined;
  }

  private of(covered: Directory): Way[] | undefined {
    const children: Way[][] = [];
    for (const child of covered.directories.values()) {
      const ways = this.of(child);
      if (ways === undefined) {
        return undefined;
      }
      children.push(ways);
    }
    // Most directories have only one way: add these up at once.
    const { paths } = covered;
    const only = children.filter(ways => ways.length === 1).map(([way]) => way);
    const named = sumOf({ patterns: paths.length, wildcards: paths.filter(isWildcard).length, unchanged: 0, paths, parts: [] }, only);
    let ways = [named].filter(way => this.fits(way));
    for (const others of children.filter(({ length }) => length !== 1).sort((a, b) => a.length - b.length)) {
      this.pairs += ways.length * others.length;
      if (this.pairs > MAX_PAIRS) {
        return undefined;
      }
      ways = this.combined(ways, others);
    }
    return this.sample(best([...ways, wildcardOf(covered)].filter(way => this.fits(way))));
  }

  private combined(left: readonly Way[], right: readonly Way[]): Way[] {
    // Keep only the best way for each number of patterns and wildcards, which bounds the memory.
    const ways = new Map<number, Way>();
    for (const a of left) {
      for (const b of right) {
        const sum = { patterns: a.patterns + b.patterns, wildcards: a.wildcards + b.wildcards, unchanged: a.unchanged + b.unchanged };
        const key = sum.patterns * (MAX_WILDCARDS_IN_PROGRESS + 1) + sum.wildcards;
        if (this.fits(sum) && sum.unchanged < (ways.get(key)?.unchanged ?? Infinity)) {
          ways.set(key, { ...sum, paths: [], parts: [a, b] });
        }
      }
    }
    return this.sample(best([...ways.values()]));
  }

  private fits({ patterns, wildcards, unchanged }: Pick<Way, 'patterns' | 'wildcards' | 'unchanged'>): boolean {
    return patterns <= this.maxPaths && wildcards <= MAX_WILDCARDS_IN_PROGRESS && unchanged <= this.maxUnchanged;
  }

  /** An even sample of the ways, from the fewest patterns to the most. */
  private sample(ways: Way[]): Way[] {
    const step = Math.max(1, (ways.length - 1) / (this.kept - 1));
    return ways.length <= this.kept ? ways : Array.from({ length: this.kept }, (_, index) => ways[Math.round(index * step)]);
  }
}

function sumOf(way: Way, others: readonly Way[]): Way {
  const sum = (name: 'patterns' | 'wildcards' | 'unchanged') => others.reduce((total, other) => total + other[name], way[name]);
  return { ...way, patterns: sum('patterns'), wildcards: sum('wildcards'), unchanged: sum('unchanged'), parts: others };
}

/** Drops ways that are no better than another in patterns, wildcards and unchanged files. */
function best(ways: Way[]): Way[] {
  const sorted = ways.sort((a, b) => a.patterns - b.patterns || a.unchanged - b.unchanged || a.wildcards - b.wildcards);
  /** The fewest unchanged files so far, by number of wildcards. */
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
