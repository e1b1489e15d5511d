import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { request } from 'http';
import { tmpdir } from 'os';
import { dirname, join } from 'path';
import type { InvalidationEvent } from '../../sandbox/cloudfront';
import { Edge, type EdgeOptions } from '../../sandbox/edge';
import { DEFAULT_TTL, ERROR_TTL } from '../../sandbox/edge-origin';

const DISTRIBUTION_ID = 'E2QWRUHEXAMPLE';

const HIT = 'Hit from cloudfront';
const MISS = 'Miss from cloudfront';
const ERROR = 'Error from cloudfront';

let folder: string;
let origin: string;
let now: number;
let edge: Edge | undefined;
let listeners: ((invalidation: InvalidationEvent) => void)[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edge-'));
  origin = join(folder, 'site');
  now = Date.UTC(2026, 0, 1);
  listeners = [];
  givenFiles({ 'index.html': 'home 1', 'blog/index.html': 'blog 1', 'blog/post.html': 'post 1', 'blogroll.html': 'roll 1', 'style.css': 'css 1' });
});

afterEach(async () => {
  await edge?.stop();
  edge = undefined;
  rmSync(folder, { recursive: true, force: true });
});

function givenFiles(files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(origin, name)), { recursive: true });
    writeFileSync(join(origin, name), content);
  }
}

async function givenEdge(options: Partial<EdgeOptions> = {}): Promise<void> {
  const cloudFront = {
    onInvalidation: (listener: (invalidation: InvalidationEvent) => void) => {
      listeners.push(listener);
    },
  };
  edge = await Edge.start({ clock: { now: () => now }, cloudFront, distributionId: DISTRIBUTION_ID, origin, ...options });
}

function invalidated(...paths: string[]): void {
  listeners.forEach(listener => listener({ distributionId: DISTRIBUTION_ID, invalidationId: 'I1', paths }));
}

interface Visit {
  readonly status?: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
  readonly cache: string;
}

/** Sends the path as it is: `fetch` would resolve its dots and encode it first. */
function visit(path: string, method = 'GET'): Promise<Visit> {
  return new Promise((resolve, reject) => {
    request(String(edge?.url), { path, method }, response => {
      const chunks = new Array<Buffer>();
      response.on('data', chunk => chunks.push(chunk));
      response.on('end', () => resolve({
        status: response.statusCode,
        headers: response.headers,
        body: Buffer.concat(chunks).toString(),
        cache: String(response.headers['x-cache']),
      }));
    }).on('error', reject).end();
  });
}

async function isCached(path: string): Promise<boolean> {
  return (await visit(path)).cache === HIT;
}

describe('a cache', () => {
  test('keeps serving what it has, and says so', async () => {
    await givenEdge();
    const first = await visit('/style.css');
    givenFiles({ 'style.css': 'css 2' });
    now += 90_000;
    const second = await visit('/style.css');

    expect(first).toMatchObject({ status: 200, body: 'css 1', cache: MISS });
    expect(first.headers.age).toBeUndefined();
    expect(first.headers['content-type']).toBe('text/css; charset=utf-8');
    expect(second).toMatchObject({ status: 200, body: 'css 1', cache: HIT });
    expect(second.headers.age).toBe('90');
  });

  test.each([
    ['24 hours where nobody says how long', {}, DEFAULT_TTL],
    ['the default TTL of the distribution', { defaultTtl: 60_000 }, 60_000],
    ['max-age', { cacheControl: { '/style.css': 'max-age=30' } }, 30_000],
    ['s-maxage rather than max-age', { cacheControl: () => 'max-age=0, s-maxage=120' }, 120_000],
    ['the default TTL where Cache-Control says nothing of it', { cacheControl: () => 'public' }, DEFAULT_TTL],
  ] satisfies [string, Partial<EdgeOptions>, number][])('keeps a file for %s', async (_, options, ttl) => {
    await givenEdge(options);
    await visit('/style.css');
    givenFiles({ 'style.css': 'css 2' });

    now += ttl - 1;
    expect(await visit('/style.css')).toMatchObject({ body: 'css 1', cache: HIT });
    now += 1;
    expect(await visit('/style.css')).toMatchObject({ body: 'css 2', cache: MISS });
  });

  test.each(['no-store', 'no-cache', 'private, max-age=60', 'max-age=0'])('never keeps a file with Cache-Control: %s', async cacheControl => {
    await givenEdge({ cacheControl: () => cacheControl });
    const first = await visit('/style.css');
    givenFiles({ 'style.css': 'css 2' });
    expect(first.headers['cache-control']).toBe(cacheControl);
    expect(await visit('/style.css')).toMatchObject({ body: 'css 2', cache: MISS });
  });

  test('keeps an error for 10 seconds', async () => {
    await givenEdge();
    expect(await visit('/new.html')).toMatchObject({ status: 404, cache: ERROR });
    givenFiles({ 'new.html': 'new' });

    now += ERROR_TTL - 1;
    expect(await visit('/new.html')).toMatchObject({ status: 404, cache: ERROR });
    now += 1;
    expect(await visit('/new.html')).toMatchObject({ status: 200, body: 'new', cache: MISS });
  });

  test('takes / for the default root object, and keeps both as one', async () => {
    await givenEdge();
    expect(await visit('/')).toMatchObject({ body: 'home 1', cache: MISS });
    expect(await visit('/index.html')).toMatchObject({ body: 'home 1', cache: HIT });
  });

  test('knows no directories', async () => {
    await givenEdge();
    expect((await visit('/blog')).status).toBe(404);
    expect((await visit('/blog/')).status).toBe(404);
  });

  test('knows index documents of directories where it is told so', async () => {
    await givenEdge({ directoryIndexes: true });
    expect(await visit('/blog')).toMatchObject({ body: 'blog 1', cache: MISS });
    expect(await visit('/blog/')).toMatchObject({ body: 'blog 1', cache: MISS });
    expect((await visit('/style.css/')).status).toBe(404);
  });

  test('keeps one file for all query strings', async () => {
    await givenEdge();
    expect((await visit('/style.css?v=1')).cache).toBe(MISS);
    expect((await visit('/style.css?v=2')).cache).toBe(HIT);
  });

  test('keeps a file for each query string where they are forwarded', async () => {
    await givenEdge({ forwardQueryStrings: true });
    expect((await visit('/style.css?v=1')).cache).toBe(MISS);
    expect((await visit('/style.css?v=2')).cache).toBe(MISS);
    expect((await visit('/style.css?v=1')).cache).toBe(HIT);
  });

  test('answers HEAD without a body', async () => {
    await givenEdge();
    const { status, headers, body } = await visit('/style.css', 'HEAD');
    expect({ status, length: headers['content-length'], body }).toEqual({ status: 200, length: '5', body: '' });
  });

  test('refuses other methods', async () => {
    await givenEdge();
    expect(await visit('/style.css', 'POST')).toMatchObject({ status: 403, cache: ERROR });
  });
});

describe('the origin', () => {
  test.each([
    '/../secret.txt',
    '/blog/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/..%5csecret.txt',
    '/link.txt',
    '/links/secret.txt',
    '/../site-private/secret.txt',
    '/index.html%00.txt',
    '/%zz',
  ])('is all there is: %s is not found', async path => {
    for (const name of ['../secret.txt', '../site-private/secret.txt']) {
      givenFiles({ [name]: 'secret' });
    }
    symlinkSync(join(folder, 'secret.txt'), join(origin, 'link.txt'));
    symlinkSync(folder, join(origin, 'links'));
    await givenEdge();
    expect(await visit(path)).toMatchObject({ status: 404, body: expect.not.stringContaining('secret') });
  });

  test('may be a link itself, and have links inside', async () => {
    symlinkSync(join(origin, 'style.css'), join(origin, 'alias.css'));
    symlinkSync(origin, join(folder, 'current'));
    await givenEdge({ origin: join(folder, 'current') });
    expect((await visit('/alias.css')).body).toBe('css 1');
  });

  test('that does not exist is refused', async () => {
    await expect(givenEdge({ origin: join(folder, 'nowhere') })).rejects.toThrow(/ENOENT/);
  });
});

describe('an invalidation', () => {
  test.each<{ readonly paths: string[]; readonly drops: string[]; readonly keeps: string[] }>([
    { paths: ['/*'], drops: ['/', '/blog/post.html', '/style.css'], keeps: [] },
    { paths: ['/style.css'], drops: ['/style.css'], keeps: ['/', '/blog/post.html'] },
    { paths: ['/Style.css'], drops: [], keeps: ['/style.css'] },
    { paths: ['/style'], drops: [], keeps: ['/style.css'] },
    { paths: ['/blog/*'], drops: ['/blog/post.html'], keeps: ['/blogroll.html', '/style.css'] },
    { paths: ['/blog*'], drops: ['/blog/post.html', '/blogroll.html'], keeps: ['/style.css'] },
    { paths: ['/index.html'], drops: ['/', '/index.html'], keeps: ['/style.css'] },
    { paths: ['/'], drops: ['/', '/index.html'], keeps: ['/style.css'] },
    { paths: ['/style.css', '/blog/post.html'], drops: ['/style.css', '/blog/post.html'], keeps: ['/'] },
    { paths: ['/style.css?v=1'], drops: [], keeps: ['/style.css'] },
    { paths: ['/missing.html'], drops: ['/missing.html'], keeps: ['/'] },
  ])('of $paths drops $drops and keeps $keeps', async ({ paths, drops, keeps }) => {
    await givenEdge();
    for (const path of [...drops, ...keeps]) {
      await visit(path);
    }

    invalidated(...paths);

    // What is kept comes first: a visit fills the cache again, and / and /index.html are one.
    for (const path of keeps) {
      expect([path, await isCached(path)]).toEqual([path, true]);
    }
    for (const path of drops) {
      expect([path, await isCached(path)]).toEqual([path, false]);
      invalidated(...paths);
    }
  });

  test.each([
    ['/style.css', ['/style.css'], ['/style.css?v=1']],
    ['/style.css?v=1', ['/style.css?v=1'], ['/style.css', '/style.css?v=11', '/style.css?v=2']],
    ['/style.css?v=1*', ['/style.css?v=1', '/style.css?v=11'], ['/style.css', '/style.css?v=2']],
    ['/style.css*', ['/style.css', '/style.css?v=1'], ['/']],
    ['/*', ['/style.css', '/style.css?v=1', '/'], []],
  ])('of %s, with query strings forwarded, drops %j and keeps %j', async (path, drops, keeps) => {
    await givenEdge({ forwardQueryStrings: true });
    for (const url of [...drops, ...keeps]) {
      await visit(url);
    }
    invalidated(path);
    expect(await Promise.all([...drops, ...keeps].map(isCached))).toEqual([...drops.map(() => false), ...keeps.map(() => true)]);
  });

  test.each([
    ['/gr%C3%BC%C3%9Fe.html', '/gr%C3%BC%C3%9Fe.html', true],
    ['/gr%c3%bc%c3%9fe.html', '/gr%C3%BC%C3%9Fe.html', true],
    ['/grüße.html', '/gr%C3%BC%C3%9Fe.html', true],
    ['/a%20b.html', '/a%20b.html', true],
    ['/%7Euser.html', '/~user.html', true],
    ['/gr%C3%BC*', '/gr%C3%BC%C3%9Fe.html', true],
    // Encoded for no reason: CloudFront takes it, and invalidates nothing.
    ['/%69ndex.html', '/index.html', false],
    ['/a+b.html', '/a%20b.html', false],
  ])('of %s drops %s: %s', async (path, url, dropped) => {
    givenFiles({ 'grüße.html': 'hello', 'a b.html': 'blank', '~user.html': 'user' });
    await givenEdge();
    expect((await visit(url)).status).toBe(200);
    invalidated(path);
    expect(await isCached(url)).toBe(!dropped);
  });

  test('of a cache tag drops what has the tag', async () => {
    await givenEdge({ tags: { '/blog/post.html': ['news', 'blog'], '/blogroll.html': ['blog'] } });
    const all = ['/blog/post.html', '/blogroll.html', '/style.css'];
    for (const path of all) {
      await visit(path);
    }
    invalidated('#news');
    expect(await Promise.all(all.map(isCached))).toEqual([false, true, true]);
    invalidated('#blog');
    expect(await Promise.all(all.map(isCached))).toEqual([false, false, true]);
    invalidated('#new');
    expect(await Promise.all(all.map(isCached))).toEqual([true, true, true]);
  });

  test('of another distribution drops nothing', async () => {
    await givenEdge();
    await visit('/');
    listeners.forEach(listener => listener({ distributionId: 'EANOTHER', invalidationId: 'I1', paths: ['/*'] }));
    expect(await isCached('/')).toBe(true);
  });

  test('does not let a file back in that was read before it took effect', async () => {
    let reads = 0;
    await givenEdge({
      // The origin's tags are looked at once the file has been read, and before it is kept.
      tags: () => {
        if (reads++ === 0) {
          givenFiles({ 'style.css': 'css 2' });
          invalidated('/style.css');
        }
        return [];
      },
    });
    expect(await visit('/style.css')).toMatchObject({ body: 'css 1', cache: MISS });
    expect(await visit('/style.css')).toMatchObject({ body: 'css 2', cache: MISS });
    expect(reads).toBe(2);
  });
});

describe('what CloudFront tells of a visit', () => {
  test('the edge location, and the version that the origin gives a file', async () => {
    await givenEdge({ location: 'FRA60-P5' });
    const { headers } = await visit('/style.css');
    expect(headers['x-amz-cf-pop']).toBe('FRA60-P5');
    expect(headers.etag).toMatch(/^"[0-9a-f]{32}"$/);
  });

  test('no age of 0', async () => {
    await givenEdge();
    await visit('/style.css');
    now += 999;
    expect((await visit('/style.css'))).toMatchObject({ cache: HIT, headers: expect.not.objectContaining({ age: expect.anything() }) });
  });

  test('a copy that the origin says is still the same was validated again', async () => {
    await givenEdge({ defaultTtl: 60_000, hasRegionalCache: false });
    await visit('/style.css');
    now += 60_000;
    expect(await visit('/style.css')).toMatchObject({ body: 'css 1', cache: 'RefreshHit from cloudfront' });
    expect(await visit('/style.css')).toMatchObject({ cache: HIT });
  });

  test('without validators, it was fetched again', async () => {
    await givenEdge({ defaultTtl: 60_000, validators: false });
    await visit('/style.css');
    now += 60_000;
    expect(await visit('/style.css')).toMatchObject({ cache: MISS, headers: expect.not.objectContaining({ etag: expect.anything() }) });
  });

  test('the age that the origin gives a file adds up', async () => {
    await givenEdge({ originAge: { '/style.css': 500 } });
    expect((await visit('/style.css'))).toMatchObject({ cache: MISS, headers: { age: '500' } });
    now += 30_000;
    expect((await visit('/style.css'))).toMatchObject({ cache: HIT, headers: { age: '530' } });
  });

  test('nothing, where a policy removes it', async () => {
    await givenEdge({ hidesCache: true, originAge: () => 5 });
    const { headers } = await visit('/style.css');
    expect([headers['x-cache'], headers.age]).toEqual([undefined, undefined]);
  });

  test('errors are kept for as long as the distribution says', async () => {
    await givenEdge({ errorTtl: 60_000 });
    await visit('/new.html');
    givenFiles({ 'new.html': 'new' });
    now += 59_999;
    expect((await visit('/new.html')).status).toBe(404);
    now += 1;
    expect((await visit('/new.html')).status).toBe(200);
  });
});

describe('a regional cache', () => {
  test.each(['Hit', 'Miss'] as const)('keeps what the edge location does not, which is shown as a %s', async regionalHit => {
    await givenEdge({ regionalHit });
    await visit('/style.css');
    edge!.faults.keep('/style.css', 'region');
    now += 100_000;
    givenFiles({ 'style.css': 'css 2' });
    invalidated('/*');
    expect(await visit('/style.css')).toMatchObject({ body: 'css 1', cache: `${regionalHit} from cloudfront`, headers: { age: '100' } });
  });

  test('forgets what is invalidated', async () => {
    await givenEdge();
    await visit('/style.css');
    givenFiles({ 'style.css': 'css 2' });
    invalidated('/style.css');
    expect(await visit('/style.css')).toMatchObject({ body: 'css 2', cache: MISS });
  });
});

describe('compression', () => {
  const compressed = async (path: string, accepted: string) => {
    const response = await fetch(edge!.url + path, { headers: { 'accept-encoding': accepted } });
    return { encoding: response.headers.get('content-encoding'), etag: response.headers.get('etag'), text: await response.text() };
  };

  test.each([['gzip, br', 'br'], ['gzip', 'gzip'], ['identity', null], ['deflate', null]])('of a long text for those who take %s: %s', async (accepted, encoding) => {
    givenFiles({ 'long.html': 'text '.repeat(1_000), 'long.bin': 'text '.repeat(1_000), 'short.html': 'text' });
    await givenEdge();
    expect(await compressed('/long.html', accepted)).toMatchObject({ encoding, text: 'text '.repeat(1_000), etag: expect.stringMatching(encoding === null ? /^"/ : /^W\/"/) });
    expect((await compressed('/long.bin', accepted)).encoding).toBeNull();
    expect((await compressed('/short.html', accepted)).encoding).toBeNull();
  });
});

test('a function on viewer requests comes before the cache', async () => {
  await givenEdge({ rewrite: url => url.replace(/\/$/, '/index.html') });
  expect(await visit('/blog/')).toMatchObject({ body: 'blog 1', cache: MISS });
  expect(await visit('/blog/index.html')).toMatchObject({ body: 'blog 1', cache: HIT });
  invalidated('/blog/');
  expect((await visit('/blog/')).cache).toBe(HIT);
});

describe('faults', () => {
  test('an invalidation leaves a page old, until that ends', async () => {
    await givenEdge();
    await visit('/style.css');
    const end = edge!.faults.keep('/style.css');
    invalidated('/*');
    expect((await visit('/style.css')).cache).toBe(HIT);
    end();
    invalidated('/*');
    expect((await visit('/style.css')).cache).not.toBe(HIT);
  });

  test('strike one URL, some times, after some visits', async () => {
    await givenEdge();
    const fault = edge!.faults.add({ path: '/style.css', fault: { status: 503, body: 'later' }, skip: 1, times: 2 });
    expect((await visit('/')).status).toBe(200);
    const statuses: unknown[] = [];
    for (let count = 0; count < 4; count++) {
      statuses.push((await visit('/style.css')).status);
    }
    expect(statuses).toEqual([200, 503, 503, 200]);
    expect(fault.hits).toBe(2);
  });

  test('a redirect', async () => {
    await givenEdge();
    edge!.faults.add({ path: '/style.css', fault: { redirect: 'http://169.254.169.254/' } });
    expect(await visit('/style.css')).toMatchObject({ status: 301, headers: { location: 'http://169.254.169.254/' } });
  });

  test.each([{ reset: true }, { wrongLength: true }] as const)('%j breaks the connection off', async fault => {
    await givenEdge();
    edge!.faults.add({ path: '/style.css', fault });
    await expect(fetch(`${edge!.url}/style.css`).then(response => response.text())).rejects.toThrow();
  });

  test('a host that hangs', async () => {
    await givenEdge();
    edge!.faults.add({ path: '/style.css', fault: { hang: true } });
    await expect(fetch(`${edge!.url}/style.css`, { signal: AbortSignal.timeout(200) })).rejects.toThrow('timeout');
  });

  test.each([{ endless: true }, { bomb: true }] as const)('%j is more than anybody wants', async fault => {
    await givenEdge();
    edge!.faults.add({ path: '/style.css', fault });
    const response = await fetch(`${edge!.url}/style.css`);
    let size = 0;
    for await (const chunk of response.body!) {
      size += (chunk as Uint8Array).length;
      if (size > 50_000_000) {
        break;
      }
    }
    expect(size).toBeGreaterThan(50_000_000);
  });
});
