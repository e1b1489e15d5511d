import { crc32 } from 'zlib';

/** What is visited first: visitors open pages, and pages load the rest. */
type Rank = 0 | 1 | 2;

/**
 * Selects some of the files: index documents first, then HTML, then others, and of each kind from as many directories as possible. The same
 * seed gives the same selection.
 */
export function select(files: readonly string[], isIndexDocument: (file: string) => boolean, count: number, seed: string): string[] {
  const rankOf = (file: string): Rank => isIndexDocument(file) ? 0 : /\.html?$/i.test(file) ? 1 : 2;
  const selected: string[] = [];
  for (const rank of [0, 1, 2]) {
    selected.push(...spread(files.filter(file => rankOf(file) === rank), count - selected.length, seed));
  }
  return selected;
}

/** One file from each directory, then a second one from each, and so on. The top directory comes first. */
function spread(files: readonly string[], count: number, seed: string): string[] {
  const order = new Map(files.map(file => [file, crc32(seed + file)]));
  const shuffled = [...files].sort((left, right) => order.get(left)! - order.get(right)! || (left < right ? -1 : 1));
  const directories = new Map<string, string[]>([['', []]]);
  for (const file of shuffled) {
    const directory = file.slice(0, file.lastIndexOf('/') + 1);
    directories.set(directory, [...directories.get(directory) ?? [], file]);
  }
  const rounds = [...directories.values()].flatMap(members => members.map((file, round) => ({ file, round })));
  return rounds.sort((left, right) => left.round - right.round).slice(0, count).map(({ file }) => file);
}
