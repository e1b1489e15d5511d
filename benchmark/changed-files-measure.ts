/**
 * Compares two artifacts in a process of its own, so that its CPU and its memory are those of this work alone.
 */
import { compare, filesOf, pathsOf, type Doubtful } from '../src/handler/changed-files';
import { Site } from '../src/handler/urls';

export interface Measurement {
  readonly bytesRead: number;
  /** Seconds. */
  readonly cpu: number;
  /** Megabytes, of the whole process. */
  readonly memory: number;
  readonly changed: number;
  readonly paths: number;
  readonly unchanged: number;
}

async function measure(bucket: string): Promise<Measurement> {
  const start = process.cpuUsage();
  // The highest that the operating system remembers would be that of the process that started this one.
  let memory = 0;
  const watch = () => memory = Math.max(memory, process.memoryUsage.rss());
  const timer = setInterval(watch, 5);
  const site = new Site({});
  let bytesRead = 0;
  // The function's log says how much it has read.
  const logged = process.stdout.write;
  process.stdout.write = line => {
    bytesRead += Number((JSON.parse(String(line)) as { bytesRead?: number }).bytesRead ?? 0);
    watch();
    return true;
  };
  const until = Date.now() + 60_000;
  const [changed, doubtful]: [Set<string>, Doubtful] = [new Set(), new Map()];
  const current = await filesOf({ name: 'site', location: { bucket, key: 'after' } }, site, until, { doubtful });
  await compare({ bucket, key: 'before' }, current, site, { changed, doubtful: new Map() }, until);
  const { paths, changes } = pathsOf(changed, current, site, {});
  process.stdout.write = logged;
  watch();
  clearInterval(timer);
  const { user, system } = process.cpuUsage(start);
  return { bytesRead, cpu: (user + system) / 1e6, memory: memory / 1024 / 1024, paths: paths.length, ...changes! };
}

measure(process.argv[2]).then(measurement => process.stdout.write(JSON.stringify(measurement)), error => {
  console.error(error);
  process.exitCode = 1;
});
