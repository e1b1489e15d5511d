import { lookup, type LookupAddress, type LookupOptions } from 'dns';
import { BlockList, isIP, isIPv6, type LookupFunction } from 'net';
import { isLoopbackName } from '../../contract';

/**
 * Addresses that look public but do not belong to a public website.
 *
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const SPECIAL = new BlockList();
const SPECIAL_IPV4 = [
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.31.196.0/24',
  '192.52.193.0/24', '192.88.99.0/24', '192.168.0.0/16', '192.175.48.0/24', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4',
];
const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20'];

/** The global unicast range of IPv6. Link-local, unique local, multicast and reserved addresses are outside it. */
const GLOBAL_IPV6 = new BlockList();
GLOBAL_IPV6.addSubnet('2000::', 3, 'ipv6');

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

for (const [family, subnets] of [['ipv4', SPECIAL_IPV4], ['ipv6', SPECIAL_IPV6]] as const) {
  for (const subnet of subnets) {
    const [address, prefix] = subnet.split('/');
    SPECIAL.addSubnet(address, Number(prefix), family);
  }
}

/** The address must not be visited: a check must not reach the function's VPC or Lambda's own endpoints. */
export class Forbidden extends Error {}

/** Whether an address is on the public internet. */
export function isPublic(address: string): boolean {
  if (!isIPv6(address)) {
    return isIP(address) === 4 && !SPECIAL.check(address, 'ipv4');
  }
  const embedded = embeddedIpv4(address);
  return embedded === undefined ? GLOBAL_IPV6.check(address, 'ipv6') && !SPECIAL.check(address, 'ipv6') : isPublic(embedded);
}

/** The IPv4 address inside an IPv6 address: IPv4-mapped, or reached through NAT64. */
function embeddedIpv4(address: string): string | undefined {
  const canonical = URL.parse(`http://[${address}]`)?.hostname ?? '';
  const [, high, low] = /^\[(?:::ffff:|64:ff9b::)(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})\]$/.exec(canonical) ?? [];
  if (low === undefined) {
    return undefined;
  }
  const digits = (high ?? '').padStart(4, '0') + low.padStart(4, '0');
  return digits.match(/../g)!.map(byte => parseInt(byte, 16)).join('.');
}

/** Whether AWS itself is on loopback, as in the sandbox. Then the website may be, too. */
export function isOnLoopback(environment: NodeJS.ProcessEnv): boolean {
  const endpoints = Object.entries(environment).filter(([name]) => /^AWS_ENDPOINT_URL(_|$)/.test(name)).map(([, url]) => url ?? '');
  return endpoints.length > 0 && endpoints.every(url => isLoopbackName(URL.parse(url)?.hostname ?? ''));
}

/** Decides which addresses may be visited. */
export class Addresses {
  constructor(private readonly admitsLoopback: boolean) {}

  admits(address: string): boolean {
    return isPublic(address) || (this.admitsLoopback && LOOPBACK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4'));
  }

  /** @throws Forbidden if the host is an IP address, which is never looked up, that must not be visited; or if the connection is not encrypted */
  check({ protocol, hostname }: URL): void {
    const address = hostname.replace(/^\[|\]$/g, '');
    if (isIP(address) !== 0 && !this.admits(address)) {
      throw new Forbidden(`${address} is not a public address`);
    }
    if (protocol !== 'https:' && !(this.admitsLoopback && isLoopbackName(hostname))) {
      throw new Forbidden('the URL must use https:');
    }
  }

  /** Resolves a name for the socket itself, so the socket connects to the address that was checked. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true } satisfies LookupOptions, (error, addresses: LookupAddress[]) => {
      const admitted = error === null ? addresses.filter(({ address }) => this.admits(address)) : [];
      if (error === null && admitted.length === 0) {
        // Someone who can only edit a pipeline must not learn the private address.
        callback(new Forbidden(`${hostname} has no public address`), '');
      } else if (error !== null || options.all) {
        callback(error, admitted);
      } else {
        callback(null, admitted[0].address, admitted[0].family);
      }
    });
  };
}
