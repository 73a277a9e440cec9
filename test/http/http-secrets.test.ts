import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type LookupFunction } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { answerText, closedPort, connectionsTo, httpReceiver, httpTransport, rawReceiver } from './receivers.ts';
import { codeOf, send } from './sending.ts';

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
  it('not proxy variables of the environment', async () => {
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

  it('not a URL that other clients would take for a Unix socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'unix-socket-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const listener = vi.fn();
    const server = createServer(listener).listen(join(folder, 'receiver.sock'));
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const lookup = vi.fn<LookupFunction>((_hostname, _options, callback) =>
      callback(Object.assign(new Error(), { code: 'ENOTFOUND' }), []),
    );
    const result = await send(httpTransport({ lookup }), { url: `http://unix:${folder}/receiver.sock:/` });
    expect(codeOf(result)).toBe('DNS_NOT_FOUND');
    expect(lookup.mock.calls[0]?.[0]).toBe('unix');
    expect(listener).not.toHaveBeenCalled();
  });
});
