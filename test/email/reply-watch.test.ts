import { describe, expect, it } from 'vitest';
import type { RelayScript } from './relay-script.ts';
import { ScriptedRelay } from './scripted-relay.ts';
import { attempt, transportTo, unaborted } from './sending.ts';

async function sentTo(script: RelayScript) {
  await using relay = await ScriptedRelay.start(script);
  await using transport = transportTo(relay.port, { auth: null }, { timeouts: { reply: 1_000 } });
  const result = await transport.send(attempt({ to: ['a@x.test', 'b@x.test'] }), { signal: unaborted });
  return { result, mails: relay.mails, received: relay.received };
}

describe('F64: a relay that speaks out of turn', () => {
  it.each<[string, RelayScript]>([
    ['greets twice', { greeting: '220 hello\r\n220 hello again' }],
    ['greets twice, with something else', { greeting: '220 hello\r\n550 5.1.1 no such user' }],
    ['answers EHLO twice', { ehlo: '250 hello\r\n250 hello' }],
    ['answers the sender for an address too', { mail: '250 2.1.0 ok\r\n250 2.1.5 ok' }],
    ['answers an address for the next one too', { rcpt: '250 2.1.5 ok\r\n250 2.1.5 ok\r\n354 go on' }],
    ['takes the mail before it has it', { data: '354 go on\r\n250 2.0.0 queued' }],
    ['goes on with 250 instead of 354', { data: '250 2.0.0 queued' }],
    ['answers without a code', { dot: '2.0.0 queued' }],
    ['answers with a code that is none', { dot: '2500 queued' }],
  ])('is not taken for one that took the mail when it %s', async (_what, script) => {
    const { result } = await sentTo(script);
    expect(result).toMatchObject({
      outcome: 'failed',
      error: { code: 'SMTP_REPLY' },
      progress: { served: [], refused: [] },
    });
  });

  it('has taken the mail when it says so twice: it is not sent again and again', async () => {
    const { result, mails } = await sentTo({ dot: '250 2.0.0 queued\r\n250 2.0.0 queued' });
    expect(result).toMatchObject({ outcome: 'delivered', relay: 'OK' });
    expect(mails).toHaveLength(1);
  });

  it.each(['250 2.0.0 ok', '350 go on', '250 2.1.5 ok\r\n354 go on'])(
    'gets nothing of the mail as commands when it goes on with %j',
    async (data) => {
      for (const extensions of [[], ['PIPELINING']]) {
        const { received } = await sentTo({ extensions, data });
        expect(received).toContain('DATA\r\n');
        expect(received).not.toMatch(/Subject|Message-ID/);
      }
    },
  );

  it('has put the mail off when it takes its leave in the middle of it', async () => {
    const { result } = await sentTo({ data: '354 go on\r\n421 4.3.2 shutting down' });
    expect(result).toMatchObject({ outcome: 'failed' });
  });

  it('has taken the mail only once it was all sent', async () => {
    // More than the buffers of a connection hold: the relay answers while most of it has not left yet.
    const events = { opened: { text: '{{details}}' } };
    await using relay = await ScriptedRelay.start({ extensions: ['8BITMIME'], midMail: [50_000, 'standstill'] });
    await using transport = transportTo(relay.port, {}, { timeouts: { reply: 5_000 } });
    const large = attempt(
      { events },
      { ...attempt().delivery.event, data: JSON.stringify({ details: 'x'.repeat(4_900_000) }) },
    );
    const sent = transport.send(large, { signal: unaborted });
    await relay.until(() => relay.received.length > 50_000);
    relay.say('250 2.0.0 queued');
    expect(await sent).toMatchObject({ outcome: 'failed', error: { code: 'SMTP_REPLY' } });
  });
});
