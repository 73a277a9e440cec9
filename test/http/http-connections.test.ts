import { createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Authority } from '../support/certificates.ts';
import { answerText, closedPort, ended, httpReceiver, httpTransport, listening, rawReceiver } from './receivers.ts';
import { codeOf, send } from './sending.ts';

describe('connections', () => {
  it('are kept and shared, also between recipients', async () => {
    const { url, connections } = await rawReceiver((socket) => socket.write(answerText(200)));
    const transport = httpTransport();
    const warnings: Error[] = [];
    const warn = (warning: Error) => warnings.push(warning);
    process.on('warning', warn);
    for (let count = 0; count < 50; count++) await send(transport, { id: `crm-${count}`, url: `${url}?n=${count}` });
    process.off('warning', warn);
    expect(connections).toHaveLength(1);
    expect(warnings).toEqual([]);
  });

  it('that are idle are closed a second before the server would', async () => {
    const { url, connections } = await rawReceiver((socket) => {
      socket.write(answerText(200, 'ok', 'Connection: keep-alive', 'Keep-Alive: timeout=2'));
    });
    const transport = httpTransport();
    await send(transport, { url });
    const start = performance.now();
    await ended(connections[0]);
    expect(performance.now() - start).toBeLessThan(1900);
  });

  it('do not wait for each other', async () => {
    const all = Promise.withResolvers<void>();
    const { url, requests } = await rawReceiver((socket, count) => {
      if (count === 16) all.resolve();
      void all.promise.then(() => socket.write(answerText(200)));
    });
    const transport = httpTransport();
    const results = await Promise.all(Array.from({ length: 16 }, () => send(transport, { url })));
    expect(results.every(({ outcome }) => outcome === 'delivered')).toBe(true);
    expect(requests).toHaveLength(16);
  });

  it('are not made for an attempt that is broken off before it begins', async () => {
    const { url, connections } = await rawReceiver((socket) => socket.write(answerText(200)));
    const transport = httpTransport();
    expect(codeOf(await send(transport, { url }, { signal: AbortSignal.abort() }))).toBe('ABORTED');
    await transport.close();
    expect(codeOf(await send(transport, { url }))).toBe('ABORTED');
    const other = httpTransport();
    await send(other, { url });
    expect(connections).toHaveLength(1);
  });

  it('that are still being made end with the transport', async () => {
    // It takes connections, and says nothing of TLS.
    const mute: Socket[] = [];
    const server = createServer((socket) => mute.push(socket.on('error', () => {})));
    const url = `https://${await listening(server)}/`;
    const transport = httpTransport();
    const attempt = send(transport, { url });
    await vi.waitFor(() => expect(mute).toHaveLength(1), 10_000);
    await transport.close();
    expect(codeOf(await attempt)).toBe('ABORTED');
    await ended(mute[0]?.resume());
  });

  it('of which there are as many as may be: an attempt that is broken off waits for none', async () => {
    const { url, requests } = await rawReceiver(() => {});
    const transport = httpTransport();
    const stop = new AbortController();
    const all = Array.from({ length: 256 }, () => send(transport, { url }, { signal: stop.signal }));
    await vi.waitFor(() => expect(requests).toHaveLength(256), 20_000);
    const waiting = new AbortController();
    const late = send(transport, { url }, { signal: waiting.signal });
    const never = send(transport, { url }, { signal: AbortSignal.abort() });
    waiting.abort();
    expect([codeOf(await late), codeOf(await never)]).toEqual(['ABORTED', 'ABORTED']);
    expect(requests).toHaveLength(256);
    stop.abort();
    await Promise.all(all);
  });

  it('F42: are not made where there is no way', async () => {
    // A multicast address: a connection to one cannot be.
    const result = await send(httpTransport({ allowedNetworks: 'any' }), { url: 'http://224.0.0.1/' });
    expect(codeOf(result)).toBe('CONNECT_FAILED');
  });

  it('F42: are refused by a port on which nobody listens', async () => {
    const port = await closedPort();
    expect(await send(httpTransport(), { url: `http://127.0.0.1:${port}/` })).toEqual({
      outcome: 'failed',
      error: { code: 'CONNECT_REFUSED', message: `127.0.0.1:${port} refused the connection (ECONNREFUSED)` },
    });
  });

  it('F43: go to the next address of a name when the first is dead', async () => {
    const { url, requests } = await httpReceiver((_, response) => response.end());
    const transport = httpTransport({
      lookup: (_hostname, _options, callback) =>
        callback(null, [
          { address: '::1', family: 6 },
          { address: '127.0.0.1', family: 4 },
        ]),
    });
    const { port } = new URL(url);
    expect((await send(transport, { url: `http://crm.example.com:${port}/` })).outcome).toBe('delivered');
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['ENOTFOUND', 'DNS_NOT_FOUND'],
    ['EAI_AGAIN', 'DNS_FAILED'],
  ])('are not made when the lookup fails with %s', async (code, expected) => {
    const transport = httpTransport({
      lookup: (_hostname, _options, callback) => callback(Object.assign(new Error('secret detail'), { code }), []),
    });
    const result = await send(transport, { url: 'http://crm.example.com/' });
    expect(codeOf(result)).toBe(expected);
    expect(JSON.stringify(result)).not.toContain('secret');
  });

  it('are not made when a name has no address', async () => {
    const transport = httpTransport({ lookup: (_hostname, _options, callback) => callback(null, []) });
    expect(codeOf(await send(transport, { url: 'http://crm.example.com/' }))).toBe('DNS_NOT_FOUND');
  });
});

const certificate = new Authority('root');

describe.each(['http', 'https'])('an idle %s connection that the server closes just as it is used again', (scheme) => {
  const tls = scheme === 'https' ? certificate.issue() : undefined;
  const ca = scheme === 'https' ? certificate.pem : null;

  const closings: [how: string, close: (socket: Socket) => void][] = [
    ['closed', (socket) => socket.end()],
    ['cut', (socket) => socket.destroy()],
  ];
  // A TLS socket cannot be reset.
  if (tls === undefined) closings.push(['reset', (socket) => socket.resetAndDestroy()]);

  it.each(closings)('F37: and that is %s costs one more try on a new connection, which is told', async (_, close) => {
    const { url, requests, connections } = await rawReceiver((socket, count) => {
      if (count === 2) close(socket);
      else socket.write(answerText(200));
    }, tls);
    const transport = httpTransport();
    await send(transport, { url, ca });
    expect(await send(transport, { url, ca }, { number: 4 })).toEqual({
      outcome: 'delivered',
      response: { status: 200, text: 'ok' },
      resent: true,
    });
    expect(connections).toHaveLength(2);
    expect(requests).toHaveLength(3);
    expect(requests[1]).toContain('webhook-attempt: 4\r\n');
    expect(requests[2]).toBe(requests[1]);
    await ended(connections[1]);
  });

  it('is tried once more only, and within the time limit', async () => {
    const { url, requests } = await rawReceiver((socket, count) => {
      if (count === 1) socket.write(answerText(200));
      else socket.destroy();
    }, tls);
    const transport = httpTransport();
    await send(transport, { url, ca });
    expect(await send(transport, { url, ca })).toMatchObject({ error: { code: 'CONNECT_RESET' }, resent: true });
    expect(requests).toHaveLength(3);
  });

  it('F37: is a failure when the receiver had time to act on the request', async () => {
    const { url, requests } = await rawReceiver((socket, count) => {
      if (count === 1) return socket.write(answerText(200));
      const later = performance.now() + 1_001;
      const now = vi.spyOn(performance, 'now').mockImplementation(() => later);
      onTestFinished(() => now.mockRestore());
      return socket.end();
    }, tls);
    const transport = httpTransport();
    await send(transport, { url, ca });
    const result = await send(transport, { url, ca });
    expect(codeOf(result)).toBe('CONNECT_RESET');
    expect(result).not.toHaveProperty('resent');
    expect(requests).toHaveLength(2);
  });

  it('is a failure when it had begun to answer', async () => {
    const { url, requests } = await rawReceiver((socket, count) => {
      if (count === 1) socket.write(answerText(200));
      else socket.end('HTTP/1.1 2');
    }, tls);
    const transport = httpTransport();
    await send(transport, { url, ca });
    expect(codeOf(await send(transport, { url, ca }))).toBe('CONNECT_RESET');
    expect(requests).toHaveLength(2);
  });

  it('is not what a new connection is', async () => {
    const { url, requests } = await rawReceiver((socket) => socket.destroy(), tls);
    expect(codeOf(await send(httpTransport(), { url, ca }))).toBe('CONNECT_RESET');
    expect(requests).toHaveLength(1);
  });
});

it('F37: a server that closes after each answer without saying so costs no event an interval', async () => {
  const { url, requests, connections } = await rawReceiver((socket, count) => {
    socket.end(answerText(200, `answer ${count}`));
  });
  const transport = httpTransport();
  for (let sequence = 1; sequence <= 200; sequence++) {
    expect((await send(transport, { url }, { sequence })).outcome).toBe('delivered');
  }
  expect(new Set(requests).size).toBe(200);
  expect(connections.length).toBeLessThanOrEqual(requests.length + 200);
});

describe('S11: a connection is not used again', () => {
  it('F41: after two answers to one request: the first counts', async () => {
    const { url, connections } = await rawReceiver((socket) => {
      socket.write(answerText(200, 'first') + answerText(500, 'second'));
    });
    expect(await send(httpTransport(), { url })).toMatchObject({
      outcome: 'delivered',
      response: { status: 200, text: 'first' },
    });
    await ended(connections[0]);
  });

  it('F41: after leftovers, in the same packet or the next: of 1,000 events each gets its own answer', async () => {
    const more = [answerText(200, 'left over'), 'HTTP/1.1 100 Continue\r\n\r\n', `\r\n${answerText(200, 'left')}`];
    const { url, requests } = await rawReceiver((socket, count) => {
      const answer = answerText(200, `answer ${/webhook-sequence: (\d+)/.exec(requests.at(-1) ?? '')?.[1]}`);
      const leftOver = more[count % more.length] ?? '';
      // Else a second packet would wait until the first is acknowledged.
      socket.setNoDelay(true);
      if (count % 4 === 0) socket.write(answer + leftOver);
      else socket.write(answer);
      if (count % 4 === 1) socket.write(leftOver);
    });
    const transport = httpTransport();
    const texts: unknown[] = [];
    for (let sequence = 1; sequence <= 1_000; sequence++) {
      texts.push((await send(transport, { url }, { sequence })).response?.text);
    }
    expect(texts).toEqual(Array.from({ length: 1_000 }, (_, index) => `answer ${index + 1}`));
  });

  it('F41: after bytes that belong to no request: they never answer the next one', async () => {
    const { url, connections } = await rawReceiver((socket, count) => {
      socket.write(answerText(200, `answer ${count}`), () =>
        setImmediate(() => socket.write(answerText(500, 'left over'))),
      );
    });
    const transport = httpTransport();
    for (let count = 1; count <= 20; count++) {
      expect(await send(transport, { url })).toMatchObject({ response: { status: 200, text: `answer ${count}` } });
      await ended(connections[count - 1]);
    }
  });

  it('F41: after an answer to a request that was not yet sent whole: the answer counts, the rest is not sent', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.pause();
        socket.write(answerText(200, 'early'));
      });
    });
    const url = `http://${await listening(server)}/`;
    const event = { data: JSON.stringify({ text: 'x'.repeat(16 * 1024 * 1024) }) };
    expect(await send(httpTransport(), { url, format: 'json' }, { event })).toMatchObject({
      response: { status: 200, text: 'early' },
    });
    const [socket] = sockets;
    socket?.resume();
    await ended(socket);
    expect(socket?.bytesRead).toBeLessThan(event.data.length);
  });
});
