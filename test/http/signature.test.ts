import fc from 'fast-check';
import { describe, expect, it, onTestFinished, test, vi } from 'vitest';
import type { BodyFormat, HttpRecipient } from '../../src/core/recipient.ts';
import { createSigningKeyPair, createSigningSecret } from '../../src/core/signing-secrets.ts';
import { outgoingRequest } from '../../src/http/outgoing-request.ts';
import { signature } from '../../src/http/signature.ts';
import { type AttemptFields, attemptAt, httpRecipient } from '../../src/testing/builders.ts';
import { answering, Receiver } from '../../src/testing/receiver.ts';
import { expectRefused, expectVerified, isVerifiedByPublicKey, type SignedRequest } from '../support/verifiers.ts';
import { httpTransport } from './receivers.ts';
import { send } from './sending.ts';

const formats: readonly BodyFormat[] = ['form', 'json', 'cloudevents'];

/** The request of an attempt that is made now. */
function signedRequest(settings: Partial<HttpRecipient>, fields: AttemptFields = {}): SignedRequest {
  const attempt = attemptAt(httpRecipient(settings), { at: Date.now(), ...fields });
  return outgoingRequest(attempt, { source: '/outbound-events' });
}

/** Every text that differs from the given one in one bit. */
function* oneBitOff(text: string): Generator<Buffer> {
  const bytes = Buffer.from(text);
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    yield changed;
  }
}

describe('a signature', () => {
  // What is signed, and what OpenSSL makes of it: `openssl dgst -sha256 -mac HMAC` and `openssl pkeyutl -sign -rawin`.
  const content = {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    timestamp: '1614265330',
    body: '{"test": 2432232314}',
  };
  const hmacSecret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const hmac = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
  // The private key of the first example of RFC 8032.
  const ed25519Secret = 'whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=';
  const ed25519 = 'v1a,fldxM4gAKugP6nnt1hdz3sgGfZ6d99nzrMFnZOELIxbzEHoVmAb2ADpkJK7zgPePmPsle0zV9jSeGlHFG2NVAw==';

  it.each<[what: string, secrets: string[], expected: string | undefined]>([
    ['HMAC-SHA256 for whsec_', [hmacSecret], hmac],
    ['ed25519 for whsk_', [ed25519Secret], ed25519],
    ['one for each secret, in their order', [hmacSecret, ed25519Secret], `${hmac} ${ed25519}`],
    ['one for each secret, in another order', [ed25519Secret, hmacSecret], `${ed25519} ${hmac}`],
    ['nothing without secrets', [], undefined],
  ])('is %s', (_, signingSecrets, expected) => {
    expect(signature(httpRecipient({ signingSecrets }), content)).toBe(expected);
  });

  it('is made with keys that are made ready once for a recipient', () => {
    const secrets = vi.fn(() => [hmacSecret, ed25519Secret]);
    const recipient = Object.defineProperty({ ...httpRecipient() }, 'signingSecrets', { get: secrets });
    for (let count = 0; count < 3; count += 1) expect(signature(recipient, content)).toBe(`${hmac} ${ed25519}`);
    expect(secrets).toHaveBeenCalledTimes(1);
  });

  it('is refused rather than left out when a stored secret cannot be read', () => {
    const recipient = httpRecipient({ signingSecrets: [hmacSecret, 'whsec_c2hvcnQ='] });
    for (let count = 0; count < 2; count += 1) {
      expect(() => signature(recipient, content)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_SECRET' }));
    }
  });
});

describe.each(formats)('a signed %s request', (format) => {
  const data = '{"name":"Zoë 漢 😀","note":"a.b & c=d","big":1.0,"u":"\\u00fc"}';
  const [secret, another] = [createSigningSecret(), createSigningSecret()];
  const pair = createSigningKeyPair();

  test('verifies as it arrives, whoever verifies it', async () => {
    const receiver = await Receiver.start(answering(200));
    onTestFinished(() => receiver.close());
    const settings = { url: receiver.url, format, signingSecrets: [secret, pair.privateKey] };
    const result = await send(httpTransport(), settings, { at: Date.now(), event: { data } });
    expect(result.outcome).toBe('delivered');
    const [request] = receiver.requests;
    if (request === undefined) throw new Error('nothing arrived');
    expectVerified(request, secret);
    expectRefused(request, another);
    expect(isVerifiedByPublicKey(request, pair.publicKey)).toBe(true);
    expect(isVerifiedByPublicKey(request, createSigningKeyPair().publicKey)).toBe(false);
  });

  test('S28: verifies with the old and with the new secret alone while they are exchanged', () => {
    const next = createSigningKeyPair();
    const signingSecrets = [next.privateKey, another, secret, pair.privateKey];
    const request = signedRequest({ format, signingSecrets }, { event: { data } });
    for (const each of [secret, another]) expectVerified(request, each);
    for (const each of [pair, next]) expect(isVerifiedByPublicKey(request, each.publicKey)).toBe(true);
    expectRefused(request, createSigningSecret());
  });

  test('S28: verifies whatever the event holds', () => {
    const text = fc.string({ unit: 'grapheme' });
    const value = fc.oneof(text, fc.integer(), fc.constant(null), fc.array(text));
    fc.assert(
      fc.property(fc.dictionary(text, value), fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/), (fields, id) => {
        const event = { id, data: JSON.stringify(fields) };
        const request = signedRequest({ format, signingSecrets: [secret, pair.privateKey] }, { event });
        expectVerified(request, secret);
        expect(isVerifiedByPublicKey(request, pair.publicKey)).toBe(true);
      }),
    );
  });

  test('S28: is refused when one bit of body, id, time or signature is another', () => {
    const request = signedRequest({ format, signingSecrets: [secret] }, { event: { data } });
    const asymmetric = signedRequest({ format, signingSecrets: [pair.privateKey] }, { event: { data } });
    for (const body of oneBitOff(String(request.body))) {
      expectRefused({ ...request, body }, secret);
      expect(isVerifiedByPublicKey({ ...asymmetric, body }, pair.publicKey)).toBe(false);
    }
    for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature']) {
      for (const changed of oneBitOff(request.headers[name] ?? '')) {
        expectRefused({ ...request, headers: { ...request.headers, [name]: String(changed) } }, secret);
      }
    }
    for (const name of ['webhook-id', 'webhook-timestamp']) {
      for (const changed of oneBitOff(asymmetric.headers[name] ?? '')) {
        const headers = { ...asymmetric.headers, [name]: String(changed) };
        expect(isVerifiedByPublicKey({ ...asymmetric, headers }, pair.publicKey)).toBe(false);
      }
    }
  });

  test('S29: is refused when it is more than five minutes old, although its signature is good', () => {
    const minutes = (count: number) => ({ at: Date.now() - count * 60_000, event: { data } });
    expectVerified(signedRequest({ format, signingSecrets: [secret] }, minutes(4)), secret);
    expectRefused(signedRequest({ format, signingSecrets: [secret] }, minutes(5.1)), secret);
    expectRefused(signedRequest({ format, signingSecrets: [secret] }, minutes(-5.1)), secret);
  });

  test('S29: is signed anew for each attempt, with its time, and keeps id and body', () => {
    const recipient = { format, signingSecrets: [secret] };
    const now = Date.now();
    const [first, second] = [1, 2].map((number) =>
      signedRequest(recipient, { number, at: now + (number - 1) * 60_000, event: { data } }),
    ) as [SignedRequest, SignedRequest];
    for (const request of [first, second]) expectVerified(request, secret);
    expect(second.body).toBe(first.body);
    const differing = Object.keys(first.headers).filter((name) => first.headers[name] !== second.headers[name]);
    expect(differing).toEqual(['webhook-timestamp', 'webhook-signature', 'webhook-attempt']);
    expect(Number(second.headers['webhook-timestamp'])).toBe(Number(first.headers['webhook-timestamp']) + 60);
  });
});

test('S30: the time that is signed is whole seconds of the attempt, whatever the event says', () => {
  const event = { occurredAt: 1.5, acceptedAt: 2.5, data: '{"webhook-timestamp":"1.2","id":"a.b"}' };
  const { headers } = signedRequest({ signingSecrets: [createSigningSecret()] }, { at: 1_767_225_600_999, event });
  expect(headers['webhook-timestamp']).toBe('1767225600');
});
