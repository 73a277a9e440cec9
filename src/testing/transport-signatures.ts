import { strict as assert } from 'node:assert';
import { createHmac, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { createSigningKeyPair, createSigningSecret } from '../core/signing-secrets.ts';
import { answering, type ReceivedRequest } from './receiver.ts';
import type { SendOptions, TransportSubject, TransportTests } from './transport-subject.ts';

const at = Date.UTC(2026, 0, 2, 3, 4, 5, 999);
const event = { id: 'Event_1-x', data: '{"text":"größer 😀 & = + %20","n":1.0}' };

/** What a receiver gets of one attempt. */
async function sent(subject: TransportSubject, options: SendOptions): Promise<ReceivedRequest> {
  const receiver = await subject.receiver(answering(200));
  await subject.send(receiver.url, { at, event, ...options });
  const [request] = receiver.requests;
  assert(request, 'nothing was sent');
  return request;
}

/** Makes sure that the request says who sends what when, as Standard Webhooks has it, and returns what is signed of it. */
function signedContent({ headers, body }: ReceivedRequest, attemptAt: number): Buffer {
  assert.equal(headers['webhook-id'], event.id, 'webhook-id is not the id of the event');
  const seconds = String(Math.floor(attemptAt / 1000));
  assert.equal(headers['webhook-timestamp'], seconds, 'webhook-timestamp is not the Unix time of the attempt');
  return Buffer.concat([Buffer.from(`${event.id}.${seconds}.`), body]);
}

function signaturesOf({ headers }: ReceivedRequest): readonly string[] {
  return headers['webhook-signature']?.split(' ') ?? [];
}

function hmacOf(content: Buffer, secret: string): string {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
}

function assertSignedBy(signature: string | undefined, content: Buffer, publicKey: string): void {
  const [version, base64 = ''] = signature?.split(',') ?? [];
  assert.equal(version, 'v1a');
  const signed = Buffer.from(base64, 'base64');
  assert(verify(null, content, keyOf(publicKey), signed), 'the ed25519 signature is not that of what was sent');
}

function keyOf(publicKey: string): KeyObject {
  const x = Buffer.from(publicKey.slice('whpk_'.length), 'base64').toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

/** What a receiver needs to know whom a request comes from. */
export const transportSignatureTests: TransportTests = {
  'a request is signed with the secret of its recipient, over what is sent': async (subject) => {
    const secret = createSigningSecret();
    const request = await sent(subject, { signingSecrets: [secret] });
    assert.deepEqual(signaturesOf(request), [hmacOf(signedContent(request, at), secret)]);
  },

  'each secret gives a signature, in the order of the secrets': async (subject) => {
    const secrets = [createSigningSecret(), createSigningSecret(), createSigningSecret()];
    const request = await sent(subject, { signingSecrets: secrets });
    const content = signedContent(request, at);
    assert.deepEqual(
      signaturesOf(request),
      secrets.map((secret) => hmacOf(content, secret)),
    );
  },

  'a private key gives a signature that its public key verifies': async (subject) => {
    const { privateKey, publicKey } = createSigningKeyPair();
    const secret = createSigningSecret();
    const request = await sent(subject, { signingSecrets: [privateKey, secret] });
    const content = signedContent(request, at);
    const [first, ...others] = signaturesOf(request);
    assertSignedBy(first, content, publicKey);
    assert.deepEqual(others, [hmacOf(content, secret)]);
  },

  'a repeated attempt is signed with its own time': async (subject) => {
    const secret = createSigningSecret();
    const later = at + 3_600_000;
    const request = await sent(subject, { signingSecrets: [secret], number: 2, at: later });
    assert.deepEqual(signaturesOf(request), [hmacOf(signedContent(request, later), secret)]);
  },

  'recipients are signed for with their own secrets': async (subject) => {
    const secrets = [createSigningSecret(), createSigningSecret()];
    for (const secret of secrets) {
      const request = await sent(subject, { signingSecrets: [secret] });
      assert.deepEqual(signaturesOf(request), [hmacOf(signedContent(request, at), secret)]);
    }
  },

  'without secrets nothing is signed': async (subject) => {
    assert.deepEqual(signaturesOf(await sent(subject, { signingSecrets: [] })), []);
  },
};
