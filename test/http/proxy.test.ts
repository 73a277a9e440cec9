import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { HttpTransportOptions } from '../../src/http.ts';
import { MemoryStorage, OutboundEvents, supportSessionEvents } from '../../src/index.ts';
import { httpRecipient } from '../../src/testing/builders.ts';
import { waitFor } from '../../src/testing.ts';
import { refusal } from '../core/refusal.ts';
import { Authority } from '../support/certificates.ts';
import { connectProxy, sendElsewhere } from './proxies.ts';
import { answerText, closedPort, ended, httpReceiver, httpTransport, listening, rawReceiver } from './receivers.ts';
import { codeOf, send } from './sending.ts';
import { sentinel } from './sentinel.ts';
import { HttpTransport } from './transport.ts';

const authority = new Authority('root');
const certificate = authority.issue({ hosts: ['crm.example.com', '127.0.0.1'] });
const secret = 'canary-4711';

/** A receiver behind the proxy, by a name that only the proxy knows. */
async function receiver(scheme: string) {
  const receiving = await httpReceiver((_, response) => response.end(), scheme === 'https' ? certificate : undefined);
  const { port } = new URL(receiving.url);
  const ca = scheme === 'https' ? authority.pem : null;
  return { ...receiving, port, settings: { url: `${scheme}://crm.example.com:${port}/hook`, ca } };
}

/** A proxy that does with its connections what it is told, and all it was sent. */
async function badProxy(answer: (socket: Socket) => void) {
  let sent = '';
  const connections: Socket[] = [];
  const server = createServer((socket) => {
    connections.push(socket.on('error', () => {}));
    socket.on('data', (chunk) => {
      if (sent === '') setImmediate(answer, socket);
      sent += chunk.toString('latin1');
    });
  });
  return { proxy: `http://user:${secret}@${await listening(server)}`, connections, sent: () => sent };
}

describe.each(['http', 'https'])('S5: proxy variables of the environment change nothing, with %s', (scheme) => {
  it('when the process starts with them', async () => {
    const trap = await sentinel();
    const { requests, port, settings } = await receiver(scheme);
    const proxy = `http://127.0.0.1:${trap.port}`;
    const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'];
    const env = { ...Object.fromEntries(names.map((name) => [name, proxy])), NODE_USE_ENV_PROXY: '1' };
    const recipient = { ...settings, url: `${scheme}://127.0.0.1:${port}/` };
    expect((await sendElsewhere({ allowedNetworks: 'loopback' }, recipient, env)).outcome).toBe('delivered');
    expect(requests).toHaveLength(1);
    expect(await trap.connections()).toBe(0);
  });
});

describe.each(['http', 'https'])('S5: through the proxy that is set, %s', (scheme) => {
  it('goes in a tunnel to the name, which only the proxy looks up', async () => {
    const { requests, port, settings } = await receiver(scheme);
    const { authority: at, requests: tunnels, sent } = await connectProxy();
    const lookup = () => {
      throw new Error('nobody asks');
    };
    const transport = httpTransport({ allowedNetworks: 'public', proxy: `http://us%65r:p%40ss@${at}`, lookup });
    expect((await send(transport, settings)).outcome).toBe('delivered');
    expect((await send(transport, settings)).outcome).toBe('delivered');

    expect(tunnels).toHaveLength(1);
    expect(tunnels[0]).toMatchObject({ method: 'CONNECT', url: `crm.example.com:${port}` });
    expect(tunnels[0]?.headers).toEqual({
      host: `crm.example.com:${port}`,
      'proxy-authorization': `Basic ${btoa('user:p@ss')}`,
    });
    expect(requests).toHaveLength(2);
    expect(requests[0]?.head.headers).toMatchObject({ host: `crm.example.com:${port}`, 'webhook-id': 'event-1' });
    expect(requests[0]?.head.headers).not.toHaveProperty('proxy-authorization');
    // TLS is from end to end.
    expect(sent().includes('webhook-id')).toBe(scheme === 'http');
  });

  it('costs one more try when the receiver had closed the idle connection', async () => {
    const certified = scheme === 'https' ? certificate : undefined;
    const { url, requests } = await rawReceiver((socket, count) => {
      if (count === 2) socket.destroy();
      else socket.write(answerText(200));
    }, certified);
    const { authority: at, requests: tunnels } = await connectProxy();
    const transport = httpTransport({ proxy: `http://${at}` });
    const ca = scheme === 'https' ? authority.pem : null;
    await send(transport, { url, ca });
    expect((await send(transport, { url, ca })).outcome).toBe('delivered');
    expect(requests).toHaveLength(3);
    expect(tunnels).toHaveLength(2);
  });

  it('fails as it would without, when a new connection is cut', async () => {
    const certified = scheme === 'https' ? certificate : undefined;
    const { url, requests } = await rawReceiver((socket) => socket.destroy(), certified);
    const { authority: at } = await connectProxy();
    const ca = scheme === 'https' ? authority.pem : null;
    expect(codeOf(await send(httpTransport({ proxy: `http://${at}` }), { url, ca }))).toBe('CONNECT_RESET');
    expect(requests).toHaveLength(1);
  });

  it.each([
    '127.0.0.1',
    '0x7f000001',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '169.254.169.254',
    '10.0.0.1',
    'localhost',
    'crm.localhost.',
  ])('does not lead to %s where that is not allowed', async (host) => {
    const { authority: at, requests } = await connectProxy();
    const transport = httpTransport({ allowedNetworks: 'public', proxy: `http://${at}` });
    const recipient = httpRecipient({ url: `${scheme}://${host}:1/` });
    expect(refusal(() => transport.check(recipient)).code).toBe('ERR_CONFIG_URL');
    expect(codeOf(await send(transport, recipient))).toBe('ADDRESS_BLOCKED');
    expect(requests).toEqual([]);
  });

  it('names an IPv6 address in brackets, and a port that the URL leaves out', async () => {
    const { proxy, sent } = await badProxy((socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    await send(httpTransport({ proxy }), { url: `${scheme}://[::1]/` });
    expect(sent()).toMatch(new RegExp(`^CONNECT \\[::1\\]:${scheme === 'https' ? 443 : 80} HTTP/1\\.1\r\nHost: `));
  });

  const troubles: [what: string, answer: (socket: Socket) => void, sentence: string][] = [
    [
      'asks for other credentials',
      (socket) => socket.end('HTTP/1.1 407 Who?\r\n\r\n'),
      'the proxy asks for other credentials (PROXY_STATUS_407)',
    ],
    [
      'cannot reach the receiver',
      (socket) => socket.end('HTTP/1.0 502 No\r\nContent-Length: 2\r\n\r\nno'),
      'the proxy opened no way to it (PROXY_STATUS_502)',
    ],
    [
      'redirects',
      (socket) => socket.end('HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1/\r\n\r\n'),
      'the proxy opened no way to it (PROXY_STATUS_302)',
    ],
    [
      'speaks something else',
      (socket) => socket.write('220 mail.example.com ESMTP\r\n'),
      'the proxy sent what is not an HTTP response (PROXY_MALFORMED)',
    ],
    [
      'speaks for the receiver',
      (socket) => socket.write('HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'),
      'the proxy sent what is not an HTTP response (PROXY_MALFORMED)',
    ],
    [
      'never ends its head',
      (socket) => socket.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}`),
      'the proxy sent what is not an HTTP response (PROXY_MALFORMED)',
    ],
    ['hangs up', (socket) => socket.end(), 'the proxy closed the connection (PROXY_CLOSED)'],
    ['resets', (socket) => socket.resetAndDestroy(), 'the proxy closed the connection (PROXY_CLOSED)'],
    [
      'hangs up in its head',
      (socket) => socket.end('HTTP/1.1 200 OK\r\n'),
      'the proxy closed the connection (PROXY_CLOSED)',
    ],
    ['says nothing', () => {}, 'the proxy opened no way to it in time (PROXY_TIMEOUT)'],
    [
      'says half of it',
      (socket) => socket.write('HTTP/1.1 2'),
      'the proxy opened no way to it in time (PROXY_TIMEOUT)',
    ],
  ];
  it.each(troubles)('is PROXY_FAILED when it %s: nothing of the request goes out', async (_, answer, sentence) => {
    const { proxy, connections, sent } = await badProxy(answer);
    const timeout = sentence.includes('in time') ? 200 : 10_000;
    const settings = { url: `${scheme}://crm.example.com/${secret}`, headers: { 'x-token': secret }, timeout };
    const result = await send(httpTransport({ proxy }), settings, { event: { data: JSON.stringify({ secret }) } });
    const port = scheme === 'https' ? 443 : 80;
    expect(result).toEqual({
      outcome: 'failed',
      error: { code: 'PROXY_FAILED', message: `crm.example.com:${port} cannot be reached: ${sentence}` },
    });
    expect(inspect(result, { depth: 10, showHidden: true })).not.toContain(secret);
    expect(sent()).toMatch(
      /^CONNECT crm\.example\.com:\d+ HTTP\/1\.1\r\nHost: \S+\r\nProxy-Authorization: Basic \S+\r\n\r\n$/,
    );
    await ended(connections[0]);
  });

  it('is PROXY_FAILED when nobody listens there', async () => {
    const proxy = `http://user:${secret}@127.0.0.1:${await closedPort()}`;
    const result = await send(httpTransport({ proxy }), { url: `${scheme}://crm.example.com:7/` });
    expect(result).toEqual({
      outcome: 'failed',
      error: {
        code: 'PROXY_FAILED',
        message: 'crm.example.com:7 cannot be reached: no connection to the proxy (PROXY_CONNECT)',
      },
    });
  });

  it('is given up with its attempt, before there is a tunnel', async () => {
    const abort = new AbortController();
    const { proxy, connections } = await badProxy(() => abort.abort());
    const result = send(httpTransport({ proxy }), { url: `${scheme}://crm.example.com/` }, { signal: abort.signal });
    expect(codeOf(await result)).toBe('ABORTED');
    await ended(connections[0]);
  });

  it('is given up when the transport is closed, before there is a tunnel', async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const { proxy, connections } = await badProxy(() => resolve());
    const transport = new HttpTransport({ proxy });
    const result = send(transport, { url: `${scheme}://crm.example.com/` });
    await asked;
    await transport.close();
    expect(codeOf(await result)).toBe('ABORTED');
    await ended(connections[0]);
  });
});

it('S5: a proxy that has closed an idle tunnel and opens no other is PROXY_FAILED', async () => {
  const tunnels: Socket[] = [];
  const server = createServer((socket) => {
    tunnels.push(socket.on('error', () => {}));
    if (tunnels.length > 1) return;
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.once('data', () => socket.write(answerText(200)));
    });
  });
  const transport = httpTransport({ proxy: `http://${await listening(server)}` });
  const url = 'http://crm.example.com/';
  expect((await send(transport, { url })).outcome).toBe('delivered');
  tunnels[0]?.destroy();
  expect(codeOf(await send(transport, { url, timeout: 300 }))).toBe('PROXY_FAILED');
  expect(tunnels).toHaveLength(2);
});

describe('S5: inside of the tunnel', () => {
  it('the certificate is that of the receiver, and is verified', async () => {
    const { requests, settings } = await receiver('https');
    const { authority: at, sent } = await connectProxy();
    const transport = httpTransport({ proxy: `http://${at}` });
    expect(codeOf(await send(transport, { ...settings, ca: null }))).toBe('TLS_UNKNOWN_CA');
    const other = settings.url.replace('crm.example.com', 'other.example.com');
    expect(codeOf(await send(transport, { ...settings, url: other }))).toBe('TLS_WRONG_HOST');
    expect(requests).toEqual([]);
    expect(sent()).not.toContain('webhook-id');
  });

  it('a receiver that never begins with TLS is what times out, not the proxy', async () => {
    const { proxy, sent } = await badProxy((socket) => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    const result = await send(httpTransport({ proxy }), { url: 'https://crm.example.com/', timeout: 300 });
    expect(codeOf(result)).toBe('TIMEOUT_TLS');
    expect(sent()).not.toContain('webhook-id');
  });
});

describe('S5: a proxy with TLS', () => {
  const proxyAuthority = new Authority('proxies');

  it.each(['http', 'https'])('is trusted by the roots of the process, with %s inside', async (scheme) => {
    const folder = await mkdtemp(join(tmpdir(), 'proxy-roots-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'roots.pem'), proxyAuthority.pem);
    const { requests, settings } = await receiver(scheme);
    const { authority: at, requests: tunnels } = await connectProxy(proxyAuthority.issue());
    const options = { proxy: `https://user:pass@${at}` };
    const env = { NODE_EXTRA_CA_CERTS: join(folder, 'roots.pem') };
    expect((await sendElsewhere(options, settings, env)).outcome).toBe('delivered');
    expect(requests).toHaveLength(1);
    expect(tunnels[0]?.headers['proxy-authorization']).toBe(`Basic ${btoa('user:pass')}`);
  });

  it('is told no credentials when it cannot be trusted, whatever the environment says', async () => {
    const { settings } = await receiver('http');
    const { authority: at, requests } = await connectProxy(proxyAuthority.issue());
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    expect(await sendElsewhere({ proxy: `https://user:pass@${at}` }, settings, env)).toMatchObject({
      outcome: 'failed',
      error: { code: 'PROXY_FAILED', message: expect.stringContaining('no trusted TLS connection to the proxy') },
    });
    expect(requests).toEqual([]);
  });
});

describe('S5: the setting', () => {
  it.each([
    `ftp://user:${secret}@proxy.example.com`,
    `http://user:${secret}@proxy.example.com/path`,
    `user:${secret}@proxy:3128`,
    '',
  ])('is refused without its credentials: %s', (proxy) => {
    const { code, field, message } = refusal(() => new HttpTransport({ proxy }));
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_URL', field: 'proxy' });
    expect(message).not.toContain(secret);
  });

  it.each<[HttpTransportOptions]>([[{}], [{ proxy: undefined }]])('may be left out: %j', (options) => {
    expect(() => new HttpTransport(options)).not.toThrow();
  });

  it('of OutboundEvents is that of its recipients', async () => {
    const { requests, settings } = await receiver('https');
    const { authority: at, requests: tunnels } = await connectProxy();
    const outbound = new OutboundEvents({
      events: supportSessionEvents,
      storage: new MemoryStorage(),
      proxy: `http://${at}`,
    });
    onTestFinished(() => outbound.stop());
    await outbound.addHttpRecipient({ name: 'CRM', ...settings, events: '*' });
    await outbound.start();
    const delivered = waitFor(outbound, 'delivered');
    await outbound.emit('support_conference_begin', { lsid: 'a1' });
    await delivered;
    expect(tunnels).toHaveLength(1);
    expect(requests).toHaveLength(1);
  });
});
