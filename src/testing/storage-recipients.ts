import { strict as assert } from 'node:assert';
import { storedEvent } from './builders.ts';
import { failingState, type StorageTests } from './storage-subject.ts';

/** What is said about saving, listing and removing recipients. */
export const storageRecipientTests: StorageTests = {
  'saving answers true': async (subject) => {
    assert.equal(await subject.storage.saveRecipient({ id: 'crm', settings: '{}' }), true);
    assert.equal(await subject.storage.saveRecipient({ id: 'crm', settings: '{"a":1}' }), true);
  },

  'settings that must be replaced are replaced only if they are still these': async (subject) => {
    const { storage } = subject;
    assert.equal(await storage.saveRecipient({ id: 'crm', settings: '{"a":1}' }, '{}'), false);
    assert.deepEqual(await storage.listRecipients(), []);
    await storage.saveRecipient({ id: 'crm', settings: '{"a":1}' });
    assert.equal(await storage.saveRecipient({ id: 'crm', settings: '{"a":3}' }, '{"a":2}'), false);
    assert.deepEqual(await storage.listRecipients(), [{ id: 'crm', settings: '{"a":1}' }]);
    assert.equal(await storage.saveRecipient({ id: 'crm', settings: '{"a":3}' }, '{"a":1}'), true);
    for (const settings of ['{"a":3}', '{"a":1}']) {
      assert.equal(await storage.saveRecipient({ id: 'crm', settings }, settings), settings === '{"a":3}');
    }
    assert.equal(await storage.saveRecipient({ id: 'erp', settings: '{}' }, '{}'), false);
    assert.deepEqual(await storage.listRecipients(), [{ id: 'crm', settings: '{"a":3}' }]);
  },

  'recipients are listed in the order they were first saved': async (subject) => {
    assert.deepEqual(await subject.storage.listRecipients(), []);
    await subject.save('crm', 'billing', 'audit', '10', '2');
    await subject.save('billing');
    const ids = (await subject.storage.listRecipients()).map(({ id }) => id);
    assert.deepEqual(ids, ['crm', 'billing', 'audit', '10', '2']);
  },

  'overlapping saves keep the order of the calls': async (subject) => {
    const ids = Array.from({ length: 20 }, (_, index) => `recipient-${20 - index}`);
    await Promise.all(ids.map((id) => subject.save(id)));
    assert.deepEqual(
      (await subject.storage.listRecipients()).map(({ id }) => id),
      ids,
    );
  },

  'saving a recipient again replaces its settings': async (subject) => {
    await subject.save('crm', 'erp');
    await subject.storage.saveRecipient({ id: 'crm', settings: '{"name":"new"}' });
    assert.deepEqual(await subject.storage.listRecipients(), [
      { id: 'crm', settings: '{"name":"new"}' },
      { id: 'erp', settings: '{}' },
    ]);
  },

  'saving a recipient again leaves its queue and its state': async (subject) => {
    await subject.save('crm');
    await subject.fill('crm', 'event-1', 'event-2');
    const state = failingState('before');
    await subject.settle(await subject.lease('crm'), { through: 1, state });
    await subject.storage.saveRecipient({ id: 'crm', settings: '{"name":"new"}' });
    const lease = await subject.lease('crm');
    assert.deepEqual(lease.state, state);
    assert.deepEqual(await subject.line('crm'), ['2:event-2']);
  },

  'a recipient whose queue is empty can be removed': async (subject) => {
    await subject.save('crm', 'erp');
    await subject.fill('crm', 'event-1');
    await subject.deliver('crm', 1);
    assert.equal(await subject.storage.removeRecipient('crm'), true);
    assert.deepEqual(await subject.storage.listRecipients(), [{ id: 'erp', settings: '{}' }]);
    assert.equal(await subject.statsOf('crm'), undefined);
    assert.equal(await subject.tryLease('crm'), undefined);
  },

  'removing an unknown recipient answers true': async (subject) => {
    assert.equal(await subject.storage.removeRecipient('crm'), true);
  },

  'a recipient whose deliveries wait is not removed, and nothing changes': async (subject) => {
    await subject.save('crm');
    await subject.fill('crm', 'event-1', 'event-2');
    const state = failingState('before');
    const lease = await subject.lease('crm');
    await subject.settle(lease, { through: 1, state });

    assert.equal(await subject.storage.removeRecipient('crm'), false);
    assert.deepEqual(await subject.storage.listRecipients(), [{ id: 'crm', settings: '{}' }]);
    assert.equal((await subject.read(lease)).length, 1, 'the lease is gone');
    assert.deepEqual((await subject.lease('crm')).state, state);
    assert.deepEqual(await subject.line('crm'), ['2:event-2']);

    await subject.deliver('crm', 2);
    assert.equal(await subject.storage.removeRecipient('crm'), true);
  },

  'of an append and a removal that overlap, the later finds what the earlier left': async (subject) => {
    await subject.save('crm', 'erp');
    const [appended, removed] = await Promise.all([
      subject.append(['crm'], storedEvent({ id: 'event-1' })),
      subject.storage.removeRecipient('crm'),
    ]);
    const stored = appended[0]?.status === 'stored' && appended[0].recipientIds.length === 1;
    assert.equal(removed, !stored, 'the delivery was accepted and its recipient removed');
    assert.equal((await subject.statsOf('crm'))?.queued, stored ? 1 : undefined);
  },

  'a recipient that is added again after its removal starts with an empty queue and no state': async (subject) => {
    await subject.save('crm');
    await subject.fill('crm', 'event-1');
    await subject.settle(await subject.lease('crm'), { through: 1, state: failingState('before') });
    await subject.storage.removeRecipient('crm');
    await subject.storage.saveRecipient({ id: 'crm', settings: '{"name":"back"}' });

    const lease = await subject.lease('crm', 'holder-b');
    assert.equal(lease.state, null);
    assert.deepEqual(await subject.read(lease), []);
    await subject.fill('crm', 'event-2', 'event-3');
    const [first, second] = await subject.read(lease);
    assert(first && second);
    assert.deepEqual([first.event.id, second.event.id], ['event-2', 'event-3']);
    assert.equal(second.sequence, first.sequence + 1);
  },
};
