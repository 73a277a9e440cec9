import { strict as assert } from 'node:assert';
import type { DroppedDelivery } from '../core/storage.ts';
import { droppedDelivery, failingState, type StorageSubject, type StorageTests } from './storage-subject.ts';

async function drop(
  subject: StorageSubject,
  recipientId: string,
  ...dropped: readonly DroppedDelivery[]
): Promise<void> {
  const lease = await subject.lease(recipientId);
  assert.equal(await subject.settle(lease, { through: dropped.at(-1)?.sequence ?? 0, dropped }), true);
}

async function listed(subject: StorageSubject, recipientId?: string, limit = 100): Promise<readonly string[]> {
  const dropped = await subject.storage.listDropped({ recipientId, limit });
  return dropped.map((delivery) => `${delivery.recipientId}:${delivery.sequence}`);
}

/** What is said about deliveries that were given up. */
export const storageDroppedTests: StorageTests = {
  'a settlement that is recorded twice lists its drops once': async (subject) => {
    await subject.save('crm');
    await subject.fill('crm', 'event-1', 'event-2');
    const lease = await subject.lease('crm');
    const outcome = { through: 1, dropped: [droppedDelivery('crm', 1)] };
    assert.equal(await subject.settle(lease, outcome), true);
    assert.equal(await subject.settle(lease, outcome), true);
    assert.deepEqual(await subject.storage.listDropped({ limit: 10 }), outcome.dropped);
    assert.deepEqual(await subject.line('crm'), ['2:event-2']);
  },

  'settlements of one lease in one call are recorded one after the other': async (subject) => {
    await subject.save('crm');
    await subject.fill('crm', 'event-1', 'event-2', 'event-3');
    const { recipientId, fence } = await subject.lease('crm');
    const first = { through: 1, dropped: [droppedDelivery('crm', 1)], state: failingState('first') };
    const both = { through: 2, dropped: [droppedDelivery('crm', 1), droppedDelivery('crm', 2)], state: undefined };
    const settlements = [first, both, first].map((outcome) => ({ recipientId, fence, ...outcome }));
    assert.deepEqual(await subject.storage.settle(settlements), [true, true, true]);
    assert.deepEqual(await listed(subject), ['crm:2', 'crm:1']);
    assert.deepEqual((await subject.statsOf('crm'))?.state, failingState('first'));
    assert.deepEqual(await subject.line('crm'), ['3:event-3']);
  },

  'a dropped delivery leaves the queue and is listed as it was recorded': async (subject) => {
    await subject.save('crm');
    await subject.fill('crm', 'event-1', 'event-2', 'event-3');
    const expired = droppedDelivery('crm', 1);
    const removed: DroppedDelivery = { ...droppedDelivery('crm', 2), reason: 'removed', error: null };
    await drop(subject, 'crm', expired, removed);
    assert.deepEqual(await subject.storage.listDropped({ limit: 10 }), [removed, expired]);
    assert.deepEqual(await subject.line('crm'), ['3:event-3']);
  },

  'a delivery that leaves the queue without being dropped is not listed': async (subject) => {
    await subject.save('crm');
    await subject.fill('crm', 'event-1', 'event-2');
    await subject.settle(await subject.lease('crm'), { through: 2, dropped: [droppedDelivery('crm', 2)] });
    assert.deepEqual(await listed(subject), ['crm:2']);
  },

  'the newest come first, over all recipients and for one': async (subject) => {
    await subject.save('crm', 'erp');
    await drop(subject, 'crm', droppedDelivery('crm', 1));
    await drop(subject, 'erp', droppedDelivery('erp', 2), droppedDelivery('erp', 3));
    await drop(subject, 'crm', droppedDelivery('crm', 4));
    assert.deepEqual(await listed(subject), ['crm:4', 'erp:3', 'erp:2', 'crm:1']);
    assert.deepEqual(await listed(subject, 'crm'), ['crm:4', 'crm:1']);
    assert.deepEqual(await listed(subject, 'erp'), ['erp:3', 'erp:2']);
    assert.deepEqual(await listed(subject, 'nobody'), []);
  },

  'of those dropped at the same moment the latest recorded is the newest': async (subject) => {
    await subject.save('crm');
    const dropped = [1, 2, 3].map((sequence) => ({ ...droppedDelivery('crm', sequence), droppedAt: 5_000 }));
    await drop(subject, 'crm', ...dropped);
    assert.deepEqual(await listed(subject), ['crm:3', 'crm:2', 'crm:1']);
  },

  'at most so many are listed as are asked for': async (subject) => {
    await subject.save('crm', 'erp');
    await drop(subject, 'erp', droppedDelivery('erp', 1));
    await drop(subject, 'crm', droppedDelivery('crm', 2), droppedDelivery('crm', 3));
    assert.deepEqual(await listed(subject, undefined, 2), ['crm:3', 'crm:2']);
    assert.deepEqual(await listed(subject, 'erp', 1), ['erp:1']);
  },

  'dropped deliveries of a removed recipient are still listed': async (subject) => {
    await subject.save('crm');
    await drop(subject, 'crm', droppedDelivery('crm', 1));
    assert.equal(await subject.storage.removeRecipient('crm'), true);
    assert.deepEqual(await listed(subject), ['crm:1']);
    assert.deepEqual(await listed(subject, 'crm'), ['crm:1']);
  },

  'at least the last 10,000 are kept': async (subject) => {
    await subject.save('crm');
    const lease = await subject.lease('crm');
    for (let batch = 0; batch < 12; batch += 1) {
      const dropped = Array.from({ length: 1_000 }, (_, index) => droppedDelivery('crm', batch * 1_000 + index + 1));
      assert.equal(await subject.settle(lease, { dropped }), true);
    }
    const kept = await subject.storage.listDropped({ limit: 10_000 });
    assert.equal(kept.length, 10_000);
    assert.equal(kept[0]?.sequence, 12_000);
    assert.equal(kept.at(-1)?.sequence, 2_001);
  },
};
