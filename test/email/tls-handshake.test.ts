import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { attempt, transportTo, unaborted } from './sending.ts';
import { pass, user } from './smtp-server.ts';

/** Cuts after the first bytes of the handshake, which say that 90 more are to come. */
const cutInside = (socket: Socket): void => {
  socket.write(Buffer.from([22, 3, 3, 0, 90, 2]), () => socket.end());
};

/** TLS alerts: this version of TLS is not spoken; the handshake has failed. */
const alert = (what: 40 | 70) => (socket: Socket) => void socket.write(Buffer.from([21, 3, 3, 0, 2, 2, what]));

/** What becomes of a mail for a relay that begins TLS, and then does this when it is greeted in TLS. */
async function sentTo(handshake: (socket: Socket) => void, secure: boolean, greeting?: (socket: Socket) => void) {
  let inClear = '';
  const server = createServer((socket) => {
    socket.on('error', () => {});
    if (!secure) socket.write('220 mx.test\r\n');
    socket.on('data', (bytes) => {
      const text = bytes.toString('latin1');
      if (text.startsWith('\x16')) return handshake(socket);
      inClear += text;
      if (text.startsWith('EHLO')) socket.write('250-mx.test\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n');
      else if (greeting === undefined) socket.write('220 go on\r\n');
      else greeting(socket);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await using transport = transportTo(port, { secure, startTls: 'required', auth: { user, pass } });
  const result = await transport.send(attempt(), { signal: unaborted });
  await transport.close();
  server.close();
  await once(server, 'close');
  return { result, inClear };
}

const cut = 'the relay closed the connection while TLS was set up';
const unable = 'the relay does not speak TLS with us';

describe.each([
  ['STARTTLS', false, /^EHLO \S+\r\nSTARTTLS\r\n$/],
  ['TLS from the first byte', true, /^$/],
])('F58, F60: a handshake that fails, with %s', (_way, secure, inClear) => {
  it.each<[string, (socket: Socket) => void, string]>([
    ['closes the connection', (socket) => socket.end(), cut],
    ['resets the connection', (socket) => socket.resetAndDestroy(), cut],
    ['is cut off', cutInside, cut],
    ['speaks another version', alert(70), unable],
    ['cannot agree', alert(40), unable],
    ['answers in the clear', (socket) => void socket.write('250 2.0.0 ok\r\n'), unable],
  ])('as the relay %s is told, and nothing else is said', async (_what, handshake, message) => {
    const sent = await sentTo(handshake, secure);
    expect(sent.result).toMatchObject({
      outcome: 'failed',
      error: { code: 'SMTP_TLS', message: expect.stringContaining(message) },
      relay: expect.stringContaining(message),
    });
    expect(sent.inClear).toMatch(inClear);
  });
});

it('F58: a relay that closes the connection instead of answering STARTTLS has failed at TLS', async () => {
  const { result, inClear } = await sentTo(
    () => {},
    false,
    (socket) => socket.end(),
  );
  expect(result).toMatchObject({ error: { code: 'SMTP_TLS', message: expect.stringContaining(cut) } });
  expect(inClear).toMatch(/^EHLO \S+\r\nSTARTTLS\r\n$/);
});
