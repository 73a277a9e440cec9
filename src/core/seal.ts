import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { types } from 'node:util';
import { isRecord, refuse } from './check.ts';
import { OutboundEventsError } from './errors.ts';

/** A key for sealing: 32 bytes, or their base64 or hex text. `createSecretKey` makes one. */
export type SecretKey = string | Uint8Array;

/** A new `secretKey`: 32 random bytes as base64. Keep it where the host keeps its secrets, not beside the storage. */
export function createSecretKey(): string {
  return randomBytes(32).toString('base64');
}

/** What a seal was opened to. */
export interface Opened {
  readonly text: string;
  /** Whether it should be sealed anew: it was not sealed, or with a key that is being given up. */
  readonly isStale: boolean;
}

/**
 * Seals texts with the first of the host's keys and opens what any of them has sealed (AES-256-GCM, bound to the id of
 * what the text belongs to). Without keys, texts stay as they are.
 */
export class Seal {
  readonly #keys: readonly SealingKey[];

  /** Throws `ERR_CONFIG_VALUE` for keys that are none; never shows them. */
  constructor(keys: SecretKey | readonly SecretKey[] | null, field: string) {
    const list: readonly unknown[] = keys === null ? [] : Array.isArray(keys) ? keys : [keys];
    if (keys !== null && list.length === 0) refuse('ERR_CONFIG_VALUE', field, allowed);
    this.#keys = list.map((key, index) => sealingKey(key, Array.isArray(keys) ? `${field}[${index}]` : field));
  }

  /** Whether there is no key, so that texts stay as they are. */
  get isOpen(): boolean {
    return this.#keys.length === 0;
  }

  close(id: string, text: string): string {
    const [key] = this.#keys;
    if (key === undefined) return text;
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, key.bytes, nonce).setAAD(Buffer.from(id));
    const data = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return JSON.stringify({ sealed: 1, key: key.name, data: data.toString('base64') } satisfies SealedText);
  }

  /** Throws `ERR_SECRET_KEY` for what none of the keys has sealed, or what was changed since. */
  open(id: string, text: string): Opened {
    const sealed = sealedText(text);
    if (sealed === null) return { text, isStale: !this.isOpen };
    const index = this.#keys.findIndex(({ name }) => name === sealed.key);
    const key = this.#keys[index];
    if (key === undefined) {
      throw cannotOpen(this.isOpen ? 'is sealed: set secretKey' : 'is sealed with another secretKey');
    }
    return { text: decrypted(id, sealed.data, key), isStale: index > 0 };
  }
}

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

const allowed = '32 bytes, or their base64 or hex text, as createSecretKey gives it; or a list of such keys';

interface SealingKey {
  /** Tells which key sealed something, and nothing else of it. */
  readonly name: string;
  readonly bytes: Buffer;
}

interface SealedText {
  readonly sealed: 1;
  readonly key: string;
  /** Nonce, ciphertext and tag as base64. */
  readonly data: string;
}

function sealingKey(value: unknown, field: string): SealingKey {
  const given = keyBytes(value) ?? refuse('ERR_CONFIG_VALUE', field, allowed);
  // A key of its own for this one use, so that the host may use its key for others.
  const bytes = Buffer.from(hkdfSync('sha256', given, '', 'outbound-events: recipient settings, 1', 32));
  return { name: createHash('sha256').update('name:').update(bytes).digest('hex').slice(0, 12), bytes };
}

function keyBytes(value: unknown): Uint8Array | null {
  if (types.isUint8Array(value)) return value.length === 32 ? value : null;
  if (typeof value !== 'string') return null;
  if (/^[0-9a-f]{64}$/i.test(value)) return Buffer.from(value, 'hex');
  return /^[A-Za-z0-9+/_-]{43}=?$/.test(value) ? Buffer.from(value, 'base64') : null;
}

/** `null` for settings in the clear: those of a recipient have no field `sealed`. */
function sealedText(text: string): SealedText | null {
  const value: unknown = JSON.parse(text);
  return isRecord(value) && value.sealed === 1 ? (value as unknown as SealedText) : null;
}

function decrypted(id: string, base64: string, key: SealingKey): string {
  try {
    const data = Buffer.from(base64, 'base64');
    const body = data.subarray(nonceBytes, -tagBytes);
    const decipher = createDecipheriv(algorithm, key.bytes, data.subarray(0, nonceBytes), { authTagLength: tagBytes })
      .setAAD(Buffer.from(id))
      .setAuthTag(data.subarray(-tagBytes));
    return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
  } catch {
    throw cannotOpen('was changed since it was sealed, or belongs to another recipient');
  }
}

function cannotOpen(why: string): OutboundEventsError {
  return new OutboundEventsError('ERR_SECRET_KEY', `what is stored of it ${why}`, { field: 'secretKey' });
}
