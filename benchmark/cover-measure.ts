/**
 * Covers what has changed of sites of several sizes, in a process of its own that has the heap of the default function.
 */
import { pathsOf, type Files } from '../src/handler/changed-files';
import { Site } from '../src/handler/urls';

const SIZES = [1_000, 10_000, 100_000];
const SHARES = [0.01, 0.1, 0.5];
const MAX_PATHS = [15, 100, 1_000, 3_000];

export interface CoverMeasurement {
  readonly files: number;
  readonly share: number;
  readonly maxPaths: number;
  /** Seconds. */
  readonly cpu: number;
  readonly paths: number;
  /** Share of the unchanged files that are hit. */
  readonly hit: number;
}

/** Pages in chapters in parts; what changes comes together, in one chapter of three. */
function siteOf(files: number): Files {
  const version = { size: 1, crc32: 1 };
  return new Map(Array.from({ length: files }, (_, index) => [`part-${index % 20}/chapter-${Math.floor(index / 20) % 50}/page-${index}.html`, { ...version }]));
}

function changedIn(files: Files, share: number): Set<string> {
  const names = [...files.keys()];
  const first = names.filter((_, index) => Math.floor(index / 20) % 3 === 0);
  const order = [...first, ...names.filter((_, index) => Math.floor(index / 20) % 3 !== 0)];
  // Every other one, so that no directory has changed as a whole.
  const candidates = [...order.filter((_, index) => index % 2 === 0), ...order.filter((_, index) => index % 2 === 1)];
  return new Set(candidates.slice(0, Math.floor(files.size * share)));
}

const measurements: CoverMeasurement[] = [];
// The highest that the operating system remembers would be that of the process that started this one.
let memory = 0;
for (const size of SIZES) {
  const files = siteOf(size);
  for (const share of SHARES) {
    const changed = changedIn(files, share);
    for (const maxPaths of MAX_PATHS) {
      const start = process.cpuUsage();
      const { paths, changes } = pathsOf(changed, files, new Site({}), { maxPaths });
      const { user, system } = process.cpuUsage(start);
      memory = Math.max(memory, process.memoryUsage.rss());
      const hit = changes!.unchanged / (size - changed.size);
      measurements.push({ files: size, share, maxPaths, cpu: (user + system) / 1e6, paths: paths.length, hit });
    }
  }
}
process.stdout.write(JSON.stringify({ measurements, memory: memory / 1024 / 1024 }));
