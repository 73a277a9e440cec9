import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { codedError } from '../../src/http/coded-error.ts';
import { defaultLookup } from '../../src/http/default-lookup.ts';
import { HostsFile, parseHosts } from '../../src/http/hosts-file.ts';
import { dnsServer } from '../support/dns-server.ts';
import { httpReceiver } from './receivers.ts';
import { codeOf, send } from './sending.ts';
import { HttpTransport } from './transport.ts';

async function hostsFile(text: string) {
  const folder = await mkdtemp(join(tmpdir(), 'hosts-file-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'hosts');
  await writeFile(path, text);
  return { path, file: new HostsFile(path) };
}

describe('a hosts file', () => {
  it('gives names addresses, in its order', () => {
    const names = parseHosts(
      [
        '# comment',
        '127.0.0.1\tlocalhost  CRM.example.com # crm2.example.com',
        '  ::1 localhost\r',
        'fe80::1%lo0 localhost',
        '127.0.0.1 localhost',
        '10.0.0.300 wrong.example.com',
        'wrong.example.com 10.0.0.1',
        '10.0.0.9',
        '',
        '10.0.0.2 last.example.com',
      ].join('\n'),
    );
    expect(Object.fromEntries(names)).toEqual({
      localhost: [
        { address: '127.0.0.1', family: 4 },
        { address: '::1', family: 6 },
        { address: 'fe80::1%lo0', family: 6 },
      ],
      'crm.example.com': [{ address: '127.0.0.1', family: 4 }],
      'last.example.com': [{ address: '10.0.0.2', family: 4 }],
    });
  });

  it.each(['crm.example.com', 'CRM.Example.com', 'crm.example.com.'])('names %s', async (name) => {
    const { file } = await hostsFile('10.0.0.1 Crm.example.com\n');
    expect(file.addressesOf(name)).toEqual([{ address: '10.0.0.1', family: 4 }]);
    expect(file.addressesOf('example.com')).toEqual([]);
  });

  it('is read again when it has changed, and when it was replaced by one as long and as old', async () => {
    const { path, file } = await hostsFile('10.0.0.1 crm.example.com\n');
    expect(file.addressesOf('crm.example.com')).toEqual([{ address: '10.0.0.1', family: 4 }]);
    await writeFile(path, '10.0.0.1 help.example.com\n');
    expect(file.addressesOf('crm.example.com')).toEqual([]);
    await writeFile(`${path}.new`, '10.0.0.7 help.example.com\n');
    await rename(`${path}.new`, path);
    expect(file.addressesOf('help.example.com')).toEqual([{ address: '10.0.0.7', family: 4 }]);
  });

  it('that is not there names nobody, until it is', async () => {
    const { path, file } = await hostsFile('10.0.0.1 crm.example.com\n');
    await rm(path);
    expect(file.addressesOf('crm.example.com')).toEqual([]);
    await writeFile(path, '10.0.0.2 crm.example.com\n');
    expect(file.addressesOf('crm.example.com')).toEqual([{ address: '10.0.0.2', family: 4 }]);
  });
});

describe('F43: a name in the hosts file', () => {
  it('is not asked of anybody else', async () => {
    const { url, requests } = await httpReceiver((_, response) => response.end());
    const { file } = await hostsFile('127.0.0.1 crm.example.com crm\n');
    const dns = await dnsServer(() => 'SERVFAIL');
    const system = async () => Promise.reject(codedError('EAI_FAIL'));
    const settings = { servers: [dns.authority], timeoutMs: 100, limitMs: 1_000, graceMs: 100 };
    const transport = new HttpTransport(
      { allowedNetworks: ['loopback'] },
      defaultLookup({ hosts: file, dns: settings, system }),
    );
    onTestFinished(() => transport.close());
    const { port } = new URL(url);
    expect((await send(transport, { url: `http://crm.example.com:${port}/` })).outcome).toBe('delivered');
    expect((await send(transport, { url: `http://crm:${port}/` })).outcome).toBe('delivered');
    expect(codeOf(await send(transport, { url: `http://other.example.com:${port}/` }))).toBe('DNS_FAILED');
    expect(requests).toHaveLength(2);
    expect(dns.questions.some((question) => question.includes('crm'))).toBe(false);
  });

  it('is not trusted with a forbidden address', async () => {
    const { file } = await hostsFile('10.0.0.1 crm.example.com\n');
    const transport = new HttpTransport({ allowedNetworks: ['loopback'] }, defaultLookup({ hosts: file }));
    onTestFinished(() => transport.close());
    expect(codeOf(await send(transport, { url: 'http://crm.example.com/' }))).toBe('ADDRESS_BLOCKED');
  });
});

it('without any setting, localhost is found', async () => {
  const { url } = await httpReceiver((_, response) => response.end());
  const transport = new HttpTransport({ allowedNetworks: ['loopback'] });
  onTestFinished(() => transport.close());
  expect((await send(transport, { url: url.replace('127.0.0.1', 'localhost') })).outcome).toBe('delivered');
});
