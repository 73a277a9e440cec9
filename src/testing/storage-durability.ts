import { strict as assert } from 'node:assert';
import { storedEvent } from './builders.ts';
import { droppedDelivery, failingState, type StorageTests } from './storage-subject.ts';

/** What outlives the process. */
export const storageDurabilityTests: StorageTests = {
  'recipients, their settings and their order outlive the process': async (subject) => {
    await subject.save('crm', 'erp', 'audit');
    await subject.storage.saveRecipient({ id: 'erp', settings: '{"name":"ERP"}' });
    await subject.storage.removeRecipient('crm');
    await subject.reopen();
    await subject.save('crm');
    assert.deepEqual(await subject.storage.listRecipients(), [
      { id: 'erp', settings: '{"name":"ERP"}' },
      { id: 'audit', settings: '{}' },
      { id: 'crm', settings: '{}' },
    ]);
  },

  'queues outlive the process': async (subject) => {
    await subject.save('crm', 'erp');
    const event = storedEvent({ id: 'event-1', acceptedAt: 7_000 });
    await subject.append(['crm', 'erp'], event);
    await subject.fill('crm', 'event-2');
    await subject.reopen();
    assert.deepEqual(await subject.line('crm'), ['1:event-1', '2:event-2']);
    assert.deepEqual(await subject.waiting('erp'), [{ sequence: 1, event }]);
    assert.deepEqual(await subject.statsOf('erp'), { recipientId: 'erp', queued: 1, oldestAt: 7_000, state: null });
  },

  'settled deliveries do not come back': async (subject) => {
    await subject.save('crm', 'erp');
    await subject.append(['crm', 'erp'], storedEvent({ id: 'event-1' }), storedEvent({ id: 'event-2' }));
    await subject.deliver('crm', 1);
    await subject.deliver('erp', 2);
    await subject.reopen();
    assert.deepEqual(await subject.line('crm'), ['2:event-2']);
    assert.deepEqual(await subject.line('erp'), []);
  },

  'sequence numbers go on': async (subject) => {
    await subject.save('crm');
    await subject.fill('crm', 'event-1', 'event-2');
    await subject.reopen();
    await subject.fill('crm', 'event-3');
    assert.deepEqual(await subject.line('crm'), ['1:event-1', '2:event-2', '3:event-3']);
  },

  'sequence numbers go on also after the queue had run empty': async (subject) => {
    await subject.save('crm');
    await subject.fill('crm', 'event-1', 'event-2');
    await subject.deliver('crm', 2);
    await subject.reopen();
    await subject.reopen();
    await subject.fill('crm', 'event-3');
    assert.deepEqual(await subject.line('crm'), ['3:event-3']);
  },

  'states outlive the process': async (subject) => {
    await subject.save('crm', 'erp');
    await subject.settle(await subject.lease('crm'), { state: failingState('before') });
    await subject.reopen();
    assert.deepEqual((await subject.lease('crm')).state, failingState('before'));
    assert.equal((await subject.lease('erp')).state, null);
  },

  'dropped deliveries outlive the process': async (subject) => {
    await subject.save('crm');
    const dropped = [droppedDelivery('crm', 1), droppedDelivery('crm', 2)];
    await subject.settle(await subject.lease('crm'), { dropped });
    await subject.reopen();
    assert.deepEqual(await subject.storage.listDropped({ limit: 10 }), dropped.toReversed());
  },

  'ids of accepted events outlive the process, whether they wait or not': async (subject) => {
    await subject.save('crm');
    await subject.fill('crm', 'event-1', 'event-2');
    await subject.deliver('crm', 1);
    await subject.reopen();
    for (const id of ['event-1', 'event-2']) {
      assert.deepEqual(await subject.append(['crm'], storedEvent({ id })), [{ status: 'duplicate' }]);
      assert.deepEqual(await subject.append(['crm'], storedEvent({ id, data: '{}' })), [{ status: 'id-reused' }]);
    }
    assert.deepEqual(await subject.line('crm'), ['2:event-2']);
  },

  'contents outlive the process many times over': async (subject) => {
    await subject.save('crm');
    for (let life = 1; life <= 5; life += 1) {
      await subject.fill('crm', `event-${life}`);
      await subject.reopen();
    }
    assert.deepEqual(await subject.line('crm'), ['1:event-1', '2:event-2', '3:event-3', '4:event-4', '5:event-5']);
  },
};
