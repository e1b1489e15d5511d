import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'fs';
import { createServer } from 'http';
import type { AddressInfo } from 'net';
import { tmpdir } from 'os';
import { dirname, join } from 'path';
import { Edge, Sandbox, type EdgeFaultKind, type EdgeOptions } from '../../../sandbox';
import type { FilesCheckParameters } from '../../../src/contract';
import { Busy, Failure } from '../../../src/handler/failure';
import type { Page } from '../../../src/handler/freshness/check';
import { pagesOfFiles, type FilesCheck } from '../../../src/handler/freshness/files';
import { givenArchive, givenRawArchive } from '../../given-archive';
import { givenClients } from '../../given-clients';

// The pages of an artifact in the tests' own process. Whole jobs are in job.test.ts.
const HOUR = 3_600_000;
const INVALIDATED = { at: Date.now() - 60_000, isSeenBefore: true };

/** Of an error that the edge has kept for longer than the invalidation is ago. */
const OLD = { 'age': '3600', 'x-cache': 'Error from cloudfront', 'x-amz-cf-pop': 'FRA60-P5' };

type Files = Readonly<Record<string, string>>;
type Check = Omit<Partial<FilesCheck>, 'files'> & { readonly files?: Partial<FilesCheckParameters> };

let sandbox: Sandbox;
let edge: Edge;
let origin: string;
let offset: number;
let count = 0;
let artifact: FilesCheck['artifact'];

beforeAll(async () => {
  sandbox = await Sandbox.start();
  givenClients(sandbox, 's3:GetObject', 's3:ListBucket');
});

afterAll(() => sandbox.stop());

beforeEach(async () => {
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  origin = mkdtempSync(join(tmpdir(), 'files-'));
  offset = 0;
  artifact = { name: 'site', location: { bucket: 'artifacts', key: `site-${++count}` } };
  await givenEdge();
});

afterEach(async () => {
  await edge.stop();
  rmSync(origin, { recursive: true, force: true });
});

async function givenEdge(options: Partial<EdgeOptions> = {}): Promise<void> {
  await edge?.stop();
  const clock = { now: () => Date.now() + offset };
  edge = await Edge.start({ clock, cloudFront: { onInvalidation: () => {} }, distributionId: 'E2WEBSITE', origin, ...options });
}

/** At the origin only. */
function publish(files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(origin, name)), { recursive: true });
    writeFileSync(join(origin, name), content);
  }
}

/** Somebody visited these an hour ago, so that the edge has old copies. */
async function visitedBefore(...urls: string[]): Promise<void> {
  offset = -HOUR;
  for (const url of urls) {
    await (await fetch(edge.url + url)).arrayBuffer();
  }
  offset = 0;
  edge.visits.length = 0;
}

const soon = () => Date.now() + 10_000;

function open({ files, ...check }: Check = {}): Promise<Page[]> {
  return pagesOfFiles({
    artifact, files: { url: `${edge.url}/`, ...files }, paths: ['/*'], seed: 'seed', invalidated: () => INVALIDATED, ...check,
  }, soon());
}

async function given(files: Files, check: Check = {}): Promise<Page[]> {
  sandbox.s3.put('artifacts', artifact.location.key, await givenArchive(files));
  return open(check);
}

/** Deploys one file, and returns its page. */
async function givenPage(name: string, check: Check = {}): Promise<Page> {
  publish({ [name]: 'content' });
  const [page] = await given({ [name]: 'content' }, check);
  return page;
}

const pathsOf = (pages: readonly Page[]) => pages.map(({ url }) => url.replace(edge.url, ''));
const visited = () => edge.visits.map(({ url }) => url);

async function failureOf(opening: Promise<unknown>): Promise<unknown> {
  return opening.then(() => undefined, (error: unknown) => error);
}

describe('which pages', () => {
  const SITE = { 'index.html': '1', 'about.html': '2', 'blog/index.html': '3', 'style.css': '4' };

  test('are a sample of all files: index documents first, then other pages, then the rest', async () => {
    expect(pathsOf(await given(SITE))).toEqual(['/', '/blog/', '/about.html', '/style.css']);
  });

  test('are those of changed files alone, if there are any', async () => {
    expect(pathsOf(await given(SITE, { changedFilesSite: {}, changedFiles: ['style.css', 'about.html'] }))).toEqual(['/about.html', '/style.css']);
  });

  test.each<[string, string[]]>([
    ['none', []],
    ['one that was removed', ['old.html']],
    ['one that is not in the base directory', ['other/about.html']],
    ['one that include leaves out', ['site/style.css']],
    ['one that changedFiles excludes', ['site/draft.html']],
  ])('are a sample where no changed file can be seen: %s', async (_, changedFiles) => {
    const files = { 'site/index.html': '1', 'site/style.css': '2', 'site/draft.html': '3', 'other/about.html': '4' };
    const changedFilesSite = { baseDirectory: 'site', exclude: ['draft.*'] };
    const pages = await given(files, { changedFilesSite, changedFiles, files: { include: ['*.html'] } });
    expect(pathsOf(pages)).toEqual(['/']);
  });

  test('never are those of removed files', async () => {
    expect(pathsOf(await given(SITE, { changedFilesSite: {}, changedFiles: ['removed.html', 'about.html'] }))).toEqual(['/about.html']);
  });

  test('are those that match include', async () => {
    expect(pathsOf(await given(SITE, { files: { include: ['blog/**', '*.css'] } }))).toEqual(['/blog/', '/style.css']);
  });

  test('of changed files are those that match include', async () => {
    const check = { changedFilesSite: {}, changedFiles: ['about.html', 'style.css'], files: { include: ['*.css'] } };
    expect(pathsOf(await given(SITE, check))).toEqual(['/style.css']);
  });

  test.each([[{}, 10], [{ maxPages: 3 }, 3], [{ maxPages: 11 }, 11]])('with %j are %i', async (files, expected) => {
    expect(await given(Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`${index}.html`, '1'])), { files })).toHaveLength(expected);
  });

  test('are the same with the same seed, and others with another one', async () => {
    const site = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`${index}.html`, '1']));
    const [first, again, other] = [await given(site), await open(), await open({ seed: 'other' })].map(pathsOf);
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  test.each([
    [10 * 1024 * 1024, ['/large.bin']], [10 * 1024 * 1024 + 1, []],
  ])('are those of files of at most 10 MiB: of %i bytes, %j', async (size, expected) => {
    sandbox.s3.put('artifacts', artifact.location.key, givenRawArchive({ name: Buffer.from('large.bin'), size, method: 8 }));
    expect(pathsOf(await open().catch(() => []))).toEqual(expected);
  });

  test.each([
    ['/', '/about.html'], ['', '/about.html'], ['/app', '/app/about.html'], ['/app/', '/app/about.html'], ['/app//', '/app/about.html'],
    ['/an/app/', '/an/app/about.html'],
  ])('are below the path of the site\'s URL: %s', async (path, expected) => {
    expect(pathsOf(await given({ 'about.html': '1' }, { files: { url: edge.url + path } }))).toEqual([expected]);
  });
});

describe('how files become pages', () => {
  const SITE = { 'dist/about.html': '1', 'dist/home.htm': '2', 'other/about.html': '3' };
  const OPTIONS = { baseDirectory: 'dist', urlPath: 'docs', indexDocuments: ['home.htm'], stripExtensions: ['.html'] };
  const PAGES = ['/docs/', '/docs/about'];

  test('is what the check says', async () => {
    expect(pathsOf(await given(SITE, { files: OPTIONS }))).toEqual(PAGES);
  });

  test('is what changedFiles says where the check says nothing', async () => {
    expect(pathsOf(await given(SITE, { changedFilesSite: OPTIONS }))).toEqual(PAGES);
    const absent = { baseDirectory: undefined, urlPath: undefined, indexDocuments: undefined, stripExtensions: undefined };
    expect(pathsOf(await open({ changedFilesSite: OPTIONS, files: absent }))).toEqual(PAGES);
  });

  test('is what the check says where both say something', async () => {
    const changedFilesSite = { baseDirectory: 'other', urlPath: 'nowhere', indexDocuments: ['about.html'], stripExtensions: ['.htm'] };
    expect(pathsOf(await given(SITE, { changedFilesSite, files: OPTIONS }))).toEqual(PAGES);
  });
});

describe('a check that cannot begin', () => {
  test('has nothing to visit that is small enough', async () => {
    sandbox.s3.put('artifacts', artifact.location.key, givenRawArchive({ name: Buffer.from('dist/large.bin'), size: 2 ** 31, method: 8 }));
    const failure = await failureOf(open({ files: { baseDirectory: 'dist' } }));
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({
      type: 'ConfigurationError',
      message: 'freshnessCheck has nothing to visit: of the 1 files in the artifact site below \'dist/\', none is at most 10 MiB.',
    });
  });

  test('has nothing to visit that matches include', async () => {
    expect(await failureOf(given({ 'a.html': '1', 'b.html': '1' }, { files: { include: ['docs/**'] } }))).toMatchObject({
      type: 'ConfigurationError',
      message: 'freshnessCheck has nothing to visit: of the 2 files in the artifact site below \'\', ' +
        'none is at most 10 MiB and matches include, ["docs/**"].',
    });
  });

  test('has an artifact that cannot be read', async () => {
    const failure = await failureOf(open());
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({
      type: 'ConfigurationError',
      message: expect.stringMatching(
        /^freshnessCheck cannot compare the site with what was deployed, because the artifact s3:\/\/artifacts\/site-\d+ cannot be read: NoSuchKey/),
    });
  });

  test('has an artifact without a website', async () => {
    expect(await failureOf(given({ 'a.html': '1' }, { files: { baseDirectory: 'dist' } }))).toMatchObject({
      type: 'ConfigurationError', message: expect.stringMatching(/^baseDirectory must be a folder with files in the artifact site, got 'dist\/'/),
    });
  });

  test('may begin later if S3 has no time now', async () => {
    sandbox.faults.add({ service: 's3', operation: 'GetObject', fault: { throttle: true }, times: 1 });
    expect(await failureOf(given({ 'a.html': '1' }))).toBeInstanceOf(Busy);
    expect(await open()).toHaveLength(1);
  });
});

describe('the visit before the invalidation', () => {
  test('brings a copy to the edge', async () => {
    expect(await (await givenPage('about.html')).lookBefore(soon())).toBe(true);
    expect(visited()).toEqual(['/about.html']);
  });

  test('may find a copy that is there', async () => {
    const page = await givenPage('about.html');
    await visitedBefore('/about.html');
    expect(await page.lookBefore(soon())).toBe(true);
  });

  test.each([404, 403])('goes on to the name of the file after status %i', async status => {
    edge.faults.add({ path: '/blog/', fault: { status } });
    expect(await (await givenPage('blog/index.html')).lookBefore(soon())).toBe(true);
    expect(visited()).toEqual(['/blog/', '/blog/index.html']);
  });

  test('of a page that the site shows does not go on', async () => {
    await givenEdge({ directoryIndexes: true });
    expect(await (await givenPage('blog/index.html')).lookBefore(soon())).toBe(true);
    expect(visited()).toEqual(['/blog/']);
  });

  test.each<[string, EdgeFaultKind]>([
    ['an outage', { status: 503 }], ['a limit', { status: 429 }], ['a reset', { reset: true }],
    ['a redirect to another host', { redirect: 'https://other.example.com/' }],
  ])('has seen nothing in %s, and does not take another page for it', async (_, fault) => {
    edge.faults.add({ path: '/blog/', fault });
    expect(await (await givenPage('blog/index.html')).lookBefore(soon())).toBe(false);
    expect(visited()).toEqual(['/blog/']);
  });

  test('may be of a page that does not exist yet', async () => {
    const [page] = await given({ 'blog/index.html': '1' });
    expect(await page.lookBefore(soon())).toBe(true);
    expect(visited()).toEqual(['/blog/', '/blog/index.html']);
  });

  test('follows redirects within the site', async () => {
    edge.faults.add({ path: '/blog/', fault: { redirect: '/blog/index.html' } });
    expect(await (await givenPage('blog/index.html')).lookBefore(soon())).toBe(true);
  });

  test('waits for the body, since an edge may not keep what nobody waits for', async () => {
    let sent = false;
    const server = createServer((_, response) => {
      response.flushHeaders();
      setTimeout(() => {
        sent = true;
        response.end('content');
      }, 50);
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const [page] = await given({ 'about.html': 'content' }, { files: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } });
    await page.lookBefore(soon());
    expect(sent).toBe(true);
    await new Promise(resolve => server.close(resolve));
  });
});

describe('a page with the bytes of the file', () => {
  test('is fresh where the copy is newer than the invalidation', async () => {
    const page = await givenPage('about.html');
    expect(await page.look(soon())).toEqual({ state: 'fresh', words: '', location: 'DUB56-P1' });
  });

  test('is fresh where nothing was invalidated, however old the copy is', async () => {
    const page = await givenPage('about.html', { invalidated: () => undefined });
    await visitedBefore('/about.html');
    expect(await page.look(soon())).toMatchObject({ state: 'fresh' });
  });

  test.each<[string, string, Check]>([
    ['named by its path', 'old', { paths: ['/blog/about.html'] }],
    ['named by one of many paths', 'old', { paths: ['#tag', '/other', '/blog/about.html', '/another*'] }],
    ['named by a wildcard', 'old', { paths: ['/blog/*'] }],
    ['named by a wildcard that is its path', 'old', { paths: ['/blog/about.html*'] }],
    ['named by the path of a folder only', 'unclaimed', { paths: ['/blog/'] }],
    ['named by the beginning of its path only', 'unclaimed', { paths: ['/blog/about'] }],
    ['named by another wildcard only', 'unclaimed', { paths: ['/docs/*'] }],
    ['named by a wildcard that is longer', 'unclaimed', { paths: ['/blog/about.html?*'] }],
    ['perhaps one of a tag', 'unclaimed', { paths: ['#blog', '#*'] }],
    ['named by no path', 'unclaimed', { paths: [] }],
    ['changed, and named', 'old', { changedFilesSite: {}, changedFiles: ['blog/about.html'], paths: ['/blog/*'] }],
    ['changed, and named by no path', 'old', { changedFilesSite: {}, changedFiles: ['blog/about.html'], paths: ['/docs/*'] }],
    ['changed, whatever else is changed', 'old', { changedFilesSite: {}, changedFiles: ['removed', 'blog/about.html'], paths: [] }],
    ['unchanged, and named', 'old', { changedFilesSite: {}, changedFiles: ['removed'], paths: ['/*'] }],
    ['unchanged, and named by no path', 'fresh', { changedFilesSite: {}, changedFiles: ['removed'], paths: ['/removed'] }],
    ['unchanged, like all others', 'fresh', { changedFilesSite: {}, changedFiles: [], paths: [] }],
  ])('that is %s is %s in an old copy', async (_, state, check) => {
    const page = await givenPage('blog/about.html', check);
    await visitedBefore('/blog/about.html');
    expect(await page.look(soon())).toMatchObject({ state, location: 'DUB56-P1' });
  });

  test('is named by its path as CloudFront sees it: encoded, and below the path of the site\'s URL', async () => {
    const check = { paths: ['/app/caf%C3%A9.html'], files: { url: `${edge.url}/app/` } };
    publish({ 'app/café.html': 'content' });
    const [page] = await given({ 'café.html': 'content' }, check);
    await visitedBefore('/app/caf%C3%A9.html');
    expect(await page.look(soon())).toMatchObject({ state: 'old' });
  });

  test('must be newer than its own invalidation', async () => {
    const site = { 'a/index.html': 'a', 'b/index.html': 'b' };
    await givenEdge({ directoryIndexes: true });
    publish(site);
    const pages = await given(site, { invalidated: index => index === 0 ? undefined : INVALIDATED });
    await visitedBefore('/a/', '/b/');
    expect((await Promise.all(pages.map(page => page.look(soon())))).map(({ state }) => state)).toEqual(['fresh', 'old']);
  });

  test('is told from the file of another page', async () => {
    const site = { 'a.html': 'content of a', 'b.html': 'content of b' };
    publish(site);
    const pages = await given(site);
    expect((await Promise.all(pages.map(page => page.look(soon())))).map(({ state }) => state)).toEqual(['fresh', 'fresh']);
  });
});

describe('a page with other bytes', () => {
  test('is old where the copy is', async () => {
    publish({ 'about.html': 'before' });
    await visitedBefore('/about.html');
    const page = await givenPage('about.html');
    expect(await page.look(soon())).toMatchObject({
      state: 'old', words: expect.stringMatching(/^expected the file in the artifact with 7 bytes .* got 6 bytes/), location: 'DUB56-P1',
    });
  });

  test('is hopeless where the copy is new', async () => {
    const page = await givenPage('about.html');
    publish({ 'about.html': 'of a newer execution' });
    expect(await page.look(soon())).toMatchObject({
      state: 'hopeless', words: expect.stringMatching(/got more .* This copy is newer than the invalidation/),
    });
  });

  test.each<[string, Check]>([
    ['no path', { paths: [] }],
    ['nothing, since it is unchanged', { changedFilesSite: {}, paths: [] }],
  ])('is old where the copy is, also if it is named by %s', async (_, check) => {
    publish({ 'about.html': 'before' });
    await visitedBefore('/about.html');
    expect(await (await givenPage('about.html', check)).look(soon())).toMatchObject({ state: 'old' });
  });
});

describe('a file that has two URLs', () => {
  const UNNAMED = { paths: ['/docs/*'] };

  test('is seen at the first of them that has a page', async () => {
    await givenEdge({ directoryIndexes: true });
    expect(await (await givenPage('blog/index.html')).look(soon())).toMatchObject({ state: 'fresh' });
    expect(visited()).toEqual(['/blog/']);
  });

  test('is seen at the second where the first has no page', async () => {
    expect(await (await givenPage('blog/index.html')).look(soon())).toEqual({ state: 'fresh', words: '', location: 'DUB56-P1' });
    expect(visited()).toEqual(['/blog/', '/blog/index.html']);
  });

  test('is hopeless where neither has a page, and the last answer is told', async () => {
    edge.faults.add({ path: '/blog/', fault: { status: 404 } });
    edge.faults.add({ path: '/blog/index.html', fault: { status: 403, headers: { 'x-amz-cf-pop': 'FRA60-P5' } } });
    expect(await (await givenPage('blog/index.html')).look(soon())).toEqual({
      state: 'hopeless', words: expect.stringMatching(/^expected status 200, got status 403/), location: 'FRA60-P5',
    });
  });

  test.each<[string, EdgeFaultKind, Check]>([
    ['an outage', { status: 503, headers: { 'x-amz-cf-pop': 'FRA60-P5' } }, {}],
    ['an outage at a URL that no path names', { status: 503, headers: { 'x-amz-cf-pop': 'FRA60-P5' } }, UNNAMED],
    ['an outage at a URL of what is unchanged', { status: 503, headers: { 'x-amz-cf-pop': 'FRA60-P5' } }, { changedFilesSite: {}, paths: [] }],
    ['a limit on requests', { status: 429, headers: { 'x-amz-cf-pop': 'FRA60-P5' } }, {}],
    ['an error older than the invalidation', { status: 404, headers: OLD }, {}],
    ['an error older than the invalidation, of a changed file', { status: 404, headers: OLD }, {
      changedFilesSite: {}, changedFiles: ['blog/index.html'], paths: [],
    }],
  ])('is old with %s at the first', async (_, fault, check) => {
    edge.faults.add({ path: '/blog/', fault });
    expect(await (await givenPage('blog/index.html', check)).look(soon())).toEqual({
      state: 'old', words: expect.stringMatching(/^expected status 200, got status \d{3}/), location: 'FRA60-P5',
    });
    expect(visited()).toEqual(['/blog/']);
  });

  test.each<[string, EdgeFaultKind, object]>([
    ['old where the first cannot be visited for now', { reset: true }, {
      state: 'old', words: expect.stringMatching(/^127\.0\.0\.1:\d+ cannot be visited: .*\.$/),
    }],
    ['hopeless where the first leads elsewhere', { redirect: 'https://other.example.com/' }, {
      state: 'hopeless', words: 'it redirects to another host: \'https://other.example.com/\'.',
    }],
  ])('is %s', async (_, fault, expected) => {
    edge.faults.add({ path: '/blog/', fault });
    expect(await (await givenPage('blog/index.html')).look(soon())).toEqual(expected);
    expect(visited()).toEqual(['/blog/']);
  });

  test('is seen through redirects within the site', async () => {
    edge.faults.add({ path: '/blog/', fault: { redirect: '/blog/index.html' } });
    expect(await (await givenPage('blog/index.html')).look(soon())).toMatchObject({ state: 'fresh' });
  });

  describe('and an old error at the first, which no path names', () => {
    beforeEach(() => {
      edge.faults.add({ path: '/blog/', fault: { status: 404, headers: OLD } });
    });

    test('is unclaimed where the second is fresh: the first may be seen again', async () => {
      expect(await (await givenPage('blog/index.html', UNNAMED)).look(soon())).toEqual({
        state: 'unclaimed', words: expect.stringMatching(/^expected status 200, got status 404/), location: 'FRA60-P5',
      });
      expect(visited()).toEqual(['/blog/', '/blog/index.html']);
    });

    test('is fresh where the second is, if the file is unchanged', async () => {
      const page = await givenPage('blog/index.html', { changedFilesSite: {}, changedFiles: ['removed'], paths: ['/removed'] });
      expect(await page.look(soon())).toEqual({ state: 'fresh', words: '', location: 'DUB56-P1' });
    });

    test('is old where the second is', async () => {
      publish({ 'blog/index.html': 'before' });
      await visitedBefore('/blog/index.html');
      expect(await (await givenPage('blog/index.html', { paths: ['/blog/index.html'] })).look(soon())).toMatchObject({
        state: 'old', words: expect.stringMatching(/^expected the file in the artifact/), location: 'DUB56-P1',
      });
    });

    test('is hopeless where the second has no page', async () => {
      const [page] = await given({ 'blog/index.html': 'content' }, UNNAMED);
      expect(await page.look(soon())).toMatchObject({ state: 'hopeless', location: 'DUB56-P1' });
    });

    test('is old where the second has an old error, too', async () => {
      edge.faults.add({ path: '/blog/index.html', fault: { status: 403, headers: OLD } });
      expect(await (await givenPage('blog/index.html', UNNAMED)).look(soon())).toMatchObject({
        state: 'old', words: expect.stringMatching(/got status 403/), location: 'FRA60-P5',
      });
    });
  });

  test('is fresh where the second is and the error at the first is new, though no path names them', async () => {
    expect(await (await givenPage('blog/index.html', UNNAMED)).look(soon())).toMatchObject({ state: 'fresh' });
    expect(visited()).toEqual(['/blog/', '/blog/index.html']);
  });
});
