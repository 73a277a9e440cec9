import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { expect } from 'vitest';

/** A request as a receiver has it. */
export interface SignedRequest {
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** Makes sure that two libraries of others take the request for genuine, with this secret alone. */
export function expectVerified({ headers, body: bytes }: SignedRequest, secret: string): void {
  const body = String(bytes);
  expect(new Webhook(secret).verify(body, { ...headers }, { jsonParse: false })).toBeUndefined();
  if (headers['content-type'] === 'application/json') {
    expect(new SvixWebhook(secret).verify(body, { ...headers })).toEqual(JSON.parse(body));
  }
  // It can verify JSON only; what it would sign can be compared with whatever the body is.
  const time = new Date(Number(headers['webhook-timestamp']) * 1000);
  const signed = new SvixWebhook(secret).sign(headers['webhook-id'] ?? '', time, body);
  expect(headers['webhook-signature']?.split(' ')).toContain(signed);
}

/** Makes sure that the libraries refuse it, and because of its signature or its time. */
export function expectRefused({ headers, body }: SignedRequest, secret: string): void {
  const refusal = expect.objectContaining({ name: 'WebhookVerificationError' });
  expect(() => new Webhook(secret).verify(String(body), { ...headers }, { jsonParse: false })).toThrow(refusal);
  expect(() => new SvixWebhook(secret).verify(String(body), { ...headers })).toThrow(refusal);
}

/** Whether one of the request's ed25519 signatures is good, for somebody who has the public key (`whpk_…`) only. */
export function isVerifiedByPublicKey({ headers, body }: SignedRequest, publicKey: string): boolean {
  const head = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`);
  const content = Buffer.concat([head, Buffer.from(body)]);
  const signatures = headers['webhook-signature']?.split(' ') ?? [];
  return signatures
    .filter((each) => each.startsWith('v1a,'))
    .some((each) => verify(null, content, keyOf(publicKey), Buffer.from(each.slice('v1a,'.length), 'base64')));
}

function keyOf(publicKey: string): KeyObject {
  const x = Buffer.from(publicKey.slice('whpk_'.length), 'base64').toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}
