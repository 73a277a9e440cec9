import { createServer as createTcpServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it, vi } from 'vitest';
import { Authority, type Certificate, selfSigned } from '../support/certificates.ts';
import {
  answerText,
  ended,
  type HttpReceiver,
  httpReceiver,
  httpTransport,
  listening,
  rawReceiver,
} from './receivers.ts';
import { codeOf, send } from './sending.ts';

const authority = new Authority('root');
const ca = authority.pem;

function receiver(certificate: Certificate): Promise<HttpReceiver> {
  return httpReceiver((_, response) => response.end('ok'), certificate);
}

describe('a CA', () => {
  it('lets the receiver it vouches for be reached', async () => {
    const { url } = await receiver(authority.issue());
    expect((await send(httpTransport(), { url, ca })).outcome).toBe('delivered');
  });

  it('may be one of several, such as the old and the new one', async () => {
    const { url } = await receiver(authority.issue());
    expect((await send(httpTransport(), { url, ca: `${new Authority('old').pem}${ca}` })).outcome).toBe('delivered');
  });

  it('replaces the public roots', async () => {
    const { url } = await receiver(authority.issue());
    expect(codeOf(await send(httpTransport(), { url, ca: new Authority('other').pem }))).toBe('TLS_CERTIFICATE');
  });
});

describe('a certificate is refused, and no byte of the request is sent', () => {
  it.each<[trouble: string, certificate: Certificate, roots: string | null, sentence: string]>([
    ['expired', authority.issue({ notAfter: '2021-01-01T00:00:00Z' }), ca, 'has a certificate that has expired'],
    [
      'not yet valid',
      authority.issue({ notBefore: '2098-01-01T00:00:00Z' }),
      ca,
      'has a certificate that is not yet valid',
    ],
    ['for another host', authority.issue({ hosts: ['elsewhere.example'] }), ca, 'has a certificate for another host'],
    ['self-signed', selfSigned(), null, 'has a self-signed certificate'],
    ['self-signed, with a CA', selfSigned(), ca, 'has a self-signed certificate'],
    ['of an unknown authority', authority.issue(), null, 'has a certificate of an unknown authority'],
    [
      'of another authority',
      authority.issue(),
      new Authority('other').pem,
      'has a certificate of an unknown authority',
    ],
    [
      'of another authority with the same name',
      authority.issue(),
      new Authority('root').pem,
      'has a certificate that cannot be verified',
    ],
  ])('%s', async (_, certificate, roots, sentence) => {
    const { url, requests } = await rawReceiver((socket) => socket.write(answerText(200)), certificate);
    expect(await send(httpTransport(), { url, ca: roots })).toEqual({
      outcome: 'failed',
      error: { code: 'TLS_CERTIFICATE', message: expect.stringContaining(`${new URL(url).host} ${sentence}`) },
    });
    expect(requests).toEqual([]);
  });

  it('also with NODE_TLS_REJECT_UNAUTHORIZED=0', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const { url, requests } = await receiver(authority.issue({ notAfter: '2021-01-01T00:00:00Z' }));
    const result = await send(httpTransport(), { url, ca });
    vi.unstubAllEnvs();
    expect(codeOf(result)).toBe('TLS_CERTIFICATE');
    expect(requests).toEqual([]);
  });

  it('also after one that was good, when the receiver has changed it', async () => {
    // With these the receiver would take up earlier sessions, in which no certificate is shown.
    const ticketKeys = Buffer.alloc(48, 'ticket');
    const server = createTlsServer({ ...authority.issue(), ticketKeys }, (socket) => {
      socket.on('data', () => socket.end(answerText(200, 'ok', 'Connection: close')));
    });
    server.on('tlsClientError', () => {});
    const url = `https://${await listening(server)}/`;
    const transport = httpTransport();
    expect((await send(transport, { url, ca })).outcome).toBe('delivered');
    server.setSecureContext({ ...authority.issue({ notAfter: '2021-01-01T00:00:00Z' }), ticketKeys });
    expect(codeOf(await send(transport, { url, ca }))).toBe('TLS_CERTIFICATE');
  });
});

describe('TLS fails', () => {
  it('with a port that speaks plain HTTP', async () => {
    const { url } = await httpReceiver((_, response) => response.end());
    expect(codeOf(await send(httpTransport(), { url: url.replace('http:', 'https:') }))).toBe('TLS_FAILED');
  });

  it('with a server that knows only old versions', async () => {
    const server = createTlsServer({
      ...authority.issue(),
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'ALL:@SECLEVEL=0',
    });
    server.on('tlsClientError', () => {});
    expect(codeOf(await send(httpTransport(), { url: `https://${await listening(server)}/`, ca }))).toBe('TLS_FAILED');
  });

  it('with a connection that ends during the handshake', async () => {
    const server = createTcpServer((socket) => socket.end());
    expect(codeOf(await send(httpTransport(), { url: `https://${await listening(server)}/`, ca }))).toBe(
      'CONNECT_RESET',
    );
  });
});

describe('connections', () => {
  it('are kept and shared by recipients with the same CA', async () => {
    const receiving = await receiver(authority.issue());
    const transport = httpTransport();
    for (let count = 0; count < 5; count++) await send(transport, { id: `crm-${count}`, url: receiving.url, ca });
    expect(receiving.connections).toBe(1);
  });

  it('that one recipient’s CA vouched for serve no recipient with another', async () => {
    const authorities = Array.from({ length: 5 }, (_, index) => new Authority(`root ${index}`));
    const receivers = await Promise.all(authorities.map((each) => receiver(each.issue())));
    const transport = httpTransport();
    for (const round of [1, 2]) {
      for (const [i, { url }] of receivers.entries()) {
        for (const [j, { pem }] of authorities.entries()) {
          const result = await send(transport, { url, ca: pem });
          expect([round, i, j, result.outcome]).toEqual([round, i, j, i === j ? 'delivered' : 'failed']);
        }
        expect(codeOf(await send(transport, { url, ca: null }))).toBe('TLS_CERTIFICATE');
      }
    }
  });

  it('of many CAs: those used longest ago are closed, idle ones at once and busy ones when they are done', async () => {
    const slow = Promise.withResolvers<Socket>();
    const { url, requests, connections } = await rawReceiver((socket) => {
      if (requests.at(-1)?.startsWith('POST /slow')) slow.resolve(socket);
      else socket.write(answerText(200));
    }, authority.issue());
    const transport = httpTransport();
    const bundle = (name: string): string => `# ${name}\n${ca}`;
    const touch = async (from: number, to: number): Promise<void> => {
      const signal = AbortSignal.abort();
      for (let n = from; n <= to; n++) await send(transport, { url, ca: bundle(`bundle ${n}`) }, { signal });
    };
    await send(transport, { url, ca: bundle('idle') });
    const busy = send(transport, { url: new URL('/slow', url).href, ca: bundle('busy') });
    const socket = await slow.promise;
    await send(transport, { url, ca: bundle('kept') });
    await touch(4, 256);
    await send(transport, { url, ca: bundle('kept') });
    await touch(257, 259);
    await ended(connections[0]);
    socket.write(answerText(200));
    expect((await busy).outcome).toBe('delivered');
    await ended(connections[1]);
    await send(transport, { url, ca: bundle('kept') });
    expect(connections).toHaveLength(3);
  });
});
