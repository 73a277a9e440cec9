import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { acceptEvent, type EmitOptions } from '../../src/core/accept.ts';
import { defineEvents, event } from '../../src/core/catalog.ts';
import type { OutboundEventsError } from '../../src/core/errors.ts';
import type { StoredEvent } from '../../src/core/event.ts';
import type { StandardSchema } from '../../src/core/standard-schema.ts';
import { anyValue, withAnything } from './anything.ts';
import { judged, refusal, rejection, secret } from './refusal.ts';

const positive = (n: number): boolean => n > 0;

const catalog = defineEvents({
  opened: event<{ door?: string }>(),
  moved: event<object>({ version: '3' }),
  zod: z.object({ count: z.string().transform(Number), items: z.array(z.object({ n: z.number() })).optional() }),
  valibot: v.object({
    count: v.pipe(v.string(), v.transform(Number)),
    items: v.optional(v.array(v.object({ n: v.number() }))),
  }),
  'zod-async': z.object({ n: z.number().refine(async (n) => positive(n), 'must be positive') }),
  'valibot-async': v.objectAsync({
    n: v.pipeAsync(
      v.number(),
      v.checkAsync(async (n) => positive(n), 'must be positive'),
    ),
  }),
});

/** Accepts with the wall clock at 1,000,000 ms and the steady one at 2,000,000 ms. */
function accept(type: unknown, data: unknown, options: unknown = {}, events: object = catalog) {
  return acceptEvent(type as string, data, options as EmitOptions, {
    catalog: events as typeof catalog,
    now: 1_000_000,
    acceptedAt: 2_000_000,
    maxEventBytes: 1_000,
  });
}

function accepted(...args: Parameters<typeof accept>): StoredEvent {
  const result = accept(...args);
  if (result instanceof Promise) throw new Error('it answered with a promise');
  return result;
}

function refused(...args: Parameters<typeof accept>): OutboundEventsError {
  return refusal(() => accept(...args));
}

describe('an event is accepted', () => {
  it('with its type, its version, both times, and its data as JSON text', () => {
    expect(accepted('moved', { b: 1, a: ['ä'] }, { id: 'e-1', occurredAt: 5 })).toEqual({
      id: 'e-1',
      type: 'moved',
      version: '3',
      occurredAt: 5,
      acceptedAt: 2_000_000,
      data: '{"b":1,"a":["ä"]}',
    });
  });

  it('with a new id, now, and version 1, where nothing else is said', () => {
    const [first, second] = [accepted('opened', {}), accepted('opened', {})];
    expect(first).toMatchObject({ version: '1', occurredAt: 1_000_000, data: '{}' });
    expect(first.id).toMatch(/^0000000f-4240-7/);
    expect(first.id).not.toBe(second.id);
  });

  it.each(['a', '0', '_', '-', 'A-z_09', 'x'.repeat(64), '__proto__', 'constructor'])('with the id %s', (id) => {
    expect(accepted('opened', {}, { id }).id).toBe(id);
  });

  it.each<[unknown, number]>([
    [0, 0],
    [-5, -5],
    [1_767_225_600_000.9, 1_767_225_600_000],
    [8.64e15, 8.64e15],
    [-8.64e15, -8.64e15],
    [new Date(7), 7],
    [runInNewContext('new Date(7)'), 7],
    [undefined, 1_000_000],
  ])('with the time %o, as %i', (occurredAt, expected) => {
    expect(accepted('opened', {}, { occurredAt }).occurredAt).toBe(expected);
  });

  it('with data of as many bytes as are allowed', () => {
    const door = 'é'.repeat((1_000 - '{"door":""}'.length - 1) / 2);
    expect(Buffer.byteLength(accepted('opened', { door: `${door}x` }).data)).toBe(1_000);
  });

  it('and a transaction is left to the storage', () => {
    expect(accepted('opened', {}, { transaction: Symbol('any') })).not.toHaveProperty('transaction');
  });
});

describe('the schema of an event', () => {
  it.each(['zod', 'valibot'])('of %s checks the data, and what it makes of it is stored', (type) => {
    expect(accepted(type, { count: '7', items: [{ n: 1 }] }).data).toBe('{"count":7,"items":[{"n":1}]}');
  });

  it.each(['zod', 'valibot'])('of %s names what is wrong', (type) => {
    const error = refused(type, { count: '7', items: [{ n: 1 }, { n: '1' }] });
    expect(error).toMatchObject({ code: 'ERR_EVENT_INVALID', field: 'data.items[1].n' });
    expect(error.message).toMatch(
      new RegExp(`^data of ${type} is not valid: data\\.items\\[1\\]\\.n .*expected number`, 'i'),
    );
    expect(refused(type, undefined)).toMatchObject({ code: 'ERR_EVENT_INVALID', field: 'data' });
  });

  it.each(['zod-async', 'valibot-async'])('of %s may answer with a promise', async (type) => {
    expect(await accept(type, { n: 5 })).toMatchObject({ type, data: '{"n":5}' });
    const error = await rejection(async () => accept(type, { n: -5 }));
    expect(error).toMatchObject({
      code: 'ERR_EVENT_INVALID',
      field: 'data.n',
      message: `data of ${type} is not valid: data.n must be positive`,
    });
  });

  it('is told with its first five issues, each in one line of bearable length', () => {
    const issues = Array.from({ length: 9 }, (_, n) => ({
      message: `no.${n}\r\n${'!'.repeat(1e6)}`,
      path: ['a b', n, { key: 'c' }],
    }));
    const error = refused('x', {}, {}, { x: answering(() => ({ issues })) });
    expect(error.field).toBe('data["a b"][0].c');
    expect(error.message.match(/data\["a b"\]\[\d\]\.c no\.\d !+/g)).toHaveLength(5);
    expect(error.message.split('; ')[1]).toBe(`data["a b"][1].c no.1 ${'!'.repeat(200 - 'no.1 '.length)}`);
  });

  it('may find fault with the data as a whole, or with nothing it names', () => {
    const whole = refused('x', {}, {}, { x: answering(() => ({ issues: [{ message: 'is wrong' }] })) });
    expect(whole).toMatchObject({ field: 'data', message: 'data of x is not valid: data is wrong' });
    expect(refused('x', {}, {}, { x: answering(() => ({ issues: [] })) })).toMatchObject({
      code: 'ERR_EVENT_INVALID',
      field: 'data',
    });
    const symbol = refused('x', {}, {}, { x: answering(() => ({ issues: [{ message: 'no', path: [Symbol('s')] }] })) });
    expect(symbol.field).toBe('data["Symbol(s)"]');
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error(secret);
      },
    ],
    ['rejects', () => Promise.reject(new Error(secret))],
    ['answers with nothing', () => undefined],
    ['promises nothing', async () => null],
    ['answers with issues that are no list', () => ({ issues: secret })],
    ['answers with an issue of null', () => ({ issues: [null] })],
    ['answers with a path of null', () => ({ issues: [{ message: '', path: [null] }] })],
  ])('that %s refuses the event, and nothing of its own gets out', async (_name, validate) => {
    const error = await rejection(async () => accept('x', {}, {}, { x: answering(validate) }));
    expect(error).toMatchObject({ code: 'ERR_EVENT_INVALID', field: 'data' });
    expect(error.cause).toBeUndefined();
    expect(error.message).toBe('data of x cannot be checked: its schema failed');
  });
});

describe('an event is refused', () => {
  it.each<[unknown, string]>([
    ['closed', '"closed"'],
    ['', '""'],
    ['__proto__', '"__proto__"'],
    ['constructor', '"constructor"'],
    ['toString', '"toString"'],
    ['x'.repeat(1e6), `"${'x'.repeat(60)}…"`],
    ['a\r\nb', '"a\\r\\nb"'],
    [null, 'null'],
    [0, '0'],
    [['opened'], 'a list'],
    [{ toString: () => 'opened' }, 'an object'],
    [Object.create(null), 'an object'],
    [Symbol('opened'), 'a symbol'],
  ])('with the type %o', (type, shown) => {
    const { code, field, message } = refused(type, {});
    expect({ code, field }).toEqual({ code: 'ERR_EVENT_UNKNOWN', field: 'type' });
    const known = 'opened, moved, zod, valibot, zod-async, valibot-async';
    expect(message).toBe(`type must be an event type of the catalog, one of ${known}; got ${shown}`);
  });

  it('without a type', () => {
    expect(refused(undefined, {})).toMatchObject({ code: 'ERR_EVENT_UNKNOWN', field: 'type' });
  });

  it.each<[unknown]>([
    [''],
    ['x'.repeat(65)],
    ['x'.repeat(10_000)],
    ['a.b'],
    ['a b'],
    ['a\r\nb'],
    ['a\n'],
    ['ä'],
    [null],
    [5],
    [['a']],
  ])('with the id %j', (id) => {
    const { code, field, message } = refused('opened', {}, { id });
    expect({ code, field }).toEqual({ code: 'ERR_EVENT_ID', field: 'options.id' });
    expect(message).toContain('options.id must be 1 to 64 characters of A-Z a-z 0-9 _ -; got ');
  });

  it.each<[unknown]>([
    [new Date(Number.NaN)],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [8.64e15 + 2],
    [-8.64e15 - 2],
    ['2026-01-01'],
    [5n],
    [null],
    [{ getTime: () => 5 }],
  ])('with the time %o', (occurredAt) => {
    const { code, field, message } = refused('opened', {}, { occurredAt });
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_VALUE', field: 'options.occurredAt' });
    expect(message).toContain('options.occurredAt must be a valid Date, or epoch milliseconds');
  });

  it.each<[unknown, string, string]>([
    [null, 'ERR_CONFIG_VALUE', 'options'],
    ['id', 'ERR_CONFIG_VALUE', 'options'],
    [['id'], 'ERR_CONFIG_VALUE', 'options'],
    [{ ID: 'a' }, 'ERR_CONFIG_UNKNOWN_OPTION', 'options.ID'],
    [{ ocurredAt: 5 }, 'ERR_CONFIG_UNKNOWN_OPTION', 'options.ocurredAt'],
  ])('with the options %j', (options, code, field) => {
    expect(refused('opened', {}, options)).toMatchObject({ code, field });
  });

  it.each<[unknown]>([[null], ['text'], [5], [true], [[]], [[{}]], [new Date(0)], [{ toJSON: () => [] }]])(
    'with %o where an object of variables should be',
    (data) => {
      const { code, field, message } = refused('opened', data);
      expect({ code, field }).toEqual({ code: 'ERR_EVENT_NOT_JSON', field: 'data' });
      expect(message).toBe('data must be an object of variables by name');
    },
  );

  it.each<[unknown, string]>([
    [undefined, 'data'],
    [{ door: undefined }, 'data.door'],
    [{ at: [new Map()] }, 'data.at[0]'],
  ])('with data that is not plain JSON: %o', (data, field) => {
    expect(refused('opened', data)).toMatchObject({ code: 'ERR_EVENT_NOT_JSON', field });
  });

  it.each(['event', 'version', 'timestamp'])('with the variable %s, which every message has', (name) => {
    for (const data of [{ [name]: 1 }, { toJSON: () => ({ [name]: 1 }) }]) {
      const { code, field, message } = refused('opened', data);
      expect({ code, field }).toEqual({ code: 'ERR_EVENT_INVALID', field: `data.${name}` });
      expect(message).toBe(`data.${name} cannot be used: every message carries its own ${name}`);
    }
  });

  it('never for such a name deeper inside', () => {
    expect(accepted('opened', { door: { event: 1 } }).data).toBe('{"door":{"event":1}}');
  });

  it('with a byte more than is allowed', () => {
    const door = 'é'.repeat((1_000 - '{"door":""}'.length - 1) / 2);
    const { code, field, message } = refused('opened', { door: `${door}xx` });
    expect({ code, field }).toEqual({ code: 'ERR_EVENT_TOO_LARGE', field: 'data' });
    expect(message).toBe('data is 1001 bytes as JSON; at most 1000 are allowed (maxEventBytes)');
  });
});

it('whatever is emitted is accepted as plain JSON, or refused with a coded error', () => {
  const type = fc.oneof(fc.constantFrom(...Object.keys(catalog)), anyValue);
  const data = fc.oneof(fc.dictionary(fc.string(), anyValue), anyValue);
  const options = fc.oneof(withAnything({ id: 'e-1', occurredAt: 5, transaction: undefined }), anyValue);
  return fc.assert(
    fc.asyncProperty(type, data, options, async (...args) => {
      let event: StoredEvent;
      try {
        event = await accept(...args);
      } catch (error) {
        judged(error);
        return;
      }
      expect(Object.keys(catalog)).toContain(event.type);
      expect(event.id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
      expect(Number.isInteger(event.occurredAt)).toBe(true);
      expect(event.data).toMatch(/^\{.*\}$/);
      expect(JSON.stringify(JSON.parse(event.data))).toBe(event.data);
    }),
    { numRuns: 5000 },
  );
});

/** A schema that answers like this, whatever it is asked. */
function answering(validate: () => unknown): StandardSchema {
  return { '~standard': { version: 1, vendor: 'test', validate: validate as StandardSchema['~standard']['validate'] } };
}
