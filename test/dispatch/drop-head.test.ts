import { expect, test } from 'vitest';
import type { QueuedDelivery } from '../../src/core/event.ts';
import type { Settlement } from '../../src/core/storage.ts';
import { dropHead } from '../../src/dispatch/drop-head.ts';
import { storedEvent } from '../../src/testing.ts';

const error = { code: 'HTTP_STATUS', message: 'answered 500; only 200 counts' } as const;

/** A queue of so many deliveries, read in twos, of which those up to `last` go. `steps` is all that happens, in order. */
function setUp({ queued, last, isLost = false }: { queued: number; last: number; isLost?: boolean }) {
  let queue: readonly QueuedDelivery[] = Array.from({ length: queued }, (_, index) => ({
    sequence: index + 1,
    event: storedEvent({ id: `event-${index + 1}` }),
  }));
  const steps: unknown[] = [];
  const dropped = dropHead({
    storage: { read: async () => queue.slice(0, 2) },
    settle: async (settlement: Settlement) => {
      steps.push(['settle', settlement.through, settlement.dropped.map(({ sequence }) => sequence)]);
      if (isLost) return false;
      queue = queue.filter(({ sequence }) => sequence > settlement.through);
      return true;
    },
    tell: (name, payload) => steps.push([name, payload]),
    lease: { recipientId: 'crm', fence: 7 },
    goes: ({ sequence }) => sequence <= last,
    reason: 'expired',
    error,
    now: 1_000,
  });
  return { dropped, steps };
}

function told(sequence: number): unknown {
  const { id: eventId, type, occurredAt, acceptedAt } = storedEvent({ id: `event-${sequence}` });
  const delivery = { recipientId: 'crm', sequence, eventId, type, occurredAt, acceptedAt };
  const why = { droppedAt: 1_000, reason: 'expired', error };
  return ['dropped', { ...delivery, ...why, attempt: 0, response: null, resent: false, refused: [] }];
}

test('each batch is recorded, then told as given up without an attempt of its own; the first that stays ends it', async () => {
  const { dropped, steps } = setUp({ queued: 5, last: 3 });
  expect(await dropped).toBe(true);
  expect(steps).toEqual([['settle', 2, [1, 2]], told(1), told(2), ['settle', 3, [3]], told(3)]);
});

test('an empty queue, or one whose head stays, is left alone', async () => {
  for (const queue of [
    { queued: 0, last: 3 },
    { queued: 3, last: 0 },
  ]) {
    const { dropped, steps } = setUp(queue);
    expect([await dropped, steps]).toEqual([true, []]);
  }
});

test('when the lease is lost nothing is told, and it ends there', async () => {
  const { dropped, steps } = setUp({ queued: 5, last: 5, isLost: true });
  expect(await dropped).toBe(false);
  expect(steps).toEqual([['settle', 2, [1, 2]]]);
});
