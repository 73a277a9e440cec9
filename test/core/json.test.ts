import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type Json, toJson } from '../../src/core/json.ts';
import { refusal, secret } from './refusal.ts';

class Money {
  readonly amount = 5;
}

/** `levels` lists inside each other. */
function nested(levels: number): unknown {
  let value: unknown = 0;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}

describe('data is taken', () => {
  it.each<[string, unknown, string]>([
    ['text', { a: '', b: 'ä👍\u2028\0' }, '{"a":"","b":"ä👍\u2028\\u0000"}'],
    [
      'numbers',
      { a: 0, b: -1.5, c: 1e21, d: Number.MAX_SAFE_INTEGER },
      '{"a":0,"b":-1.5,"c":1e+21,"d":9007199254740991}',
    ],
    ['-0 as the 0 it is in JSON', { n: -0 }, '{"n":0}'],
    ['booleans and null', [true, false, null], '[true,false,null]'],
    ['lists and objects inside each other', { a: [{ b: [] }, {}] }, '{"a":[{"b":[]},{}]}'],
    ['names in the order they were given in', { b: 1, a: 2, ab: 3, A: 4 }, '{"b":1,"a":2,"ab":3,"A":4}'],
    [
      'any name but one',
      { '': 1, 'a.b': 2, constructor: 3, toString: 4, length: 5 },
      '{"":1,"a.b":2,"constructor":3,"toString":4,"length":5}',
    ],
    ['objects without a prototype', Object.assign(Object.create(null), { a: Object.create(null) }), '{"a":{}}'],
    ['objects and lists of another realm', runInNewContext('({ a: [{ b: 1 }] })'), '{"a":[{"b":1}]}'],
    ['a Date, as ISO text', { at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
    ['what has a toJSON, as what it gives', { price: { toJSON: () => ({ amount: [5] }) } }, '{"price":{"amount":[5]}}'],
    ['a toJSON that is no function, as a name like others', { toJSON: 'x' }, '{"toJSON":"x"}'],
    [
      'the same object twice side by side',
      ((a) => ({ x: a, y: [a, a] }))({ n: 1 }),
      '{"x":{"n":1},"y":[{"n":1},{"n":1}]}',
    ],
    ['a hundred levels', nested(100), `${'['.repeat(100)}0${']'.repeat(100)}`],
  ])('with %s', (_name, value, text) => {
    expect(JSON.stringify(toJson(value))).toBe(text);
  });

  it('as it is now: what changes afterwards changes nothing', () => {
    const given = { list: [1], inner: { a: 1 } };
    const taken = toJson(given);
    given.list.push(2);
    given.inner.a = 2;
    expect(JSON.stringify(taken)).toBe('{"list":[1],"inner":{"a":1}}');
  });

  it('and comes out of its text as it went in', () => {
    const json = fc
      .json({ maxDepth: 6, noUnicodeString: false })
      .filter((text) => !text.includes('"__proto__":'))
      .map((text) => JSON.parse(text) as Json);
    fc.assert(
      fc.property(json, (value) => {
        const text = JSON.stringify(toJson(value));
        expect(text).toBe(JSON.stringify(value));
        expect(JSON.parse(text)).toEqual(value);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('data is refused', () => {
  const cyclic: { [key: string]: unknown } = { n: 1 };
  cyclic.self = { list: [cyclic] };
  const endlessList: unknown[] = [];
  endlessList.push(endlessList);
  const holed: unknown[] = [1];
  holed[2] = 3;

  it.each<[string, unknown, string, string]>([
    ['undefined', undefined, 'data', 'is undefined; leave it out or use null'],
    ['undefined in an object', { a: { b: undefined } }, 'data.a.b', 'is undefined; leave it out or use null'],
    ['undefined in a list', { a: [1, undefined] }, 'data.a[1]', 'is undefined; leave it out or use null'],
    ['a hole in a list', holed, 'data[1]', 'is undefined; leave it out or use null'],
    ['an endless hole', new Array(2 ** 32 - 1), 'data[0]', 'is undefined; leave it out or use null'],
    ['a function', { f: () => secret }, 'data.f', 'is a function'],
    ['a class', { f: Money }, 'data.f', 'is a function'],
    ['a symbol', { s: Symbol(secret) }, 'data.s', 'is a symbol'],
    ['a BigInt', { items: [0, 0, { n: 5n }] }, 'data.items[2].n', 'is a BigInt; use a string'],
    ['NaN', { n: Number.NaN }, 'data.n', 'is NaN'],
    ['Infinity', { n: Number.POSITIVE_INFINITY }, 'data.n', 'is Infinity'],
    ['-Infinity', [Number.NEGATIVE_INFINITY], 'data[0]', 'is -Infinity'],
    ['half a character', { s: `${secret}\ud83d` }, 'data.s', 'holds half of a character (a lone surrogate)'],
    ['the other half', { s: `\udc4d${secret}` }, 'data.s', 'holds half of a character (a lone surrogate)'],
    [
      'half a character in a name',
      { 'a\ud83d': 1 },
      'data["a\\ud83d"]',
      'has half of a character (a lone surrogate) in its name',
    ],
    ['an object inside itself', cyclic, 'data.self.list[0]', 'refers back to an object that holds it'],
    ['a list inside itself', endlessList, 'data[0]', 'refers back to an object that holds it'],
    [
      'a toJSON that throws',
      {
        a: {
          toJSON: () => {
            throw new Error(secret);
          },
        },
      },
      'data.a',
      'throws when it is read',
    ],
    [
      'a getter that throws',
      {
        a: {
          get b() {
            throw new TypeError(secret);
          },
        },
      },
      'data.a',
      'throws when it is read',
    ],
    ['a proxy that is revoked', { a: revoked() }, 'data.a', 'throws when it is read'],
    ['a toJSON that gives what is no JSON', { a: { toJSON: () => [() => secret] } }, 'data.a[0]', 'is a function'],
    [
      'a toJSON that gives undefined',
      { a: { toJSON: () => undefined } },
      'data.a',
      'is undefined; leave it out or use null',
    ],
    [
      'a toJSON that gives itself',
      {
        a: {
          toJSON() {
            return this;
          },
        },
      },
      'data.a',
      'refers back to an object that holds it',
    ],
    ['a toJSON without end', { a: endless() }, 'data.a', 'lies deeper than 100 levels'],
    ['an invalid Date', { at: new Date(Number.NaN) }, 'data.at', 'is an invalid Date'],
    ['an invalid Date of another realm', { at: runInNewContext('new Date(NaN)') }, 'data.at', 'is an invalid Date'],
    ['a Map', { m: new Map([[secret, 1]]) }, 'data.m', 'is a Map object; use a plain one'],
    ['a Set', { m: new Set([secret]) }, 'data.m', 'is a Set object; use a plain one'],
    ['a typed array', { m: new Uint8Array(2) }, 'data.m', 'is a Uint8Array object; use a plain one'],
    ['a regular expression', { m: /s3cr3t/ }, 'data.m', 'is a RegExp object; use a plain one'],
    ['an Error', { m: new Error(secret) }, 'data.m', 'is a Error object; use a plain one'],
    ['a promise', { m: Promise.resolve(secret) }, 'data.m', 'is a Promise object; use a plain one'],
    ['a boxed number', { m: Object(5) }, 'data.m', 'is a Number object; use a plain one'],
    ['an instance of a class', { price: new Money() }, 'data.price', 'is a Money object; use a plain one'],
    ['an instance of a class without a name', new (class {})(), 'data', 'is a class object; use a plain one'],
    [
      'the name __proto__',
      JSON.parse('{"a":{"__proto__":{"polluted":1}}}'),
      'data.a.__proto__',
      'is a name that objects cannot safely have',
    ],
    ['101 levels', nested(101), `data${'[0]'.repeat(100)}`, 'lies deeper than 100 levels'],
    ['100,000 levels', nested(100_000), `data${'[0]'.repeat(100)}`, 'lies deeper than 100 levels'],
  ])('with %s', (_name, value, field, problem) => {
    const error = refusal(() => toJson(value));
    expect(error).toMatchObject({ code: 'ERR_EVENT_NOT_JSON', field, message: `${field} ${problem}` });
  });

  it('in one short line, whatever its names', () => {
    const names = ['a\r\nb', 'x'.repeat(1e6), ''];
    const error = refusal(() => toJson({ [names[0] ?? '']: { [names[1] ?? '']: { [names[2] ?? '']: 1n } } }));
    expect(error.field).toBe(`data["a\\r\\nb"]["${'x'.repeat(60)}…"][""]`);
  });

  it('leaves every prototype as it was', () => {
    refusal(() => toJson(JSON.parse('{"__proto__":{"polluted":1}}')));
    toJson(JSON.parse('{"constructor":{"prototype":{"polluted":1}}}'));
    expect('polluted' in {}).toBe(false);
  });
});

test('whatever is given, it becomes what JSON keeps as it is, or is refused', () => {
  const given = fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    withUnicodeString: true,
  });
  fc.assert(
    fc.property(given, (value) => {
      let taken: Json;
      try {
        taken = toJson(value);
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_EVENT_NOT_JSON' });
        return;
      }
      expect(JSON.stringify(taken)).toBe(JSON.stringify(value));
    }),
    { numRuns: 5000 },
  );
});

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** Its toJSON gives another one like it. */
function endless(): object {
  return { toJSON: () => endless() };
}
