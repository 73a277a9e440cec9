import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { event } from '../../src/core/catalog.ts';
import {
  changeRecipient,
  parseEmailRecipient,
  parseHttpRecipient,
  parseStoredRecipient,
} from '../../src/core/parse-recipient.ts';
import type { Recipient } from '../../src/core/recipient.ts';
import { anyValue, withAnything } from './anything.ts';
import { catalog, email, fullEmail, fullHttp, http } from './recipients.ts';
import { judged, refusal, secret } from './refusal.ts';

const minute = 60_000;

describe('a change of a recipient', () => {
  const current = parseHttpRecipient(fullHttp, catalog);
  const mails = parseEmailRecipient(fullEmail, catalog);

  it('leaves out nothing else, within retry and alerts too', () => {
    expect(changeRecipient(current, {}, catalog)).toEqual(current);
    expect(changeRecipient(mails, {}, catalog)).toEqual(mails);
    const changes = { name: 'New', retry: { interval: '3m' }, alerts: { after: '1m' }, id: 'crm', kind: 'http' };
    expect(changeRecipient(current, changes, catalog)).toEqual({
      ...current,
      name: 'New',
      retry: { ...current.retry, interval: 3 * minute },
      alerts: { ...current.alerts, after: minute },
    });
    expect(changeRecipient(mails, { to: 'c@example.com' }, catalog)).toEqual({ ...mails, to: ['c@example.com'] });
  });

  it('by undefined is none', () => {
    const changes = { url: undefined, retry: undefined, alerts: undefined, id: undefined };
    expect(changeRecipient(current, changes, catalog)).toEqual(current);
    const inside = { retry: { interval: undefined }, alerts: { to: undefined } };
    expect(changeRecipient(current, inside, catalog)).toEqual(current);
  });

  it('replaces lists, headers and templates as a whole', () => {
    expect(changeRecipient(current, { headers: { a: 'b' }, events: 'sent' }, catalog)).toMatchObject({
      headers: { a: 'b' },
      events: ['sent'],
    });
    expect(changeRecipient(mails, { events: { lost: true } }, catalog)).toHaveProperty('events', { lost: true });
  });

  it('can begin and end alerts, and take the CA away', () => {
    expect(changeRecipient(current, { alerts: null, ca: null }, catalog)).toMatchObject({ alerts: null, ca: null });
    expect(changeRecipient(mails, { alerts: { to: 'x@example.com' } }, catalog).alerts).toMatchObject({
      to: ['x@example.com'],
      after: 15 * minute,
    });
  });

  it.each<[unknown, string, string]>([
    [null, 'ERR_CONFIG_VALUE', 'settings'],
    [undefined, 'ERR_CONFIG_VALUE', 'settings'],
    [secret, 'ERR_CONFIG_VALUE', 'settings'],
    [[], 'ERR_CONFIG_VALUE', 'settings'],
    [{ id: 'other' }, 'ERR_CONFIG_ID', 'id'],
    [{ id: null }, 'ERR_CONFIG_ID', 'id'],
    [{ kind: 'email' }, 'ERR_CONFIG_VALUE', 'kind'],
    [{ to: 'a@example.com' }, 'ERR_CONFIG_UNKNOWN_OPTION', 'to'],
    [{ name: null }, 'ERR_CONFIG_VALUE', 'name'],
    [{ url: null }, 'ERR_CONFIG_URL', 'url'],
    [{ retry: 5 }, 'ERR_CONFIG_VALUE', 'retry'],
    [{ retry: null }, 'ERR_CONFIG_VALUE', 'retry'],
    [{ retry: '1m' }, 'ERR_CONFIG_VALUE', 'retry'],
    [{ retry: { duration: '1m' } }, 'ERR_CONFIG_DURATION', 'retry.duration'],
    [{ retry: { intervall: 5 } }, 'ERR_CONFIG_UNKNOWN_OPTION', 'retry.intervall'],
    [{ alerts: 5 }, 'ERR_CONFIG_VALUE', 'alerts'],
    [{ alerts: false }, 'ERR_CONFIG_VALUE', 'alerts'],
    [{ alerts: '' }, 'ERR_CONFIG_VALUE', 'alerts'],
    [{ alerts: ['ops@example.com'] }, 'ERR_CONFIG_VALUE', 'alerts'],
    [{ alerts: { to: null } }, 'ERR_CONFIG_EMAIL', 'alerts.to'],
  ])('is refused as %j', (changes, code, field) => {
    expect(refusal(() => changeRecipient(current, changes, catalog))).toMatchObject({ code, field });
  });

  it('of the id says what to do instead', () => {
    expect(refusal(() => changeRecipient(current, { id: 'erp' }, catalog)).message).toBe(
      'id must be left as it is; add another recipient; got "erp"',
    );
  });

  it('of an email recipient into one that needs more is refused', () => {
    expect(refusal(() => changeRecipient(mails, { alerts: { after: '1m' } }, catalog))).toMatchObject({
      code: 'ERR_CONFIG_EMAIL',
      field: 'alerts.to',
    });
  });
});

describe('a stored recipient', () => {
  const read = (recipient: Recipient, events: typeof catalog | object): Recipient =>
    parseStoredRecipient(JSON.stringify(recipient), events as typeof catalog);
  const { paid, sent } = catalog;

  it('reads back as it is', () => {
    for (const recipient of [http(), email(), http(fullHttp), email(fullEmail)]) {
      expect(read(recipient, catalog)).toEqual(recipient);
    }
  });

  it('passes over event types that the catalog has lost since', () => {
    const mixed = http({ events: ['paid', 'sent', 'sen*', '*'] });
    expect(read(mixed, { paid, other: event() })).toEqual({ ...mixed, events: ['paid', '*'] });
    expect(read(http({ events: ['paid', 'sent'] }), { other: event(), paid })).toHaveProperty('events', ['paid']);
    const mails = email({ events: { paid: { subject: 'S' }, lost: true } });
    expect(read(mails, { paid, other: event() })).toEqual({ ...mails, events: { paid: { subject: 'S' } } });
  });

  it('passes over event types that its channel has lost since', () => {
    const mails = email({ events: { paid: true, lost: true } });
    expect(read(mails, { paid: event({ channels: ['http'] }), lost: event() })).toEqual({
      ...mails,
      events: { lost: true },
    });
  });

  it('is refused when the catalog has lost all of them, with the first that was lost', () => {
    const events = { sent, other: event() };
    for (const recipient of [http({ events: ['paid', 'pai*'] }), email({ events: { paid: true } })]) {
      const { code, message } = refusal(() => read(recipient, events));
      expect(code).toBe('ERR_CONFIG_EVENTS');
      expect(message).toContain('got "paid"');
    }
  });
});

test('a recipient cannot be changed by anybody', () => {
  for (const recipient of [parseHttpRecipient(fullHttp, catalog), parseEmailRecipient(fullEmail, catalog)]) {
    expect(looseParts(recipient)).toEqual([]);
  }
});

describe('whatever is given,', () => {
  const anyHttp = fc.oneof({ arbitrary: anyValue, weight: 1 }, { arbitrary: withAnything(fullHttp), weight: 9 });
  const anyEmail = fc.oneof({ arbitrary: anyValue, weight: 1 }, { arbitrary: withAnything(fullEmail), weight: 9 });

  it.each<[string, fc.Arbitrary<unknown>, (input: unknown) => Recipient]>([
    ['an HTTP recipient', anyHttp, (input) => parseHttpRecipient(input, catalog)],
    ['an email recipient', anyEmail, (input) => parseEmailRecipient(input, catalog)],
    ['a change of an HTTP recipient', anyHttp, (input) => changeRecipient(http({ id: 'crm' }), input, catalog)],
    ['a change of an email recipient', anyEmail, (input) => changeRecipient(email({ id: 'managers' }), input, catalog)],
  ])(
    '%s is complete and reads back from the storage as it is, or is refused without a secret',
    (_name, input, parse) => {
      let [parsed, refused] = [0, 0];
      fc.assert(
        fc.property(input, (given) => {
          let recipient: Recipient;
          try {
            recipient = parse(given);
          } catch (error) {
            judged(error);
            refused += 1;
            return;
          }
          parsed += 1;
          const settings = JSON.stringify(recipient);
          expect(JSON.stringify(parseStoredRecipient(settings, catalog))).toBe(settings);
          expect(looseParts(recipient)).toEqual([]);
        }),
        { numRuns: 10_000 },
      );
      expect(Math.min(parsed, refused)).toBeGreaterThan(100);
    },
  );
});

/** The parts of a value that are not frozen. */
function looseParts(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return [...(Object.isFrozen(value) ? [] : [value]), ...Object.values(value).flatMap(looseParts)];
}
