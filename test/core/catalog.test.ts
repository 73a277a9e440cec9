import * as v from 'valibot';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { defineEvents, type EventCatalog, event, eventMeta, typesFor } from '../../src/core/catalog.ts';
import { refusal, secret } from './refusal.ts';

const any: (...args: unknown[]) => never = event as never;
const defineAny: (catalog: unknown) => EventCatalog = defineEvents as never;

describe('a catalog', () => {
  it('takes event(), event(schema), and schemas of zod and valibot as they stand', async () => {
    const catalog = defineEvents({
      opened: event<{ door: string }>(),
      closed: event(z.object({ door: z.string() })),
      'door.moved': z.object({ door: z.string() }),
      'door:lost-1': v.object({ door: v.string() }),
    });
    const doors = await Promise.all(
      Object.values(catalog).map((definition) => definition['~standard'].validate({ door: 'A' })),
    );
    expect(doors).toMatchObject(Array(4).fill({ value: { door: 'A' } }));
    for (const definition of Object.values(catalog)) expect(definition['~standard'].version).toBe(1);
    const numbers = await Promise.all(
      Object.values(catalog).map((definition) => definition['~standard'].validate({ door: 1 })),
    );
    expect(numbers.map(({ issues }) => issues?.length ?? 0)).toEqual([0, 1, 1, 1]);
  });

  it('takes a schema that is a function, as arktype makes them', () => {
    const schema = Object.assign(() => 'called', { '~standard': z.object({ n: z.number() })['~standard'] });
    const catalog = defineEvents({ bare: schema, told: event(schema, { label: 'Told' }) });
    expect(eventMeta(catalog, 'told').label).toBe('Told');
    expect(catalog.told['~standard']).toBe(schema['~standard']);
  });

  it('cannot be changed, and does not change with what it was made from', () => {
    const given: Record<string, ReturnType<typeof event>> = { opened: event() };
    const catalog = defineEvents(given);
    given.closed = event();
    expect(Object.keys(catalog)).toEqual(['opened']);
    expect(Object.isFrozen(catalog)).toBe(true);
    expect(defineEvents(catalog)).toEqual(catalog);
  });

  it.each(['a', 'order.paid', 'ns:order-paid_2', 'x'.repeat(128), '__proto__', 'constructor', '0'])(
    'may have the event type %s',
    (type) => {
      const catalog = defineEvents(Object.fromEntries([[type, event()]]));
      expect(Object.keys(catalog)).toEqual([type]);
      expect(eventMeta(catalog, type)).toMatchObject({ type, label: type });
    },
  );

  it.each(['', 'a b', 'a/b', 'order*', 'ä', 'a\n', 'x'.repeat(129)])('may not have the event type %j', (type) => {
    const { code, message } = refusal(() => defineEvents({ opened: event(), [type]: event() }));
    expect(code).toBe('ERR_CONFIG_EVENTS');
    expect(message).toMatch(
      /^events\[".*"\] cannot be used: an event type is 1 to 128 characters of A-Z a-z 0-9 _ \. : -$/,
    );
  });

  it.each<[unknown]>([
    [undefined],
    [null],
    [5],
    ['opened'],
    [[]],
    [{}],
    [new Map([['opened', event()]])],
    [() => ({})],
  ])('is refused as %o', (catalog) => {
    const { code, field, message } = refusal(() => defineAny(catalog));
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_EVENTS', field: 'events' });
    expect(message).toContain('events must be an object of at least one event type, made with event()');
  });

  it.each<[unknown]>([
    [undefined],
    [null],
    [true],
    ['text'],
    [{}],
    [{ validate: () => ({ value: 1 }) }],
    [{ '~standard': null }],
    [{ '~standard': { version: 1 } }],
    [event],
  ])('with %o for an event type is refused', (definition) => {
    const { code, field, message } = refusal(() => defineAny({ opened: event(), 'door.moved': definition }));
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_EVENTS', field: 'events["door.moved"]' });
    expect(message).toBe(
      'events["door.moved"] cannot be used: an event type is made with event(), or is a Standard Schema',
    );
  });
});

describe('what is said about an event type', () => {
  it('has a default for everything', () => {
    expect(eventMeta(defineEvents({ 'order.paid': event() }), 'order.paid')).toEqual({
      type: 'order.paid',
      label: 'order.paid',
      description: '',
      variables: null,
      channels: ['http', 'email'],
      version: '1',
      mail: { subject: 'order.paid', text: 'order.paid\n\n' },
    });
  });

  it('is the same for a schema as it stands', () => {
    const catalog = defineEvents({ bare: z.object({}), said: event(z.object({}), {}) });
    expect(eventMeta(catalog, 'bare')).toEqual({
      ...eventMeta(catalog, 'said'),
      type: 'bare',
      label: 'bare',
      mail: { subject: 'bare', text: 'bare\n\n' },
    });
  });

  it('lists the variables in the default mail', () => {
    const catalog = defineEvents({
      paid: event({ label: 'Order paid', variables: { order: 'Order', by: 'Customer' } }),
    });
    expect(eventMeta(catalog, 'paid').mail).toEqual({
      subject: 'Order paid',
      text: 'Order paid\n\norder: {{order}}\nby: {{by}}\n',
    });
  });

  it('is kept as it was said', () => {
    const said = {
      label: 'Paid',
      description: 'An order was paid.',
      variables: { order: 'Number' },
      channels: ['email'],
      version: '2026-01',
      mail: { subject: 'S {{order}}', text: '' },
    } as const;
    const catalog = defineEvents({ paid: event(z.object({}), said) });
    expect(eventMeta(catalog, 'paid')).toEqual({ type: 'paid', ...said });
  });

  it('is known to another copy of the package', async () => {
    vi.resetModules();
    const other = await import('../../src/core/catalog.ts');
    expect(other.event).not.toBe(event);
    expect(other.eventMeta(defineEvents({ paid: event({ label: 'Paid' }) }), 'paid').label).toBe('Paid');
  });

  it.each<[unknown, string, string, string]>([
    [null, 'ERR_CONFIG_VALUE', 'settings', 'settings must be a plain object; got null'],
    [5, 'ERR_CONFIG_VALUE', 'settings', 'settings must be a plain object; got a number'],
    [secret, 'ERR_CONFIG_VALUE', 'settings', 'settings must be a plain object; got a string'],
    [[], 'ERR_CONFIG_VALUE', 'settings', 'settings must be a plain object; got a list'],
    [{ '~standard': { version: 1 } }, 'ERR_CONFIG_UNKNOWN_OPTION', '["~standard"]', '["~standard"] is not an option'],
    [{ lable: 'x' }, 'ERR_CONFIG_UNKNOWN_OPTION', 'lable', 'lable is not an option; did you mean "label"?'],
    [{ channel: ['http'] }, 'ERR_CONFIG_UNKNOWN_OPTION', 'channel', 'did you mean "channels"?'],
    [{ label: '' }, 'ERR_CONFIG_VALUE', 'label', 'label must be 1 to 200 characters on one line'],
    [{ label: 5 }, 'ERR_CONFIG_VALUE', 'label', 'got 5'],
    [{ label: 'a\nb' }, 'ERR_CONFIG_VALUE', 'label', 'label must be 1 to 200 characters on one line'],
    [{ description: 5 }, 'ERR_CONFIG_VALUE', 'description', 'description must be text; got 5'],
    [{ version: 1 }, 'ERR_CONFIG_VALUE', 'version', 'version must be 1 to 64 characters on one line; got 1'],
    [{ version: '' }, 'ERR_CONFIG_VALUE', 'version', 'version must be 1 to 64 characters on one line; got ""'],
    [
      { variables: ['order'] },
      'ERR_CONFIG_VALUE',
      'variables',
      'variables must be an object of names and their meanings',
    ],
    [{ variables: null }, 'ERR_CONFIG_VALUE', 'variables', 'got null'],
    [{ variables: { order: true } }, 'ERR_CONFIG_VALUE', 'variables.order', 'variables.order must be text; got true'],
    [{ channels: 'http' }, 'ERR_CONFIG_VALUE', 'channels', 'channels must be a list of "http" and "email"; got "http"'],
    [{ channels: [] }, 'ERR_CONFIG_VALUE', 'channels', 'channels must be a list of "http" and "email"; got a list'],
    [
      { channels: ['http', 'sms'] },
      'ERR_CONFIG_VALUE',
      'channels',
      'channels must be a list of "http" and "email"; got a list',
    ],
    [{ channels: null }, 'ERR_CONFIG_VALUE', 'channels', 'got null'],
    [{ mail: 'Hello' }, 'ERR_CONFIG_VALUE', 'mail', 'mail must be a plain object; got a string'],
    [{ mail: { subject: 'a' } }, 'ERR_CONFIG_VALUE', 'mail.text', 'mail.text must be text'],
    [{ mail: { text: 'a' } }, 'ERR_CONFIG_VALUE', 'mail.subject', 'mail.subject must be text'],
    [
      { mail: { subject: 'a', text: 'b', html: 'c' } },
      'ERR_CONFIG_UNKNOWN_OPTION',
      'mail.html',
      'known are subject, text',
    ],
  ])('is refused as %j', (options, code, field, message) => {
    const error = refusal(() => any(options));
    expect({ code: error.code, field: error.field }).toEqual({ code, field });
    expect(error.message).toContain(message);
    const inCatalog = refusal(() => any(z.object({}), options));
    expect({ code: inCatalog.code, field: inCatalog.field }).toEqual({ code, field });
  });

  it.each(['event', 'version', 'timestamp'])('cannot call a variable %s, as every message has it', (name) => {
    const { code, field, message } = refusal(() => event({ variables: { order: 'Order', [name]: 'x' } }));
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_EVENTS', field: `variables.${name}` });
    expect(message).toBe(`variables.${name} cannot be used: every message carries event, version, timestamp already`);
  });

  it.each([
    ...['recipient', 'if', 'unless', 'each', 'with', 'else', 'as', 'this', 'true', 'false', 'null', 'undefined'],
    ...['order no', 'order.no', '7th', '-x', 'größe', ''],
  ])('cannot call a variable %j, as a mail could not say it', (name) => {
    const { code, message } = refusal(() => event({ variables: { [name]: 'x' } }));
    expect(code).toBe('ERR_CONFIG_EVENTS');
    expect(message).toContain('none of the words that mean something in a mail');
  });

  it('cannot be changed', () => {
    const given = { label: 'Paid' };
    const definition = event(given);
    given.label = 'Sent';
    expect(eventMeta(defineEvents({ paid: definition }), 'paid').label).toBe('Paid');
    expect(Object.isFrozen(definition)).toBe(true);
    for (const key of Object.getOwnPropertySymbols(definition)) {
      expect(Object.isFrozen(Reflect.get(definition, key))).toBe(true);
    }
  });

  it('takes what is left out by undefined', () => {
    const left = {
      label: undefined,
      description: undefined,
      variables: undefined,
      channels: undefined,
      version: undefined,
      mail: undefined,
    };
    expect(eventMeta(defineEvents({ paid: event(left) }), 'paid')).toEqual(
      eventMeta(defineEvents({ paid: event() }), 'paid'),
    );
  });
});

it('the types for a channel come in the order of the catalog', () => {
  const catalog = defineEvents({
    c: event({ channels: ['http'] }),
    b: event({ channels: ['email'] }),
    a: event({ channels: ['email', 'http'] }),
    d: z.object({}),
  });
  expect(typesFor(catalog, 'http')).toEqual(['c', 'a', 'd']);
  expect(typesFor(catalog, 'email')).toEqual(['b', 'a', 'd']);
});
