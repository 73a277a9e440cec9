import { strict as assert } from 'node:assert';
import { storedEvent } from './builders.ts';
import { scribble } from './scribble.ts';
import { droppedDelivery, failingState, rememberAll, roomy, type StorageTests } from './storage-subject.ts';

/** Nobody can change what is stored but by calling the storage. */
export const storageCopyTests: StorageTests = {
  'what is given to append may be changed as soon as it was called': async (subject) => {
    await subject.save('crm', 'erp');
    const entries = [{ event: { ...storedEvent() }, recipientIds: ['crm', 'erp'] }];
    const options = { ...rememberAll };
    const appended = subject.storage.append(entries, options);
    scribble(entries);
    assert.deepEqual(await appended, [{ status: 'stored', recipientIds: ['crm', 'erp'] }]);
    assert.deepEqual(await subject.waiting('crm'), [{ sequence: 1, event: storedEvent() }]);
    assert.deepEqual(await subject.append(['crm'], storedEvent()), [{ status: 'duplicate' }]);
  },

  'what is given to saveRecipient may be changed as soon as it was called': async (subject) => {
    const record = { id: 'crm', settings: '{"name":"CRM"}' };
    const saved = subject.storage.saveRecipient(record);
    scribble(record);
    await saved;
    assert.deepEqual(await subject.storage.listRecipients(), [{ id: 'crm', settings: '{"name":"CRM"}' }]);
  },

  'what is given to settle may be changed as soon as it was called': async (subject) => {
    await subject.save('crm');
    await subject.fill('crm', 'event-1', 'event-2');
    const { recipientId, fence } = await subject.lease('crm');
    const settlements = [
      { recipientId, fence, through: 1, dropped: [droppedDelivery('crm', 1)], state: failingState('as given') },
    ];
    const settled = subject.storage.settle(settlements);
    scribble(settlements);
    assert.deepEqual(await settled, [true]);
    assert.deepEqual((await subject.lease('crm')).state, failingState('as given'));
    assert.deepEqual(await subject.line('crm'), ['2:event-2']);
    assert.deepEqual(await subject.storage.listDropped({ limit: 10 }), [droppedDelivery('crm', 1)]);
  },

  'what is given to claim, renew and release may be changed as soon as it was called': async (subject) => {
    await subject.save('crm', 'erp');
    const request = { ...subject.lasting(), holder: 'holder-a', limit: 10, recipientIds: ['crm'] };
    const claiming = subject.storage.claim(request);
    scribble(request);
    const [lease] = await claiming;
    assert(lease);
    assert.equal(lease.recipientId, 'crm');

    const renewing = [{ ...lease }];
    const renewed = subject.storage.renew(renewing, subject.lasting());
    scribble(renewing);
    assert.deepEqual(await renewed, []);
    assert.equal(await subject.tryLease('crm', 'holder-b'), undefined);

    const releasing = [{ ...lease }];
    const released = subject.storage.release(releasing);
    scribble(releasing);
    await released;
    assert(await subject.tryLease('crm', 'holder-b'));
  },

  'leases that are lost are named as they were given to renew': async (subject) => {
    await subject.save('crm', 'erp');
    const lease = await subject.lease('crm');
    await subject.storage.release([lease]);
    const renewing = [{ ...lease }];
    const renewed = subject.storage.renew(renewing, subject.lasting());
    scribble(renewing);
    assert.deepEqual(await renewed, ['crm']);
  },

  'what is given to open may be changed later': async (subject) => {
    const limits = { ...roomy };
    await subject.reopen(limits);
    scribble(limits);
    await subject.save('crm');
    const events = Array.from({ length: 700 }, (_, index) => storedEvent({ id: `event-${index}` }));
    const results = await subject.append(['crm'], ...events);
    assert(results.every(({ status }) => status === 'stored'));
  },

  'what a storage answers with may be changed': async (subject) => {
    await subject.save('crm', 'erp');
    const results = await subject.append(['crm', 'erp'], storedEvent());
    const lease = await subject.lease('crm');
    await subject.settle(lease, { dropped: [droppedDelivery('crm', 1)], state: failingState('as given') });

    scribble(results);
    scribble(await subject.lease('crm'));
    scribble(await subject.waiting('crm'));
    scribble(await subject.storage.listRecipients());
    scribble(await subject.storage.listDropped({ limit: 10 }));
    scribble(await subject.storage.stats());

    assert.deepEqual((await subject.lease('crm')).state, failingState('as given'));
    assert.deepEqual(await subject.waiting('crm'), [{ sequence: 1, event: storedEvent() }]);
    assert.deepEqual(await subject.waiting('erp'), [{ sequence: 1, event: storedEvent() }]);
    assert.deepEqual(await subject.storage.listRecipients(), [
      { id: 'crm', settings: '{}' },
      { id: 'erp', settings: '{}' },
    ]);
    assert.deepEqual(await subject.storage.listDropped({ limit: 10 }), [droppedDelivery('crm', 1)]);
    assert.equal((await subject.statsOf('crm'))?.queued, 1);
    assert.deepEqual((await subject.statsOf('crm'))?.state, failingState('as given'));
  },
};
