import { createHmac, createPrivateKey, createSecretKey, type KeyObject, sign } from 'node:crypto';
import { refuse } from '../core/check.ts';
import { onceForEach } from '../core/once-for-each.ts';
import type { HttpRecipient } from '../core/recipient.ts';
import { readSigningSecret } from '../core/signing-secrets.ts';

/** What the receiver checks a signature against. */
export interface SignedContent {
  /** Without a dot, which separates the parts of what is signed. */
  readonly id: string;
  /** Unix time of the attempt, whole seconds. */
  readonly timestamp: string;
  readonly body: string;
}

type Signer = (content: Buffer) => string;

/** The keys of a recipient, made ready once for all its deliveries. */
const signersOf = onceForEach(({ signingSecrets }: HttpRecipient) => signingSecrets.map(signer));

/**
 * The `webhook-signature` of Standard Webhooks: one signature for each secret of the recipient, in their order, with
 * spaces between; `undefined` for a recipient without secrets. Throws `ERR_CONFIG_SECRET` for a secret that is none:
 * nothing may go out unsigned that should be signed.
 */
export function signature(recipient: HttpRecipient, { id, timestamp, body }: SignedContent): string | undefined {
  const signers = signersOf(recipient);
  if (signers.length === 0) return undefined;
  const content = Buffer.from(`${id}.${timestamp}.${body}`);
  return signers.map((each) => each(content)).join(' ');
}

function signer(text: string): Signer {
  const secret = readSigningSecret(text) ?? refuse('ERR_CONFIG_SECRET', 'signingSecrets', 'secrets that can be read');
  if (secret.scheme === 'v1') {
    const key = createSecretKey(secret.key);
    return (content) => `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
  }
  const key = ed25519Key(secret.seed);
  return (content) => `v1a,${sign(null, content, key).toString('base64')}`;
}

/** What goes before the 32 bytes of an ed25519 private key in PKCS #8 (RFC 8410 §7). */
const ed25519Head = Buffer.from('302e020100300506032b657004220420', 'hex');

function ed25519Key(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([ed25519Head, seed]), format: 'der', type: 'pkcs8' });
}
