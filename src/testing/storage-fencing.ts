import { strict as assert } from 'node:assert';
import type { LeaseRef } from '../core/storage.ts';
import { droppedDelivery, failingState, type StorageSubject, type StorageTests } from './storage-subject.ts';

/** A queue of two deliveries, and a lease on it that is no longer the current one. */
type Loss = (subject: StorageSubject) => Promise<LeaseRef>;

const losses: Readonly<Record<string, Loss>> = {
  'taken by another holder': async (subject) => {
    const lease = await subject.lease('crm', 'holder-a', 50);
    await subject.passTime(60);
    await subject.lease('crm', 'holder-b', 50);
    return lease;
  },
  'claimed again by its holder': async (subject) => {
    const lease = await subject.lease('crm', 'holder-a');
    await subject.lease('crm', 'holder-a', 50);
    return lease;
  },
  'given back': async (subject) => {
    const lease = await subject.lease('crm', 'holder-a');
    await subject.storage.release([lease]);
    return lease;
  },
  'of a recipient that was removed and added again': async (subject) => {
    await subject.deliver('crm', 2);
    const lease = await subject.lease('crm', 'holder-a');
    await subject.storage.removeRecipient('crm');
    await subject.save('crm');
    await subject.fill('crm', 'event-3', 'event-4');
    await subject.lease('crm', 'holder-b', 50);
    return lease;
  },
  'of the process before, after a new claim': async (subject) => {
    const lease = await subject.lease('crm', 'holder-a');
    await subject.reopen();
    await subject.lease('crm', 'holder-a', 50);
    return lease;
  },
  'that was never given': async (subject) => {
    const { recipientId, fence } = await subject.lease('crm', 'holder-a', 50);
    return { recipientId, fence: fence + 1_000 };
  },
};

const staleLeaseTests: StorageTests = Object.fromEntries(
  Object.entries(losses).map(([how, lose]) => [
    `a lease ${how} changes nothing and reads nothing`,
    async (subject) => {
      await subject.save('crm');
      await subject.fill('crm', 'event-1', 'event-2');
      const stale = await lose(subject);
      const outcome = { through: 2, dropped: [droppedDelivery('crm', 1)], state: failingState('from a stale lease') };
      assert.equal(await subject.settle(stale, outcome), false);
      assert.equal(await subject.settle(stale, { through: 1 }), false);
      assert.deepEqual(await subject.read(stale), []);
      assert.deepEqual(await subject.storage.renew([stale], subject.lasting()), ['crm']);
      await subject.storage.release([stale]);

      await subject.passTime(60);
      const current = await subject.lease('crm', 'holder-c');
      assert.equal(current.state, null, 'the state was recorded');
      assert.equal((await subject.read(current)).length, 2, 'deliveries were settled');
      assert.deepEqual(await subject.storage.listDropped({ limit: 10 }), []);
    },
  ]),
);

/** What is said about writes that carry a stale fence. */
export const storageFencingTests: StorageTests = {
  ...staleLeaseTests,

  'a lease of one recipient is none of another': async (subject) => {
    await subject.save('crm', 'erp');
    await subject.fill('erp', 'event-1');
    // Twice, so that the fences differ also where each recipient counts its own.
    await subject.lease('erp', 'holder-b');
    await subject.lease('erp', 'holder-b');
    const { fence } = await subject.lease('crm', 'holder-a');
    const borrowed = { recipientId: 'erp', fence };
    assert.deepEqual(await subject.read(borrowed), []);
    assert.equal(await subject.settle(borrowed, { through: 1 }), false);
    assert.equal((await subject.statsOf('erp'))?.queued, 1);
  },

  'a settlement for an unknown recipient is refused': async (subject) => {
    assert.equal(await subject.settle({ recipientId: 'nobody', fence: 1 }, { through: 1 }), false);
    assert.deepEqual(await subject.read({ recipientId: 'nobody', fence: 1 }), []);
  },

  'in one call the stale settlement is refused and the others are recorded': async (subject) => {
    const ids = ['crm', 'erp', 'audit'];
    await subject.save(...ids);
    for (const id of ids) await subject.fill(id, `${id}-1`, `${id}-2`);
    const leases = await subject.storage.claim({ ...subject.lasting(), holder: 'holder-a', limit: 10 });
    const current = await subject.lease('erp', 'holder-a');

    const settlements = ids.map((recipientId) => ({
      recipientId,
      fence: leases.find((lease) => lease.recipientId === recipientId)?.fence ?? 0,
      through: 1,
      dropped: [],
      state: failingState(recipientId),
    }));
    assert.deepEqual(await subject.storage.settle(settlements), [true, false, true]);
    assert.deepEqual(await subject.line('crm'), ['2:crm-2']);
    assert.deepEqual(await subject.line('audit'), ['2:audit-2']);
    assert.equal((await subject.read(current)).length, 2);
    assert.deepEqual((await subject.lease('crm')).state, failingState('crm'));
    assert.equal((await subject.lease('erp')).state, null);
  },
};
