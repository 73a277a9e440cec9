import { simpleParser } from 'mailparser';
import { describe, expect, it } from 'vitest';
import type { AlertMail } from '../../src/core/transport.ts';
import type { RelayScript } from './relay-script.ts';
import { ScriptedRelay } from './scripted-relay.ts';
import { transportTo, unaborted } from './sending.ts';

const alert: AlertMail = {
  id: 'crm.1767323045000.0',
  to: ['ops@x.test', 'lead@x.test'],
  subject: 'Outbound events: CRM is failing',
  text: 'Failing since 2026-01-02.\nBåd.\n',
};

async function alertTo(script: RelayScript) {
  await using relay = await ScriptedRelay.start(script);
  await using transport = transportTo(relay.port);
  return { answer: await transport.sendAlert(alert, { signal: unaborted }), relay };
}

describe('an alert', () => {
  it('goes to all its addresses, as the mail of a machine', async () => {
    const { answer, relay } = await alertTo({});
    expect(answer).toEqual({ accepted: true, relay: 'OK' });
    expect(relay.mails).toMatchObject([{ from: 'office@sender.test', to: alert.to }]);
    const mail = await simpleParser(relay.mails[0]?.raw ?? '');
    expect(mail).toMatchObject({ subject: alert.subject, text: alert.text, html: false });
    expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
    expect(mail.date).toBeInstanceOf(Date);
  });

  it('has a Message-ID that a repetition has too, and another alert has not', async () => {
    await using relay = await ScriptedRelay.start();
    await using transport = transportTo(relay.port);
    for (const id of [alert.id, alert.id, `${alert.id}\r\n<other>`]) {
      await transport.sendAlert({ ...alert, id }, { signal: unaborted });
    }
    const ids = relay.mails.map(({ raw }) => /^Message-ID: (.*)$/m.exec(raw)?.[1]?.trim());
    expect(ids[0]).toMatch(/^<alert\.[0-9a-f]{32}@sender\.test>$/);
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).toMatch(/^<alert\.[0-9a-f]{32}@sender\.test>$/);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it('is accepted as soon as the relay takes it for one address', async () => {
    const rcpt = (address: string) => (address === 'ops@x.test' ? '550 5.1.1 no such user' : '250 2.1.5 ok');
    const { answer, relay } = await alertTo({ rcpt });
    expect(answer).toEqual({ accepted: true, relay: 'OK' });
    expect(relay.mails.map(({ to }) => to)).toEqual([['lead@x.test']]);
  });

  it.each<[RelayScript, string]>([
    [{ rcpt: '550 5.1.1 no such user' }, 'OK'],
    [{ rcpt: '450 4.2.0 greylisted' }, 'OK'],
    [{ dot: '554 5.7.1 spam' }, 'OK'],
    [{ dot: '451 4.3.0 later' }, 'OK'],
    [{ mail: '550 5.7.1 not you' }, 'the relay refused the sender: 550 5.7.1 not you'],
    [{ greeting: 'drop' }, 'the relay closed the connection'],
  ])('is not accepted with %j, and tells how the relay is', async (script, relay) => {
    expect((await alertTo(script)).answer).toEqual({ accepted: false, relay: expect.stringContaining(relay) });
  });

  it('is not accepted when it is aborted', async () => {
    await using relay = await ScriptedRelay.start({ dot: 'silence' });
    await using transport = transportTo(relay.port);
    const abort = new AbortController();
    const answer = transport.sendAlert(alert, { signal: abort.signal });
    await relay.until(() => relay.dots === 1);
    abort.abort();
    expect(await answer).toEqual({ accepted: false, relay: 'the attempt was ended before the relay had answered' });
  });
});

it('an alert or a probe that is aborted before it begins reaches nobody', async () => {
  await using relay = await ScriptedRelay.start();
  await using transport = transportTo(relay.port);
  const signal = AbortSignal.abort();
  const ended = 'the attempt was ended before the relay had answered';
  expect(await transport.sendAlert(alert, { signal })).toEqual({ accepted: false, relay: ended });
  expect(await transport.probe({ signal })).toBe(ended);
  expect(await transport.probe({ signal: unaborted })).toBe('OK');
  expect(relay.connections).toBe(1);
});

describe('a probe', () => {
  it('greets and leaves, sending nothing', async () => {
    await using relay = await ScriptedRelay.start();
    await using transport = transportTo(relay.port);
    expect(await transport.probe({ signal: unaborted })).toBe('OK');
    await relay.until(() => relay.open === 0);
    expect(relay.commands).toEqual([expect.stringMatching(/^EHLO /), 'QUIT']);
  });

  it('logs in where there is a login', async () => {
    await using relay = await ScriptedRelay.start({ extensions: ['AUTH PLAIN'] });
    await using transport = transportTo(relay.port, { auth: { user: 'me', pass: 'secret' } });
    expect(await transport.probe({ signal: unaborted })).toBe('OK');
    const plain = Buffer.from('\0me\0secret').toString('base64');
    expect(relay.commands).toContain(`AUTH PLAIN ${plain}`);
  });

  it.each<[RelayScript, string]>([
    [{ greeting: '421 4.3.2 busy' }, 'the relay put off the session: 421 4.3.2 busy'],
    [{ ehlo: 'drop' }, 'the relay closed the connection'],
  ])('tells the trouble of the relay (%j)', async (script, trouble) => {
    await using relay = await ScriptedRelay.start(script);
    await using transport = transportTo(relay.port);
    expect(await transport.probe({ signal: unaborted })).toContain(trouble);
  });

  it('ends when it is aborted', async () => {
    await using relay = await ScriptedRelay.start({ greeting: 'silence' });
    await using transport = transportTo(relay.port);
    const abort = new AbortController();
    const answer = transport.probe({ signal: abort.signal });
    await relay.until(() => relay.open === 1);
    abort.abort();
    expect(await answer).toBe('the attempt was ended before the relay had answered');
    await relay.until(() => relay.open === 0);
  });
});
