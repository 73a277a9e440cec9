import { simpleParser } from 'mailparser';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseAddresses } from '../../src/core/email-address.ts';
import type { EmailTransport } from '../../src/email.ts';
import { ScriptedRelay } from './scripted-relay.ts';
import { attempt, transportTo, unaborted } from './sending.ts';

let relay: ScriptedRelay;
let transport: EmailTransport;

beforeAll(async () => {
  relay = await ScriptedRelay.start({ extensions: ['SMTPUTF8', '8BITMIME'] });
  transport = transportTo(relay.port);
});
beforeEach(() => {
  relay.mails.length = 0;
  relay.commands.length = 0;
});
afterAll(async () => {
  await transport.close();
  await relay[Symbol.asyncDispose]();
});

const localParts = [
  'a',
  'A.b',
  "o'hara",
  'x+tag',
  'a=b',
  'a/b',
  '{x}',
  '100%',
  '#1',
  'müller',
  '日本',
  'é.è',
  'ß',
  'δοκιμή',
];
const oddLocalParts = [
  'a b',
  '"a"',
  '"a b"',
  '"a@b"',
  'a(c)',
  '(c)a',
  'a,b',
  'a;b',
  'a:b',
  '<a>',
  'a\\',
  '.a',
  'a.',
  'a..b',
  '',
];
const domains = [
  'x.test',
  'X.Test',
  'mailhost',
  'sub.x.test',
  'bücher.test',
  'xn--bcher-kva.test',
  'x-y.test',
  '1x.test',
];
const oddDomains = [
  '[127.0.0.1]',
  '[IPv6:::1]',
  '127.0.0.1',
  'x_y',
  '-x.test',
  'x..test',
  'x.test.',
  'x.test:25',
  'x\u00ad.test',
  '',
];
const hostile = [
  '\r\nRCPT TO:<evil@x.test>',
  '\n',
  '\0',
  '>',
  '> SIZE=1',
  ' NOTIFY=NEVER',
  '\u2028',
  '\u202e',
  '\ud800',
  '＠evil.test',
];

const good = localParts.flatMap((local) => domains.map((domain) => `${local}@${domain}`));
const bad = [
  ...oddLocalParts.flatMap((local) => domains.slice(0, 4).map((domain) => `${local}@${domain}`)),
  ...localParts.slice(0, 4).flatMap((local) => oddDomains.map((domain) => `${local}@${domain}`)),
  ...hostile.flatMap((text) => [`a${text}@x.test`, `a@x${text}.test`, `a@x.test${text}b`]),
];

describe('F63, S12, S13: an address', () => {
  it(`is on the wire to the byte as it was checked (${good.length} of them)`, async () => {
    expect(good.length + bad.length).toBeGreaterThanOrEqual(200);
    for (let at = 0; at < good.length; at += 8) {
      const to = [...new Set(good.slice(at, at + 8).map((text) => String(parseAddresses([text], 'to')[0])))];
      relay.mails.length = 0;
      expect(await transport.send(attempt({ to }), { signal: unaborted })).toMatchObject({ outcome: 'delivered' });
      const onWire = relay.mails.flatMap((mail) => mail.to.map((address) => Buffer.from(address, 'latin1').toString()));
      expect(onWire).toEqual(to);
    }
  });

  it.each(bad)('is refused when it is %j', (text) => {
    expect(() => parseAddresses([text], 'to')).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_EMAIL' }));
  });
});

describe('F63: an address outside ASCII', () => {
  const utf8 = 'müller@x.test';

  it('is announced with SMTPUTF8 to a relay that offers it, and only where it is needed', async () => {
    await transport.send(attempt({ to: [utf8] }), { signal: unaborted });
    await transport.send(attempt({ to: ['a@x.test'] }), { signal: unaborted });
    const [withIt, without] = relay.commands.filter((command) => command.startsWith('MAIL'));
    expect(withIt).toMatch(/ SMTPUTF8( |$)/);
    expect(without).not.toContain('SMTPUTF8');
  });

  it('is given up where the relay does not offer it, and the others get their mail', async () => {
    await using plain = await ScriptedRelay.start();
    await using toPlain = transportTo(plain.port);
    const message = '553 5.6.7 the relay takes no address outside ASCII (it does not offer SMTPUTF8)';
    expect(await toPlain.send(attempt({ to: [utf8, 'a@x.test'] }), { signal: unaborted })).toMatchObject({
      outcome: 'delivered',
      refused: [{ address: utf8, message }],
      relay: 'OK',
    });
    expect(plain.mails.map((mail) => mail.to)).toEqual([['a@x.test']]);
    expect(plain.mails[0]?.raw).toMatch(/^\p{ASCII}*$/u);

    expect(await toPlain.send(attempt({ to: [utf8] }), { signal: unaborted })).toMatchObject({
      outcome: 'rejected',
      error: { code: 'SMTP_UTF8_UNSUPPORTED', message: `the relay refused the address: ${message}` },
      relay: 'OK',
    });
    expect(plain.commands.filter((command) => command.includes('ller'))).toEqual([]);
  });

  it('is in the header where it is alone, and left out of it beside others, so that any relay can take the mail', async () => {
    await transport.send(attempt({ to: [utf8] }), { signal: unaborted });
    await transport.send(attempt({ to: [utf8, 'a@x.test'] }), { signal: unaborted });
    const headers = await Promise.all(relay.mails.map(({ raw }) => simpleParser(Buffer.from(raw, 'latin1'))));
    expect(headers.map(({ headers: all }) => (all.get('to') as { text: string }).text)).toEqual([utf8, 'a@x.test']);
    expect(relay.mails[1]?.to).toHaveLength(2);
  });

  it('can be the sender for a relay that offers it', async () => {
    await using fromUtf8 = transportTo(relay.port, { from: utf8 });
    expect(await fromUtf8.send(attempt(), { signal: unaborted })).toMatchObject({ outcome: 'delivered' });
    const { from = '', raw = '' } = relay.mails[0] ?? {};
    expect(Buffer.from(from, 'latin1').toString()).toBe(utf8);
    const { from: header, messageId } = await simpleParser(Buffer.from(raw, 'latin1'));
    expect(header?.text).toBe(utf8);
    expect(messageId).toMatch(/^<[\x21-\x7e]+@x\.test>$/);
    expect(relay.commands.find((command) => command.startsWith('MAIL'))).toMatch(/ SMTPUTF8( |$)/);
  });

  it('cannot be the sender for a relay that does not offer it: that is trouble of the relay', async () => {
    await using plain = await ScriptedRelay.start();
    await using toPlain = transportTo(plain.port, { from: utf8 });
    const message = 'the relay takes no sender outside ASCII (it does not offer SMTPUTF8)';
    expect(await toPlain.send(attempt(), { signal: unaborted })).toMatchObject({
      outcome: 'failed',
      error: { code: 'SMTP_UTF8_UNSUPPORTED', message },
      relay: message,
    });
    expect(plain.commands.filter((command) => command.startsWith('MAIL'))).toEqual([]);
  });
});
