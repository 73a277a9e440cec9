import { describe, expect, test } from 'vitest';
import { type IpAddress, isIsatap, parseAddress } from '../../src/core/ip-address.ts';

describe('an IP address', () => {
  test.each([
    ['8.8.8.8', 'ipv4'],
    ['2001:db8::1', 'ipv6'],
    ['::', 'ipv6'],
    ['1:2:3:4:5:6:7:8', 'ipv6'],
    ['::8.8.8.8', 'ipv6'],
  ])('%s is of the family %s', (text, family) => {
    expect(parseAddress(text)).toEqual({ address: text, family });
  });

  test.each(['::ffff:8.9.10.11', '::FFFF:809:a0b', '0:0:0:0:0:ffff:8.9.10.11'])('%s is an IPv4 address', (text) => {
    expect(parseAddress(text)).toEqual({ address: '8.9.10.11', family: 'ipv4' });
  });

  test.each(['1::ffff:8.9.10.11', '::1:ffff:8.9.10.11', '::fffe:8.9.10.11'])('%s is none that is mapped', (text) => {
    expect(parseAddress(text)).toEqual({ address: text, family: 'ipv6' });
  });

  test.each(['fe80::1%eth0', 'fe80::1%'])('%s goes without its zone', (text) => {
    expect(parseAddress(text)).toEqual({ address: 'fe80::1', family: 'ipv6' });
  });

  test.each(['', 'localhost', '8.8.8', '08.8.8.8', '[::1]', '1:2', 'crm.example.com', '%eth0'])(
    '%j is none',
    (text) => {
      expect(parseAddress(text)).toBeNull();
    },
  );
});

describe('the address of an ISATAP tunnel (RFC 5214)', () => {
  const parsed = (text: string): IpAddress => parseAddress(text) as IpAddress;

  test.each(['fe80::5efe:10.1.2.3', 'fe80::200:5efe:8.8.8.8', '2001:db8:1:2:0:5efe:a01:203'])('can be %s', (text) => {
    expect(isIsatap(parsed(text))).toBe(true);
  });

  test.each(['fe80::100:5efe:8.8.8.8', 'fe80::200:5eff:8.8.8.8', '2001:db8:0:5efe::1', '::1', '94.254.0.1'])(
    'is not %s',
    (text) => {
      expect(isIsatap(parsed(text))).toBe(false);
    },
  );
});
