import { expect, test } from 'vitest';
import { MemoryStorage } from '../../src/memory/memory-storage.ts';
import { delivered, failed, ManualClock } from '../../src/testing.ts';
import { day, hour, minute, setUp } from './harness.ts';

const crm = {
  id: 'crm',
  name: 'CRM',
  url: 'https://crm.example.com/hook',
  events: '*',
  retry: { interval: '1m', duration: '1h' },
} as const;

test('a delivery past its retry duration is dropped after the next failed attempt, recorded and reported', async () => {
  const { outbound, clock, http, heard } = setUp();
  await outbound.addHttpRecipient(crm);
  http.answerWith('crm', () => failed(500));
  void outbound.start();
  const begun = clock.steady();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance(hour - 1);
  expect(heard('dropped')).toEqual([]);

  await clock.advance(1);

  expect(heard('dropped')).toEqual([
    {
      recipientId: 'crm',
      sequence: 1,
      eventId: heard('retrying')[0]?.eventId,
      type: 'order.paid',
      occurredAt: begun,
      acceptedAt: begun,
      droppedAt: begun + hour,
      reason: 'expired',
      error: { code: 'HTTP_STATUS', message: 'answered 500; only 200 counts' },
      attempt: 61,
      response: { status: 500, text: '' },
      resent: false,
      refused: [],
    },
  ]);
  expect(heard('dropped')).toMatchObject(await outbound.listDropped());
  expect((await outbound.status()).recipients[0]).toMatchObject({ queued: 0, state: 'failing' });
});

test('with it go the others past their limit, oldest first, and the first that is not goes at once', async () => {
  const { outbound, clock, http, heard } = setUp();
  await outbound.addHttpRecipient(crm);
  http.answerWith('crm', () => failed(500));
  void outbound.start();
  for (let order = 1; order <= 3; order += 1) await outbound.emit('order.paid', { order });
  await clock.advance(30 * minute);
  await outbound.emit('order.paid', { order: 4 });
  await clock.advance(30 * minute);

  expect(heard('dropped').map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  const last = http.attempts.slice(-2);
  expect(last.map(({ sequence, at }) => [sequence, at])).toEqual([
    [1, clock.steady()],
    [4, clock.steady()],
  ]);
});

test('a large backlog past its limit is dropped in one pass', async () => {
  const { outbound, clock, http, heard } = setUp();
  await outbound.addHttpRecipient(crm);
  http.answerWith('crm', () => failed(500));
  void outbound.start();
  await Promise.all(Array.from({ length: 2345 }, (_, order) => outbound.emit('order.paid', { order })));
  await clock.advance(hour);

  expect(heard('dropped').map(({ sequence }) => sequence)).toEqual(
    Array.from({ length: 2345 }, (_, index) => index + 1),
  );
  expect(http.attempts).toHaveLength(61);
});

test('a healthy recipient loses nothing, however old its deliveries are', async () => {
  const { outbound, clock, http, heard } = setUp();
  await outbound.addHttpRecipient(crm);
  for (let order = 0; order < 10; order += 1) await outbound.emit('order.paid', { order });
  await clock.advance(30 * day);
  void outbound.start();
  await clock.advance(0);

  expect(http.attempts).toHaveLength(10);
  expect(heard('dropped')).toEqual([]);
});

test('a wall clock that was wrong at the last start costs a healthy recipient nothing', async () => {
  const storage = new MemoryStorage();
  const first = setUp({ storage, clock: new ManualClock({ now: 0 }) });
  await first.outbound.addHttpRecipient(crm);
  await first.outbound.emit('order.paid', { order: 1 });
  await first.outbound.stop();

  const { outbound, clock, http, heard } = setUp({ storage });
  void outbound.start();
  await clock.advance(0);

  expect(http.attempts).toHaveLength(1);
  expect(heard('dropped')).toEqual([]);
});

test('the drop is recorded before the next delivery is sent', async () => {
  const { outbound, clock, http } = setUp();
  await outbound.addHttpRecipient(crm);
  http.answerWith('crm', () => failed(500));
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance(59 * minute);
  await outbound.emit('order.paid', { order: 2 });
  const droppedWhenSent: number[] = [];
  http.answerWith('crm', async ({ delivery }) => {
    if (delivery.sequence === 1) return failed(500);
    droppedWhenSent.push((await outbound.listDropped()).length);
    return delivered();
  });
  await clock.advance(minute);

  expect(droppedWhenSent).toEqual([1]);
});
