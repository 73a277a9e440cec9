import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { codedError } from '../../src/http/coded-error.ts';
import { defaultLookup } from '../../src/http/default-lookup.ts';
import { queryDns } from '../../src/http/dns-query.ts';
import { HostsFile } from '../../src/http/hosts-file.ts';
import type { NameLookup } from '../../src/http/name-lookup.ts';
import { SystemNames } from '../../src/http/system-names.ts';
import { type DnsReply, type DnsServer, dnsServer } from '../support/dns-server.ts';
import { httpReceiver } from './receivers.ts';
import { codeOf, send } from './sending.ts';
import { HttpTransport } from './transport.ts';

/** Nobody knows a name any better. */
const unknown = () => vi.fn<NameLookup>(async () => Promise.reject(codedError('ENOTFOUND')));

/** A transport for which these are the DNS servers of the system, and which does not wait for long. */
function transportBy(servers: readonly DnsServer[], system: NameLookup = unknown(), waits = {}): HttpTransport {
  const dns = {
    servers: servers.map(({ authority }) => authority),
    timeoutMs: 250,
    limitMs: 5_000,
    graceMs: 50,
    ...waits,
  };
  const names = defaultLookup({ dns, system, hosts: new HostsFile('/no/such/file') });
  const transport = new HttpTransport({ allowedNetworks: ['loopback'] }, names);
  onTestFinished(() => transport.close());
  return transport;
}

/** A receiver that wants a new connection for each request. */
async function receiver() {
  const receiving = await httpReceiver((_, response) => response.setHeader('connection', 'close').end());
  return { ...receiving, port: new URL(receiving.url).port };
}

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

const here: DnsReply = { records: [['crm.example.com', '127.0.0.1']] };

describe('F43: a name', () => {
  it('that the DNS knows is found, with both families asked for', async () => {
    const { port } = await receiver();
    const dns = await dnsServer(() => here);
    const system = unknown();
    expect(await send(transportBy([dns], system), { url: `http://crm.example.com:${port}/` })).toMatchObject({
      outcome: 'delivered',
    });
    expect(dns.questions.toSorted()).toEqual(['A crm.example.com', 'AAAA crm.example.com']);
    expect(system).not.toHaveBeenCalled();
  });

  it.each<[what: string, reply: DnsReply]>([
    ['that does not exist', 'NXDOMAIN'],
    ['with an empty answer', { records: [] }],
    ['that is another without an address', { records: [['crm.example.com', 'is', 'www.example.com']] }],
    [
      'that goes round in a circle',
      {
        records: [
          ['crm.example.com', 'is', 'www.example.com'],
          ['www.example.com', 'is', 'crm.example.com'],
        ],
      },
    ],
  ])('%s is DNS_NOT_FOUND, once the system does not know it either', async (_, reply) => {
    const dns = await dnsServer(() => reply);
    const system = unknown();
    const result = await send(transportBy([dns], system), { url: 'http://crm.example.com/' });
    expect(result).toMatchObject({ outcome: 'failed', error: { code: 'DNS_NOT_FOUND' } });
    expect(system.mock.calls.map(([name]) => name)).toEqual(['crm.example.com']);
  });

  it('that only the system knows is found, though the DNS says that there is none', async () => {
    const { port } = await receiver();
    const dns = await dnsServer(() => 'NXDOMAIN');
    const system: NameLookup = async () => [{ address: '127.0.0.1', family: 4 }];
    expect(await send(transportBy([dns], system), { url: `http://crm.example.com:${port}/` })).toMatchObject({
      outcome: 'delivered',
    });
  });

  it('that the system cannot look up is what the DNS said', async () => {
    const dns = await dnsServer(() => 'NXDOMAIN');
    const system: NameLookup = () => Promise.reject(codedError('EAI_AGAIN'));
    expect(codeOf(await send(transportBy([dns], system), { url: 'http://crm.example.com/' }))).toBe('DNS_NOT_FOUND');
  });

  it.each<[DnsReply, code: string, sentence: RegExp]>([
    ['SERVFAIL', 'DNS_FAILED', /^crm\.example\.com:80 has a name that could not be looked up \(ESERVFAIL\)$/],
    ['REFUSED', 'DNS_FAILED', /^crm\.example\.com:80 has a name that could not be looked up \(EREFUSED\)$/],
    [
      'silence',
      'DNS_TIMEOUT',
      /^crm\.example\.com:80 has a name for which no DNS server answered in time \(ETIMEOUT\)$/,
    ],
  ])('that is answered with %s is %s, and the system is not asked', async (reply, code, sentence) => {
    const dns = await dnsServer(() => reply);
    const system = unknown();
    expect(await send(transportBy([dns], system), { url: 'http://crm.example.com/' })).toEqual({
      outcome: 'failed',
      error: { code, message: expect.stringMatching(sentence) },
    });
    expect(system).not.toHaveBeenCalled();
  });

  it('is DNS_FAILED where there is no DNS server: it is not the receiver that refused', async () => {
    const names = await dnsServer(() => here);
    const gone = { ...names, authority: '127.0.0.1:1' };
    expect(codeOf(await send(transportBy([gone]), { url: 'http://crm.example.com/' }))).toBe('DNS_FAILED');
  });

  it.each<DnsReply>(['SERVFAIL', 'REFUSED', 'silence'])(
    'is asked of the next server when the first has %s',
    async (first) => {
      const { port } = await receiver();
      const servers = [await dnsServer(() => first), await dnsServer(() => here)];
      expect((await send(transportBy(servers), { url: `http://crm.example.com:${port}/` })).outcome).toBe('delivered');
    },
  );

  it('that is another, and another, is found', async () => {
    const { port } = await receiver();
    const dns = await dnsServer(() => ({
      records: [
        ['crm.example.com', 'is', 'a.example.net'],
        ['a.example.net', 'is', 'b.example.net'],
        ['b.example.net', '127.0.0.1'],
      ],
    }));
    expect((await send(transportBy([dns]), { url: `http://crm.example.com:${port}/` })).outcome).toBe('delivered');
  });

  it('is waited for only so long when the system is asked', async () => {
    const dns = await dnsServer(() => 'NXDOMAIN');
    const system = new SystemNames(() => new Promise(() => {}), 1);
    const names = defaultLookup({
      hosts: new HostsFile('/no/such/file'),
      dns: { servers: [dns.authority], timeoutMs: 1_000, limitMs: 5_000, graceMs: 50 },
      system: system.lookup,
      systemLimits: { local: 100, denied: 100 },
    });
    const transport = new HttpTransport({ allowedNetworks: ['loopback'] }, names);
    onTestFinished(() => transport.close());
    expect(codeOf(await send(transport, { url: 'http://crm.example.com/' }))).toBe('DNS_NOT_FOUND');
    expect(codeOf(await send(transport, { url: 'http://crm/' }))).toBe('DNS_TIMEOUT');
  });

  it('that comes and goes is asked for each time: neither a failure nor an address is remembered', async () => {
    const { port } = await receiver();
    const replies: DnsReply[] = [
      'SERVFAIL',
      here,
      'silence',
      here,
      'NXDOMAIN',
      { records: [['crm.example.com', '127.0.0.2']] },
    ];
    let turn = 0;
    const dns = await dnsServer(() => replies[turn] ?? here);
    const transport = transportBy([dns]);
    const results: (string | undefined)[] = [];
    for (; turn <= replies.length; turn++) {
      results.push(codeOf(await send(transport, { url: `http://crm.example.com:${port}/` })));
    }
    expect(results).toEqual([
      'DNS_FAILED',
      undefined,
      'DNS_TIMEOUT',
      undefined,
      'DNS_NOT_FOUND',
      'CONNECT_REFUSED',
      undefined,
    ]);
  });

  it('with one family is not held up by the silence about the other', async () => {
    const { port } = await receiver();
    const dns = await dnsServer((_, type) => (type === 'A' ? here : 'silence'));
    const patient = { timeoutMs: 60_000, limitMs: 120_000 };
    const transport = transportBy([dns], unknown(), patient);
    expect((await send(transport, { url: `http://crm.example.com:${port}/` })).outcome).toBe('delivered');
  });

  it('with one family is not lost when the other fails', async () => {
    const { port } = await receiver();
    const dns = await dnsServer((_, type) => (type === 'A' ? here : 'SERVFAIL'));
    expect((await send(transportBy([dns]), { url: `http://crm.example.com:${port}/` })).outcome).toBe('delivered');
  });

  it('without one family, and with silence about the other, is not one that does not exist', async () => {
    const dns = await dnsServer((_, type) => (type === 'A' ? { records: [] } : 'silence'));
    expect(codeOf(await send(transportBy([dns]), { url: 'http://crm.example.com/' }))).toBe('DNS_TIMEOUT');
  });

  it('with dead addresses is reached at the one that is alive', async () => {
    const { port } = await receiver();
    const records = ['127.0.0.2', '127.0.0.3', '127.0.0.1', '::1'].map(
      (address) => ['crm.example.com', address] as const,
    );
    const dns = await dnsServer(() => ({ records }));
    expect((await send(transportBy([dns]), { url: `http://crm.example.com:${port}/` })).outcome).toBe('delivered');
  });

  it('with forbidden addresses among others is reached at the allowed one', async () => {
    const { port } = await receiver();
    const records = ['10.0.0.1', '169.254.169.254', '127.0.0.1', 'fd00::1'].map(
      (address) => ['crm.example.com', address] as const,
    );
    const dns = await dnsServer(() => ({ records }));
    expect((await send(transportBy([dns]), { url: `http://crm.example.com:${port}/` })).outcome).toBe('delivered');
  });

  it.runIf(hasIpv6)('with IPv6 only is reached', async () => {
    const server = createServer((request, response) => request.resume().on('end', () => response.end()));
    onTestFinished(() => void server.close());
    await once(server.listen(0, '::1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const dns = await dnsServer(() => ({ records: [['crm.example.com', '::1']] }));
    expect((await send(transportBy([dns]), { url: `http://crm.example.com:${port}/` })).outcome).toBe('delivered');
  });

  it.each(['crm', 'crm.', 'crm.local', 'CRM.Local.', 'crm.localhost'])(
    'of this network is for the system: %s',
    async (name) => {
      const dns = await dnsServer(() => here);
      const system = vi.fn<NameLookup>(async () => []);
      await send(transportBy([dns], system), { url: `http://${name}/` });
      expect(system.mock.calls.map(([asked]) => asked)).toEqual([name.toLowerCase()]);
      expect(dns.questions).toEqual([]);
    },
  );

  it('is no longer looked up when its attempt is over', async () => {
    const asked = Promise.withResolvers<void>();
    const dns = await dnsServer(() => {
      asked.resolve();
      return 'silence';
    });
    const patient = { servers: [dns.authority], timeoutMs: 60_000, limitMs: 120_000, graceMs: 50 };
    const ended = Promise.withResolvers<unknown>();
    const transport = new HttpTransport({ allowedNetworks: ['loopback'] }, (hostname, signal) => {
      const found = queryDns(hostname, patient, signal);
      found.catch(ended.resolve);
      return found;
    });
    const abort = new AbortController();
    const result = send(transport, { url: 'http://crm.example.com/' }, { signal: abort.signal });
    await asked.promise;
    abort.abort();
    expect(codeOf(await result)).toBe('ABORTED');
    // Its time is not over by far.
    expect(await ended.promise).toMatchObject({ code: 'ETIMEOUT' });
    await transport.close();
  }, 5_000);
});

describe('F44: two hundred names that nobody answers for', () => {
  const slow = Array.from({ length: 200 }, (_, index) => `slow-${index}.example.com`);

  it('hold up neither a recipient that the DNS knows nor anything else that needs a thread', async () => {
    const { port } = await receiver();
    const dns = await dnsServer((name) => (name.startsWith('slow-') ? 'silence' : here));
    const transport = transportBy([dns], unknown(), { timeoutMs: 60_000, limitMs: 120_000 });
    let ended = 0;
    const attempts = slow.map(async (name) => {
      const result = await send(transport, { url: `http://${name}:${port}/` });
      ended += 1;
      return codeOf(result);
    });
    // Not all of them: of so many at once some get lost on the way.
    await vi.waitFor(() => expect(dns.questions.length).toBeGreaterThan(200), { timeout: 20_000 });
    for (let count = 0; count < 20; count++) {
      expect((await send(transport, { url: `http://crm.example.com:${port}/` })).outcome).toBe('delivered');
    }
    expect((await lookup('localhost')).address).toMatch(/^(127\.0\.0\.1|::1)$/);
    expect(ended).toBe(0);
    await transport.close();
    expect(new Set(await Promise.all(attempts))).toEqual(new Set(['ABORTED']));
  });

  it('take two threads at most when they are for the system', async () => {
    const { port } = await receiver();
    const dns = await dnsServer(() => here);
    const asked: string[] = [];
    const system = new SystemNames((name) => {
      asked.push(name);
      return new Promise(() => {});
    }, 2);
    const transport = transportBy([dns], system.lookup);
    const attempts = slow.map((name) => send(transport, { url: `http://${name.replaceAll('.', '-')}/` }));
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    expect((await send(transport, { url: `http://crm.example.com:${port}/` })).outcome).toBe('delivered');
    expect(asked).toHaveLength(2);
    await transport.close();
    expect(new Set((await Promise.all(attempts)).map(codeOf))).toEqual(new Set(['ABORTED']));
  });
});
