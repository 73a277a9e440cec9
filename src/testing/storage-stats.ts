import { strict as assert } from 'node:assert';
import { storedEvent } from './builders.ts';
import { failingState, type StorageTests } from './storage-subject.ts';

/** What is said about the figures of the queues. */
export const storageStatsTests: StorageTests = {
  'every recipient has its figures, also with an empty queue': async (subject) => {
    await subject.save('crm', 'erp');
    await subject.append(['erp'], storedEvent({ id: 'event-1', acceptedAt: 5_000 }));
    await subject.append(['erp'], storedEvent({ id: 'event-2', acceptedAt: 6_000 }));
    const stats = await subject.storage.stats();
    assert.deepEqual(
      stats.toSorted((a, b) => (a.recipientId < b.recipientId ? -1 : 1)),
      [
        { recipientId: 'crm', queued: 0, oldestAt: null, state: null },
        { recipientId: 'erp', queued: 2, oldestAt: 5_000, state: null },
      ],
    );
  },

  'the figures of one recipient, and of an unknown one': async (subject) => {
    await subject.save('crm', 'erp');
    await subject.append(['erp'], storedEvent({ acceptedAt: 5_000 }));
    assert.deepEqual(await subject.storage.stats('erp'), [
      { recipientId: 'erp', queued: 1, oldestAt: 5_000, state: null },
    ]);
    assert.deepEqual(await subject.storage.stats('crm'), [
      { recipientId: 'crm', queued: 0, oldestAt: null, state: null },
    ]);
    assert.deepEqual(await subject.storage.stats('nobody'), []);
  },

  'the figures follow what leaves the queue and what joins it': async (subject) => {
    await subject.save('crm');
    for (const number of [1, 2, 3]) {
      await subject.append(['crm'], storedEvent({ id: `event-${number}`, acceptedAt: number * 1_000 }));
    }
    await subject.deliver('crm', 2);
    assert.deepEqual(await subject.statsOf('crm'), { recipientId: 'crm', queued: 1, oldestAt: 3_000, state: null });
    await subject.deliver('crm', 3);
    assert.deepEqual(await subject.statsOf('crm'), { recipientId: 'crm', queued: 0, oldestAt: null, state: null });
    await subject.append(['crm'], storedEvent({ id: 'event-4', acceptedAt: 9_000 }));
    assert.deepEqual(await subject.statsOf('crm'), { recipientId: 'crm', queued: 1, oldestAt: 9_000, state: null });
  },

  'the figures show the state as the last settlement left it': async (subject) => {
    await subject.save('crm', 'erp');
    await subject.settle(await subject.lease('crm'), { state: failingState('answered 500') });
    assert.deepEqual((await subject.statsOf('crm'))?.state, failingState('answered 500'));
    const states = Object.fromEntries((await subject.storage.stats()).map((stats) => [stats.recipientId, stats.state]));
    assert.deepEqual(states, { crm: failingState('answered 500'), erp: null });
  },

  'figures need no lease': async (subject) => {
    await subject.save('crm');
    await subject.fill('crm', 'event-1');
    await subject.lease('crm', 'somebody else');
    assert.equal((await subject.statsOf('crm'))?.queued, 1);
  },
};
