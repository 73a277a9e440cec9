import { describe, expect, it } from 'vitest';
import { readOffers } from '../../src/email/relay-offers.ts';
import { ScriptedRelay } from './scripted-relay.ts';
import { attempt, transportTo, unaborted } from './sending.ts';

const lines = (...texts: readonly string[]): string =>
  texts.map((text, index) => `250${index === texts.length - 1 ? ' ' : '-'}${text}`).join('\r\n');

describe('F61: the largest mail that a relay takes', () => {
  it.each<[readonly string[], number | null]>([
    [['mx.test', 'SIZE 1000'], 1000],
    [['mx.test', 'size 1000', 'HELP'], 1000],
    [['mx.test', 'SIZE'], 0],
    [['mx.test', 'SIZE 0'], 0],
    [['mx.test'], null],
    [['mx.test', 'SIZE much'], null],
    [['mx.test', 'X-SIZE 1000'], null],
    [['mx.test, SIZE 1000 at your service'], null],
    [['mx.test, SIZE 10 at your service', 'SIZE 1000'], null],
    [['mx.test', 'SIZE 10', 'SIZE 1000'], null],
  ])('as it offers %j: %s bytes (0: no limit, null: it does not say)', (texts, size) => {
    expect(readOffers(lines(...texts)).size).toBe(size);
  });

  it.each([
    ['one.test SIZE 10 is enough', 'HELP'],
    ['one.test', 'X-SIZE 10'],
    ['one.test SIZE 10', 'SIZE 10000'],
  ])('is not read out of other words: the mail is not given up (%s, %s)', async (...texts) => {
    await using relay = await ScriptedRelay.start({ ehlo: lines(...texts) });
    await using transport = transportTo(relay.port);
    expect(await transport.send(attempt(), { signal: unaborted })).toMatchObject({ outcome: 'delivered' });
  });

  it('is told the size of the mail with the sender, and a mail that is larger is never begun', async () => {
    await using relay = await ScriptedRelay.start({ extensions: ['SIZE 10000'] });
    await using transport = transportTo(relay.port);
    await transport.send(attempt(), { signal: unaborted });
    const [, size] = /^MAIL FROM:\S+ SIZE=(\d+)$/m.exec(relay.commands.join('\n')) ?? [];
    expect(Number(size)).toBe(relay.mails[0]?.raw.length);

    await using small = await ScriptedRelay.start({ extensions: [`SIZE ${Number(size) - 1}`, 'PIPELINING'] });
    await using toSmall = transportTo(small.port);
    expect(await toSmall.send(attempt(), { signal: unaborted })).toMatchObject({
      outcome: 'rejected',
      error: { code: 'SMTP_SIZE', message: 'the mail is larger than the relay takes' },
      relay: 'OK',
    });
    expect(small.received).toMatch(/^EHLO \S+\r\n$/);
    await using enough = await ScriptedRelay.start({ extensions: [`SIZE ${size}`] });
    await using toEnough = transportTo(enough.port);
    expect(await toEnough.send(attempt(), { signal: unaborted })).toMatchObject({ outcome: 'delivered' });
  });
});

describe('what a relay offers', () => {
  it.each<[readonly string[], boolean, string]>([
    [['mx.test', 'SMTPUTF8', 'AUTH PLAIN'], true, 'usable'],
    [['mx.test', 'smtputf8', 'auth=login'], true, 'usable'],
    [['mx.test', 'AUTH GSSAPI', 'AUTH CRAM-MD5'], false, 'usable'],
    [['mx.test', 'AUTH GSSAPI XOAUTH2'], false, 'unusable'],
    [['mx.test', 'AUTH'], false, 'unusable'],
    [['mx.test', 'X-AUTH PLAIN', 'XSMTPUTF8'], false, 'none'],
    [['SMTPUTF8 AUTH PLAIN'], false, 'none'],
  ])('%j: addresses outside ASCII %s, login %s', (texts, utf8, login) => {
    expect(readOffers(lines(...texts))).toMatchObject({ utf8, login });
  });
});
