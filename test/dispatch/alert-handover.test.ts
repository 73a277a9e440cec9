import { expect, test, vi } from 'vitest';
import type { LeaseRef } from '../../src/core/storage.ts';
import { MemoryStorage } from '../../src/memory/memory-storage.ts';
import { failed } from '../../src/testing.ts';
import { setUp } from './harness.ts';

const crm = {
  id: 'crm',
  name: 'CRM',
  url: 'https://crm.example.com/hook',
  events: '*',
  alerts: { to: 'ops@example.com', after: '1m', resendEvery: '4h' },
} as const;

test('a queue is left to another process with what was mailed about it: the mail under way is waited for', async () => {
  const storage = new MemoryStorage();
  const released: LeaseRef[] = [];
  const { release } = storage;
  vi.spyOn(storage, 'release').mockImplementation((leases) => {
    released.push(...leases);
    return release.call(storage, leases);
  });
  const { outbound, clock, http, relay } = setUp({ storage });
  const mailed = Promise.withResolvers<void>();
  const { sendAlert } = relay;
  vi.spyOn(relay, 'sendAlert').mockImplementation(async (mail) => {
    await mailed.promise;
    return sendAlert.call(relay, mail);
  });
  for (const id of ['crm', 'desk']) {
    http.answer(id, ...Array.from({ length: 100 }, () => failed(500)));
    await outbound.addHttpRecipient({ ...crm, id, name: id });
  }
  await outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance('65s');
  // Another process is there, for whom one of the two is to be left: that which is mailed about.
  await storage.announce('other', { now: clock.steady(), expiresAt: clock.steady() + 600_000 });
  await clock.advance('30s');
  expect(relay.mails).toEqual([]);
  expect(released).toEqual([]);
  mailed.resolve();
  await clock.advance(0);
  expect(relay.mails).toHaveLength(2);
  const [lease] = await storage.claim({
    holder: 'other',
    now: clock.steady(),
    expiresAt: clock.steady() + 1,
    limit: 1,
  });
  expect(lease?.recipientId).toBe(released[0]?.recipientId);
  expect(lease?.state?.failing).toMatchObject({ alerts: 1 });
});
