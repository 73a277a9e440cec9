import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  createSigningKeyPair,
  createSigningSecret,
  parseSigningSecrets,
  readSigningSecret,
} from '../../src/core/signing-secrets.ts';
import { refusal, secret } from './refusal.ts';

function ofBytes(prefix: string, count: number, fill = 7): string {
  return prefix + Buffer.alloc(count, fill).toString('base64');
}

describe('signing secrets', () => {
  const [one, other] = [ofBytes('whsec_', 24), ofBytes('whsk_', 32)];

  it('are one, a list, or none', () => {
    expect(parseSigningSecrets(one, 'signingSecrets')).toEqual([one]);
    expect(parseSigningSecrets([one, other], 'signingSecrets')).toEqual([one, other]);
    for (const none of [undefined, null, []]) expect(parseSigningSecrets(none, 'signingSecrets')).toEqual([]);
  });

  it('are of 24 to 64 bytes for HMAC, and of 32 or 64 for ed25519, as Standard Webhooks has them', () => {
    for (let count = 1; count <= 80; count += 1) {
      expect(readSigningSecret(ofBytes('whsec_', count)) !== null).toBe(count >= 24 && count <= 64);
      expect(readSigningSecret(ofBytes('whsk_', count)) !== null).toBe(count === 32 || count === 64);
    }
    expect(readSigningSecret(ofBytes('whsec_', 24))).toEqual({ scheme: 'v1', key: Buffer.alloc(24, 7) });
    expect(readSigningSecret(ofBytes('whsk_', 64))).toEqual({ scheme: 'v1a', seed: Buffer.alloc(32, 7) });
  });

  it.each<[unknown, string]>([
    [secret, 'signingSecrets'],
    ['', 'signingSecrets'],
    [`whsec_${secret}`, 'signingSecrets'],
    [ofBytes('whsec_', 23), 'signingSecrets'],
    [ofBytes('whpk_', 32), 'signingSecrets'],
    [ofBytes('WHSEC_', 32), 'signingSecrets'],
    [`${one}\n`, 'signingSecrets'],
    [ofBytes('whsec_', 32).replace('=', ''), 'signingSecrets'],
    [ofBytes('whsec_', 32, 255).replaceAll('/', '_'), 'signingSecrets'],
    [5, 'signingSecrets'],
    [{ secret }, 'signingSecrets'],
    [[one, secret], 'signingSecrets[1]'],
    [[one, [other]], 'signingSecrets[1]'],
    [[one, one], 'signingSecrets'],
    [Array.from({ length: 11 }, (_, index) => ofBytes('whsec_', 24, index)), 'signingSecrets'],
  ])('are refused as %j, and not shown', (value, field) => {
    expect(refusal(() => parseSigningSecrets(value, 'signingSecrets'))).toMatchObject({
      code: 'ERR_CONFIG_SECRET',
      field,
    });
  });

  test('anything else is refused too', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.anything()), (value) => {
        fc.pre(value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0));
        expect(refusal(() => parseSigningSecrets(value, 's')).code).toBe('ERR_CONFIG_SECRET');
      }),
    );
  });
});

describe('a secret that is made', () => {
  it('is new every time, and good', () => {
    const made = Array.from({ length: 20 }, () => [createSigningSecret(), createSigningKeyPair().privateKey]).flat();
    expect(new Set(made).size).toBe(40);
    for (const each of made) expect(readSigningSecret(each)).not.toBeNull();
  });

  it('of an ed25519 pair signs what its public key verifies', () => {
    const pair = createSigningKeyPair();
    const { publicKey } = pair;
    const parsed = readSigningSecret(pair.privateKey);
    expect(publicKey).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/);
    if (parsed?.scheme !== 'v1a') throw new Error('not an ed25519 key');
    // RFC 8410: what goes before the raw keys.
    const der = (prefix: string, key: Uint8Array) => Buffer.concat([Buffer.from(prefix, 'hex'), key]);
    const format = 'der' as const;
    const privateKey = createPrivateKey({
      key: der('302e020100300506032b657004220420', parsed.seed),
      format,
      type: 'pkcs8',
    });
    const point = Buffer.from(publicKey.slice('whpk_'.length), 'base64');
    const verifier = createPublicKey({ key: der('302a300506032b6570032100', point), format, type: 'spki' });
    expect(verify(null, Buffer.from('text'), verifier, sign(null, Buffer.from('text'), privateKey))).toBe(true);
  });
});
