import { strict as assert } from 'node:assert';
import { storedEvent } from './builders.ts';
import { rememberAll, type StorageSubject, type StorageTests } from './storage-subject.ts';

async function idsWaiting(subject: StorageSubject, recipientId: string): Promise<readonly string[]> {
  return (await subject.waiting(recipientId)).map(({ event }) => event.id);
}

function eventIds(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `event-${index + 1}`);
}

/** What is said about accepting events: order, sequence numbers, all or nothing, unknown recipients. */
export const storageAppendTests: StorageTests = {
  'an event is queued for each of its recipients, and for no other': async (subject) => {
    await subject.save('crm', 'erp', 'audit');
    const [result] = await subject.append(['audit', 'crm'], storedEvent());
    assert.equal(result?.status, 'stored');
    assert.deepEqual(result.recipientIds.toSorted(), ['audit', 'crm']);
    assert.deepEqual(await subject.waiting('crm'), [{ sequence: 1, event: storedEvent() }]);
    assert.deepEqual(await subject.waiting('audit'), [{ sequence: 1, event: storedEvent() }]);
    assert.deepEqual(await subject.waiting('erp'), []);
  },

  'each entry has its answer, in the order of the entries': async (subject) => {
    await subject.save('crm', 'erp');
    await subject.fill('crm', 'known');
    const results = await subject.storage.append(
      [
        { event: storedEvent({ id: 'new-1' }), recipientIds: ['crm'] },
        { event: storedEvent({ id: 'known' }), recipientIds: ['crm'] },
        { event: storedEvent({ id: 'known', data: '{"other":true}' }), recipientIds: ['crm'] },
        { event: storedEvent({ id: 'new-2' }), recipientIds: ['erp'] },
      ],
      rememberAll,
    );
    assert.deepEqual(results, [
      { status: 'stored', recipientIds: ['crm'] },
      { status: 'duplicate' },
      { status: 'id-reused' },
      { status: 'stored', recipientIds: ['erp'] },
    ]);
    assert.deepEqual(await subject.line('crm'), ['1:known', '2:new-1']);
  },

  'no entries, no answers': async (subject) => {
    assert.deepEqual(await subject.storage.append([], rememberAll), []);
  },

  'within a call the order is that of the entries': async (subject) => {
    await subject.save('crm');
    const ids = eventIds(500).toReversed();
    await subject.fill('crm', ...ids);
    assert.deepEqual(await idsWaiting(subject, 'crm'), ids);
  },

  'calls that overlap are ordered as they were made': async (subject) => {
    await subject.save('crm', 'erp');
    const ids = eventIds(100);
    const calls = ids.map((id, index) => {
      const recipientIds = index % 3 === 0 ? ['erp', 'crm'] : ['crm'];
      return subject.append(recipientIds, storedEvent({ id }), storedEvent({ id: `${id}-b` }));
    });
    await Promise.all(calls);
    assert.deepEqual(
      await idsWaiting(subject, 'crm'),
      ids.flatMap((id) => [id, `${id}-b`]),
    );
    assert.deepEqual(
      await idsWaiting(subject, 'erp'),
      ids.filter((_, index) => index % 3 === 0).flatMap((id) => [id, `${id}-b`]),
    );
  },

  'a large event does not fall behind small ones accepted after it': async (subject) => {
    await subject.save('crm');
    const large = JSON.stringify({ text: 'x'.repeat(500_000) });
    await Promise.all([
      subject.append(['crm'], storedEvent({ id: 'large', data: large })),
      subject.append(['crm'], storedEvent({ id: 'small' })),
    ]);
    assert.deepEqual(await subject.line('crm'), ['1:large', '2:small']);
  },

  'sequence numbers are 1, 2, 3, … in each queue': async (subject) => {
    await subject.save('crm', 'erp');
    for (const id of ['event-1', 'event-2', 'event-3', 'event-4']) {
      await subject.append(id === 'event-2' ? ['crm', 'erp'] : ['crm'], storedEvent({ id }));
    }
    await subject.append(['erp'], storedEvent({ id: 'event-5' }));
    assert.deepEqual(await subject.line('crm'), ['1:event-1', '2:event-2', '3:event-3', '4:event-4']);
    assert.deepEqual(await subject.line('erp'), ['1:event-2', '2:event-5']);
  },

  'sequence numbers have no gaps when calls overlap': async (subject) => {
    await subject.save('crm');
    await Promise.all(eventIds(50).map((id) => subject.append(['crm'], storedEvent({ id }))));
    const sequences = (await subject.waiting('crm')).map(({ sequence }) => sequence);
    assert.deepEqual(
      sequences,
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
  },

  'an event that is not stored takes no sequence number': async (subject) => {
    await subject.save('crm');
    await subject.append(['crm'], storedEvent({ id: 'event-1' }), storedEvent({ id: 'event-1' }));
    await subject.append(['crm'], storedEvent({ id: 'event-1', type: 'order.sent' }), storedEvent({ id: 'event-2' }));
    assert.deepEqual(await subject.line('crm'), ['1:event-1', '2:event-2']);
  },

  'a sequence number is not used twice when the queue has run empty': async (subject) => {
    await subject.save('crm');
    await subject.fill('crm', 'event-1', 'event-2');
    await subject.deliver('crm', 2);
    await subject.fill('crm', 'event-3');
    await subject.deliver('crm', 3);
    await subject.fill('crm', 'event-4');
    assert.deepEqual(await subject.line('crm'), ['4:event-4']);
  },

  'recipients that are not known are left out, and the others have the event': async (subject) => {
    await subject.save('crm', 'erp');
    const [result] = await subject.append(['nobody', 'crm', 'no one', 'erp'], storedEvent({ id: 'event-1' }));
    assert.equal(result?.status, 'stored');
    assert.deepEqual(result.recipientIds.toSorted(), ['crm', 'erp']);
    assert.deepEqual(await subject.line('crm'), ['1:event-1']);
    assert.deepEqual(await subject.line('erp'), ['1:event-1']);
  },

  'recipients that are no longer known are left out': async (subject) => {
    await subject.save('crm', 'erp');
    await subject.storage.removeRecipient('erp');
    assert.deepEqual(await subject.append(['erp', 'crm'], storedEvent()), [
      { status: 'stored', recipientIds: ['crm'] },
    ]);
    await subject.save('erp');
    assert.deepEqual(await subject.waiting('erp'), []);
  },

  'an event that names a recipient twice is queued for it once': async (subject) => {
    await subject.save('crm', 'erp');
    const [result] = await subject.append(['crm', 'erp', 'crm'], storedEvent({ id: 'event-1' }));
    assert.equal(result?.status, 'stored');
    assert.deepEqual(result.recipientIds.toSorted(), ['crm', 'erp']);
    assert.deepEqual(await subject.line('crm'), ['1:event-1']);
    await subject.deliver('crm', 1);
    assert.deepEqual(await subject.line('crm'), []);
  },

  'an event without known recipients is accepted for nobody': async (subject) => {
    const results = await subject.storage.append(
      [
        { event: storedEvent({ id: 'event-1' }), recipientIds: [] },
        { event: storedEvent({ id: 'event-2' }), recipientIds: ['nobody'] },
      ],
      rememberAll,
    );
    assert.deepEqual(results, [
      { status: 'stored', recipientIds: [] },
      { status: 'stored', recipientIds: [] },
    ]);
    assert.deepEqual(await subject.append([], storedEvent({ id: 'event-1' })), [{ status: 'duplicate' }]);
  },

  'an event waits in one queue when another has settled it': async (subject) => {
    await subject.save('crm', 'erp');
    await subject.append(['crm', 'erp'], storedEvent());
    await subject.deliver('crm', 1);
    assert.deepEqual(await subject.waiting('crm'), []);
    assert.deepEqual(await subject.waiting('erp'), [{ sequence: 1, event: storedEvent() }]);
  },
};
