import { getEventListeners } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { answerText, ended, httpReceiver, httpTransport, listening, rawReceiver } from './receivers.ts';
import { codeOf, send } from './sending.ts';
import { HttpTransport } from './transport.ts';

/** A receiver that takes requests and keeps still. `asked` resolves when it has one. */
async function silentReceiver() {
  const asked = Promise.withResolvers<void>();
  return { asked: asked.promise, ...(await rawReceiver(() => asked.resolve())) };
}

/** A receiver that accepts connections and reads nothing. */
async function deafReceiver() {
  const connected = Promise.withResolvers<void>();
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => {});
    connected.resolve();
  });
  return { authority: await listening(server), connected: connected.promise };
}

const large = { data: JSON.stringify({ text: 'x'.repeat(16 * 1024 * 1024) }) };
const neverFound = (): void => {};

describe('F33, F34: the time limit bounds the whole attempt', () => {
  const timeout = 150;

  it.each([
    ['an answer that does not come', ''],
    ['a head that drips', 'HTTP/1.1 200 OK\r\nX: '],
    ['a body that drips', 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n'],
    ['a chunk that drips', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n'],
    ['a body without an end that drips', 'HTTP/1.1 200 OK\r\n\r\n'],
  ])('with %s', async (_, beginning) => {
    const { url, connections } = await rawReceiver((socket) => {
      if (beginning === '') return;
      socket.write(beginning);
      const drip = setInterval(() => socket.write('a'), timeout / 10);
      socket.on('close', () => clearInterval(drip));
    });
    const start = performance.now();
    expect(codeOf(await send(httpTransport(), { url, timeout }))).toBe('TIMEOUT_RESPONSE');
    const elapsed = performance.now() - start;
    expect(elapsed).toBeGreaterThan(timeout - 5);
    expect(elapsed).toBeLessThan(timeout + 500);
    await ended(connections[0]);
  });

  it('F32: with interim answers that never end', async () => {
    const { url, connections } = await rawReceiver((socket) => {
      const go = (): void =>
        void (socket.writable && socket.write('HTTP/1.1 103 Early Hints\r\n\r\n', () => setImmediate(go)));
      go();
    });
    expect(codeOf(await send(httpTransport(), { url, timeout }))).toBe('TIMEOUT_RESPONSE');
    await ended(connections[0]);
  });

  it('F35: with a request that nobody reads', async () => {
    const { authority } = await deafReceiver();
    // So large a request takes a busy machine a while before it looks at its connection.
    const result = await send(
      httpTransport(),
      { url: `http://${authority}/`, format: 'json', timeout: 1_000 },
      { event: large },
    );
    expect(codeOf(result)).toBe('TIMEOUT_RESPONSE');
  });

  it('with a name that is never found', async () => {
    const transport = httpTransport({ lookup: neverFound });
    expect(await send(transport, { url: 'https://crm.example.com/hook', timeout })).toEqual({
      outcome: 'failed',
      error: { code: 'TIMEOUT_CONNECT', message: 'no connection to crm.example.com:443 within 150 ms' },
    });
  });

  it('with a TLS handshake that never ends', async () => {
    const { authority } = await deafReceiver();
    const result = await send(httpTransport(), { url: `https://${authority}/`, timeout });
    expect(codeOf(result)).toBe('TIMEOUT_TLS');
  });
});

describe('an aborted attempt ends at once as ABORTED', () => {
  const aborted = {
    outcome: 'failed',
    error: { code: 'ABORTED', message: 'the attempt was broken off before a complete answer had come' },
  };

  it('before it began: nothing is sent', async () => {
    const { url, connections } = await silentReceiver();
    expect(await send(httpTransport(), { url }, { signal: AbortSignal.abort() })).toEqual(aborted);
    expect(connections).toEqual([]);
  });

  it('while the name is looked up', async () => {
    const abort = new AbortController();
    const lookedUp = Promise.withResolvers<void>();
    const transport = httpTransport({ lookup: () => lookedUp.resolve() });
    const result = send(transport, { url: 'http://crm.example.com/' }, { signal: abort.signal });
    await lookedUp.promise;
    abort.abort();
    expect(await result).toEqual(aborted);
  });

  it('while the request is written', async () => {
    const abort = new AbortController();
    const { authority, connected } = await deafReceiver();
    const fields = { signal: abort.signal, event: large };
    const result = send(httpTransport(), { url: `http://${authority}/` }, fields);
    await connected;
    abort.abort();
    expect(await result).toEqual(aborted);
  });

  it('while it waits for the answer: the connection is closed', async () => {
    const abort = new AbortController();
    const { url, asked, connections } = await silentReceiver();
    const result = send(httpTransport(), { url }, { signal: abort.signal });
    await asked;
    abort.abort();
    expect(await result).toEqual(aborted);
    await ended(connections[0]);
  });

  it('without touching others on the same transport', async () => {
    const abort = new AbortController();
    const silent = await silentReceiver();
    const { url, requests } = await httpReceiver((_, response) => response.end());
    const transport = httpTransport();
    const result = send(transport, { url: silent.url }, { signal: abort.signal });
    await silent.asked;
    abort.abort();
    expect(codeOf(await result)).toBe('ABORTED');
    expect((await send(transport, { url }, { signal: new AbortController().signal })).outcome).toBe('delivered');
    expect(requests).toHaveLength(1);
  });

  it('and a later abort changes nothing', async () => {
    const abort = new AbortController();
    const { url, connections } = await rawReceiver((socket) => socket.write(answerText(200)));
    const transport = httpTransport();
    await send(transport, { url }, { signal: abort.signal });
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
    abort.abort();
    expect((await send(transport, { url })).outcome).toBe('delivered');
    expect(connections).toHaveLength(1);
  });
});

it('an attempt that has ended leaves no timer behind', async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const { url } = await rawReceiver((socket) => socket.write(answerText(200)));
  const before = timers();
  await send(httpTransport(), { url, timeout: 60_000 });
  // What other tests have left may end meanwhile.
  expect(timers()).toBeLessThanOrEqual(before);
});

describe('close()', () => {
  it('breaks off attempts under way and closes their connections', async () => {
    const { url, asked, connections } = await silentReceiver();
    const transport = new HttpTransport({ allowedNetworks: ['loopback'] });
    const result = send(transport, { url });
    await asked;
    await transport.close();
    expect(codeOf(await result)).toBe('ABORTED');
    await ended(connections[0]);
  });

  it('closes idle connections', async () => {
    const { url, connections } = await rawReceiver((socket) => socket.write(answerText(200)));
    const transport = new HttpTransport({ allowedNetworks: ['loopback'] });
    await send(transport, { url });
    expect(connections[0]?.closed).toBe(false);
    await transport.close();
    await ended(connections[0]);
  });

  it('lets nothing be sent after it, and can be called again', async () => {
    const { url, connections } = await silentReceiver();
    const transport = new HttpTransport({ allowedNetworks: ['loopback'] });
    await transport.close();
    await transport.close();
    expect(codeOf(await send(transport, { url }))).toBe('ABORTED');
    expect(connections).toEqual([]);
  });
});
