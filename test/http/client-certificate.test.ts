import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { HttpRecipient, TlsSettings } from '../../src/core/recipient.ts';
import { httpRecipient } from '../../src/testing.ts';
import { refusal } from '../core/refusal.ts';
import { Authority, type CertificateOptions, encrypted } from '../support/certificates.ts';
import { httpTransport, listening } from './receivers.ts';
import { codeOf, send } from './sending.ts';
import { HttpTransport } from './transport.ts';

const authority = new Authority('root');
const ca = authority.pem;
const none: TlsSettings = { cert: null, key: null, passphrase: null, servername: null, minVersion: 'TLSv1.2' };
const own = authority.issue({}, 'appliance 7');
const shown: TlsSettings = { ...none, ...own };

interface Visit {
  /** Common name of the client's certificate. */
  readonly client: string | string[] | undefined;
  /** The name that was asked for. */
  readonly name: string | false | null;
  readonly protocol: string | null;
}

/** A receiver that asks for a client certificate. */
async function asking(certificate: CertificateOptions = {}) {
  const visits: Visit[] = [];
  const options = { ...authority.issue(certificate), ca, requestCert: true, rejectUnauthorized: false };
  const server = createServer(options, ({ socket }: IncomingMessage, response) => {
    const tls = socket as TLSSocket & { readonly servername: string | false | null };
    visits.push({ client: tls.getPeerCertificate().subject?.CN, name: tls.servername, protocol: tls.getProtocol() });
    response.end('ok');
  });
  let connections = 0;
  server.on('secureConnection', () => {
    connections += 1;
  });
  const url = `https://${await listening(server)}/`;
  return { url, visits, connections: () => connections };
}

describe('a client certificate', () => {
  it('is shown to a receiver that asks for one', async () => {
    const { url, visits } = await asking();
    expect((await send(httpTransport(), { url, ca, tls: shown })).outcome).toBe('delivered');
    expect(visits).toMatchObject([{ client: 'appliance 7', protocol: 'TLSv1.3' }]);
  });

  it('may have a key that a passphrase opens', async () => {
    const { url, visits } = await asking();
    const tls = { ...shown, key: encrypted(own.key, 'sesame'), passphrase: 'sesame' };
    expect((await send(httpTransport(), { url, ca, tls })).outcome).toBe('delivered');
    expect(visits).toMatchObject([{ client: 'appliance 7' }]);
  });

  it('S19: is shown for its own recipient only, and so are the connections it opened', async () => {
    const { url, visits, connections } = await asking();
    const transport = httpTransport();
    const other = authority.issue({}, 'appliance 8');
    const recipients = [none, shown, { ...none, ...other }];
    for (const tls of [...recipients, ...recipients]) await send(transport, { url, ca, tls });
    const round = [undefined, 'appliance 7', 'appliance 8'];
    expect(visits.map(({ client }) => client)).toEqual([...round, ...round]);
    expect(connections()).toBe(3);
  });
});

it.each<[setting: keyof TlsSettings, TlsSettings]>([
  ['cert', { ...shown, cert: `# The same\n${own.cert}` }],
  ['key', { ...shown, key: `# The same\n${own.key}` }],
  ['passphrase', { ...shown, passphrase: 'none needed' }],
  ['servername', { ...shown, servername: 'localhost' }],
  ['minVersion', { ...shown, minVersion: 'TLSv1.3' }],
])('S19: connections are shared only where tls.%s is the same', async (_, different) => {
  const { url, connections } = await asking();
  const transport = httpTransport();
  for (const tls of [shown, different, shown, different]) {
    expect((await send(transport, { url, ca, tls })).outcome).toBe('delivered');
  }
  expect(connections()).toBe(2);
});

describe('a server name', () => {
  it('F45: is asked for, and looked for in the certificate, in place of the host', async () => {
    const { url, visits } = await asking({ hosts: ['crm.internal'] });
    const transport = httpTransport();
    const named = (servername: string | null) => send(transport, { url, ca, tls: { ...none, servername } });
    expect((await named('crm.internal')).outcome).toBe('delivered');
    expect(codeOf(await named('crm.example'))).toBe('TLS_WRONG_HOST');
    expect(codeOf(await named(null))).toBe('TLS_WRONG_HOST');
    expect(visits).toMatchObject([{ name: 'crm.internal' }]);
  });

  it('is the host of the URL unless it is given', async () => {
    const { url, visits } = await asking();
    await send(httpTransport(), { url: url.replace('127.0.0.1', 'localhost'), ca });
    expect(visits).toMatchObject([{ name: 'localhost' }]);
  });
});

describe('HttpTransport.check', () => {
  const check = (settings: Partial<HttpRecipient>) => () => new HttpTransport().check(httpRecipient(settings));

  it('F84: takes a client certificate with its key', () => {
    expect(check({ tls: shown })).not.toThrow();
    expect(check({ tls: { ...shown, key: encrypted(own.key, 'sesame'), passphrase: 'sesame' } })).not.toThrow();
  });

  it('F84: refuses one with which there could be no TLS', () => {
    const foreign = { ...shown, key: authority.issue().key };
    expect(refusal(check({ tls: foreign }))).toMatchObject({ code: 'ERR_CONFIG_CERT', field: 'tls.key' });
    const weak = { ...none, ...authority.issue({ rsaBits: 1024 }) };
    expect(refusal(check({ tls: weak }))).toMatchObject({ code: 'ERR_CONFIG_CERT', field: 'tls.cert' });
  });
});
