import { expect, test } from 'vitest';
import { MemoryStorage } from '../../src/memory/memory-storage.ts';
import { delivered, failed } from '../../src/testing.ts';
import { minute, setUp } from './harness.ts';

const crm = {
  id: 'crm',
  name: 'CRM',
  url: 'https://crm.example.com/hook',
  events: '*',
  retry: { interval: '1m', duration: '1h' },
} as const;

const alerts = { to: 'ops@example.com', after: '15m' } as const;

test('a delivery that its receiver rejects holds up what is behind it, unless the recipient skips', async () => {
  const { outbound, clock, http, heard } = setUp();
  await outbound.addHttpRecipient({ ...crm, id: 'blocking', name: 'Blocking' });
  await outbound.addHttpRecipient({ ...crm, id: 'skipping', name: 'Skipping', onRejected: 'skip' });
  for (const id of ['blocking', 'skipping']) {
    http.answerWith(id, ({ delivery }) => (delivery.sequence === 1 ? failed(400) : delivered()));
  }
  void outbound.start();
  for (let order = 1; order <= 3; order += 1) await outbound.emit('order.paid', { order });
  await clock.advance('10m');

  const sent = (id: string) => heard('delivered').filter(({ recipientId }) => recipientId === id);
  expect(sent('blocking')).toEqual([]);
  expect(sent('skipping').map(({ sequence }) => sequence)).toEqual([2, 3]);
  const attempts = http.attempts.filter(({ recipientId }) => recipientId === 'skipping');
  expect(attempts.map(({ sequence, number }) => [sequence, number])).toEqual([
    [1, 1],
    [1, 2],
    [1, 3],
    [2, 1],
    [3, 1],
  ]);
});

test('what is skipped is reported like a drop, with the answer, and kept in the list', async () => {
  const { outbound, clock, http, heard } = setUp();
  await outbound.addHttpRecipient({ ...crm, onRejected: 'skip', rejection: { attempts: 2, statuses: [500] } });
  http.answerWith('crm', () => ({ ...failed(500), response: { status: 500, text: 'no ticket ""' } }));
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance('1m');

  expect(heard('dropped')).toMatchObject([
    {
      recipientId: 'crm',
      sequence: 1,
      reason: 'rejected',
      attempt: 2,
      error: { code: 'HTTP_STATUS', message: 'answered 500; only 200 counts' },
      response: { status: 500, text: 'no ticket ""' },
    },
  ]);
  expect(await outbound.listDropped()).toMatchObject([{ reason: 'rejected', error: { code: 'HTTP_STATUS' } }]);
  expect((await outbound.status()).recipients[0]).toMatchObject({ queued: 0, state: 'failing' });
});

test('rejecting answers are counted across restarts', async () => {
  const storage = new MemoryStorage();
  const first = setUp({ storage });
  await first.outbound.addHttpRecipient({ ...crm, onRejected: 'skip' });
  first.http.answerWith('crm', () => failed(422));
  void first.outbound.start();
  await first.outbound.emit('order.paid', { order: 1 });
  await first.clock.advance('1m');
  await first.outbound.stop();

  const { outbound, clock, http, heard } = setUp({ storage, clock: first.clock });
  http.answerWith('crm', () => failed(422));
  void outbound.start();
  await clock.advance('1m');
  expect(heard('dropped')).toMatchObject([{ sequence: 1, attempt: 3, reason: 'rejected' }]);
});

test('a recipient that rejects everything at once is alerted about, although nothing waits', async () => {
  const { outbound, clock, http, relay } = setUp();
  await outbound.addHttpRecipient({ ...crm, alerts, onRejected: 'skip', rejection: { attempts: 1 } });
  http.answerWith('crm', () => failed(404));
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance('5m');
  await outbound.emit('order.paid', { order: 2 });
  await clock.advance('10m');

  expect(relay.mails).toMatchObject([{ subject: 'Outbound events: CRM is failing' }]);
  expect(relay.mails[0]?.text).toContain('Dropped since then: 2\n');
  await clock.advance('10h');
  expect(relay.mails).toHaveLength(1);
});

test('what expires with the head is counted in the alert', async () => {
  const { outbound, clock, http, relay } = setUp();
  await outbound.addHttpRecipient({ ...crm, alerts: { ...alerts, after: '2h' } });
  http.answerWith('crm', () => failed(500));
  void outbound.start();
  for (let order = 1; order <= 5; order += 1) await outbound.emit('order.paid', { order });
  await clock.advance('3h');

  expect(relay.mails).toHaveLength(1);
  expect(relay.mails[0]?.text).toContain('Dropped since then: 5\n');
});

test('Retry-After lengthens the wait, within the cap of the recipient', async () => {
  const { outbound, clock, http, heard } = setUp();
  await outbound.addHttpRecipient({ ...crm, maxRetryAfter: '30m' });
  const asked = [5 * minute, 10, 60 * minute];
  http.answerWith('crm', ({ number }) => ({ ...failed(503), retryAfterMs: asked[number - 1] }));
  void outbound.start();
  const begun = clock.steady();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance('36m');

  expect(http.attempts.map(({ at }) => (Number(at) - begun) / minute)).toEqual([0, 5, 6, 36]);
  expect(heard('retrying')[0]?.nextAttemptAt).toBe(begun + 5 * minute);
});

test('a receiver that says it is gone is told of as gone, in status and alert', async () => {
  const { outbound, clock, http, relay } = setUp();
  await outbound.addHttpRecipient({ ...crm, alerts });
  http.answerWith('crm', () => failed('HTTP_GONE', 'answered 410: gone'));
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance('20m');

  expect((await outbound.status()).recipients[0]?.lastError).toEqual({
    code: 'HTTP_GONE',
    message: 'answered 410: gone',
  });
  expect(relay.mails).toMatchObject([{ subject: 'Outbound events: CRM is gone' }]);
});
