import { CacheKeys, EdgeCache } from '../../sandbox/edge-cache';

interface Page {
  readonly body: string;
  readonly tags: readonly string[];
  readonly ttl: number;
}

function givenCache(options: { forwardQueryStrings?: boolean } = {}) {
  const world = { now: 0, body: 'old', asked: [] as string[] };
  const cache = new EdgeCache<Page>({
    clock: { now: () => world.now },
    origin: path => {
      world.asked.push(path);
      return Promise.resolve({ body: world.body, tags: path.startsWith('/news') ? ['news'] : [], ttl: 1_000 });
    },
    ...options,
  });
  return { world, cache };
}

test('a copy is kept until its time is up', async () => {
  const { world, cache } = givenCache();
  await cache.find('/a.html');
  world.body = 'new';
  world.now = 999;
  expect(await cache.find('/a.html')).toMatchObject({ cached: true, copy: { body: 'old', storedAt: 0 } });
  world.now = 1_000;
  expect(await cache.find('/a.html')).toMatchObject({ cached: false, copy: { body: 'new', storedAt: 1_000 } });
});

test.each(['/news/a.html', '/news/*', '/*', '#news'])('%s forgets the copy', async path => {
  const { world, cache } = givenCache();
  await cache.find('/news/a.html');
  world.body = 'new';
  cache.invalidate([path]);
  expect(await cache.find('/news/a.html')).toMatchObject({ copy: { body: 'new' } });
});

test('the origin is asked without the query string', async () => {
  const { world, cache } = givenCache({ forwardQueryStrings: true });
  await cache.find('/a.html?v=1');
  expect(world.asked).toEqual(['/a.html']);
});

test('what was on its way when it was invalidated is not kept', async () => {
  const { world, cache } = givenCache();
  const visit = cache.find('/a.html');
  cache.invalidate(['/a.html']);
  expect((await visit).copy.body).toBe('old');
  world.body = 'new';
  expect(await cache.find('/a.html')).toMatchObject({ cached: false, copy: { body: 'new' } });
});

describe('a path', () => {
  test.each([
    ['/a.html', '/a.html', true],
    ['/a.html', '/A.html', false],
    ['/', '/', true],
    ['/', '/index.html', true],
    ['/blog/', '/blog', false],
    ['/blog/', '/blog/index.html', false],
    ['/blog/*', '/blog/', true],
    ['/blog/*', '/blog', false],
    ['/blog*', '/blogroll.html', true],
    ['/a b.html', '/a%20b.html', true],
    ['/%7euser', '/~user', true],
  ])('%s means %s: %s', (path, url, expected) => {
    const keys = new CacheKeys();
    expect(keys.matcher([path])(keys.of(url), [])).toBe(expected);
  });

  test.each([
    ['/a.html', false],
    ['/a.html?v=1', true],
    ['/a.html*', true],
  ])('%s means /a.html?v=1 where query strings are part of the key: %s', (path, expected) => {
    const keys = new CacheKeys({ forwardQueryStrings: true });
    expect(keys.matcher([path])(keys.of('/a.html?v=1'), [])).toBe(expected);
  });
});
