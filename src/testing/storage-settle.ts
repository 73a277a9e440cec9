import { strict as assert } from 'node:assert';
import { healthy } from '../core/queue-state.ts';
import { failingState, type StorageTests } from './storage-subject.ts';

/** What is said about recording what became of attempts. */
export const storageSettleTests: StorageTests = {
  'deliveries up to and including a number leave the queue': async (subject) => {
    await subject.save('crm', 'erp');
    await subject.fill('crm', 'event-1', 'event-2', 'event-3');
    await subject.fill('erp', 'event-4', 'event-5');
    assert.equal(await subject.settle(await subject.lease('crm'), { through: 2 }), true);
    assert.deepEqual(await subject.line('crm'), ['3:event-3']);
    assert.deepEqual(await subject.line('erp'), ['1:event-4', '2:event-5']);
  },

  'with 0 no delivery leaves the queue, and the state is recorded': async (subject) => {
    await subject.save('crm');
    await subject.fill('crm', 'event-1');
    const state = failingState('answered 500');
    assert.equal(await subject.settle(await subject.lease('crm'), { through: 0, state }), true);
    assert.deepEqual((await subject.lease('crm')).state, state);
    assert.deepEqual(await subject.line('crm'), ['1:event-1']);
  },

  'without a state the stored one stays': async (subject) => {
    await subject.save('crm');
    await subject.fill('crm', 'event-1');
    const state = failingState('answered 500');
    const lease = await subject.lease('crm');
    await subject.settle(lease, { state });
    await subject.settle(lease, { through: 1 });
    assert.deepEqual((await subject.lease('crm')).state, state);
  },

  'a state replaces the one before as a whole': async (subject) => {
    await subject.save('crm', 'erp');
    const lease = await subject.lease('crm');
    await subject.settle(lease, { state: failingState('answered 500') });
    await subject.settle(lease, { state: healthy });
    assert.deepEqual((await subject.lease('crm')).state, { ...healthy });
    assert.equal((await subject.lease('erp')).state, null);
  },

  'one call records the settlements of many queues': async (subject) => {
    const ids = Array.from({ length: 20 }, (_, index) => `recipient-${index}`);
    await subject.save(...ids);
    for (const id of ids) await subject.fill(id, `${id}-1`, `${id}-2`, `${id}-3`);
    const leases = await subject.storage.claim({ ...subject.lasting(), holder: 'holder-a', limit: 100 });
    const answers = await subject.storage.settle(
      leases.map(({ recipientId, fence }, index) => ({
        recipientId,
        fence,
        through: index % 4,
        dropped: [],
        state: failingState(recipientId),
      })),
    );
    assert.deepEqual(answers, Array(20).fill(true));
    for (const [index, { recipientId }] of leases.entries()) {
      assert.equal((await subject.statsOf(recipientId))?.queued, 3 - (index % 4));
      assert.deepEqual((await subject.lease(recipientId)).state, failingState(recipientId));
    }
  },

  'no settlements, no answers': async (subject) => {
    assert.deepEqual(await subject.storage.settle([]), []);
  },

  'recording the same outcome again changes nothing': async (subject) => {
    await subject.save('crm');
    await subject.fill('crm', 'event-1', 'event-2');
    const lease = await subject.lease('crm');
    assert.equal(await subject.settle(lease, { through: 1 }), true);
    assert.equal(await subject.settle(lease, { through: 1 }), true);
    assert.deepEqual(await subject.line('crm'), ['2:event-2']);
  },

  'a queue can be settled while events are appended to it': async (subject) => {
    await subject.save('crm');
    await subject.fill('crm', 'event-1', 'event-2');
    const lease = await subject.lease('crm');
    await Promise.all([
      subject.fill('crm', 'event-3'),
      subject.settle(lease, { through: 1 }),
      subject.fill('crm', 'event-4'),
    ]);
    assert.deepEqual(await subject.line('crm'), ['2:event-2', '3:event-3', '4:event-4']);
  },
};
