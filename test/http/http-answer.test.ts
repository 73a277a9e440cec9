import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { answerText, connectionsTo, ended, httpReceiver, httpTransport, rawReceiver } from './receivers.ts';
import { codeOf, send } from './sending.ts';

/** What an attempt comes to when the receiver answers with these bytes and, unless it stays open, closes the connection. */
async function outcomeOf(bytes: string | Buffer, { staysOpen = true } = {}) {
  const receiver = await rawReceiver((socket) => {
    socket.write(bytes);
    if (!staysOpen) socket.end();
  });
  const result = await send(httpTransport(), { url: receiver.url, timeout: 5000 });
  expect(receiver.requests).toHaveLength(1);
  return { result, code: codeOf(result), receiver };
}

describe('the status', () => {
  it.each([
    201, 202, 203, 204, 205, 206, 300, 304, 400, 401, 403, 404, 408, 409, 413, 418, 421, 425, 429, 500, 502, 503, 504,
    599, 999,
  ])('%i is a failure that is told', async (status) => {
    const { url } = await httpReceiver((_, response) => response.writeHead(status).end());
    expect(await send(httpTransport(), { url })).toMatchObject({
      outcome: 'failed',
      error: { code: 'HTTP_STATUS', message: `answered ${status}; only 200 counts` },
      response: { status },
    });
  });

  it('200 is a delivery, and so is what the recipient counts as one', async () => {
    const { url } = await httpReceiver((_, response) => response.writeHead(202).end('queued'));
    const transport = httpTransport();
    const delivered = { outcome: 'delivered', response: { status: 202, text: 'queued' } };
    expect(await send(transport, { url, success: [200, 202] })).toEqual(delivered);
    expect(await send(transport, { url, success: '2xx' })).toEqual(delivered);
  });

  it.each([301, 302, 303, 307, 308])('%i is a failure, and its target hears nothing', async (status) => {
    const target = await httpReceiver((_, response) => response.end());
    const { url, requests } = await httpReceiver((_, response) =>
      response.writeHead(status, { location: target.url }).end(),
    );
    expect(codeOf(await send(httpTransport(), { url }))).toBe('HTTP_REDIRECT');
    expect(requests).toHaveLength(1);
    expect(await connectionsTo(target)).toBe(0);
  });

  it('is not one of those before the final one', async () => {
    const early = ['100 Continue', '102 Processing', '103 Early Hints\r\nLink: </a>'];
    const { result } = await outcomeOf(`${early.map((line) => `HTTP/1.1 ${line}\r\n\r\n`).join('')}${answerText(200)}`);
    expect(result).toEqual({ outcome: 'delivered', response: { status: 200, text: 'ok' } });
  });

  it('101 is a failure, and the connection is not kept', async () => {
    const { result, receiver } = await outcomeOf(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    expect(result).toMatchObject({ error: { message: 'answered 101; only 200 counts' } });
    await ended(receiver.connections[0]);
  });
});

describe('a delivery takes a complete answer', () => {
  it.each([
    ['with a length', answerText(200, 'thanks'), true],
    ['without a body', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', true],
    ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nfoo\r\n3\r\nbar\r\n0\r\n\r\n', true],
    ['up to the end of the connection', 'HTTP/1.1 200 OK\r\n\r\nthanks', false],
    ['of HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\nthanks', false],
    ['with a length and white space behind it', 'HTTP/1.1 200 OK\r\nContent-Length: 2 \t\r\n\r\nok', true],
    [
      'in chunks, as is said twice',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
      true,
    ],
    ['behind an empty line', `\r\n${answerText(200)}`, true],
  ])('%s', async (_, bytes, staysOpen) => {
    expect((await outcomeOf(bytes, { staysOpen })).result.outcome).toBe('delivered');
  });

  it('F48: and nothing more: a receiver that crashes right after it has taken the event', async () => {
    const { url } = await rawReceiver((socket) =>
      socket.write(answerText(200, 'error: no disk'), () => socket.destroy()),
    );
    expect((await send(httpTransport(), { url })).outcome).toBe('delivered');
  });

  it.each([
    ['shorter than announced', 'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf', 'HTTP_TRUNCATED'],
    ['without its last chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n', 'HTTP_TRUNCATED'],
    ['in the middle of a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf', 'HTTP_TRUNCATED'],
    [
      'without its last chunk, where the connection was to end',
      'HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n',
      'HTTP_TRUNCATED',
    ],
    [
      'in the middle of a chunk, where the connection was to end',
      'HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf',
      'HTTP_TRUNCATED',
    ],
    ['with a head that breaks off', 'HTTP/1.1 200 OK\r\nContent-Le', 'CONNECT_RESET'],
    ['of nothing', '', 'CONNECT_RESET'],
  ])('not one %s', async (_, bytes, code) => {
    expect((await outcomeOf(bytes, { staysOpen: false })).code).toBe(code);
  });

  it.each([
    ['before any byte', '', 'CONNECT_RESET'],
    ['within the head', 'HTTP/1.1 200 OK\r\n', 'CONNECT_RESET'],
    ['within a body with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf', 'HTTP_TRUNCATED'],
    ['within a chunked body', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf', 'HTTP_TRUNCATED'],
  ])('not one with the connection reset %s', async (_, bytes, code) => {
    const { url } = await rawReceiver((socket) => {
      if (bytes === '') socket.resetAndDestroy();
      else socket.write(bytes, () => socket.resetAndDestroy());
    });
    expect(codeOf(await send(httpTransport(), { url }))).toBe(code);
  });

  // Node 22 makes a plain end of such a reset.
  it.skipIf(process.versions.node.startsWith('22.')).each([
    ['without a length', ''],
    ['in a coding that does not tell its length', 'Transfer-Encoding: gzip\r\n'],
    ['in chunks of another coding', 'Transfer-Encoding: chunked, gzip\r\n'],
  ])('F36: not one %s whose connection is reset', async (_, header) => {
    const { url } = await rawReceiver((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${header}\r\nhalf`, () => socket.resetAndDestroy());
    });
    expect(codeOf(await send(httpTransport(), { url }))).toBe('HTTP_TRUNCATED');
  });
});

it('headers that come in many packets are one head', async () => {
  const bytes = [...`HTTP/1.1 103 Early\r\n\r\n${answerText(200, 'ok', 'X-Y: z ')}`];
  const { url } = await rawReceiver((socket) => {
    socket.setNoDelay(true);
    const writeNext = (): void => {
      const byte = bytes.shift();
      if (byte !== undefined) socket.write(byte, () => setImmediate(writeNext));
    };
    writeNext();
  });
  expect((await send(httpTransport(), { url })).outcome).toBe('delivered');
});

describe('what is not HTTP is HTTP_MALFORMED', () => {
  it.each([
    ['HTTP/0.9', 'hello'],
    ['a version of HTTP that is not spoken in text', 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['HTTP/0.9 with a head, which it does not have', 'HTTP/0.9 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['a malformed status', 'HTTP/1.1 abc OK\r\n\r\n'],
    ['lines that end in LF alone', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'],
    ['a header of 64 KB', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(65_536)}\r\nContent-Length: 0\r\n\r\n`],
    ['10,000 headers', `HTTP/1.1 200 OK\r\n${'X: a\r\n'.repeat(10_000)}Content-Length: 0\r\n\r\n`],
    ['NUL in a header', 'HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'],
    ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'],
    ['a length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['chunks without a size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\nhello'],
    ['more than was announced', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello world'],
  ])('%s', async (_, bytes) => {
    const { code, receiver } = await outcomeOf(bytes);
    expect(code).toBe('HTTP_MALFORMED');
    await ended(receiver.connections[0]);
  });
});

describe('a large answer', () => {
  it('counts at 64 KB, and the connection is closed', async () => {
    let written = 0;
    const { url, connections } = await rawReceiver((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const pour = (): void => {
        while (!socket.destroyed && socket.write('x'.repeat(65_536))) written += 65_536;
      };
      socket.on('drain', pour);
      pour();
    });
    expect(await send(httpTransport(), { url })).toMatchObject({ outcome: 'delivered', response: { status: 200 } });
    await ended(connections[0]);
    expect(written).toBeLessThan(16 * 1024 * 1024);
  });

  it('is not inflated', async () => {
    const bomb = gzipSync(Buffer.alloc(1024 * 1024));
    const { url, requests } = await httpReceiver((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': bomb.length }).end(bomb),
    );
    expect((await send(httpTransport(), { url })).outcome).toBe('delivered');
    expect(requests[0]?.head.headers['accept-encoding']).toBeUndefined();
  });
});
