import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type LookupFunction } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { httpRecipient } from '../../src/testing/builders.ts';
import { refusal } from '../core/refusal.ts';
import { answerText, closedPort, connectionsTo, httpReceiver, httpTransport, rawReceiver } from './receivers.ts';
import { codeOf, send } from './sending.ts';
import { sentinel } from './sentinel.ts';

describe('what fails shows no secret', () => {
  const secret = 'canary-4711';
  const settings = (url: string) => ({
    url: `${url.replace('://', `://${secret}:${secret}@`)}/${secret}?token=${secret}#${secret}`,
    headers: { 'x-token': secret, authorization: `Bearer ${secret}` },
    timeout: 100,
  });
  const event = { id: 'event-1', data: JSON.stringify({ secret }) };

  it.each<[trouble: string, receiver: () => Promise<string>]>([
    ['a refused connection', async () => `http://127.0.0.1:${await closedPort()}`],
    ['a reset', async () => (await rawReceiver((socket) => socket.resetAndDestroy())).url],
    ['no answer', async () => (await rawReceiver(() => {})).url],
    ['a malformed answer', async () => (await rawReceiver((socket) => socket.write('hello'))).url],
    ['half an answer', async () => (await rawReceiver((socket) => socket.end(answerText(200, 'ok').slice(0, -1)))).url],
    ['a status', async () => (await rawReceiver((socket) => socket.write(answerText(500)))).url],
    [
      'a redirect',
      async () => (await rawReceiver((socket) => socket.write(answerText(302, '', `Location: /${secret}`)))).url,
    ],
    ['a port that speaks no TLS', async () => (await rawReceiver(() => {})).url.replace('http:', 'https:')],
  ])('after %s', async (_, receiver) => {
    const result = await send(httpTransport(), settings(await receiver()), { event });
    expect(result.outcome).toBe('failed');
    expect(inspect(result, { depth: 10, showHidden: true })).not.toContain(secret);
  });
});

describe('nothing changes the way', () => {
  it.each(['http', 'https'])('S4: not a redirect to this machine, with %s', async (scheme) => {
    const trap = await sentinel();
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '169.254.169.254']) {
      const { url } = await rawReceiver((socket) => {
        socket.end(answerText(307, '', `Location: ${scheme}://${host}:${trap.port}/`));
      });
      expect(codeOf(await send(httpTransport({ allowedNetworks: 'any' }), { url }))).toBe('HTTP_REDIRECT');
    }
    expect(await trap.connections()).toBe(0);
  });

  it('S5: not proxy variables of the environment', async () => {
    const proxy = await httpReceiver((_, response) => response.end());
    for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY'])
      vi.stubEnv(name, proxy.url);
    vi.stubEnv('NODE_USE_ENV_PROXY', '1');
    const { url, requests } = await httpReceiver((_, response) => response.end());
    expect((await send(httpTransport(), { url })).outcome).toBe('delivered');
    vi.unstubAllEnvs();
    expect(requests).toHaveLength(1);
    expect(await connectionsTo(proxy)).toBe(0);
  });

  it('S4: not a URL that other clients would take for a Unix socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'unix-socket-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const listener = vi.fn();
    const server = createServer(listener).listen(join(folder, 'receiver.sock'));
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const lookup = vi.fn<LookupFunction>((_hostname, _options, callback) =>
      callback(Object.assign(new Error(), { code: 'ENOTFOUND' }), []),
    );
    const transport = httpTransport({ lookup });
    const recipient = httpRecipient({ url: `http://unix:${folder}/receiver.sock:/` });
    expect(refusal(() => transport.check(recipient))).toMatchObject({
      code: 'ERR_CONFIG_URL',
      field: 'url',
      message: 'url must be that of a host; Unix sockets are not supported',
    });
    const result = await send(transport, recipient);
    expect(codeOf(result)).toBe('DNS_NOT_FOUND');
    expect(lookup.mock.calls[0]?.[0]).toBe('unix');
    expect(listener).not.toHaveBeenCalled();
  });
});

describe('S6: what fails tells nobody about a network of ours', () => {
  it('an address outside the allowed networks is told alike, whether somebody listens there or not', async () => {
    const { url } = await httpReceiver((_, response) => response.end());
    const transport = httpTransport({ allowedNetworks: 'public' });
    const tell = async (port: number): Promise<string> => {
      const result = await send(transport, { url: `http://127.0.0.1:${port}/` });
      return JSON.stringify(result).replaceAll(String(port), 'port');
    };
    expect(await tell(Number(new URL(url).port))).toBe(await tell(await closedPort()));
  });

  it('a name is told without the addresses that it was found to have', async () => {
    const lookup: LookupFunction = (_hostname, _options, callback) => callback(null, '10.11.12.13', 4);
    const result = await send(httpTransport({ lookup }), { url: 'http://crm.example.com/' });
    expect(result).toEqual({
      outcome: 'failed',
      error: {
        code: 'ADDRESS_BLOCKED',
        message: 'crm.example.com:80 is at an address outside the allowed networks (ADDRESS_BLOCKED)',
      },
    });
  });

  it('an answer is no part of the error, which is all that status and alerts show', async () => {
    const { url } = await rawReceiver((socket) => {
      socket.end('HTTP/1.1 500 inner-4711\r\nServer: inner-4711\r\nContent-Length: 10\r\n\r\ninner-4711');
    });
    const result = await send(httpTransport(), { url });
    expect(result.outcome === 'failed' && result.error).toEqual({
      code: 'HTTP_STATUS',
      message: 'answered 500; only 200 counts',
    });
  });
});
