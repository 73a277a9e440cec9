import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { defineEvents, event } from '../../src/core/catalog.ts';
import { matches, parsePatterns } from '../../src/core/pattern.ts';
import { supportSessionEvents } from '../../src/core/support-session.ts';
import { refusal } from './refusal.ts';

const catalog = defineEvents({
  'order.paid': event(),
  'order.sent': event({ channels: ['http'] }),
  'user:joined': event({ channels: ['email'] }),
});

test.each<[string, string, boolean]>([
  ['order.paid', 'order.paid', true],
  ['order.paid', 'order.sent', false],
  ['order.paid', 'order.paid.again', false],
  ['order', 'order.paid', false],
  ['order.*', 'order.paid', true],
  ['order.*', 'order.', true],
  ['order.*', 'order', false],
  ['order.*', 'reorder.paid', false],
  ['order.*', 'ORDER.paid', false],
  ['*', 'order.paid', true],
  ['*.paid', 'order.paid', false],
  ['', 'order.paid', false],
])('%j fits %j: %s', (pattern, type, expected) => {
  expect(matches(pattern, type)).toBe(expected);
});

test('every beginning of a type, with a star, fits it', () => {
  const type = fc.stringMatching(/^[A-Za-z0-9_.:-]{1,40}$/);
  fc.assert(
    fc.property(type, fc.nat(40), (name, length) => {
      expect(matches(`${name.slice(0, length)}*`, name)).toBe(true);
      expect(matches(`${name}x*`, name)).toBe(false);
    }),
  );
});

describe('what a recipient asks for', () => {
  it.each<[unknown, readonly string[]]>([
    ['*', ['*']],
    ['order.paid', ['order.paid']],
    [
      ['order.paid', 'order.*'],
      ['order.paid', 'order.*'],
    ],
    [['o*'], ['o*']],
  ])('may be %j', (value, expected) => {
    const patterns = parsePatterns(value, 'events', catalog, 'http');
    expect(patterns).toEqual(expected);
    expect(Object.isFrozen(patterns)).toBe(true);
  });

  it.each<[unknown, number]>([
    ['order', 0],
    ['', 0],
    ['**', 0],
    ['*.paid', 0],
    ['order.*.', 0],
    ['invoice.*', 0],
    ['Order.paid', 0],
    ['__proto__', 0],
    ['toString', 0],
    [['order.paid', 'order.pai'], 1],
    [['*', null], 1],
    [['*', 5], 1],
    [['*', ['order.paid']], 1],
    [['*', { toString: () => '*' }], 1],
    [Object.assign(['*'], { 2: '*' }), 1],
  ])('is refused as %j, which fits nothing', (value, index) => {
    const { code, field, message } = refusal(() => parsePatterns(value, 'events', catalog, 'http'));
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_EVENTS', field: `events[${index}]` });
    expect(message).toContain(
      `events[${index}] must be one of order.paid, order.sent, a beginning of them and *, or *`,
    );
  });

  it.each<[unknown]>([[undefined], [null], [5], [true], [{}], [{ 'order.paid': true }], [[]], [new Set(['*'])]])(
    'is refused as a whole as %o',
    (value) => {
      const { code, field, message } = refusal(() => parsePatterns(value, 'events', catalog, 'http'));
      expect({ code, field }).toEqual({ code: 'ERR_CONFIG_EVENTS', field: 'events' });
      expect(message).toContain('events must be "*" or a list of event types, of order.paid, order.sent');
    },
  );

  it('is refused when the channel can carry none of it, with the types that it can', () => {
    expect(parsePatterns('user:*', 'events', catalog, 'email')).toEqual(['user:*']);
    const { message } = refusal(() => parsePatterns('user:*', 'events', catalog, 'http'));
    expect(message).toBe(
      'events[0] must be one of order.paid, order.sent, a beginning of them and *, or *; got "user:*"',
    );
  });

  it('may be all who join and leave a support session', () => {
    const pattern = 'support_conference_member_*';
    expect(parsePatterns(pattern, 'events', supportSessionEvents, 'http')).toEqual([pattern]);
    expect(Object.keys(supportSessionEvents).filter((type) => matches(pattern, type))).toEqual([
      'support_conference_member_added',
      'support_conference_member_departed',
    ]);
  });
});
