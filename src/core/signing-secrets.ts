import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { refuse } from './check.ts';

/** A secret as Standard Webhooks writes it down, taken apart. */
export type SigningSecret =
  /** `whsec_…`: signs with HMAC-SHA256, and verifies with the same. */
  | { readonly scheme: 'v1'; readonly key: Uint8Array }
  /** `whsk_…`: signs with ed25519; what verifies is its public key. `seed` is the private key of RFC 8032. */
  | { readonly scheme: 'v1a'; readonly seed: Uint8Array };

const mostSecrets = 10;

const allowed =
  'text like "whsec_…" (24 to 64 bytes in base64) or "whsk_…" (an ed25519 private key in base64), as createSigningSecret and createSigningKeyPair give it';

/** Secrets as a host gives them: one, a list, or none. Throws `ERR_CONFIG_SECRET`, which never shows any of it. */
export function parseSigningSecrets(value: unknown, field: string): readonly string[] {
  if (value === undefined || value === null) return Object.freeze([]);
  const given: readonly unknown[] = Array.isArray(value) ? Array.from(value) : [value];
  if (given.length > mostSecrets) refuse('ERR_CONFIG_SECRET', field, `at most ${mostSecrets} secrets`);
  const secrets = given.map((secret, index) => {
    const place = Array.isArray(value) ? `${field}[${index}]` : field;
    if (typeof secret === 'string' && readSigningSecret(secret) !== null) return secret;
    return refuse('ERR_CONFIG_SECRET', place, allowed);
  });
  if (new Set(secrets).size < secrets.length) refuse('ERR_CONFIG_SECRET', field, 'secrets that differ');
  return Object.freeze(secrets);
}

/** `null` for what is none. */
export function readSigningSecret(text: string): SigningSecret | null {
  const [, kind, base64 = ''] =
    /^(whsec|whsk)_((?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/.exec(text) ?? [];
  const bytes = Buffer.from(base64, 'base64');
  if (kind === 'whsec') return bytes.length >= 24 && bytes.length <= 64 ? { scheme: 'v1', key: bytes } : null;
  // Written down as the private key alone, or with the public key behind it.
  return bytes.length === 32 || bytes.length === 64 ? { scheme: 'v1a', seed: bytes.subarray(0, 32) } : null;
}

/** A new secret for HMAC-SHA256 signatures (`whsec_…`, 32 random bytes). The receiver needs the same to verify. */
export function createSigningSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/** A key pair for ed25519 signatures, as Standard Webhooks writes it down. */
export interface SigningKeyPair {
  /** `whsk_…`, for `signingSecrets`. */
  readonly privateKey: string;
  /** `whpk_…`, for the receiver: verifies, and cannot sign. */
  readonly publicKey: string;
}

/** A new key pair for ed25519 signatures: the receiver gets the public key only. */
export function createSigningKeyPair(): SigningKeyPair {
  const pair = generateKeyPairSync('ed25519');
  const raw = (text: string | undefined): Buffer => Buffer.from(String(text), 'base64url');
  const seed = raw(pair.privateKey.export({ format: 'jwk' }).d);
  const point = raw(pair.publicKey.export({ format: 'jwk' }).x);
  return {
    privateKey: `whsk_${Buffer.concat([seed, point]).toString('base64')}`,
    publicKey: `whpk_${point.toString('base64')}`,
  };
}
