import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { createSecretKey, Seal } from '../../src/core/seal.ts';
import { refusal, secret } from './refusal.ts';

const text = JSON.stringify({ headers: { authorization: secret } });
const [key, other] = [createSecretKey(), createSecretKey()];

describe('a key', () => {
  const bytes = Buffer.alloc(32, 251);

  it('is 32 bytes, or their base64 or hex text', () => {
    const sealed = new Seal(bytes, 'secretKey').close('crm', text);
    for (const same of [
      new Uint8Array(bytes),
      bytes.toString('base64'),
      bytes.toString('base64url'),
      bytes.toString('hex'),
      bytes.toString('hex').toUpperCase(),
    ]) {
      expect(new Seal(same, 'secretKey').open('crm', sealed).text).toBe(text);
    }
  });

  it('that is made is new every time', () => {
    expect(new Set(Array.from({ length: 20 }, createSecretKey)).size).toBe(20);
  });

  it.each<[unknown, string]>([
    [secret, 'secretKey'],
    ['', 'secretKey'],
    [Buffer.alloc(31), 'secretKey'],
    [Buffer.alloc(33), 'secretKey'],
    [Buffer.alloc(31).toString('hex'), 'secretKey'],
    [5, 'secretKey'],
    [{ key: secret }, 'secretKey'],
    [[], 'secretKey'],
    [[createSecretKey(), secret], 'secretKey[1]'],
  ])('is refused as %j, and not shown', (value, field) => {
    expect(refusal(() => new Seal(value as string, 'secretKey'))).toMatchObject({ code: 'ERR_CONFIG_VALUE', field });
  });
});

describe('a seal', () => {
  it('opens to the text that was sealed, whatever it is', () => {
    const seal = new Seal(key, 'secretKey');
    fc.assert(
      fc.property(fc.json(), fc.string(), (json, id) => {
        expect(seal.open(id, seal.close(id, json))).toEqual({ text: json, isStale: false });
      }),
    );
  });

  it('shows neither text nor key, is JSON, and differs every time', () => {
    const seal = new Seal(key, 'secretKey');
    const [one, two] = [seal.close('crm', text), seal.close('crm', text)];
    expect(one).not.toBe(two);
    expect(Object.keys(JSON.parse(one))).toEqual(['sealed', 'key', 'data']);
    for (const shown of [one, inspect(seal, { depth: 10, showHidden: true })]) {
      expect(shown).not.toContain(secret);
      expect(shown).not.toContain(key);
    }
  });

  it('opens with the key that made it only, and for whom it was made only', () => {
    const sealed = new Seal(key, 'secretKey').close('crm', text);
    for (const [seal, id, why] of [
      [new Seal(other, 'secretKey'), 'crm', 'is sealed with another secretKey'],
      [new Seal(null, 'secretKey'), 'crm', 'is sealed: set secretKey'],
      [new Seal(key, 'secretKey'), 'erp', 'was changed since it was sealed, or belongs to another recipient'],
    ] as const) {
      const error = refusal(() => seal.open(id, sealed));
      expect(error).toMatchObject({ code: 'ERR_SECRET_KEY', field: 'secretKey' });
      expect(error.message).toContain(why);
    }
  });

  it('is broken by any change', () => {
    const seal = new Seal(key, 'secretKey');
    const sealed = JSON.parse(seal.close('crm', text)) as { data: string };
    const data = Buffer.from(sealed.data, 'base64');
    for (let index = 0; index < data.length; index += 1) {
      const changed = Buffer.from(data);
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
      const broken = JSON.stringify({ ...sealed, data: changed.toString('base64') });
      expect(refusal(() => seal.open('crm', broken)).code).toBe('ERR_SECRET_KEY');
    }
    for (const cut of ['', 'AAAA', data.subarray(0, 20).toString('base64')]) {
      expect(refusal(() => seal.open('crm', JSON.stringify({ ...sealed, data: cut }))).code).toBe('ERR_SECRET_KEY');
    }
  });
});

test('without a key texts stay as they are', () => {
  const seal = new Seal(null, 'secretKey');
  expect(seal.close('crm', text)).toBe(text);
  expect(seal.open('crm', text)).toEqual({ text, isStale: false });
  expect(seal.open('crm', '[1]')).toEqual({ text: '[1]', isStale: false });
});

test('what was in the clear, or sealed with a key that is being given up, is to be sealed anew', () => {
  const exchange = new Seal([key, other], 'secretKey');
  expect(exchange.open('crm', text)).toEqual({ text, isStale: true });
  expect(exchange.open('crm', new Seal(other, 'secretKey').close('crm', text))).toEqual({ text, isStale: true });
  expect(exchange.open('crm', exchange.close('crm', text))).toEqual({ text, isStale: false });
  expect(new Seal(key, 'secretKey').open('crm', exchange.close('crm', text)).text).toBe(text);
});
