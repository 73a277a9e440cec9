import { HTTP } from 'cloudevents';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createSigningKeyPair, createSigningSecret, defineEvents, event, OutboundEvents } from '../../src/index.ts';
import { answering, Receiver } from '../../src/testing/receiver.ts';
import { ManualClock, waitFor } from '../../src/testing.ts';
import { expectRefused, expectVerified, isVerifiedByPublicKey } from '../support/verifiers.ts';

const events = defineEvents({ 'order.paid': event<Record<string, unknown>>({ version: '2' }) });
const data = { name: 'Zoë 漢 😀', 'größe.m²': 12.5, list: [null, { a: true }] };

/** A host whose clock begins with the real time, which the verifiers look at. */
async function started(settings: { readonly source?: string } = {}) {
  const clock = new ManualClock({ now: Date.now() });
  const outbound = new OutboundEvents({ events, storage: ':memory:', clock, allowedNetworks: 'loopback', ...settings });
  onTestFinished(() => outbound.stop());
  await outbound.start();
  return { outbound, clock };
}

/** A receiver that answers its requests with these statuses, and with 200 from then on. */
async function receiver(...statuses: number[]): Promise<Receiver> {
  const one = await Receiver.start((response, request) => answering(statuses.shift() ?? 200)(response, request));
  onTestFinished(() => one.close());
  return one;
}

describe.each(['form', 'json', 'cloudevents'] as const)('what is emitted to a %s recipient', (format) => {
  test('S29: is signed anew at each attempt: another time and signature, the same id and body', async () => {
    const { outbound, clock } = await started();
    const crm = await receiver(500);
    const [secret, pair] = [createSigningSecret(), createSigningKeyPair()];
    await outbound.addHttpRecipient({
      name: 'CRM',
      url: crm.url,
      events: '*',
      format,
      signingSecrets: [secret, pair.privateKey],
      retry: { interval: '1m' },
    });
    const failing = waitFor(outbound, 'recipient:failing');
    const { id } = await outbound.emit('order.paid', data);
    await failing;
    const delivered = waitFor(outbound, 'delivered');
    await clock.advance('1m');
    await delivered;

    const [first, second] = crm.requests;
    if (first === undefined || second === undefined) throw new Error('not tried twice');
    for (const request of [first, second]) {
      expectVerified(request, secret);
      expect(isVerifiedByPublicKey(request, pair.publicKey)).toBe(true);
      expectRefused(request, createSigningSecret());
      expect(request.headers['webhook-id']).toBe(id);
    }
    expect(second.body.equals(first.body)).toBe(true);
    expect(Number(second.headers['webhook-timestamp']) - Number(first.headers['webhook-timestamp'])).toBe(60);
    expect(second.headers['webhook-signature']).not.toBe(first.headers['webhook-signature']);
    // The old signature does not fit the new time.
    const mixed = { ...first.headers, 'webhook-timestamp': second.headers['webhook-timestamp'] ?? '' };
    expectRefused({ headers: mixed, body: first.body }, secret);
  });
});

test('S28: a secret is exchanged without a request that the receiver cannot verify', async () => {
  const { outbound } = await started();
  const crm = await receiver();
  const [old, next] = [createSigningSecret(), createSigningSecret()];
  const { id } = await outbound.addHttpRecipient({ name: 'CRM', url: crm.url, events: '*', signingSecrets: old });
  const steps = [old, [next, old], next];
  for (const [index, signingSecrets] of steps.entries()) {
    await outbound.updateRecipient(id, { signingSecrets });
    const delivered = waitFor(outbound, 'delivered', ({ sequence }) => sequence === index + 1);
    await outbound.emit('order.paid', { index });
    await delivered;
  }
  const [before, between, after] = crm.requests;
  if (before === undefined || between === undefined || after === undefined) throw new Error('something is missing');
  for (const request of [before, between]) expectVerified(request, old);
  for (const request of [between, after]) expectVerified(request, next);
  expectRefused(before, next);
  expectRefused(after, old);
});

test('S30: no id with a dot, which would move the borders of what is signed, is accepted', async () => {
  const { outbound } = await started();
  for (const id of ['a.b', '.', 'a.1767225600.{}', 'a b', 'a\r\nb', 'ä']) {
    await expect(outbound.emit('order.paid', {}, { id })).rejects.toMatchObject({ code: 'ERR_EVENT_ID' });
  }
});

test('a CloudEvent is what was emitted, from the source of the host', async () => {
  const { outbound } = await started({ source: 'https://appliance.example.com' });
  const crm = await receiver();
  await outbound.addHttpRecipient({ name: 'CRM', url: crm.url, events: '*', format: 'cloudevents' });
  const delivered = waitFor(outbound, 'delivered');
  const { id } = await outbound.emit('order.paid', data, { occurredAt: new Date('2026-01-02T03:04:05.678Z') });
  await delivered;

  const { headers = {}, body } = crm.requests[0] ?? {};
  expect({ ...HTTP.toEvent({ headers, body: String(body) }) }).toEqual({
    specversion: '1.0',
    id,
    source: 'https://appliance.example.com',
    type: 'order.paid',
    time: '2026-01-02T03:04:05.678Z',
    datacontenttype: 'application/json',
    dataversion: '2',
    data,
  });
  expect(String(body)).toBe(JSON.stringify(data));
});
