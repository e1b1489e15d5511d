import type { LookupAddress } from 'dns';
import { Addresses, Forbidden, isOnLoopback, isPublic } from '../../../src/handler/freshness/addresses';

const mockLookup = jest.fn<void, [string, object, (error: Error | null, addresses: LookupAddress[]) => void]>();
jest.mock('dns', () => ({ lookup: (...args: Parameters<typeof mockLookup>) => mockLookup(...args) }));

const PUBLIC = [
  '1.1.1.1', '9.255.255.255', '11.0.0.0', '13.224.0.1', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.0', '169.253.255.255', '169.255.0.0',
  '172.15.255.255', '172.32.0.0', '192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0', '223.255.255.255',
  '2600:9000::1', '2a00:1450:4001:81b::200e', '2001:200::1', '2003::1', '::ffff:1.1.1.1', '::ffff:0101:0101', '64:ff9b::1.1.1.1', '64:ff9b::101:101',
];

const SPECIAL: [string, string][] = [
  ['this host', '0.0.0.0'], ['this network', '0.255.255.255'], ['private', '10.0.0.0'], ['private', '10.255.255.255'], ['private', '172.16.0.0'],
  ['private', '172.31.255.255'], ['private', '192.168.0.1'], ['carrier-grade NAT', '100.64.0.0'], ['carrier-grade NAT', '100.127.255.255'],
  ['loopback', '127.0.0.1'], ['loopback', '127.255.255.255'], ['link-local', '169.254.0.1'], ['metadata of EC2', '169.254.169.254'],
  ['metadata of ECS', '169.254.170.2'], ['Lambda itself', '169.254.100.1'], ['metadata elsewhere', '100.100.100.200'], ['protocols', '192.0.0.8'],
  ['documentation', '192.0.2.1'], ['documentation', '198.51.100.1'], ['documentation', '203.0.113.1'], ['relays', '192.88.99.1'],
  ['benchmarks', '198.18.0.1'], ['benchmarks', '198.19.255.255'], ['multicast', '224.0.0.1'], ['multicast', '239.255.255.255'], ['reserved', '240.0.0.1'],
  ['broadcast', '255.255.255.255'],
  ['unspecified', '::'], ['loopback', '::1'], ['mapped loopback', '::ffff:127.0.0.1'], ['mapped private', '::ffff:a00:1'], ['mapped private, written out', '0:0:0:0:0:ffff:0a00:0001'],
  ['mapped metadata', '::FFFF:169.254.169.254'], ['mapped zero', '::ffff:0:0'], ['compatible', '::10.0.0.1'], ['NAT64 of a private one', '64:ff9b::10.0.0.1'],
  ['NAT64 of metadata', '64:ff9b::a9fe:a9fe'], ['NAT64 of zero', '64:ff9b::'], ['local NAT64', '64:ff9b:1::1'], ['unique local', 'fc00::1'], ['unique local', 'fdff::1'],
  ['metadata of EC2', 'fd00:ec2::254'], ['link-local', 'fe80::1'], ['link-local with a zone', 'fe80::1%eth0'], ['site-local', 'fec0::1'], ['multicast', 'ff02::1'],
  ['Teredo', '2001::1'], ['ORCHID', '2001:20::1'], ['documentation', '2001:db8::1'], ['6to4', '2002:7f00:1::1'], ['documentation', '3fff::1'],
  ['discarded', '100::1'], ['segment routing', '5f00::1'], ['no address', 'localhost'], ['nothing', ''],
];

test.each(PUBLIC)('%s is public', address => {
  expect(isPublic(address)).toBe(true);
});

test.each(SPECIAL)('%s is not public: %s', (_, address) => {
  expect(isPublic(address)).toBe(false);
});

describe('a host that is an address by itself', () => {
  test.each(['https://127.0.0.1/', 'https://[::1]/', 'https://0x7f.1/', 'https://2130706433/', 'https://169.254.169.254/', 'https://[::ffff:10.0.0.1]/', 'https://10.1/'])('%s is forbidden', url => {
    expect(() => new Addresses(false).check(new URL(url))).toThrow(Forbidden);
  });

  test.each(['https://1.1.1.1/', 'https://[2600:9000::1]/', 'https://www.example.com/'])('%s is not', url => {
    expect(() => new Addresses(false).check(new URL(url))).not.toThrow();
  });

  test.each(['http://www.example.com/', 'http://1.1.1.1/', 'http://localhost/'])('%s is not encrypted', url => {
    expect(() => new Addresses(false).check(new URL(url))).toThrow('the URL must use https:');
  });
});

describe('where AWS is on loopback', () => {
  const addresses = new Addresses(true);

  test.each(['http://127.0.0.1:8080/', 'http://[::1]/', 'http://localhost/', 'https://127.0.0.1/', 'https://1.1.1.1/'])('%s may be visited', url => {
    expect(() => addresses.check(new URL(url))).not.toThrow();
  });

  test.each(['http://169.254.169.254/', 'https://169.254.169.254/', 'https://10.0.0.1/', 'http://1.1.1.1/', 'http://www.example.com/'])('%s may not', url => {
    expect(() => addresses.check(new URL(url))).toThrow(Forbidden);
  });

  test.each([
    [{}, false],
    [{ AWS_REGION: 'eu-west-1' }, false],
    [{ AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }, true],
    [{ AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1', AWS_ENDPOINT_URL_STS: 'http://[::1]:2' }, true],
    [{ AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1', AWS_ENDPOINT_URL_STS: 'https://sts.example.com' }, false],
    [{ AWS_ENDPOINT_URL_S3: 'https://127.0.0.1.example.com' }, false],
    [{ AWS_ENDPOINT_URL_S3: 'nonsense' }, false],
    [{ AWS_ENDPOINT_URL_S3: undefined }, false],
    [{ AWS_ENDPOINT_URLS: 'http://127.0.0.1' }, false],
  ])('%j: %s', (environment, expected) => {
    expect(isOnLoopback(environment)).toBe(expected);
  });
});

describe('a name', () => {
  function resolve(answer: LookupAddress[] | Error, options: object): Promise<unknown> {
    mockLookup.mockImplementation((_, __, callback) => answer instanceof Error ? callback(answer, []) : callback(null, answer));
    return new Promise((fulfil, reject) => new Addresses(false).lookup('www.example.com', options, (error, ...found) => error === null ? fulfil(found) : reject(error)));
  }
  const at = (...addresses: string[]) => addresses.map(address => ({ address, family: address.includes(':') ? 6 : 4 }));

  test('leads to its public addresses only', async () => {
    expect(await resolve(at('10.0.0.1', '1.1.1.1', '::1', '2600:9000::1'), { all: true })).toEqual([at('1.1.1.1', '2600:9000::1')]);
    expect(await resolve(at('10.0.0.1', '1.1.1.1'), {})).toEqual(['1.1.1.1', 4]);
  });

  test('of private addresses is forbidden, and does not say which', async () => {
    const resolving = resolve(at('169.254.169.254', 'fd00::1'), { all: true });
    await expect(resolving).rejects.toThrow(new Forbidden('www.example.com has no public address'));
    await expect(resolving).rejects.toBeInstanceOf(Forbidden);
  });

  test('that nobody knows is an error of the resolver', async () => {
    await expect(resolve(new Error('getaddrinfo ENOTFOUND'), { all: true })).rejects.toThrow('getaddrinfo ENOTFOUND');
  });

  test('is asked for with the options of the socket, and for all of its addresses', async () => {
    await resolve(at('1.1.1.1'), { family: 4, hints: 1 });
    expect(mockLookup).toHaveBeenLastCalledWith('www.example.com', { family: 4, hints: 1, all: true }, expect.anything());
  });
});
