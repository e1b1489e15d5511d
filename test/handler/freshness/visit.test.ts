import type { LookupAddress } from 'dns';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'http';
import { createServer as createTlsServer } from 'https';
import type { AddressInfo } from 'net';
import { getCACertificates, setDefaultCACertificates } from 'tls';
import { types } from 'util';
import { crc32, gzipSync } from 'zlib';
import { selfSignedCertificate, type Certificate } from '../../../sandbox';
import { Unvisited, visit, type Visit, type Wanted } from '../../../src/handler/freshness/visit';

// Jest has an Error of its own: without this, those of Node.js would be none. In a function, they are.
Object.defineProperty(Error, Symbol.hasInstance, {
  value: function (this: unknown, value: unknown) {
    return this === Error ? types.isNativeError(value) : Function.prototype[Symbol.hasInstance].call(this, value);
  },
});

type Lookup = (hostname: string, options: object, callback: (error: Error | null, addresses: LookupAddress[]) => void) => void;

const mockLookup = jest.fn<void, Parameters<Lookup>>();
jest.mock('dns', () => ({ lookup: (...args: Parameters<Lookup>) => mockLookup(...args) }));

const NOW = 1_800_000_000_000;
const CERTIFICATE = selfSignedCertificate();
const TRUSTED = getCACertificates();

type Headers = Readonly<Record<string, string>>;

/** What the site answers, by URL. */
let answers: Map<string, RequestListener>;
let requests: IncomingMessage[];
let now: number;
let url: string;
let host: string;
const servers: Server[] = [];

const listener: RequestListener = (request, response) => {
  requests.push(request);
  const answer = answers.get(request.url!);
  if (answer === undefined) {
    response.writeHead(500).end();
  } else {
    answer(request, response);
  }
};

async function started(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  process.env.AWS_ENDPOINT_URL = 'http://127.0.0.1:1';
  host = `127.0.0.1:${await started(createServer(listener))}`;
  url = `http://${host}`;
});

afterAll(async () => {
  await Promise.all(servers.map(server => new Promise(resolve => {
    server.close(resolve);
    server.closeAllConnections();
  })));
});

beforeEach(() => {
  answers = new Map();
  requests = [];
  now = NOW;
  jest.spyOn(Date, 'now').mockImplementation(() => now);
  const { lookup: resolve } = jest.requireActual<{ lookup: Lookup }>('dns');
  mockLookup.mockImplementation(resolve);
});

afterEach(() => {
  process.env.AWS_ENDPOINT_URL = 'http://127.0.0.1:1';
});

/** An answer that takes some time. */
function given(path: string, { status = 200, headers = {}, body = '', takes = 0 }: {
  readonly status?: number; readonly headers?: Headers; readonly body?: string | Buffer; readonly takes?: number;
} = {}): void {
  answers.set(path, (_, response) => {
    now += takes;
    response.writeHead(status, headers).end(body);
  });
}

function givenRedirect(path: string, to: string, headers: Headers = {}, takes = 0): void {
  given(path, { status: 302, headers: { location: to, ...headers }, takes });
}

/** A page that is never answered. Resolves when the visitor has gone. */
function givenHang(path: string): Promise<void> {
  return new Promise(resolve => answers.set(path, (_, response) => response.once('close', resolve)));
}

function visited(path = '/', wanted: Partial<Wanted> = {}, until = NOW + 60_000): Promise<Visit> {
  return visit(url + path, { hosts: new Set([host]), ...wanted }, until);
}

/** What keeps a page from being visited. */
async function problemOf(visiting: Promise<Visit>): Promise<Unvisited> {
  const error: unknown = await visiting.then(() => 'visited', thrown => thrown);
  expect(error).toBeInstanceOf(Unvisited);
  return error as Unvisited;
}

const asked = () => requests.map(request => request.url);

test('a visit tells what the edge says of its copy', async () => {
  given('/page?a=1', { headers: { 'x-cache': 'Hit from cloudfront', 'age': '100', 'x-amz-cf-pop': 'DUB56-P1' }, takes: 40 });
  expect(await visited('/page?a=1')).toEqual({
    url: `${url}/page?a=1`,
    status: 200,
    age: 100,
    cache: 'Hit from cloudfront',
    location: 'DUB56-P1',
    // An age is in whole seconds, and counts from when the request was sent at the earliest.
    madeAfter: NOW - 101_000,
    redirectsMadeAfter: Infinity,
    redirect: undefined,
    askedAt: NOW,
    answeredAt: NOW + 40,
    content: undefined,
  });
});

describe('a request', () => {
  test('is that of a browser that accepts a page and what it may be compressed with, and says who visits', async () => {
    given('/');
    await visited();
    const [{ method, headers }] = requests;
    expect(method).toBe('GET');
    expect(headers).toEqual({
      'host': host,
      'accept': expect.stringMatching(/^text\/html,.*\*\/\*/),
      'accept-encoding': 'gzip, br',
      'user-agent': expect.stringMatching(/^Mozilla\/5\.0 .*cdk-cloudfront-invalidation-stage/),
      'connection': 'close',
    });
  });

  test('has no cookies that an earlier answer set', async () => {
    givenRedirect('/', '/next', { 'set-cookie': 'session=1' });
    given('/next', { headers: { 'set-cookie': 'session=2' } });
    await visited();
    await visited('/next');
    expect(requests.map(({ headers }) => headers.cookie)).toEqual([undefined, undefined, undefined]);
  });

  test('has a connection of its own', async () => {
    const ports: (number | undefined)[] = [];
    answers.set('/', ({ socket }, response) => {
      ports.push(socket.remotePort);
      response.end();
    });
    await visited();
    await visited();
    expect(new Set(ports).size).toBe(2);
  });
});

describe('a copy', () => {
  const HIT = 'Hit from cloudfront';
  const MISS = 'Miss from cloudfront';

  test.each<[string, Headers, Partial<Visit>]>([
    ['of an age', { 'x-cache': HIT, 'age': '7' }, { age: 7, madeAfter: NOW - 8_000 }],
    ['of the age 0', { 'x-cache': HIT, 'age': '0' }, { age: 0, madeAfter: NOW - 1_000 }],
    ['from a regional cache', { 'x-cache': MISS, 'age': '3600' }, { age: 3_600, madeAfter: NOW - 3_601_000 }],
    ['from the origin', { 'x-cache': MISS }, { age: undefined, madeAfter: NOW - 1_000 }],
    ['that the origin has confirmed', { 'x-cache': 'RefreshHit from cloudfront' }, { age: undefined, madeAfter: NOW - 1_000 }],
    ['from the cache without an age', { 'x-cache': HIT }, { age: undefined, madeAfter: 0 }],
    ['from the cache without an age, in other letters', { 'x-cache': 'hit from CloudFront' }, { age: undefined, madeAfter: 0 }],
    ['of an age only', { age: '7' }, { age: 7, cache: '', madeAfter: NOW - 8_000 }],
    ['that tells nothing', {}, { age: undefined, cache: undefined, madeAfter: NOW - 1_000 }],
  ])('%s was made at the earliest when it says: %j', async (_, headers, expected) => {
    given('/', { headers, takes: 500 });
    expect(await visited()).toMatchObject(expected);
  });

  test.each(['', '-1', '1.5', '1e3', '0x10', ' 7 8', '7, 8', '7s', 's7', 'old', '2147483649', '99999999999999999999'])('whose age is no number of seconds, or too many, is as old as can be: %j', async age => {
    given('/', { headers: { 'x-cache': MISS, age } });
    expect(await visited()).toMatchObject({ age: 2 ** 31, madeAfter: NOW - (2 ** 31 + 1) * 1000 });
  });

  test('of the highest age has that', async () => {
    given('/', { headers: { age: '2147483647' } });
    expect((await visited()).age).toBe(2_147_483_647);
  });
});

describe('in a report', () => {
  test.each([
    ['is cut', 'x'.repeat(61), `${'x'.repeat(59)}…`],
    ['is whole where it is short enough', 'x'.repeat(60), 'x'.repeat(60)],
    ['has nothing but visible characters and spaces', 'Hit\tby\u00e9 ~!', 'Hit?by? ~!'],
    ['may be empty', '', ''],
  ])('X-Cache %s', async (_, xCache, expected) => {
    given('/', { headers: { 'x-cache': xCache } });
    expect((await visited()).cache).toBe(expected);
  });

  test.each([
    ['is cut', 'DUB56-P1DUB56-P1DUB56-P1', 'DUB56-P1DUB56-P1DUB5'],
    ['is one word of letters, digits and hyphens', 'DUB56-P1, <b>FRA\u00e9</b>', 'DUB56-P1bFRAb'],
    ['is unknown where nothing is left of it', ' , ', undefined],
  ])('the edge location %s', async (_, pop, expected) => {
    given('/', { headers: { 'x-amz-cf-pop': pop } });
    expect((await visited()).location).toBe(expected);
  });

  test('the edge location is unknown without its header', async () => {
    given('/');
    expect((await visited()).location).toBeUndefined();
  });
});

describe('the body', () => {
  const TEXT = 'some text, '.repeat(100);
  const measured = (bytes: string | Buffer) => ({ size: bytes.length, crc32: crc32(bytes) });

  test('is measured as it was sent and decoded', async () => {
    const body = gzipSync(TEXT);
    given('/', { headers: { 'content-encoding': 'gzip' }, body });
    expect((await visited('/', { maxBytes: TEXT.length })).content).toEqual({ sent: measured(body), decoded: measured(TEXT) });
  });

  test('is not read beyond what is wanted of it', async () => {
    given('/', { body: TEXT });
    expect((await visited('/', { maxBytes: 10 })).content?.decoded?.size).toBeGreaterThan(10);
    const gone = new Promise<void>(resolve => answers.set('/endless', (_, response) => {
      const write = () => {
        while (!response.destroyed && response.write(TEXT));
      };
      response.on('drain', write).once('close', resolve);
      write();
    }));
    expect((await visited('/endless', { maxBytes: 10 })).content?.sent.size).toBeGreaterThan(10);
    await gone;
  });

  test('of no bytes is wanted, too', async () => {
    given('/');
    expect((await visited('/', { maxBytes: 0 })).content).toEqual({ sent: { size: 0, crc32: 0 }, decoded: { size: 0, crc32: 0 } });
  });

  test('is not waited for where it is not wanted, and the connection is closed', async () => {
    const gone = new Promise<void>(resolve => answers.set('/', (_, response) => {
      response.once('close', resolve).write('a body that never ends');
    }));
    expect(await visited()).toMatchObject({ status: 200, content: undefined });
    await gone;
  });

  test.each([203, 404, 500])('of status %i is not that of the page', async status => {
    given('/', { status, body: TEXT });
    expect(await visited('/', { maxBytes: TEXT.length })).toMatchObject({ status, content: undefined });
  });

  test('that breaks off is a problem that may heal', async () => {
    answers.set('/', (_, response) => {
      response.writeHead(200, { 'content-length': 1_000 }).write('too short');
      setTimeout(() => response.destroy(), 10);
    });
    expect(await problemOf(visited('/', { maxBytes: 1_000 }))).toMatchObject({ mayHeal: true, message: `${host} cannot be visited: Error: aborted` });
  });
});

describe('a redirect', () => {
  test.each([301, 302, 303, 307, 308])('with status %i is followed', async status => {
    given('/a/b', { status, headers: { location: '../c?d=1' } });
    given('/c?d=1');
    expect(await visited('/a/b')).toMatchObject({ url: `${url}/c?d=1`, status: 200 });
  });

  test.each([200, 201, 300, 304, 404])('is none with status %i', async status => {
    given('/', { status, headers: { location: '/next' } });
    expect(await visited()).toMatchObject({ url: `${url}/`, status, redirectsMadeAfter: Infinity, redirect: undefined });
    expect(asked()).toEqual(['/']);
  });

  test.each([301, 302])('is none without a location, with status %i', async status => {
    given('/', { status });
    expect(await visited()).toMatchObject({ url: `${url}/`, status });
  });

  test('is as old as its headers say, and the page behind it has a time of its own', async () => {
    givenRedirect('/', '/page', { 'age': '50', 'x-cache': 'Hit from cloudfront' }, 3_000);
    given('/page', { headers: { 'x-cache': 'Miss from cloudfront' }, takes: 20 });
    expect(await visited()).toMatchObject({
      askedAt: NOW + 3_000,
      answeredAt: NOW + 3_020,
      madeAfter: NOW + 2_000,
      redirectsMadeAfter: NOW - 51_000,
      redirect: 'a redirect with Age 50 and X-Cache \'Hit from cloudfront\'',
    });
  });

  test('without an age is from the origin, unless it is a copy', async () => {
    givenRedirect('/', '/page', { 'x-cache': 'Miss from cloudfront' });
    givenRedirect('/copy', '/page', { 'x-cache': 'Hit from cloudfront' });
    given('/page');
    expect(await visited()).toMatchObject({ redirectsMadeAfter: NOW - 1_000, redirect: 'a redirect with Age 0 and X-Cache \'Miss from cloudfront\'' });
    expect(await visited('/copy')).toMatchObject({ redirectsMadeAfter: 0, redirect: 'a redirect with Age 0 and X-Cache \'Hit from cloudfront\'' });
  });

  test.each<[string, string, string, string]>([
    ['the first', '90', '50', '70'], ['the second', '50', '90', '70'], ['the last', '50', '70', '90'],
  ])('that is the oldest counts where there are several: %s', async (_, first, second, last) => {
    givenRedirect('/', '/second', { age: first });
    givenRedirect('/second', '/last', { age: second });
    givenRedirect('/last', '/page', { age: last });
    given('/page');
    expect(await visited()).toMatchObject({ redirectsMadeAfter: NOW - 91_000, redirect: 'a redirect with Age 90 and X-Cache \'\'' });
  });

  test('that is the first of two as old as each other is the one that is told', async () => {
    givenRedirect('/', '/next', { 'age': '9', 'x-cache': 'first' });
    givenRedirect('/next', '/page', { 'age': '9', 'x-cache': 'next' });
    given('/page');
    expect((await visited()).redirect).toContain('\'first\'');
  });

  test('may follow on another one, five times', async () => {
    [0, 1, 2, 3, 4].forEach(index => givenRedirect(`/${index}`, `/${index + 1}`));
    given('/5');
    expect(await visited('/0')).toMatchObject({ url: `${url}/5`, status: 200 });
  });

  test('that is the sixth is too many', async () => {
    givenRedirect('/', '/');
    expect(await problemOf(visited())).toMatchObject({ message: 'it redirects more than 5 times', mayHeal: false });
    expect(asked()).toEqual(Array(6).fill('/'));
  });

  test('may lead to another host of the site', async () => {
    const other = `localhost:${host.split(':')[1]}`;
    givenRedirect('/', `http://${other}/page`);
    given('/page');
    expect(await visited('/', { hosts: new Set([host, other]) })).toMatchObject({ url: `http://${other}/page`, status: 200 });
    expect(requests[1].headers.host).toBe(other);
  });

  test.each(['http://169.254.169.254/latest/meta-data/', 'https://www.example.com/', '//127.0.0.1:1/', 'https://[', 'mailto:a@example.com'])('does not lead elsewhere: %s', async to => {
    givenRedirect('/', to);
    expect(await problemOf(visited())).toMatchObject({ message: `it redirects to another host: '${to}'`, mayHeal: false });
    expect(mockLookup).not.toHaveBeenCalled();
  });

  test('does not lead to an address that must not be visited, even if it is one of the site\'s', async () => {
    givenRedirect('/', 'https://169.254.169.254/');
    expect(await problemOf(visited('/', { hosts: new Set(['169.254.169.254']) }))).toMatchObject({
      message: '169.254.169.254 cannot be visited: 169.254.169.254 is not a public address', mayHeal: false,
    });
  });
});

describe('a host', () => {
  test('that is not reached may be reached later', async () => {
    const closed = createServer();
    const port = await started(closed);
    await new Promise(resolve => closed.close(resolve));
    const problem = await problemOf(visit(`http://127.0.0.1:${port}/`, { hosts: new Set() }, NOW + 60_000));
    expect(problem).toMatchObject({ message: `127.0.0.1:${port} cannot be visited: Error: connect ECONNREFUSED 127.0.0.1:${port}`, mayHeal: true });
  });

  test('that hangs up may answer later', async () => {
    answers.set('/', (_, response) => response.destroy());
    expect(await problemOf(visited())).toMatchObject({ message: `${host} cannot be visited: Error: socket hang up`, mayHeal: true });
  });

  test('that speaks no HTTP may do so later', async () => {
    const at = `127.0.0.1:${await started(createServer().on('connection', socket => socket.end('nonsense\r\n\r\n')))}`;
    const problem = await problemOf(visit(`http://${at}/`, { hosts: new Set() }, NOW + 60_000));
    expect(problem).toMatchObject({ message: expect.stringMatching(`^${at} cannot be visited: Error: Parse Error`), mayHeal: true });
  });

  test('that nobody knows may be known later', async () => {
    mockLookup.mockImplementation((name, _, callback) => callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }), []));
    expect(await problemOf(visit('https://www.example.com/', { hosts: new Set() }, NOW + 60_000))).toMatchObject({
      message: 'www.example.com cannot be visited: Error: getaddrinfo ENOTFOUND www.example.com', mayHeal: true,
    });
  });

  test('whose name leads to a private address is not visited, and will not be', async () => {
    mockLookup.mockImplementation((_, __, callback) => callback(null, [{ address: '10.0.0.1', family: 4 }]));
    expect(await problemOf(visit('https://www.example.com/', { hosts: new Set() }, NOW + 60_000))).toMatchObject({
      message: 'www.example.com cannot be visited: www.example.com has no public address', mayHeal: false,
    });
  });

  test('on loopback is not visited, unless AWS is there, too', async () => {
    delete process.env.AWS_ENDPOINT_URL;
    given('/');
    expect(await problemOf(visited())).toMatchObject({ message: `${host} cannot be visited: 127.0.0.1 is not a public address`, mayHeal: false });
    expect(requests).toEqual([]);
  });

  test('whose error is long is told in short', async () => {
    mockLookup.mockImplementation((_, __, callback) => callback(new Error('x'.repeat(1_000)), []));
    const { message } = await problemOf(visit('https://www.example.com/', { hosts: new Set() }, NOW + 60_000));
    expect(message).toBe(`www.example.com cannot be visited: Error: ${'x'.repeat(292)}…`);
  });
});

describe('over TLS', () => {
  afterEach(() => setDefaultCACertificates(TRUSTED));

  async function givenTls(certificate: Certificate = CERTIFICATE): Promise<string> {
    return `localhost:${await started(createTlsServer(certificate, listener))}`;
  }

  const visitTls = (at: string, hosts = [at]) => visit(`https://${at}/`, { hosts: new Set(hosts) }, NOW + 60_000);

  /** A certificate that was made some days ago: it is good for thirty days. */
  function givenCertificate(days: number): Certificate {
    now = new Date().getTime() - days * 24 * 60 * 60 * 1000;
    return selfSignedCertificate();
  }

  test('a page is visited where the certificate is trusted', async () => {
    now = new Date().getTime();
    const at = await givenTls();
    setDefaultCACertificates([CERTIFICATE.cert]);
    given('/', { headers: { age: '1' } });
    expect(await visit(`https://${at}/`, { hosts: new Set() }, now + 60_000)).toMatchObject({ url: `https://${at}/`, status: 200, age: 1 });
  });

  test.each<[string, () => Promise<string>, RegExp]>([
    ['one that nobody trusts', () => givenTls(), /self-signed certificate/],
    ['one that has expired', async () => {
      const certificate = givenCertificate(40);
      setDefaultCACertificates([certificate.cert]);
      return givenTls(certificate);
    }, /certificate has expired/],
    ['one that is not valid yet', async () => {
      const certificate = givenCertificate(-10);
      setDefaultCACertificates([certificate.cert]);
      return givenTls(certificate);
    }, /certificate is not yet valid/],
    ['that of another host', async () => {
      setDefaultCACertificates([CERTIFICATE.cert]);
      mockLookup.mockImplementation((_, __, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]));
      return (await givenTls()).replace('localhost', 'www.example.com');
    }, /Hostname\/IP does not match certificate's altnames/],
    ['none, of a host that speaks no TLS', async () => `localhost:${host.split(':')[1]}`, /SSL|EPROTO|wrong version/i],
  ])('waiting does not fix a certificate: %s', async (_, givenHost, message) => {
    const at = await givenHost();
    now = NOW;
    const problem = await problemOf(visitTls(at));
    expect(problem.message).toMatch(message);
    expect(problem.message).toContain(`${at} cannot be visited: `);
    expect(problem.mayHeal).toBe(false);
    expect(requests).toEqual([]);
  });

  test('a redirect may not lead to a connection that is not encrypted', async () => {
    setDefaultCACertificates([CERTIFICATE.cert]);
    mockLookup.mockImplementation((_, __, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]));
    const at = await givenTls();
    givenRedirect('/', 'http://www.example.com/');
    expect(await problemOf(visitTls(at, [at, 'www.example.com']))).toMatchObject({
      message: 'www.example.com cannot be visited: the URL must use https:', mayHeal: false,
    });
  });
});

describe('the time', () => {
  test('is limited: a host that hangs is left, and may answer later', async () => {
    const gone = givenHang('/');
    expect(await problemOf(visited('/', {}, NOW + 100))).toMatchObject({ message: `${host} cannot be visited: Error: no response within 0 seconds`, mayHeal: true });
    await gone;
  }, 2_000);

  test('is limited for a body that does not end, too', async () => {
    const gone = new Promise<void>(resolve => answers.set('/', (_, response) => response.once('close', resolve).write('begun')));
    expect(await problemOf(visited('/', { maxBytes: 10 }, NOW + 100))).toMatchObject({ message: `${host} cannot be visited: Error: no response within 0 seconds` });
    await gone;
  }, 2_000);

  test('that is over leaves none for a request', async () => {
    given('/');
    expect(await problemOf(visited('/', {}, NOW))).toMatchObject({ message: `${host} cannot be visited: Error: no time was left for the call`, mayHeal: true });
    expect(requests).toEqual([]);
  });

  test.each<[number, string]>([
    [9_999, 'visited'], [10_000, 'no time was left'],
  ])('of ten seconds is for all redirects together: after %i milliseconds, %s', async (takes, outcome) => {
    givenRedirect('/', '/next', {}, 4_000);
    givenRedirect('/next', '/page', {}, takes - 4_000);
    answers.set('/page', (_, response) => response.end());
    expect(await visited().then(() => 'visited', (error: Unvisited) => error.message)).toContain(outcome);
  });
});
