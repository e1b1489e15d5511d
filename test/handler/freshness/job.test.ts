import { gzipSync } from 'zlib';
import { Duration } from 'aws-cdk-lib';
import { selfSignedCertificate, type EdgeFault, type EdgeFaultKind, type EdgeOptions } from '../../../sandbox';
import { InvalidationFailurePolicy, InvalidationPaths } from '../../../src';
import { FIRST, givenCheckedSite, givenSecondVersion, SECOND, stopCheckedSites } from '../../given-checked-site';
import { expectGreen, expectOneTerminalReport, until } from '../../given-sandbox';

// Most of a test is waiting, so that several share a processor.
afterAll(stopCheckedSites);

/** Waits for something that happens while the stage runs, if it does. */
async function soon(running: Promise<unknown>, condition: () => boolean): Promise<void> {
  let ended = false;
  void running.finally(() => ended = true);
  await until(() => ended || condition());
}

describe('files', () => {
  test.concurrent('all that was deployed is seen fresh, as a browser would see it', async () => {
    const site = await givenCheckedSite();
    await givenSecondVersion(site);
    const action = await site.run();
    expect(action).toMatchObject({
      status: 'Succeeded',
      summary: expect.stringMatching(/^Invalidated 1 path of distribution \w+ in [\d.]+ seconds? \(invalidation I\w+\), and 4 pages were seen fresh at DUB56-P1\.$/),
      outputVariables: { status: 'Completed', checkedPageCount: '4' },
    });
    expect(new Set(site.visited())).toEqual(new Set(['/', '/blog/', '/blog/index.html', '/blog/post.html', '/style.css']));
    const [{ headers }] = site.edge.visits;
    expect(headers).toMatchObject({ 'accept-encoding': 'gzip, br' });
    expect(headers).not.toHaveProperty('cookie');
    expect(headers).not.toHaveProperty('authorization');
    const lines = site.logs().filter(({ message }) => message === 'Page was seen fresh');
    expect(lines.map(({ url }) => url).sort()).toEqual(['/', '/blog/', '/blog/post.html', '/style.css'].map(path => site.edge.url + path));
    expect(lines[0]).toMatchObject({ location: 'DUB56-P1', state: 'fresh' });
    expect(JSON.stringify(site.logs())).not.toContain('<h1>');
    expectOneTerminalReport(action);
  });

  test.concurrent('an invalidation that completes and leaves a page old is red, and says what was seen', async () => {
    const site = await givenCheckedSite();
    site.edge.faults.keep('/index.html');
    await givenSecondVersion(site);
    const action = await site.run();
    expect(action).toMatchObject({ status: 'Failed', errorDetails: { code: 'JobFailed' } });
    expect(action.errorDetails?.message).toMatch(new RegExp(`^Gave up after 30 seconds \\(timeout of freshnessCheck\\)\\. ${site.edge.url}/ was not seen fresh: expected the file in the ` +
      'artifact with 15 bytes and the CRC-32 [0-9a-f]{8}, got 15 bytes and the CRC-32 [0-9a-f]{8} \\(status 200, Age \\d+, X-Cache \'Hit from cloudfront\', ' +
      'edge location DUB56-P1\\)\\. Most likely no path of the invalidation matches this URL'));
    expect(site.visited().filter(url => url === '/').length).toBeGreaterThan(3);
    expectOneTerminalReport(action);
  });

  test.concurrent('an old copy is waited for', async () => {
    const site = await givenCheckedSite();
    const end = site.edge.faults.keep('/index.html');
    await givenSecondVersion(site);
    const running = site.run();
    await soon(running, () => site.visited().filter(url => url === '/').length === 3);
    end();
    site.edge.invalidate(['/*']);
    expect(await running).toMatchObject({ status: 'Succeeded', outputVariables: { checkedPageCount: '4' } });
  });

  test.concurrent('across invocations, with the same pages at each look', async () => {
    const site = await givenCheckedSite({
      files: { maxPages: 2, timeout: Duration.minutes(5) },
      functionTimeout: Duration.seconds(30),
      stage: artifact => ({ paths: InvalidationPaths.changedFiles(artifact) }),
    });
    await site.deploy(FIRST);
    expectGreen(await site.run());
    const end = ['/blog/post.html', '/style.css'].map(path => site.edge.faults.keep(path));
    await givenSecondVersion(site, { ...FIRST, 'blog/post.html': '<h1>Post 2</h1>', 'style.css': 'body { }' });
    const { length } = site.sandbox.lambda.invocations;
    const running = site.run();
    await soon(running, () => site.sandbox.lambda.invocations.length > length + 1);
    end.forEach(stop => stop());
    site.edge.invalidate(['/*']);
    const action = await running;
    expect(action).toMatchObject({ status: 'Succeeded', outputVariables: { checkedPageCount: '2', changedFileCount: '2' } });
    expect(action.jobs.length).toBeGreaterThan(1);
    expect(action.reports[0].input).toMatchObject({ executionDetails: { summary: expect.stringMatching(/^Waiting for visitors to get the new pages of distribution/) } });
    // Not a sample, in any of the invocations: that would begin with index documents.
    expect(new Set(site.visited())).toEqual(new Set(['/blog/post.html', '/style.css']));
  });

  test.concurrent('never longer than the timeout of the action', async () => {
    const site = await givenCheckedSite({ files: { timeout: Duration.hours(2) }, stage: () => ({ timeout: Duration.seconds(20) }) });
    site.edge.faults.keep('/index.html');
    await givenSecondVersion(site);
    expect((await site.run()).errorDetails).toMatchObject({ code: 'JobFailed', message: expect.stringMatching(/^Gave up after 20 seconds \(timeout\)\. .* was not seen fresh/) });
  });

  test.concurrent('a second deployment during the check is red after three looks, and named as a reason', async () => {
    const site = await givenCheckedSite({ files: { timeout: Duration.hours(1) } });
    await givenSecondVersion(site);
    site.publish({ 'blog/post.html': '<h1>Post 3</h1>' });
    const action = await site.run();
    expect(action.errorDetails).toMatchObject({
      code: 'JobFailed',
      // Long before the hour is over, or it would begin with 'Gave up'.
      message: expect.stringMatching(/^http:.*\/blog\/post\.html was not seen fresh: .* This copy is newer than the invalidation\. Most likely a newer execution has deployed/),
    });
    expect(site.visited().filter(url => url === '/blog/post.html').length).toBeGreaterThanOrEqual(3);
  });

  test.concurrent('a regional cache with an old copy is red, whatever X-Cache says of it', async () => {
    await Promise.all((['Hit', 'Miss'] as const).map(async regionalHit => {
      const site = await givenCheckedSite({ edge: { regionalHit } });
      site.edge.faults.keep('/index.html', 'region');
      await givenSecondVersion(site);
      expect((await site.run()).errorDetails?.message).toContain(`${site.edge.url}/ was not seen fresh`);
    }));
  });

  test.concurrent('a path that matched nothing, since a function rewrites the URL, is red', async () => {
    const site = await givenCheckedSite({
      edge: { rewrite: url => url.endsWith('/') ? `${url}index.html` : url },
      stage: () => ({ paths: InvalidationPaths.of('/index.html', '/blog/') }),
    });
    await site.deploy(FIRST);
    await site.visit('/');
    await site.visit('/blog/');
    await site.deploy(SECOND);
    expect((await site.run()).errorDetails?.message).toMatch(/\/blog\/ was not seen fresh: .*a function may rewrite it/);
  });

  test.concurrent('a path that matched nothing is red, also where this edge location had no copy', async () => {
    const site = await givenCheckedSite({
      edge: { rewrite: url => url.endsWith('/') ? `${url}index.html` : url },
      stage: () => ({ paths: InvalidationPaths.of('/index.html', '/blog/') }),
    });
    await site.deploy(FIRST);
    await site.deploy(SECOND);
    expect((await site.run()).errorDetails?.message).toMatch(/\/blog\/ was not seen fresh: expected a copy newer than the invalidation .* got the file in an older one/);
  });

  test.concurrent('so is an invalidation of another site', async () => {
    const site = await givenCheckedSite({ stage: () => ({ paths: InvalidationPaths.of('/site/*') }) });
    await site.deploy(SECOND);
    expect((await site.run()).errorDetails?.message).toMatch(/was not seen fresh: .* no path of the invalidation matches/);
  });

  test.concurrent('of what no path names, nothing is claimed', async () => {
    const site = await givenCheckedSite({ stage: () => ({ paths: InvalidationPaths.of('/', '/index.html') }) });
    await givenSecondVersion(site, { ...FIRST, 'index.html': '<h1>Home 2</h1>' });
    expect(await site.run()).toMatchObject({
      status: 'Succeeded', summary: expect.stringContaining('and 1 page was seen fresh at DUB56-P1'), outputVariables: { checkedPageCount: '1' },
    });
  });

  test.concurrent.each<[string, EdgeFaultKind]>([
    ['redirect', { status: 301, headers: { 'location': '/blog/index.html', 'x-cache': 'Hit from cloudfront', 'age': '999999' } }],
    ['404', { status: 404, headers: { age: '999999' } }],
  ])('a %s that is older than the invalidation is red', async (_, fault) => {
    const site = await givenCheckedSite();
    await site.deploy(FIRST);
    site.edge.faults.add({ path: '/blog/', fault });
    expect((await site.run()).errorDetails?.message).toMatch(/^Gave up .*\/blog\/ was not seen fresh: .*Age 999999/);
  });

  test.concurrent('errors that the edge keeps for a while are waited for', async () => {
    const site = await givenCheckedSite({ edge: { errorTtl: 15_000 }, stage: artifact => ({ paths: InvalidationPaths.changedFiles(artifact) }) });
    await site.deploy(FIRST);
    expectGreen(await site.run());
    site.edge.faults.keep('/blog/');
    await site.deploy(SECOND);
    expectGreen(await site.run());
  });

  test.concurrent.each<[string, Partial<EdgeOptions>]>([
    ['gives its files an age', { originAge: () => 86_400 }],
    ['has its headers removed', { hidesCache: true }],
    ['makes each page anew', { cacheControl: () => 'no-store' }],
    ['has each page validated', { cacheControl: () => 'max-age=0' }],
  ])('an origin that %s is green', async (_, edge) => {
    const site = await givenCheckedSite({ edge });
    await givenSecondVersion(site);
    expect(await site.run()).toMatchObject({ status: 'Succeeded', outputVariables: { checkedPageCount: '4' } });
  });

  test.concurrent('what cannot be visited before the invalidation does not keep it from being created', async () => {
    const site = await givenCheckedSite({ files: { include: ['docs/**'] } });
    await site.deploy(FIRST);
    expect((await site.run()).errorDetails?.code).toBe('ConfigurationError');
    expect(site.distribution.invalidations).toHaveLength(1);
  });

  test.concurrent.each<[string, EdgeFaultKind, RegExp]>([
    ['an endless body', { endless: true }, /got more \(status 200/],
    ['a compressed bomb', { bomb: true }, /got more \(status 200/],
    ['a redirect to a metadata address', { redirect: 'http://169.254.169.254/latest/meta-data/' }, /it redirects to another host: 'http:\/\/169\.254\.169\.254\/latest\/meta-data\/'/],
    ['a redirect to another host', { redirect: 'https://other.example.com/' }, /it redirects to another host: 'https:\/\/other\.example\.com\/'/],
    ['a redirect to nowhere', { redirect: 'https://[' }, /it redirects to another host/],
    ['a redirect in circles', { redirect: '/style.css' }, /it redirects more than 5 times/],
    ['401', { status: 401 }, /expected status 200, got status 401, .* Most likely the site requires a login/],
    ['403', { status: 403 }, /got status 403, .* Most likely the file does not exist/],
    ['404', { status: 404 }, /got status 404, .* Most likely the deploy action wrote to another folder/],
    ['304', { status: 304 }, /got status 304/],
    ['a body that cannot be decoded', { status: 200, headers: { 'content-encoding': 'gzip', 'x-cache': 'Miss from cloudfront' }, body: 'plain' }, /This copy is newer than the invalidation/],
  ])('%s is red after three looks', async (_, fault, message) => {
    const site = await givenCheckedSite({ files: { timeout: Duration.hours(1) } });
    await givenSecondVersion(site);
    site.edge.faults.add({ path: '/style.css', fault });
    const action = await site.run();
    expect(action.errorDetails?.message).toMatch(message);
    expect(action.errorDetails?.message).not.toContain('Gave up');
    expect(site.sandbox.lambda.invocations.map(({ outcome }) => outcome)).not.toContain('crash');
    expectOneTerminalReport(action);
  });

  test.concurrent.each<[string, EdgeFaultKind]>([
    ['an outage of the origin', { status: 503 }], ['a limit on requests', { status: 429 }], ['a reset', { reset: true }], ['a hang', { hang: true }],
    ['a body that ends half-way', { wrongLength: true }],
  ])('%s for a while is waited out', async (_, fault) => {
    const site = await givenCheckedSite({ files: { timeout: Duration.minutes(2) } });
    // The first visit is the one before the invalidation.
    const added = site.edge.faults.add({ path: '/style.css', fault, skip: 1, times: 3 });
    await site.deploy(FIRST);
    expect(await site.run()).toMatchObject({ status: 'Succeeded', outputVariables: { checkedPageCount: '4' } });
    expect(added.hits).toBe(3);
  });

  test.concurrent('a host that hangs does not hang the pipeline', async () => {
    const site = await givenCheckedSite();
    site.edge.faults.add({ path: '/style.css', fault: { hang: true } });
    await site.deploy(FIRST);
    const action = await site.run();
    expect(action.errorDetails?.message).toMatch(/^Gave up after 30 seconds \(timeout of freshnessCheck\)\. .*\/style\.css was not seen fresh: 127\.0\.0\.1:\d+ cannot be visited: Error: no response within 10 seconds\./);
    expectOneTerminalReport(action);
  });

  test.concurrent('with failurePolicy WARN, an old page is a warning', async () => {
    const site = await givenCheckedSite({ stage: () => ({ failurePolicy: InvalidationFailurePolicy.WARN }) });
    site.edge.faults.add({ path: '/style.css', fault: { status: 404 } });
    await site.deploy(FIRST);
    expect(await site.run()).toMatchObject({
      status: 'Succeeded',
      summary: expect.stringMatching(/^WARNING: visitors may still see old pages\. JobFailed: .*\/style\.css was not seen fresh/),
      outputVariables: { status: 'Failed', errorType: 'JobFailed', checkedPageCount: 'none' },
    });
  });

  test.concurrent('bytes that are compressed on the way are the same, and so are those that were compressed before', async () => {
    const site = await givenCheckedSite();
    const packed = gzipSync('x'.repeat(100_000));
    await site.deploy({ 'index.html': `<p>${'text '.repeat(5_000)}</p>`, 'packed.js': packed });
    site.edge.faults.add({ path: '/packed.js', fault: { status: 200, headers: { 'content-encoding': 'gzip', 'x-cache': 'Miss from cloudfront' }, body: packed } });
    expect((await (await site.visit('/')).text()).length).toBeGreaterThan(20_000);
    expect(await site.run()).toMatchObject({ status: 'Succeeded', outputVariables: { checkedPageCount: '2' } });
  });

  test.concurrent('bytes that are changed on the way are named as a reason', async () => {
    const site = await givenCheckedSite();
    await site.deploy(FIRST);
    site.edge.faults.add({ path: '/', fault: { status: 200, headers: { 'x-cache': 'Miss from cloudfront' }, body: '<h1>Home 1</h1><script></script>' } });
    expect((await site.run()).errorDetails?.message).toMatch(/or something changes the bytes on the way \(Lambda@Edge, templating, compression\): in that case, use FreshnessCheck\.pages\(\)/);
  });

  test.concurrent('redirects within the site are followed', async () => {
    const site = await givenCheckedSite();
    await site.deploy({ ...FIRST, 'about.html': 'about' });
    site.edge.faults.add({ path: '/about.html', fault: { redirect: '/style.css' }, times: 0 });
    site.edge.faults.add({ path: '/blog/', fault: { redirect: '/blog/index.html' } });
    expect(await site.run()).toMatchObject({ status: 'Succeeded', outputVariables: { checkedPageCount: '5' } });
  });

  test.concurrent('over TLS, with a certificate that is trusted', async () => {
    const site = await givenCheckedSite({ edge: { certificate: selfSignedCertificate() } });
    await site.deploy(FIRST);
    expect(await site.run()).toMatchObject({ status: 'Succeeded', outputVariables: { checkedPageCount: '4' } });
  });

  test.concurrent('a certificate that is not trusted is red after three looks', async () => {
    const site = await givenCheckedSite({ files: { timeout: Duration.hours(1) }, edge: { certificate: selfSignedCertificate() }, trusted: false });
    await site.deploy(FIRST);
    expect((await site.run()).errorDetails?.message).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/\S* was not seen fresh: 127\.0\.0\.1:\d+ cannot be visited: Error: self-signed certificate/);
    expect(site.visited()).toEqual([]);
  });

  describe('which', () => {
    test.concurrent('of changedFiles: what has changed, never what was removed', async () => {
      const site = await givenCheckedSite({ stage: artifact => ({ paths: InvalidationPaths.changedFiles(artifact) }) });
      await site.deploy(FIRST);
      await site.run();
      const { 'style.css': _, ...second } = SECOND;
      await site.deploy({ ...second, 'index.html': FIRST['index.html'] });
      const action = await site.run();
      expect(action).toMatchObject({ status: 'Succeeded', outputVariables: { changedFileCount: '2', checkedPageCount: '1' } });
      expect(new Set(site.visited())).toEqual(new Set(['/blog/', '/blog/index.html']));
    });

    test.concurrent('a sample where nothing has changed', async () => {
      const site = await givenCheckedSite({ files: { maxPages: 3 }, stage: artifact => ({ paths: InvalidationPaths.changedFiles(artifact) }) });
      await site.deploy(FIRST);
      await site.run();
      await site.deploy(FIRST);
      expect(await site.run()).toMatchObject({
        status: 'Succeeded',
        summary: expect.stringMatching(/^Nothing has changed since the last invalidation of distribution \w+, so nothing was invalidated, and 3 pages were seen fresh at DUB56-P1\.$/),
        outputVariables: { pathCount: '0', checkedPageCount: '3' },
      });
    });

    test.concurrent('where the options of changedFiles say how files become pages', async () => {
      const site = await givenCheckedSite({
        stage: artifact => ({ paths: InvalidationPaths.changedFiles(artifact, { baseDirectory: 'dist', urlPath: 'dist', stripExtensions: ['.html'], exclude: ['*.css'] }) }),
      });
      await site.deploy({ 'dist/index.html': 'home', 'dist/about.html': 'about', 'dist/style.css': 'css', 'README.md': 'read me' });
      const action = await site.run();
      expect(action).toMatchObject({ status: 'Succeeded', outputVariables: { checkedPageCount: '2' } });
      expect([...new Set(site.visited())].sort()).toEqual(['/dist/', '/dist/about', '/dist/about.html', '/dist/index.html']);
    });

    test.concurrent('those of include', async () => {
      const site = await givenCheckedSite({ files: { include: ['blog/**'] } });
      await site.deploy(FIRST);
      await site.run();
      expect([...new Set(site.visited())].sort()).toEqual(['/blog/', '/blog/index.html', '/blog/post.html']);
    });

    test.concurrent('none of include is a mistake', async () => {
      const site = await givenCheckedSite({ files: { include: ['docs/**'] } });
      await site.deploy(FIRST);
      expect((await site.run()).errorDetails).toMatchObject({ code: 'ConfigurationError', message: expect.stringMatching(/^freshnessCheck has nothing to visit: .*docs/) });
    });

    test.concurrent('a directory that the site shows is visited as such', async () => {
      const site = await givenCheckedSite({ edge: { directoryIndexes: true } });
      await site.deploy(FIRST);
      expectGreen(await site.run());
      expect(site.visited()).not.toContain('/blog/index.html');
    });
  });
});

/** A page that stays old is red after this time: the two minutes of the check are in job.slow.test.ts. */
const SOON_RED = { timeout: Duration.seconds(40) };

describe('pages', () => {
  test.concurrent('each is visited before the invalidation and after it, and is fetched again', async () => {
    const site = await givenCheckedSite({ pages: ['/', '/blog/index.html'] });
    await givenSecondVersion(site);
    const action = await site.run();
    expect(action).toMatchObject({
      status: 'Succeeded',
      summary: expect.stringMatching(/\(invalidation I\w+\), and 2 pages were fetched again at DUB56-P1\.$/),
      outputVariables: { checkedPageCount: '2' },
    });
    const visited = site.visited();
    expect(new Set(visited.slice(0, 2))).toEqual(new Set(['/', '/blog/index.html']));
    expect(new Set(visited.slice(2))).toEqual(new Set(['/', '/blog/index.html']));
  });

  test.concurrent('one that did not change, and that somebody else has visited first', async () => {
    const site = await givenCheckedSite({ pages: ['/'] });
    await site.deploy(FIRST);
    await site.visit('/');
    await site.sandbox.clock.sleep(60_000);
    const running = site.run();
    const visiting = setInterval(() => void site.visit('/'), 5);
    const action = await running;
    clearInterval(visiting);
    expectGreen(action);
  });

  test.concurrent('one whose origin gives it an age is red: it cannot be told from an old copy', async () => {
    const site = await givenCheckedSite({ pages: ['/'], edge: { originAge: () => 86_400 }, stage: () => SOON_RED });
    await site.deploy(FIRST);
    expect((await site.run()).errorDetails?.message).toMatch(/ was not fetched again: .* the origin is a cache itself and sends an Age of its own \(FreshnessCheck\.files\(\) needs no Age\)/);
  });

  test.concurrent('one that nobody could visit before the invalidation is red: the edge had no copy to lose', async () => {
    const site = await givenCheckedSite({ pages: ['/'] });
    await site.deploy(FIRST);
    site.edge.faults.add({ path: '/', fault: { status: 503 }, times: 3 });
    expect((await site.run()).errorDetails?.message).toMatch(/\/ was not fetched again: expected a visit before the invalidation, .* Retry the stage\.$/);
  });

  test.concurrent('one that could be visited before the invalidation at the second attempt is green', async () => {
    const site = await givenCheckedSite({ pages: ['/'] });
    await site.deploy(FIRST);
    site.edge.faults.add({ path: '/', fault: { reset: true }, times: 1 });
    expectGreen(await site.run());
  });

  test.concurrent('one that the edge has validated again', async () => {
    const site = await givenCheckedSite({ pages: ['/'], edge: { cacheControl: () => 'max-age=1' } });
    await site.deploy(FIRST);
    expectGreen(await site.run());
  });

  test.concurrent('no path of the invalidation is theirs: red', async () => {
    const site = await givenCheckedSite({ pages: ['/'], stage: () => ({ paths: InvalidationPaths.of('/blog/*'), ...SOON_RED }) });
    await givenSecondVersion(site);
    expect((await site.run()).status).toBe('Failed');
  });

  test.concurrent('what was seen by an earlier invocation is not looked at again', async () => {
    const site = await givenCheckedSite({ pages: ['/', '/style.css'], functionTimeout: Duration.seconds(30) });
    const end = site.edge.faults.keep('/index.html');
    await givenSecondVersion(site);
    const running = site.run();
    await soon(running, () => site.sandbox.lambda.invocations.length === 2);
    const looks = () => site.visited().filter(url => url === '/style.css').length;
    const before = looks();
    end();
    site.edge.invalidate(['/index.html']);
    const action = await running;
    expect(action).toMatchObject({ status: 'Succeeded', outputVariables: { checkedPageCount: '2' } });
    expect(action.jobs.length).toBeGreaterThan(1);
    expect([before, looks()]).toEqual([before, before]);
    expect(before).toBeGreaterThanOrEqual(2);
  });

  test.concurrent.each<[string, readonly EdgeFault[]]>([
    ['an old copy of another version', [
      { path: '/', fault: { status: 200, headers: { 'x-cache': 'Hit from cloudfront', 'age': '777600', 'etag': '"other"' }, body: 'other' }, skip: 1 },
    ]],
    ['an old copy, after a miss with the age of a regional cache', [
      { path: '/', fault: { status: 200, headers: { 'x-cache': 'Miss from cloudfront', 'age': '3600', 'etag': '"old"' }, body: 'old' }, times: 1 },
      { path: '/', fault: { status: 200, headers: { 'x-cache': 'Hit from cloudfront', 'age': '3530', 'etag': '"old"' }, body: 'old' } },
    ]],
    ['an old redirect to a new page', [
      { path: '/', fault: { status: 301, headers: { 'location': '/style.css', 'x-cache': 'Hit from cloudfront', 'age': '999999' } } },
    ]],
    ['a copy whose age nobody knows', [
      { path: '/', fault: { status: 200, headers: { 'x-cache': 'Hit from cloudfront' }, body: 'any' } },
    ]],
  ])('%s is red', async (_, faults) => {
    const site = await givenCheckedSite({ pages: ['/'], stage: () => SOON_RED });
    await site.deploy(FIRST);
    faults.forEach(fault => site.edge.faults.add(fault));
    expect((await site.run()).errorDetails?.message).toMatch(/\/ was not fetched again: expected a copy newer than the invalidation/);
  });

  test.concurrent.each(['Hit', 'Miss'] as const)('one that the regional cache kept is red, where X-Cache says %s of it', async regionalHit => {
    const site = await givenCheckedSite({ pages: ['/'], edge: { regionalHit }, stage: () => SOON_RED });
    site.edge.faults.keep('/index.html', 'region');
    await givenSecondVersion(site);
    expect((await site.run()).errorDetails?.message).toContain(`${site.edge.url}/ was not fetched again`);
  });

  test.concurrent('a redirect that a function makes is green', async () => {
    const site = await givenCheckedSite({ pages: ['/'] });
    await site.deploy(FIRST);
    site.edge.faults.add({ path: '/', fault: { status: 302, headers: { 'location': '/style.css', 'x-cache': 'FunctionGeneratedResponse from cloudfront' } } });
    expectGreen(await site.run());
  });

  test.concurrent('headers that tell nothing are no proof', async () => {
    const site = await givenCheckedSite({ pages: ['/'], edge: { hidesCache: true } });
    await site.deploy(FIRST);
    expect((await site.run()).errorDetails?.message).toMatch(/was not fetched again: expected X-Cache or Age, got neither .* in that case, use FreshnessCheck\.files\(\)/);
  });

  test.concurrent('a page that is there only since this deployment', async () => {
    const site = await givenCheckedSite({ pages: ['/new.html'] });
    site.edge.faults.add({ path: '/new.html', fault: { status: 404 }, times: 1 });
    await site.deploy({ 'new.html': 'new' });
    expectGreen(await site.run());
  });

  test.concurrent('where nothing was invalidated, no page has a reason to be fetched again', async () => {
    const site = await givenCheckedSite({ pages: ['/'], stage: artifact => ({ paths: InvalidationPaths.changedFiles(artifact) }) });
    await site.deploy(FIRST);
    await site.run();
    await site.deploy(FIRST);
    expect(await site.run()).toMatchObject({ status: 'Succeeded', outputVariables: { pathCount: '0', checkedPageCount: 'none' } });
    expect(site.visited()).toEqual([]);
  });
});
