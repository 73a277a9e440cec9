import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import type { SendResult } from '../../src/core/transport.ts';
import type { RelayScript } from './relay-script.ts';
import { ScriptedRelay } from './scripted-relay.ts';
import { attempt, storedEvent, transportTo, unaborted } from './sending.ts';

const to = ['a@x.test', 'b@x.test', 'c@x.test'];

/** What becomes of a mail to three addresses. */
async function sentTo(script: RelayScript): Promise<{ readonly result: SendResult; readonly relay: ScriptedRelay }> {
  await using relay = await ScriptedRelay.start(script);
  await using transport = transportTo(relay.port);
  return { result: await transport.send(attempt({ to }), { signal: unaborted }), relay };
}

describe('F52, F53, F61: the answer of the relay', () => {
  it.each<[RelayScript, string, string]>([
    [{ greeting: '421 4.3.2 busy' }, 'the relay put off the session: 421 4.3.2 busy', 'SMTP_REPLY'],
    [{ greeting: '554 5.3.2 no service' }, 'the relay refused the session: 554 5.3.2 no service', 'SMTP_REPLY'],
    [
      { greeting: 'HTTP/1.1 400 Bad Request' },
      'the relay gave an answer that makes no sense: HTTP/1.1 400 Bad Request',
      'SMTP_REPLY',
    ],
    [{ greeting: 'drop' }, 'the relay closed the connection instead of greeting', 'SMTP_CUT'],
    [{ ehlo: '421 4.3.2 busy' }, 'the relay put off the session: 421 4.3.2 busy', 'SMTP_REPLY'],
    [{ ehlo: '550 5.7.1 not you' }, 'the relay refused the session: 500 5.5.2 what?', 'SMTP_REPLY'],
    [{ ehlo: 'drop' }, 'the relay closed the connection before the mail', 'SMTP_CUT'],
    [{ mail: '421 4.3.2 busy' }, 'the relay put off the session: 421 4.3.2 busy', 'SMTP_REPLY'],
    [{ rcpt: '421 4.3.2 busy' }, 'the relay put off the session: 421 4.3.2 busy', 'SMTP_REPLY'],
    [{ data: '421 4.3.2 busy' }, 'the relay put off the session: 421 4.3.2 busy', 'SMTP_REPLY'],
    [{ dot: '421 4.3.2 busy' }, 'the relay put off the session: 421 4.3.2 busy', 'SMTP_REPLY'],
    [{ mail: '451 4.3.0 later' }, 'the relay put off the sender: 451 4.3.0 later', 'SMTP_SENDER'],
    [{ mail: '550 5.7.1 not you' }, 'the relay refused the sender: 550 5.7.1 not you', 'SMTP_SENDER'],
    [{ mail: '530 5.7.0 log in first' }, 'the relay refused the login: 530 5.7.0 log in first', 'SMTP_AUTH'],
    [{ mail: 'drop' }, 'the relay closed the connection before the mail', 'SMTP_CUT'],
    [{ rcpt: 'drop' }, 'the relay closed the connection before the mail', 'SMTP_CUT'],
    [{ data: 'drop' }, 'the relay closed the connection before the mail', 'SMTP_CUT'],
    [
      { dot: 'drop' },
      'the relay closed the connection instead of answering the mail; the mail may have arrived',
      'SMTP_CUT',
    ],
    [
      { dot: '354 go on' },
      'the relay gave an answer that makes no sense: 354 go on; the mail may have arrived',
      'SMTP_REPLY',
    ],
    [
      { dot: '250-queued\r\n550 5.7.1 or not' },
      'the relay gave an answer that makes no sense: 550 5.7.1 or not; the mail may have arrived',
      'SMTP_REPLY',
    ],
    [
      { rcpt: '250 2.1.5 ok\r354 go on' },
      'the relay gave an answer that makes no sense: 250 2.1.5 ok go on',
      'SMTP_REPLY',
    ],
    [
      { dot: '250-queued\r\n' },
      'the relay gave an answer that makes no sense; the mail may have arrived',
      'SMTP_REPLY',
    ],
    [
      { mail: '250-never\r\n250-ending\r\n250'.repeat(10_000) },
      'the relay gave an answer that makes no sense',
      'SMTP_REPLY',
    ],
  ])('%j is trouble of the relay: the mail is tried again', async (script, message, code) => {
    for (const extensions of [[], ['PIPELINING']]) {
      const { result, relay } = await sentTo({ ...script, extensions });
      expect(result).toMatchObject({
        outcome: 'failed',
        error: { code, message: expect.stringContaining(message) },
        relay: expect.stringContaining(message),
        progress: { served: [], refused: [] },
      });
      expect(relay.mails).toEqual([]);
    }
  });

  it.each<[RelayScript, string]>([
    [{ data: '451 4.3.0 later' }, 'the relay put off the mail: 451 4.3.0 later'],
    [{ dot: '451 4.3.0 later' }, 'the relay put off the mail: 451 4.3.0 later'],
    [{ dot: '452 4.3.1 full' }, 'the relay put off the mail: 452 4.3.1 full'],
  ])('%j is trouble with this mail that passes: it is tried again, the relay is in order', async (script, message) => {
    for (const extensions of [[], ['PIPELINING']]) {
      expect((await sentTo({ ...script, extensions })).result).toMatchObject({
        outcome: 'failed',
        error: { code: 'SMTP_MAIL', message },
        relay: 'OK',
      });
    }
  });

  it.each<[RelayScript, string, string]>([
    [{ data: '554 5.7.1 no' }, 'the relay refused the mail: 554 5.7.1 no', 'SMTP_MAIL'],
    [{ dot: '550 5.7.1 spam' }, 'the relay refused the mail: 550 5.7.1 spam', 'SMTP_MAIL'],
    [{ dot: '552 5.3.4 too large' }, 'the relay refused the mail: 552 5.3.4 too large', 'SMTP_SIZE'],
    [{ mail: '552 5.3.4 too large' }, 'the relay refused the mail: 552 5.3.4 too large', 'SMTP_SIZE'],
    [{ extensions: ['SIZE 100'] }, 'the mail is larger than the relay takes', 'SMTP_SIZE'],
  ])('%j refuses this mail for good: it is given up, the relay is in order', async (script, message, code) => {
    const { result, relay } = await sentTo(script);
    expect(result).toMatchObject({ outcome: 'rejected', error: { code, message }, relay: 'OK' });
    expect(relay.mails).toEqual([]);
    if (script.extensions) expect(relay.commands.every((command) => /^(?:EHLO|QUIT)/.test(command))).toBe(true);
  });

  it('F64: is taken in pieces of any size', async () => {
    await using relay = await ScriptedRelay.start({ extensions: ['SIZE 10000000', 'PIPELINING'] });
    relay.chunk = 1;
    await using transport = transportTo(relay.port);
    expect(await transport.send(attempt({ to }), { signal: unaborted })).toMatchObject({ outcome: 'delivered' });
  });
});

it.each([[[]], [['PIPELINING']]])(
  'F56: a mail whose answer is lost is sent again to the byte, once for each time (relay with %j)',
  async (extensions) => {
    let cuts = 3;
    const dot = () => (cuts-- > 0 ? 'drop' : '250 2.0.0 queued');
    await using relay = await ScriptedRelay.start({ extensions, dot });
    await using transport = transportTo(relay.port);
    let progress: Json = null;
    for (let number = 1; number <= 3; number += 1) {
      const result = await transport.send({ ...attempt({ to }, undefined, progress), number }, { signal: unaborted });
      if (result.outcome !== 'failed') throw new Error('taken for delivered');
      expect(result.error.code).toBe('SMTP_CUT');
      progress = result.progress ?? null;
    }
    const last = { ...attempt({ to }, undefined, progress), number: 4 };
    expect(await transport.send(last, { signal: unaborted })).toMatchObject({ outcome: 'delivered' });
    expect(relay.brought).toEqual(Array(4).fill(relay.brought[0]));
    expect(relay.brought[0]).toMatch(/^Message-ID: <\S+>\r$/m);
  },
);

describe('F64: a reply', () => {
  const long = (code: number, bytes: number): string => {
    const line = `${code}-${'x'.repeat(72)}\r\n`;
    return `${line.repeat(bytes / line.length)}${code} end`;
  };
  const stages: readonly [stage: keyof RelayScript, code: number][] = [
    ['greeting', 220],
    ['ehlo', 250],
    ['mail', 250],
    ['rcpt', 250],
    ['data', 354],
    ['dot', 250],
  ];

  it.each(stages)('may take many lines (%s)', async (stage, code) => {
    const { result, relay } = await sentTo({ [stage]: long(code, 60_000) });
    expect(result).toMatchObject({ outcome: 'delivered' });
    expect(relay.mails).toHaveLength(1);
  });

  it.each(stages)('of more than 64 KB is none (%s)', async (stage, code) => {
    const { result } = await sentTo({ [stage]: long(code, 200_000) });
    expect(result).toMatchObject({ outcome: 'failed', error: { code: 'SMTP_REPLY' } });
  });

  it('may be late: a greeting, too', async () => {
    await using relay = await ScriptedRelay.start({ greeting: 'silence' });
    await using transport = transportTo(relay.port);
    const sent = transport.send(attempt({ to }), { signal: unaborted });
    await relay.until(() => relay.connections === 1);
    relay.say('220-one moment\r\n220 ready');
    expect(await sent).toMatchObject({ outcome: 'delivered' });
  });
});

describe('F54, F55: an address', () => {
  const byAddress = (replies: Readonly<Record<string, string>>): RelayScript => ({
    rcpt: (address) => replies[address] ?? '250 2.1.5 ok',
  });

  it.each([[[]], [['PIPELINING']]])(
    'that was put off is tried again, alone, with the same mail (relay with %j)',
    async (extensions) => {
      await using relay = await ScriptedRelay.start({
        extensions,
        ...byAddress({ 'b@x.test': '450 4.2.0 greylisted', 'c@x.test': '550 5.1.1 no such user' }),
      });
      await using transport = transportTo(relay.port);
      const first = await transport.send(attempt({ to }), { signal: unaborted });
      expect(first).toMatchObject({
        outcome: 'failed',
        error: { code: 'SMTP_ADDRESSES', message: 'the relay put off 1 of 3 addresses: 450 4.2.0 greylisted' },
        refused: [{ address: 'c@x.test', message: '550 5.1.1 no such user' }],
        relay: 'OK',
      });
      if (first.outcome !== 'failed' || first.progress === undefined) throw new Error('no progress');

      relay.script = {};
      const progress = JSON.parse(JSON.stringify(first.progress));
      const second = await transport.send(attempt({ to }, undefined, progress), { signal: unaborted });
      expect(second).toMatchObject({ outcome: 'delivered', refused: [], relay: 'OK' });
      expect(relay.mails.map((mail) => mail.to)).toEqual([['a@x.test'], ['b@x.test']]);
      expect(relay.mails[1]?.raw).toBe(relay.mails[0]?.raw);
    },
  );

  it('is the only one to be refused when the relay refuses it', async () => {
    const { result, relay } = await sentTo(byAddress({ 'b@x.test': '550 5.1.1 no such user' }));
    expect(result).toMatchObject({
      outcome: 'delivered',
      refused: [{ address: 'b@x.test', message: '550 5.1.1 no such user' }],
      response: { status: 250, text: '2.0.0 queued' },
    });
    expect(relay.mails.map((mail) => mail.to)).toEqual([['a@x.test', 'c@x.test']]);
  });

  it.each([[[]], [['PIPELINING']]])(
    'cannot be served when all are refused: the mail is given up (relay with %j)',
    async (extensions) => {
      const { result, relay } = await sentTo({ extensions, rcpt: '550 5.1.1 no such user' });
      expect(result).toMatchObject({
        outcome: 'rejected',
        error: { code: 'SMTP_ADDRESSES', message: 'the relay refused all 3 addresses: 550 5.1.1 no such user' },
        refused: to.map((address) => ({ address, message: '550 5.1.1 no such user' })),
        relay: 'OK',
      });
      expect(relay.mails).toEqual([]);
    },
  );

  it('is not given up because we are not logged in', async () => {
    expect((await sentTo({ rcpt: '530 5.7.0 log in first' })).result).toMatchObject({ outcome: 'failed', refused: [] });
  });

  it('gets nothing, and the relay hears nothing, when none is left', async () => {
    await using relay = await ScriptedRelay.start();
    await using transport = transportTo(relay.port);
    const progress = { served: ['a@x.test', 'b@x.test'], refused: ['c@x.test'] };
    const result = await transport.send(attempt({ to }, undefined, progress), { signal: unaborted });
    expect(result).toEqual({ outcome: 'delivered' });
    expect(relay.mostOpen).toBe(0);
  });

  it('that is new is served, and one that was removed is not, whatever is in the progress', async () => {
    await using relay = await ScriptedRelay.start();
    await using transport = transportTo(relay.port);
    const progress = { served: ['a@x.test'], refused: ['gone@x.test'] };
    const changed = attempt({ to: ['a@x.test', 'new@x.test'] }, undefined, progress);
    expect(await transport.send(changed, { signal: unaborted })).toMatchObject({ outcome: 'delivered' });
    expect(relay.mails.map((mail) => mail.to)).toEqual([['new@x.test']]);
  });
});

it('F66: a mail that cannot be made of its event is given up, and never reaches the relay', async () => {
  await using relay = await ScriptedRelay.start();
  await using transport = transportTo(relay.port);
  const visitors = Array(1000).fill('x'.repeat(1000));
  const events = { opened: { text: '{{#each visitors}}{{this}}{{/each}}' } };
  expect(await transport.send(attempt({ events }, storedEvent({ data: { visitors } })), { signal: unaborted })).toEqual(
    {
      outcome: 'rejected',
      error: { code: 'TEMPLATE_ERROR', message: 'events.opened.text cannot be used: its loops put out too much' },
    },
  );
  const broken = attempt({ events: { opened: { text: '{{gone}}' } } });
  expect(await transport.send(broken, { signal: unaborted })).toMatchObject({
    outcome: 'rejected',
    error: { code: 'TEMPLATE_ERROR', message: expect.stringContaining('gone is not a macro of this event') },
  });
  const unshowable = attempt({}, { ...storedEvent(), data: '{"door":' });
  expect(await transport.send(unshowable, { signal: unaborted })).toMatchObject({
    outcome: 'rejected',
    error: { code: 'TEMPLATE_ERROR', message: 'the templates cannot show the data of this event' },
  });
  expect(relay.mostOpen).toBe(0);
});

it('F66: check refuses a recipient with a template that cannot be used', async () => {
  await using transport = transportTo(1);
  transport.check(attempt({ events: { opened: true, undeclared: { html: '<p>{{x}}</p>' } } }).recipient);
  const { recipient } = attempt({ events: { opened: { subject: '{{dor}}' } } });
  expect(() => transport.check(recipient)).toThrow(
    expect.objectContaining({ code: 'ERR_TEMPLATE', field: 'events.opened.subject' }),
  );
});
