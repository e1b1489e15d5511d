import { completed, create } from './cloudfront';
import type { Observation, Seen, Visit, World } from './world';

/** Gets a page into the cache, publishes another, invalidates paths, and says which one a visitor gets then. */
async function afterInvalidation(world: World, file: string, url: string, paths: string[]): Promise<Seen> {
  await world.publish(file, 'old');
  const { Id: before } = await create(world, [`/${file}`, url]);
  await completed(world, before);
  await world.visit(url);
  await world.publish(file, 'new');
  if ((await world.visit(url)).body !== 'old') {
    return { notSeen: 'the cache has another page' };
  }
  await completed(world, (await create(world, paths)).Id);
  return { visitorsGet: (await world.visit(url)).body === 'new' ? 'the new page' : 'the old page' };
}

function named(label: string, { cache, age }: Visit): Seen {
  return { [label]: `${cache ?? 'no X-Cache'}, ${age === undefined ? 'no' : age < 10 ? 'a small' : 'a large'} Age` };
}

const page = () => `observed-${crypto.randomUUID()}.html`;

export const VISITS: readonly Observation[] = [
  {
    name: 'headers-of-a-page',
    observe: async world => {
      const file = page();
      await world.publish(file, 'page');
      const first = await world.visit(`/${file}`);
      await world.sleep(20_000);
      const second = await world.visit(`/${file}`);
      await completed(world, (await create(world, [`/${file}`])).Id);
      return { ...named('first', first), ...named('second', second), ...named('afterInvalidation', await world.visit(`/${file}`)) };
    },
  },
  {
    name: 'completed-is-fresh',
    observe: world => {
      const file = page();
      return afterInvalidation(world, file, `/${file}`, [`/${file}`]);
    },
  },
  { name: 'root-by-its-file', observe: world => afterInvalidation(world, 'index.html', '/', ['/index.html']) },
  { name: 'root-by-slash', observe: world => afterInvalidation(world, 'index.html', '/', ['/']) },
  {
    name: 'query-string-by-its-path',
    observe: world => {
      const file = page();
      return afterInvalidation(world, file, `/${file}?a=1`, [`/${file}`]);
    },
  },
  {
    name: 'query-string-by-wildcard',
    observe: world => {
      const file = page();
      return afterInvalidation(world, file, `/${file}?a=1`, [`/${file}*`]);
    },
  },
  {
    name: 'error-is-kept',
    observe: async world => {
      const file = page();
      const missing = await world.visit(`/${file}`);
      await world.publish(file, 'page');
      const { status } = await world.visit(`/${file}`);
      return { status: missing.status, cache: String(missing.cache), kept: status === missing.status };
    },
  },
];
