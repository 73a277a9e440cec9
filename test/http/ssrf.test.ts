import type { LookupFunction } from 'node:net';
import { describe, expect, it, test } from 'vitest';
import { networkRule } from '../../src/core/network-rules.ts';
import { parseHttpRecipient } from '../../src/core/parse-recipient.ts';
import { supportSessionEvents } from '../../src/core/support-session.ts';
import { httpRecipient } from '../../src/testing/builders.ts';
import { refusal } from '../core/refusal.ts';
import { httpReceiver, httpTransport } from './receivers.ts';
import { codeOf, send } from './sending.ts';
import { sentinel } from './sentinel.ts';

/** Hosts of URLs, what they are, and the entry of `allowedNetworks` that lets them in where that is not what they are. */
const outside: readonly [host: string, kind: string, entry?: string][] = [
  // Spellings of 127.0.0.1 and its like.
  ['127.0.0.1', 'loopback'],
  ['127.0.0.1.', 'loopback'],
  ['127.1', 'loopback'],
  ['127.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['2130706433', 'loopback'],
  ['0x7f000001', 'loopback'],
  ['0X7F000001', 'loopback'],
  ['0x7f.1', 'loopback'],
  ['0x7f.0.0.0x1', 'loopback'],
  ['0x7f.0x0.0x0.0x1', 'loopback'],
  ['017700000001', 'loopback'],
  ['0177.1', 'loopback'],
  ['0177.0.0.01', 'loopback'],
  ['00000177.0x0.0.1', 'loopback'],
  ['127。0。0。1', 'loopback'],
  ['127．0．0．1', 'loopback'],
  ['127｡0｡0｡1', 'loopback'],
  ['１２７.0.0.1', 'loopback'],
  ['①②⑦.⓪.⓪.①', 'loopback'],
  ['%31%32%37.0.0.1', 'loopback'],
  ['127%2e0%2e0%2e1', 'loopback'],
  ['127.0.0.1%2e', 'loopback'],
  ['127.0.0\u00ad.1', 'loopback'],
  ['user@127.0.0.1', 'loopback'],
  ['crm.example.com@127.0.0.1', 'loopback'],
  ['crm.example.com:443@127.0.0.1', 'loopback'],
  ['a@b@127.0.0.1', 'loopback'],
  ['crm.example.com%23@127.0.0.1', 'loopback'],
  ['[::1]', 'loopback'],
  ['[0:0:0:0:0:0:0:1]', 'loopback'],
  ['[0000::0001]', 'loopback'],
  ['[::ffff:127.0.0.1]', 'loopback'],
  ['[::FFFF:7F00:1]', 'loopback'],
  ['[0:0:0:0:0:ffff:7f00:0001]', 'loopback'],
  ['localhost', 'loopback'],
  ['LOCALHOST', 'loopback'],
  ['localhost.', 'loopback'],
  ['localhost%2e', 'loopback'],
  ['ⓛocalhost', 'loopback'],
  ['local%68ost', 'loopback'],
  ['crm.localhost', 'loopback'],
  ['crm.localhost.', 'loopback'],
  ['crm。localhost', 'loopback'],
  // Addresses that mean this machine, too.
  ['0', 'unspecified', '0.0.0.0'],
  ['0.0.0.0', 'unspecified', '0.0.0.0'],
  ['0x0', 'unspecified', '0.0.0.0'],
  ['0.1.2.3', 'unspecified', '0.1.2.3'],
  ['[::]', 'unspecified', '::'],
  ['[::ffff:0.0.0.0]', 'unspecified', '0.0.0.0'],
  // IPv6 addresses with 127.0.0.1 inside.
  ['[::127.0.0.1]', 'a way to an IPv4 address', '::7f00:1'],
  ['[::ffff:0:127.0.0.1]', 'a way to an IPv4 address', '::ffff:0:7f00:1'],
  ['[64:ff9b::127.0.0.1]', 'a way to an IPv4 address', '64:ff9b::7f00:1'],
  ['[64:ff9b:1::127.0.0.1]', 'a way to an IPv4 address', '64:ff9b:1::7f00:1'],
  ['[64:ff9b:1:ffff::1]', 'a way to an IPv4 address', '64:ff9b:1:ffff::1'],
  ['[2002:7f00:1::]', 'a way to an IPv4 address', '2002:7f00:1::'],
  ['[2002:a9fe:a9fe::1]', 'a way to an IPv4 address', '2002:a9fe:a9fe::1'],
  ['[2001::1]', 'a way to an IPv4 address', '2001::1'],
  ['[2001:0:7f00:1:0:ffff:80ff:fffe]', 'a way to an IPv4 address', '2001:0:7f00:1:0:ffff:80ff:fffe'],
  ['[2a00:1450::5efe:127.0.0.1]', 'a way to an IPv4 address', '2a00:1450::5efe:7f00:1'],
  ['[2a00:1450::200:5efe:10.0.0.1]', 'a way to an IPv4 address', '2a00:1450::200:5efe:a00:1'],
  ['[fe80::5efe:10.0.0.1]', 'a way to an IPv4 address', 'fe80::5efe:a00:1'],
  ['[fd00::200:5efe:127.0.0.1]', 'a way to an IPv4 address', 'fd00::200:5efe:7f00:1'],
  ['192.88.99.1', 'a way to an IPv4 address', '192.88.99.1'],
  // Where clouds tell their machines keys.
  ['169.254.169.254', 'cloud metadata', '169.254.169.254'],
  ['2852039166', 'cloud metadata', '169.254.169.254'],
  ['0xa9fea9fe', 'cloud metadata', '169.254.169.254'],
  ['0251.0376.0251.0376', 'cloud metadata', '169.254.169.254'],
  ['[::ffff:169.254.169.254]', 'cloud metadata', '169.254.169.254'],
  ['[::ffff:a9fe:a9fe]', 'cloud metadata', '169.254.169.254'],
  ['169.254.170.2', 'cloud metadata', '169.254.170.2'],
  ['169.254.170.23', 'cloud metadata', '169.254.170.23'],
  ['100.100.100.200', 'cloud metadata', '100.100.100.200'],
  ['168.63.129.16', 'cloud metadata', '168.63.129.16'],
  ['192.0.0.192', 'cloud metadata', '192.0.0.192'],
  ['[fd00:ec2::254]', 'cloud metadata', 'fd00:ec2::254'],
  ['[fd00:0ec2:0::0254]', 'cloud metadata', 'fd00:ec2::254'],
  ['[fd00:ec2::23]', 'cloud metadata', 'fd00:ec2::23'],
  ['[fd20:ce::254]', 'cloud metadata', 'fd20:ce::254'],
  // Other networks of one's own.
  ['10.0.0.0', 'private'],
  ['10.255.255.255', 'private'],
  ['10.1', 'private'],
  ['0xa000001', 'private'],
  ['172.16.0.0', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.0.1', 'private'],
  ['192.168.257', 'private'],
  ['3232235777', 'private'],
  ['100.64.0.0', 'private'],
  ['100.127.255.255', 'private'],
  ['[::ffff:10.0.0.1]', 'private'],
  ['[fc00::1]', 'private'],
  ['[fdff:ffff::1]', 'private'],
  ['169.254.0.1', 'link-local'],
  ['169.254.169.253', 'link-local'],
  ['[fe80::1]', 'link-local'],
  ['[febf::1]', 'link-local'],
  // The rest of the registries.
  ['192.0.0.1', 'for special use', '192.0.0.1'],
  ['192.0.0.170', 'for special use', '192.0.0.170'],
  ['192.31.196.1', 'for special use', '192.31.196.1'],
  ['192.52.193.1', 'for special use', '192.52.193.1'],
  ['192.175.48.1', 'for special use', '192.175.48.1'],
  ['[100::1]', 'for special use', '100::1'],
  ['[100:0:0:1::1]', 'for special use', '100:0:0:1::1'],
  ['[2001:1::1]', 'for special use', '2001:1::1'],
  ['[2001:20::1]', 'for special use', '2001:20::1'],
  ['[2001:1ff:ffff::1]', 'for special use', '2001:1ff:ffff::1'],
  ['[2620:4f:8000::1]', 'for special use', '2620:4f:8000::1'],
  ['[5f00::1]', 'for special use', '5f00::1'],
  ['192.0.2.1', 'for documentation', '192.0.2.1'],
  ['198.51.100.1', 'for documentation', '198.51.100.1'],
  ['203.0.113.255', 'for documentation', '203.0.113.255'],
  ['[2001:db8::1]', 'for documentation', '2001:db8::1'],
  ['[3fff::1]', 'for documentation', '3fff::1'],
  ['[3fff:fff:ffff::1]', 'for documentation', '3fff:fff:ffff::1'],
  ['198.18.0.0', 'for benchmarks', '198.18.0.0'],
  ['198.19.255.255', 'for benchmarks', '198.19.255.255'],
  ['[2001:2::1]', 'for benchmarks', '2001:2::1'],
  ['224.0.0.1', 'multicast', '224.0.0.1'],
  ['239.255.255.255', 'multicast', '239.255.255.255'],
  ['[ff02::1]', 'multicast', 'ff02::1'],
  ['240.0.0.1', 'reserved', '240.0.0.1'],
  ['255.255.255.255', 'reserved', '255.255.255.255'],
  ['4294967295', 'reserved', '255.255.255.255'],
  ['037777777777', 'reserved', '255.255.255.255'],
  ['[fec0::1]', 'reserved', 'fec0::1'],
  ['[4000::1]', 'not handed out', '4000::1'],
  ['[8000::1]', 'not handed out', '8000::1'],
];

/** The same from the other side: addresses just beside those, which are public. */
const inside: readonly string[] = [
  ...['1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255'],
  ...['128.0.0.0', '168.63.129.15', '169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0'],
  ...['191.255.255.255', '192.0.1.0', '192.0.3.0', '192.88.98.1', '192.167.255.255', '192.169.0.0'],
  ...['198.17.255.255', '198.20.0.0', '198.51.99.1', '203.0.112.1', '223.255.255.255', '134744072', '0x08080808'],
  ...['[2001:200::1]', '[2001:4860:4860::8888]', '[2001:db9::1]', '[2003::1]', '[2606:4700::1111]'],
  ...['[2a00:1450::5eff:1.2.3.4]', '[3ffe:ffff::1]', '[::ffff:8.8.8.8]'],
];

/** What the URL class, or the check of the setting, does not take for a URL at all. */
const refused: readonly string[] = [
  ...['http://[localhost]/', 'http://[127.0.0.1]/', 'http://[example.com]/', 'http://[::1].example.com/'],
  ...[
    'http://[::1%25lo]/',
    'http://[fe80::1%25eth0]/',
    'http://256.256.256.256/',
    'http://1.2.3.4.5/',
    'http://0x/x y',
  ],
  ...['http://127.0.0.1%00/', 'http://127.0.0.1%09/', 'http://127.0.0.1%20/', 'http://127.0.0.1%2f@crm.example/#@'],
  ...['http://crm.example.com\\@127.0.0.1/', 'http:\\\\127.0.0.1/', 'http://127.0.0.1\\.example.com/'],
  ...['http://loc\talhost/', 'http://127.0\n.0.1/', '\thttp://127.0.0.1/', 'http:127.0.0.1', 'http:/127.0.0.1'],
  ...[
    'http:///127.0.0.1',
    '//127.0.0.1/',
    'http://127.0.0.1:80:80/',
    'http://127.0.0.1:0/',
    'http://:80/',
    'http://@/',
  ],
  ...['ftp://127.0.0.1/', 'file:///etc/passwd', 'gopher://127.0.0.1/', 'unix:/run/x.sock', 'javascript:alert(1)'],
];

/** Names, however they look: it is their addresses that count. */
const names: readonly (readonly [host: string, name: string])[] = [
  ['crm.example.com', 'crm.example.com'],
  ['crm.example.com.', 'crm.example.com.'],
  ['crm。example。com', 'crm.example.com'],
  ['127.0.0.1.example.com', '127.0.0.1.example.com'],
  ['127.0.0.1:pass@crm.example.com', 'crm.example.com'],
  ['127.0.0.1%2f@crm.example.com', 'crm.example.com'],
  ['[::1]@crm.example.com', 'crm.example.com'],
  ['127.0.0.1..', '127.0.0.1..'],
  ['localhost..', 'localhost..'],
  ['localhost.example.com', 'localhost.example.com'],
  ['notlocalhost', 'notlocalhost'],
  ['xn--9h8h', 'xn--9h8h'],
];

describe.each(['http', 'https'])('S1, S3: a host of %s outside the allowed networks', (scheme) => {
  it.each(outside)(
    '%s is %s: refused when it is given, and never connected to',
    async (...[host, kind, entry = kind]) => {
      const transport = httpTransport({ allowedNetworks: 'public' });
      const trap = await sentinel();
      const recipient = httpRecipient({ url: `${scheme}://${host}:${trap.port}/secret?secret=1` });
      const { code, field, message } = refusal(() => transport.check(recipient));
      expect({ code, field }).toEqual({ code: 'ERR_CONFIG_URL', field: 'url' });
      expect(message).toMatch(
        /^url must be inside the allowed networks; \S+ is [\w -]+: add "[\w.:-]+" to allowedNetworks/i,
      );
      expect(message).toContain(`is ${kind}: add "${entry}" to allowedNetworks to allow it`);
      expect(message).not.toMatch(/secret|@/);
      const opened = httpTransport({ allowedNetworks: ['public', entry] });
      expect(() => opened.check(recipient)).not.toThrow();

      const leadsHere = ['loopback', 'unspecified'].includes(kind) || /127\.0\.0\.1|7f00/.test(host);
      if (!leadsHere) return;
      // As in a recipient that was stored under other rules.
      const lookup: LookupFunction = (_hostname, _options, callback) => callback(null, '127.0.0.1', 4);
      expect(codeOf(await send(httpTransport({ allowedNetworks: 'public', lookup }), recipient))).toBe(
        'ADDRESS_BLOCKED',
      );
      expect(await trap.connections()).toBe(0);
    },
  );

  it.each(names)('cannot hide behind the name %s, which is looked up as %s', async (host, name) => {
    const trap = await sentinel();
    const asked: string[] = [];
    const lookup: LookupFunction = (hostname, _options, callback) => {
      asked.push(hostname);
      callback(null, [
        { address: '127.0.0.1', family: 4 },
        { address: '::1', family: 6 },
        { address: '::ffff:127.0.0.1', family: 6 },
        { address: '0.0.0.0', family: 4 },
      ]);
    };
    const transport = httpTransport({ allowedNetworks: 'public', lookup });
    const recipient = httpRecipient({ url: `${scheme}://${host}:${trap.port}/` });
    expect(() => transport.check(recipient)).not.toThrow();
    expect(codeOf(await send(transport, recipient))).toBe('ADDRESS_BLOCKED');
    expect(asked).toEqual([name]);
    expect(await trap.connections()).toBe(0);
  });
});

it.each(inside)('S1: %s is public', (host) => {
  expect(() =>
    httpTransport({ allowedNetworks: 'public' }).check(httpRecipient({ url: `http://${host}/` })),
  ).not.toThrow();
  expect(networkRule('public')(new URL(`http://${host}/`).hostname.replace(/^\[|\]$/g, ''))).toBe(true);
});

it.each(refused)('S3: %j is no URL of a recipient', (url) => {
  const { code, field } = refusal(() => parseHttpRecipient({ name: 'CRM', url, events: '*' }, supportSessionEvents));
  expect({ code, field }).toEqual({ code: 'ERR_CONFIG_URL', field: 'url' });
});

test('S1: without a setting, only public addresses are allowed', async () => {
  const { url, requests } = await httpReceiver((_, response) => response.end());
  const transport = httpTransport({ allowedNetworks: undefined });
  expect(refusal(() => transport.check(httpRecipient({ url }))).code).toBe('ERR_CONFIG_URL');
  expect(codeOf(await send(transport, { url }))).toBe('ADDRESS_BLOCKED');
  expect(requests).toEqual([]);
});

describe('S1: a network with a name', () => {
  it.each(['private', 'link-local', 'loopback', 'public'])('%s lets in no cloud metadata', (name) => {
    const metadata = outside.filter(([, kind]) => kind === 'cloud metadata').map(([, , address = '']) => address);
    expect(metadata.filter(networkRule(name))).toEqual([]);
  });
});
