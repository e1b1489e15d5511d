import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { createServer, type OutgoingHttpHeaders, type RequestListener, type Server } from 'http';
import type { AddressInfo } from 'net';
import { tmpdir } from 'os';
import { join } from 'path';
import { Edge } from '../../../sandbox';
import type { Look, Page } from '../../../src/handler/freshness/check';
import { isSeen, lookOf, pagesToFetchAnew, visitBefore } from '../../../src/handler/freshness/pages';
import type { Invalidated } from '../../../src/handler/freshness/verdict';
import { Unvisited, type Visit } from '../../../src/handler/freshness/visit';
import type { CheckProgress } from '../../../src/handler/progress';

const MIB = 1024 * 1024;

/** The time of the visitor and of the edge. */
let now: number;
let invalidatedAt: number;

const soon = () => now + 60_000;

const invalidated = (): Invalidated => ({ at: invalidatedAt, isSeenBefore: true });

/** What a page is when it is visited after the invalidation, at any time. */
const FRESH = { state: 'fresh', words: '' };

beforeAll(() => {
  process.env.AWS_ENDPOINT_URL = 'http://127.0.0.1:1';
});

beforeEach(() => {
  now = 1_800_000_000_000;
  invalidatedAt = now;
  jest.spyOn(Date, 'now').mockImplementation(() => now);
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
});

/** The lines of the log, without their time. */
function logged(): object[] {
  return jest.mocked(process.stdout.write).mock.calls.map(([line]) => {
    const { timestamp: _, ...others } = JSON.parse(String(line)) as Record<string, unknown>;
    return others;
  });
}

describe('behind an edge', () => {
  let root: string;
  let edge: Edge;

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'pages-'));
  });

  afterAll(() => rmSync(root, { recursive: true }));

  beforeEach(async () => {
    edge = await Edge.start({ origin: root, clock: { now: () => now }, cloudFront: { onInvalidation: () => {} }, distributionId: 'E1' });
  });

  afterEach(() => edge.stop());

  /** Pages that have been visited before the invalidation, `after` seconds after their copies were made. */
  async function givenPages({ paths = ['/a.html', '/b.html', '/c.html'], age = 100, progress = {} as CheckProgress } = {}) {
    for (const path of paths) {
      writeFileSync(join(root, path), path);
      await fetch(edge.url + path);
    }
    now += age * 1000;
    invalidatedAt = now;
    edge.visits.splice(0);
    const pages = pagesToFetchAnew(paths.map(path => edge.url + path), progress, invalidated);
    return { pages, progress };
  }

  const visited = () => edge.visits.map(({ url }) => url);
  const states = async (pages: readonly Page[]) => (await Promise.all(pages.map(page => page.look(soon())))).map(({ state }) => state);

  test('there is a page for each URL, in their order', async () => {
    const { pages } = await givenPages();
    expect(pages.map(page => page.url)).toEqual(['/a.html', '/b.html', '/c.html'].map(path => edge.url + path));
  });

  test('a page that the edge has fetched since the invalidation is fresh', async () => {
    const { pages: [page] } = await givenPages();
    now += 5_000;
    edge.invalidate(['/a.html']);
    expect(await page.look(soon())).toEqual({ ...FRESH, location: 'DUB56-P1' });
  });

  test('a copy that the invalidation has left is old, and the words say so', async () => {
    const { pages: [page], progress } = await givenPages();
    now += 5_000;
    expect(await page.look(soon())).toEqual({
      state: 'old',
      location: 'DUB56-P1',
      words: expect.stringMatching(/^expected a copy newer than the invalidation 5 seconds ago, got an older one \(status 200, Age 105, X-Cache 'Hit from cloudfront', /),
    });
    expect(progress.anew ?? 0).toBe(0);
  });

  test('one of the regional cache is old, too', async () => {
    const { pages: [page] } = await givenPages();
    edge.faults.keep('/a.html', 'region');
    edge.invalidate(['/a.html']);
    now += 5_000;
    expect(await page.look(soon())).toMatchObject({ state: 'old', words: expect.stringContaining('Age 105, X-Cache \'Miss from cloudfront\'') });
  });

  test('a page that was seen fresh stays so, without another visit', async () => {
    const { pages: [page] } = await givenPages();
    edge.invalidate(['/a.html']);
    now += 5_000;
    await page.look(soon());
    edge.faults.add({ path: '/a.html', fault: { status: 404 } });
    expect(await page.look(soon())).toEqual(FRESH);
    expect(visited()).toEqual(['/a.html']);
  });

  test('each page is fresh by itself, and the next invocation knows which', async () => {
    const { pages, progress } = await givenPages();
    now += 5_000;
    edge.invalidate(['/b.html']);
    expect(await states(pages)).toEqual(['old', 'fresh', 'old']);
    const next = pagesToFetchAnew(pages.map(({ url }) => url), JSON.parse(JSON.stringify(progress)) as CheckProgress, invalidated);
    edge.visits.splice(0);
    edge.invalidate(['/c.html']);
    expect(await states(next)).toEqual(['old', 'fresh', 'fresh']);
    expect(visited().sort()).toEqual(['/a.html', '/c.html']);
    edge.invalidate(['/a.html']);
    expect(await states(next)).toEqual(['fresh', 'fresh', 'fresh']);
    expect(visited().sort()).toEqual(['/a.html', '/a.html', '/c.html']);
  });

  test('of fifty pages, each has a place of its own', async () => {
    const { pages, progress } = await givenPages({ paths: Array.from({ length: 50 }, (_, index) => `/${index}.html`) });
    now += 5_000;
    edge.invalidate(['/49.html', '/31.html', '/32.html']);
    const expected = pages.map((_, index) => [31, 32, 49].includes(index) ? 'fresh' : 'old');
    expect(await states(pages)).toEqual(expected);
    edge.visits.splice(0);
    expect(await states(pagesToFetchAnew(pages.map(({ url }) => url), { ...progress }, invalidated))).toEqual(expected);
    expect(visited()).toHaveLength(47);
    edge.invalidate(['/*']);
    expect(await states(pages)).toEqual(pages.map(() => 'fresh'));
  });

  test('each page is held against what is known of it', async () => {
    const progress: CheckProgress = {};
    const { pages } = await givenPages({ paths: ['/a.html', '/b.html'] });
    const known: readonly Invalidated[] = [{ at: invalidatedAt - 200_000, isSeenBefore: true }, { at: invalidatedAt, isSeenBefore: true }];
    expect(await states(pagesToFetchAnew(pages.map(({ url }) => url), progress, index => known[index]))).toEqual(['fresh', 'old']);
  });

  test('what is known of the invalidation may be known only when a page is looked at', async () => {
    const { pages: [page] } = await givenPages();
    invalidatedAt -= 200_000;
    expect((await page.look(soon())).state).toBe('fresh');
  });

  test('a redirect may lead to the host of another page, and to no other', async () => {
    const { pages: [{ url }] } = await givenPages();
    edge.invalidate(['/a.html']);
    now += 5_000;
    const other = new URL(url);
    other.hostname = 'localhost';
    const location = `${other.origin}/b.html`;
    edge.faults.add({ path: '/a.html', fault: { status: 302, headers: { location, 'x-cache': 'Miss from cloudfront' } }, times: 2 });
    edge.invalidate(['/b.html']);
    expect(await pagesToFetchAnew([url], {}, invalidated)[0].look(soon())).toMatchObject({ state: 'hopeless', words: `it redirects to another host: '${other.origin}/b.html'.` });
    expect((await pagesToFetchAnew([url, other.href], {}, invalidated)[0].look(soon())).state).toBe('fresh');
  });

  test.each([[404, 'hopeless'], [503, 'old']] as const)('status %i is %s', async (status, state) => {
    const { pages: [page] } = await givenPages();
    now += 5_000;
    edge.faults.add({ path: '/a.html', fault: { status, headers: { 'x-amz-cf-pop': 'FRA60-P5' } } });
    expect(await page.look(soon())).toMatchObject({ state, location: 'FRA60-P5', words: expect.stringContaining(`expected status 200, got status ${status}, `) });
  });

  test('an error that the edge has kept since before the invalidation is old', async () => {
    const { pages: [page] } = await givenPages();
    edge.faults.add({ path: '/a.html', fault: { status: 404, headers: { age: '60' } } });
    expect((await page.look(soon())).state).toBe('old');
  });

  test('a page that cannot be visited now is old', async () => {
    const { pages: [page], progress } = await givenPages();
    edge.faults.add({ path: '/a.html', fault: { reset: true } });
    expect(await page.look(soon())).toEqual({ state: 'old', words: `${new URL(edge.url).host} cannot be visited: Error: socket hang up.` });
    expect(progress.anew ?? 0).toBe(0);
  });

  test('a page without a time for a visit is old', async () => {
    const { pages: [page] } = await givenPages();
    expect((await page.look(now)).words).toContain('no time was left for the call');
    expect(visited()).toEqual([]);
  });

  describe('before the invalidation', () => {
    test('a visit brings a copy to the edge', async () => {
      const { pages: [page] } = await givenPages();
      edge.invalidate(['/a.html']);
      expect(await page.lookBefore(soon())).toBe(true);
      now += 1_000;
      expect((await fetch(page.url)).headers.get('x-cache')).toBe('Hit from cloudfront');
      expect(logged()).toEqual([
        { level: 'INFO', message: 'Page visited before the invalidation', url: page.url, status: 200, cache: 'Miss from cloudfront', location: 'DUB56-P1' },
      ]);
    });

    test('a copy that the edge has already will do', async () => {
      const { pages: [page] } = await givenPages();
      expect(await page.lookBefore(soon())).toBe(true);
      expect(logged()).toMatchObject([{ age: 100, cache: 'Hit from cloudfront' }]);
    });

    test('it changes nothing of what was seen fresh', async () => {
      const { pages: [page], progress } = await givenPages();
      edge.invalidate(['/a.html']);
      await page.lookBefore(soon());
      expect(progress.anew ?? 0).toBe(0);
    });

    test.each<[string, Parameters<Edge['faults']['add']>[0]['fault'], (host: string) => string]>([
      ['now', { reset: true }, host => `${host} cannot be visited: Error: socket hang up.`],
      ['at all', { redirect: 'https://www.example.com/' }, () => 'it redirects to another host: \'https://www.example.com/\'.'],
    ])('a page that cannot be visited %s has a line in the log', async (_, fault, reason) => {
      const { pages: [page] } = await givenPages();
      edge.faults.add({ path: '/a.html', fault });
      expect(await page.lookBefore(soon())).toBe(false);
      expect(logged()).toEqual([
        { level: 'WARN', message: 'Page cannot be visited before the invalidation', url: page.url, reason: reason(new URL(edge.url).host) },
      ]);
    });

    test('a page may be that of a redirect within the site', async () => {
      const { pages: [page] } = await givenPages();
      edge.faults.add({ path: '/a.html', fault: { redirect: '/b.html' } });
      await page.lookBefore(soon());
      expect(visited()).toEqual(['/a.html', '/b.html']);
    });
  });
});

describe('by its answer', () => {
  let server: Server;
  let listener: RequestListener;
  let url: string;

  beforeAll(async () => {
    server = createServer((request, response) => listener(request, response));
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });

  afterAll(() => new Promise(resolve => {
    server.close(resolve);
    server.closeAllConnections();
  }));

  const givenPage = () => pagesToFetchAnew([url], {}, () => ({ at: now - 60_000, isSeenBefore: true }))[0];

  const givenAnswer = (status: number, headers: OutgoingHttpHeaders) => {
    listener = ({ url: path }, response) => path === '/new' ? response.writeHead(200, { 'x-cache': 'Miss from cloudfront' }).end('new') : response.writeHead(status, headers).end('old');
  };

  test.each(['HIT', 'TCP_HIT', '', 'OriginShieldHit from cloudfront', 'Miss from cloudfront, Hit from cloudfront', 'Error from cloudfront'])(
    'a page with the X-Cache %j and no age is not fresh: nobody knows how old it is', async xCache => {
      givenAnswer(200, { 'x-cache': xCache });
      expect((await givenPage().look(soon())).state).toBe('old');
    });

  test.each([403, 404])('an error %i without an age is a new one', async status => {
    givenAnswer(status, { 'x-cache': 'Error from cloudfront' });
    expect((await givenPage().look(soon())).state).toBe('hopeless');
  });

  test.each<[string, OutgoingHttpHeaders, Look['state']]>([
    ['the cache', { 'x-cache': 'Hit from cloudfront', 'age': '999' }, 'old'],
    ['the origin', { 'x-cache': 'Miss from cloudfront' }, 'fresh'],
    ['nobody knows where, since it has neither X-Cache nor Age', {}, 'hopeless'],
  ])('a new page behind a redirect from %s', async (_, headers, state) => {
    givenAnswer(301, { location: '/new', ...headers });
    expect((await givenPage().look(soon())).state).toBe(state);
  });

  test('the visit before the invalidation reads a megabyte, since an edge may not keep what a visitor did not wait for', async () => {
    const begun = new Promise<() => void>(resolve => listener = (_, response) => {
      response.write(Buffer.alloc(MIB - 1));
      resolve(() => response.end('.'));
    });
    const looking = givenPage().lookBefore(soon());
    const end = await begun;
    const first = await Promise.race([looking.then(() => 'visited'), new Promise(resolve => setTimeout(resolve, 100, 'waiting'))]);
    expect(first).toBe('waiting');
    end();
    expect(await looking).toBe(true);
  });

  test('it does not read more than that', async () => {
    let sent = 0;
    const gone = new Promise<void>(resolve => listener = (_, response) => {
      const write = () => {
        let wants = true;
        while (wants && !response.destroyed) {
          sent += MIB / 16;
          wants = response.write(Buffer.alloc(MIB / 16));
        }
      };
      response.on('drain', write).once('close', resolve);
      write();
    });
    await givenPage().lookBefore(soon());
    await gone;
    expect(sent).toBeGreaterThan(MIB);
  });

  test('the visit after it reads nothing: the headers say enough', async () => {
    const gone = new Promise<void>(resolve => listener = (_, response) => {
      response.setHeader('x-cache', 'Miss from cloudfront').once('close', resolve).write('a body that never ends');
    });
    expect((await givenPage().look(soon())).state).toBe('fresh');
    await gone;
  });

  test('the log says nothing but what the headers tell', async () => {
    listener = (_, response) => response.writeHead(200, { 'age': '7', 'x-cache': 'Hit from cloudfront', 'x-amz-cf-pop': 'DUB56-P1' }).end('secret');
    const visit = await visitBefore(url, { hosts: new Set(), maxBytes: 6 }, soon());
    expect(visit).toMatchObject({ url, status: 200, age: 7, content: { sent: { size: 6 } } });
    expect(logged()).toEqual([
      { level: 'INFO', message: 'Page visited before the invalidation', url, status: 200, age: 7, cache: 'Hit from cloudfront', location: 'DUB56-P1' },
    ]);
  });
});

describe('there was something for the edge to keep a copy of', () => {
  test.each([[200, true], [301, true], [304, true], [403, true], [404, true], [408, false], [425, false], [429, false], [500, false], [503, false]])(
    'if the status was %i: %s', (status, expected) => {
      expect(isSeen({ status } as Visit)).toBe(expected);
    });

  test('not if the page could not be visited', () => {
    expect(isSeen(undefined)).toBe(false);
  });
});

describe('a page that cannot be visited', () => {
  test.each([[true, 'old'], [false, 'hopeless']] as const)('and may heal: %s, is %s', (mayHeal, state) => {
    expect(lookOf(new Unvisited('the site is closed', mayHeal))).toEqual({ state, words: 'the site is closed.' });
  });

  test.each([new Error('a mistake of our own'), 'nonsense', undefined])('is nothing else that goes wrong: %s', error => {
    let thrown: unknown = 'nothing';
    try {
      lookOf(error);
    } catch (caught) {
      thrown = caught;
    }
    expect(thrown).toBe(error);
  });
});
