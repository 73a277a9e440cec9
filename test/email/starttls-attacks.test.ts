import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Authority } from '../support/certificates.ts';
import { attempt, transportTo, unaborted } from './sending.ts';
import { pass, startServer, user } from './smtp-server.ts';

/** The first bytes of TLS. */
const hello = '\x16\x03';
const authority = new Authority('relay authority');

/** What stands between us and the relay: changes the replies it passes on, up to the one to STARTTLS and this included. */
type Tamper = (reply: string, client: Socket) => string;

/** Sends a mail through somebody on the way, to a relay that speaks TLS and wants a login. */
async function sentThrough(tamper: Tamper) {
  await using relay = await startServer({ ...authority.issue(), authOptional: false });
  let fromClient = '';
  const proxy = createServer((client) => {
    const server = connect(relay.port, '127.0.0.1');
    for (const socket of [client, server]) socket.on('error', () => {});
    let isInClear = true;
    server.on('data', (bytes) => {
      const reply = bytes.toString('latin1');
      client.write(isInClear ? Buffer.from(tamper(reply, client), 'latin1') : bytes);
      // Only the second 220 is an answer to STARTTLS.
      if (reply.startsWith('220') && fromClient.includes('STARTTLS')) isInClear = false;
    });
    client.on('data', (bytes) => {
      fromClient += bytes.toString('latin1');
      server.write(bytes);
    });
    client.once('close', () => server.destroy());
    server.once('close', () => client.end());
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  await using transport = transportTo(
    (proxy.address() as AddressInfo).port,
    { startTls: 'required', ca: authority.pem, auth: { user, pass } },
    { timeouts: { reply: 2_000 } },
  );
  const result = await transport.send(attempt({ to: ['a@x.test'] }), { signal: unaborted });
  await transport.close();
  proxy.close();
  await once(proxy, 'close');
  return { result, fromClient, mails: relay.mails, logins: relay.logins };
}

function inClear(fromClient: string): string {
  return fromClient.slice(0, fromClient.includes(hello) ? fromClient.indexOf(hello) : fromClient.length);
}

const afterStarttls =
  (injected: string): Tamper =>
  (reply) =>
    reply.startsWith('220') && !reply.includes('ESMTP') ? reply + injected : reply;

describe('F58, S17: somebody between us and the relay', () => {
  it('who only passes on what is said sees no more than EHLO and STARTTLS', async () => {
    const { result, fromClient, mails } = await sentThrough((reply) => reply);
    expect(result).toMatchObject({ outcome: 'delivered' });
    expect(inClear(fromClient)).toMatch(/^EHLO \S+\r\nSTARTTLS\r\n$/);
    expect(mails).toEqual([{ to: ['a@x.test'], secure: true, user }]);
  });

  it('gains nothing by leaving STARTTLS out of what the relay offers', async () => {
    const { result, fromClient, mails } = await sentThrough((reply) => reply.replace('STARTTLS', 'NOOP'));
    expect(result).toMatchObject({ outcome: 'delivered' });
    expect(inClear(fromClient)).toMatch(/^EHLO \S+\r\nSTARTTLS\r\n$/);
    expect(mails).toMatchObject([{ secure: true }]);
  });

  it.each<[string, Tamper]>([
    ['by refusing STARTTLS in the name of the relay', (reply) => reply.replace(/^220 (?!.*ESMTP)/, '454 4.7.0 ')],
    ['by replies after the one to STARTTLS', afterStarttls('250-evil.test\r\n250 AUTH PLAIN\r\n235 2.7.0 welcome\r\n')],
    ['by the beginning of a reply', afterStarttls('250-SIZE 1\r\n250-')],
    ['by the beginning of a line', afterStarttls('250 SIZE 1')],
    ['by an empty line', afterStarttls('\r\n')],
    ['by many replies', afterStarttls('250 2.0.0 ok\r\n'.repeat(20))],
    [
      'by a reply a little later',
      (reply, client) => {
        if (reply.startsWith('220') && !reply.includes('ESMTP')) setImmediate(() => client.write('250 2.0.0 ok\r\n'));
        return reply;
      },
    ],
  ])('gains nothing %s', async (_how, tamper) => {
    const { result, fromClient, mails, logins } = await sentThrough(tamper);
    expect(inClear(fromClient)).toMatch(/^EHLO \S+\r\nSTARTTLS\r\n$/);
    expect(fromClient).not.toMatch(/AUTH|MAIL FROM|RCPT|Subject/);
    // It is as if nothing had been said, or there is no mail at all.
    expect(result.outcome).toBe(mails.length === 1 ? 'delivered' : 'failed');
    expect(mails.every(({ secure }) => secure)).toBe(true);
    expect(logins).toEqual(mails.map(() => `PLAIN ${user}`));
  });
});
