import { describe, expect, it } from 'vitest';
import { type AllowedNetworks, describeAddress, networkRule } from '../../src/core/network-rules.ts';

function isAllowed(allowed: AllowedNetworks, address: string): boolean {
  return networkRule(allowed)(address);
}

describe('any', () => {
  it.each(['127.0.0.1', '10.0.0.1', '169.254.169.254', '8.8.8.8', '::1', 'fd00:ec2::254'])('allows %s', (address) => {
    expect(isAllowed('any', address)).toBe(true);
  });
});

describe('public', () => {
  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '172.15.255.255',
    '172.32.0.0',
    '100.63.255.255',
    '223.255.255.255',
    '2606:4700::1111',
  ])('allows %s', (address) => {
    expect(isAllowed(['public'], address)).toBe(true);
  });

  it.each([
    ['this network', '0.0.0.0'],
    ['this network', '0.1.2.3'],
    ['private', '10.0.0.1'],
    ['private', '172.16.0.1'],
    ['private', '172.31.255.255'],
    ['private', '192.168.1.1'],
    ['shared by carriers', '100.64.0.1'],
    ['loopback', '127.0.0.1'],
    ['loopback', '127.255.255.254'],
    ['link-local, cloud metadata', '169.254.169.254'],
    ['protocol assignments', '192.0.0.170'],
    ['documentation', '192.0.2.1'],
    ['6to4 relays', '192.88.99.1'],
    ['benchmarks', '198.19.255.255'],
    ['documentation', '198.51.100.1'],
    ['documentation', '203.0.113.1'],
    ['multicast', '224.0.0.1'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['unspecified', '::'],
    ['loopback', '::1'],
    ['loopback, mapped', '::ffff:127.0.0.1'],
    ['loopback, mapped', '::ffff:7f00:1'],
    ['private, mapped', '0:0:0:0:0:ffff:10.0.0.1'],
    ['loopback, IPv4-compatible', '::127.0.0.1'],
    ['NAT64', '64:ff9b::7f00:1'],
    ['local NAT64', '64:ff9b:1::1'],
    ['discard', '100::1'],
    ['Teredo', '2001::1'],
    ['documentation', '2001:db8::1'],
    ['6to4', '2002:7f00:1::'],
    ['documentation', '3fff::1'],
    ['segment routing', '5f00::1'],
    ['unique local', 'fc00::1'],
    ['unique local, cloud metadata', 'fd00:ec2::254'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%eth0'],
    ['old site-local', 'fec0::1'],
    ['multicast', 'ff02::1'],
  ])('does not allow %s: %s', (_, address) => {
    expect(isAllowed(['public'], address)).toBe(false);
  });

  it('allows an IPv4-mapped address as its IPv4 address', () => {
    expect(isAllowed(['public'], '::ffff:8.8.8.8')).toBe(true);
  });
});

describe('the other names', () => {
  it.each([
    ['private', ['10.1.2.3', '172.20.0.1', '192.168.0.1', '100.100.0.1', 'fd12::1', '::ffff:10.1.2.3']],
    ['loopback', ['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1']],
    ['link-local', ['169.254.1.1', 'fe80::1', 'fe80::1%eth0', 'febf::1']],
  ])('%s allows %j and nothing of the rest', (name, addresses) => {
    const others = ['8.8.8.8', '2606:4700::1111', '10.1.2.3', '127.0.0.1', '169.254.1.1', 'fd12::1', '::1', 'fe80::1'];
    for (const address of addresses) expect(isAllowed([name], address)).toBe(true);
    for (const address of others) expect(isAllowed([name], address)).toBe(addresses.includes(address));
  });
});

describe('no name lets in', () => {
  it.each([
    ['cloud metadata', '169.254.169.254'],
    ['cloud metadata, mapped', '::ffff:a9fe:a9fe'],
    ['cloud metadata among public addresses', '168.63.129.16'],
    ['cloud metadata among private addresses', '100.100.100.200'],
    ['cloud metadata among private addresses', 'fd00:ec2::254'],
    ['the end of an ISATAP tunnel', '2a00:1450::5efe:127.0.0.1'],
    ['the end of an ISATAP tunnel', 'fe80::200:5efe:10.0.0.1'],
  ])('%s: %s', (_, address) => {
    expect(isAllowed(['public', 'private', 'loopback', 'link-local'], address)).toBe(false);
    expect(isAllowed(['169.254.0.0/16', '168.63.129.16', '100.64.0.0/10', '::/0'], address)).toBe(true);
  });
});

describe('an address is told with what it is and what lets it in', () => {
  it.each([
    ['8.8.8.8', 'public', 'public'],
    ['127.0.0.1', 'loopback', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback', 'loopback'],
    ['fd00::1', 'private', 'private'],
    ['fe80::1%eth0', 'link-local', 'link-local'],
    ['0.0.0.0', 'unspecified', '0.0.0.0'],
    ['::ffff:169.254.169.254', 'cloud metadata', '169.254.169.254'],
    ['fe80::5efe:10.0.0.1%eth0', 'a way to an IPv4 address', 'fe80::5efe:10.0.0.1'],
    ['2002::1', 'a way to an IPv4 address', '2002::1'],
    ['2001:4::1', 'for special use', '2001:4::1'],
    ['4000::1', 'not handed out', '4000::1'],
  ])('%s', (address, kind, entry) => {
    expect(describeAddress(address)).toEqual({ kind, entry });
    expect(networkRule([entry])(address)).toBe(true);
  });

  it('but for what is none', () => {
    expect(describeAddress('example.com')).toEqual({ kind: 'no IP address', entry: 'example.com' });
  });
});

describe('addresses and blocks', () => {
  it.each<[allowed: string, inside: string, outside: string]>([
    ['192.0.2.7', '192.0.2.7', '192.0.2.8'],
    ['10.20.0.0/16', '10.20.255.1', '10.21.0.0'],
    ['10.20.30.40/16', '10.20.0.1', '10.21.0.0'],
    ['0.0.0.0/0', '8.8.8.8', '2606:4700::1111'],
    ['2001:db8::/32', '2001:db8:ffff::1', '2001:db9::1'],
    ['::1', '::1', '::2'],
    ['::/0', 'fe80::1', '127.0.0.1'],
    ['10.0.0.0/8', '::ffff:10.0.0.1', '::ffff:11.0.0.1'],
    ['::/0', '::1', '::ffff:127.0.0.1'],
  ])('%s allows %s, not %s', (allowed, inside, outside) => {
    expect(isAllowed([allowed], inside)).toBe(true);
    expect(isAllowed([allowed], outside)).toBe(false);
  });

  it('add up', () => {
    const allowed = networkRule(['public', 'loopback', '10.0.0.0/8']);
    expect(['8.8.8.8', '127.0.0.1', '10.9.8.7', '192.168.0.1'].map(allowed)).toEqual([true, true, true, false]);
  });
});

it.each(['', 'localhost', '127.1', '0x7f000001', '017700000001', '[::1]', '127.0.0.1:80'])(
  'what is not an IP address is not allowed: %j',
  (text) => {
    expect(isAllowed(['public', 'loopback', 'private', 'link-local', '0.0.0.0/0', '::/0'], text)).toBe(false);
  },
);

describe('a wrong entry is refused with its place', () => {
  it.each<[entry: unknown]>([
    ['internal'],
    ['any'],
    ['constructor'],
    [''],
    ['10.0.0.0/33'],
    ['10.0.0.0/'],
    ['10.0.0.0/8/8'],
    ['10.0.0.0/-1'],
    ['10.0.0'],
    ['010.0.0.1'],
    ['::/129'],
    ['fe80::1%eth0'],
    ['::ffff:10.0.0.0/104'],
    ['example.com'],
    [' 10.0.0.1'],
    [7],
    [null],
    [undefined],
  ])('%j', (entry) => {
    expect(() => networkRule(['loopback', entry] as AllowedNetworks)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_VALUE', field: 'allowedNetworks[1]' }),
    );
  });

  it.each<[value: unknown]>([[[]], [''], ['everywhere'], [{}], [null], [7]])(
    'or, when it is no list, as a whole: %j',
    (value) => {
      expect(() => networkRule(value as AllowedNetworks)).toThrow(
        expect.objectContaining({ code: 'ERR_CONFIG_VALUE', field: 'allowedNetworks' }),
      );
    },
  );

  it('one network need not stand in a list', () => {
    expect(networkRule('loopback')('127.0.0.1')).toBe(true);
    expect(networkRule('loopback')('10.0.0.1')).toBe(false);
  });
});
