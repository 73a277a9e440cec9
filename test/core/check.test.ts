import { describe, expect, it, test } from 'vitest';
import {
  checkBoolean,
  checkInteger,
  checkLine,
  checkMethods,
  checkObject,
  checkOneOf,
  partOf,
  refuse,
} from '../../src/core/check.ts';
import { refusal, secret } from './refusal.ts';

describe('refuse', () => {
  const refuseAs = (shown?: unknown) => refusal(() => refuse('ERR_CONFIG_ID', 'id', 'short', shown));

  it('throws the code, the field and what is allowed', () => {
    expect(refuseAs()).toMatchObject({ code: 'ERR_CONFIG_ID', field: 'id', message: 'id must be short' });
  });

  it.each<[unknown, string]>([
    ['', '""'],
    ['a "b"', '"a \\"b\\""'],
    ['x'.repeat(60), `"${'x'.repeat(60)}"`],
    ['x'.repeat(61), `"${'x'.repeat(60)}…"`],
    ['a\r\nb', '"a\\r\\nb"'],
    ['\u001b[31m \u009b31m \u007f \u2028', '"\\u001b[31m \\u009b31m \\u007f \\u2028"'],
    [`${'x'.repeat(59)}👍👍`, `"${'x'.repeat(59)}\\ud83d…"`],
    [7, '7'],
    [Number.NaN, 'NaN'],
    [false, 'false'],
    [null, 'null'],
    [7n, 'a bigint'],
    [Symbol(secret), 'a symbol'],
    [() => secret, 'a function'],
    [{ secret }, 'an object'],
    [new Map([[secret, secret]]), 'an object'],
    [[secret], 'a list'],
  ])('shows %o as %s', (shown, expected) => {
    expect(refuseAs(shown).message).toBe(`id must be short; got ${expected}`);
  });
});

describe('the path of a part', () => {
  it.each<[string, string | number, string]>([
    ['', 'url', 'url'],
    ['retry', 'interval', 'retry.interval'],
    ['data.items', 2, 'data.items[2]'],
    ['data', '$a_1', 'data.$a_1'],
    ['data', '', 'data[""]'],
    ['data', 'a.b', 'data["a.b"]'],
    ['headers', 'x-api-key', 'headers["x-api-key"]'],
    ['', 'a\r\nb', '["a\\r\\nb"]'],
    ['data', '\ud800', 'data["\\ud800"]'],
    ['data', 'x'.repeat(1000), `data["${'x'.repeat(60)}…"]`],
  ])('of %j by %j is %s', (field, key, path) => {
    expect(partOf(field, key)).toBe(path);
  });
});

describe('an object of settings', () => {
  const known = ['host', 'port', 'to', 'id', 'retryInterval', 'whileDisabled'];

  it('is given back when all its keys are known', () => {
    const given = { host: 'a', port: undefined };
    expect(checkObject(given, 'smtp', known)).toBe(given);
    expect(checkObject({}, 'smtp', known)).toEqual({});
    expect(checkObject(Object.create(null), 'smtp', known)).toEqual({});
  });

  it('may be an instance of a class', () => {
    class Settings {
      readonly host = 'a';
    }
    expect(checkObject(new Settings(), 'smtp', known)).toEqual(new Settings());
  });

  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    [5, 'a number'],
    [true, 'a boolean'],
    [`smtp://user:${secret}@host`, 'a string'],
    [['host'], 'a list'],
    [new Map([['host', 'a']]), 'an object'],
    [new Headers({ host: 'a' }), 'an object'],
    [new Set(), 'an object'],
    [new Uint8Array(2), 'an object'],
    [() => ({}), 'a function'],
    [Symbol('host'), 'a symbol'],
  ])('is refused as %o, without showing text, which may hold a secret', (value, shown) => {
    const { code, field, message } = refusal(() => checkObject(value, 'smtp', known));
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_VALUE', field: 'smtp' });
    expect(message).toBe(`smtp must be a plain object; got ${shown}`);
  });

  it('is called settings where it is all that was given', () => {
    const { field, message } = refusal(() => checkObject(null, '', known));
    expect(field).toBe('settings');
    expect(message).toBe('settings must be a plain object; got null');
  });

  it.each<[string, string]>([
    ['retryIntervall', 'retryInterval'],
    ['retryinterval', 'retryInterval'],
    ['retry_interval', 'retryInterval'],
    ['retryIntervalMs', 'retryInterval'],
    ['rtryInterval', 'retryInterval'],
    ['WHILEDISABLED', 'whileDisabled'],
    ['prot', 'port'],
    ['ports', 'port'],
    ['hosts', 'host'],
    ['tos', 'to'],
    ['ids', 'id'],
    ['ID', 'id'],
  ])('with %s in it is asked whether %s is meant', (key, meant) => {
    const { code, field, message } = refusal(() => checkObject({ host: 'a', [key]: secret }, 'smtp', known));
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_UNKNOWN_OPTION', field: `smtp.${key}` });
    expect(message).toBe(`smtp.${key} is not an option; did you mean "${meant}"?`);
  });

  it.each(['password', 'x', 'foo', '', 'retryIntervalMax', 'toString', '__proto__', 'hasOwnProperty'])(
    'with %j in it is told what is known',
    (key) => {
      const { code, message } = refusal(() => checkObject({ [key]: secret }, '', known));
      expect(code).toBe('ERR_CONFIG_UNKNOWN_OPTION');
      expect(message).toMatch(/ is not an option; known are host, port, to, id, retryInterval, whileDisabled$/);
    },
  );

  it('is asked for the nearest of the known', () => {
    expect(refusal(() => checkObject({ SET: 1 }, '', ['sets', 'set'])).message).toContain('did you mean "set"?');
    const { message } = refusal(() => checkObject({ sent: 1 }, '', ['spent', 'set', 'send', 'sends']));
    expect(message).toBe('sent is not an option; did you mean "spent"?');
    expect(refusal(() => checkObject({ retries: 1 }, '', ['entries', 'retry', 'retried'])).message).toContain(
      '"retried"',
    );
  });

  it('is refused at once, and in one short line, for a key of a million characters', () => {
    const started = performance.now();
    const { message, field } = refusal(() => checkObject({ [`\r\n${'k'.repeat(1e6)}`]: 1 }, 'retry', known));
    expect(performance.now() - started).toBeLessThan(500);
    expect(message).toContain(`retry["\\r\\n${'k'.repeat(58)}…"] is not an option`);
    expect(field).toBe(`retry["\\r\\n${'k'.repeat(58)}…"]`);
  });
});

describe('a host’s own part', () => {
  class OwnClock {
    now(): number {
      return 0;
    }
    steady(): number {
      return 0;
    }
  }

  it('is taken when it has the methods, own or inherited', () => {
    expect(() => checkMethods(new OwnClock(), 'clock', ['now', 'steady'])).not.toThrow();
    expect(() => checkMethods({ now() {}, steady: () => 0, more: 1 }, 'clock', ['now', 'steady'])).not.toThrow();
  });

  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    [5, 'a number'],
    [secret, 'a string'],
    [[], 'a list'],
    [{}, 'an object'],
    [{ now: 5, steady() {} }, 'an object'],
    [{ now() {} }, 'an object'],
    [OwnClock, 'a function'],
  ])('is refused as %o', (value, shown) => {
    const { code, field, message } = refusal(() => checkMethods(value, 'clock', ['now', 'steady']));
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_VALUE', field: 'clock' });
    expect(message).toBe(`clock must be an object with the methods now, steady; got ${shown}`);
  });
});

test.each<[unknown, boolean]>([
  [true, true],
  [false, false],
  [undefined, true],
])('a switch of %s is %s', (value, expected) => {
  expect(checkBoolean(value, 'enabled', true)).toBe(expected);
});

test.each<[unknown, string]>([
  ['true', '"true"'],
  [1, '1'],
  [0, '0'],
  [null, 'null'],
  [[], 'a list'],
])('a switch of %o is refused', (value, shown) => {
  const { code, field, message } = refusal(() => checkBoolean(value, 'enabled', true));
  expect({ code, field }).toEqual({ code: 'ERR_CONFIG_VALUE', field: 'enabled' });
  expect(message).toBe(`enabled must be true or false; got ${shown}`);
});

test.each<[unknown, number]>([
  [1, 1],
  [10, 10],
  [undefined, 7],
])('a number of %s is %i', (value, expected) => {
  expect(checkInteger(value, 'concurrency', [1, 10], 7)).toBe(expected);
});

test.each<[unknown, string]>([
  [0, '0'],
  [11, '11'],
  [1.5, '1.5'],
  ['5', '"5"'],
  [5n, 'a bigint'],
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, 'Infinity'],
  [null, 'null'],
])('a number of %o is refused', (value, shown) => {
  const { code, field, message } = refusal(() => checkInteger(value, 'concurrency', [1, 10], 7));
  expect({ code, field }).toEqual({ code: 'ERR_CONFIG_VALUE', field: 'concurrency' });
  expect(message).toBe(`concurrency must be a whole number from 1 to 10; got ${shown}`);
});

test.each<[unknown, string]>([
  ['form', 'form'],
  ['json', 'json'],
  [undefined, 'form'],
])('a choice of %s is %s', (value, expected) => {
  expect(checkOneOf(value, 'format', ['form', 'json'], 'form')).toBe(expected);
});

test.each<[unknown, string]>([
  ['xml', '"xml"'],
  ['FORM', '"FORM"'],
  ['', '""'],
  [null, 'null'],
  [['form'], 'a list'],
])('a choice of %o is refused', (value, shown) => {
  const { code, field, message } = refusal(() => checkOneOf(value, 'format', ['form', 'json'], 'form'));
  expect({ code, field }).toEqual({ code: 'ERR_CONFIG_VALUE', field: 'format' });
  expect(message).toBe(`format must be "form" or "json"; got ${shown}`);
});

test.each<[string, string]>([
  ['CRM', 'CRM'],
  ['  CRM  ', 'CRM'],
  ['Größe 👍 (EU)', 'Größe 👍 (EU)'],
  ['x'.repeat(20), 'x'.repeat(20)],
])('a line of %j is %j', (value, expected) => {
  expect(checkLine(value, 'name', 20)).toBe(expected);
});

test.each<[unknown]>([
  [''],
  ['   '],
  ['x'.repeat(21)],
  ['a\nb'],
  ['a\rb'],
  ['a\0b'],
  ['a\u0085b'],
  ['a\u2028b'],
  ['a\u2029b'],
  ['a\ud800b'],
  [undefined],
  [null],
  [5],
  [['a']],
])('a line of %o is refused', (value) => {
  const { code, field, message } = refusal(() => checkLine(value, 'name', 20));
  expect({ code, field }).toEqual({ code: 'ERR_CONFIG_VALUE', field: 'name' });
  expect(message).toContain('name must be 1 to 20 characters on one line');
});
