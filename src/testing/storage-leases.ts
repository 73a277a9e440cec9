import { strict as assert } from 'node:assert';
import { failingState, type StorageTests } from './storage-subject.ts';

/** What is said about claiming, extending and giving back leases. */
export const storageLeaseTests: StorageTests = {
  'a claim takes the queues that nobody holds': async (subject) => {
    await subject.save('crm', 'erp', 'audit');
    await subject.lease('erp', 'holder-b');
    const leases = await subject.storage.claim({ ...subject.lasting(), holder: 'holder-a', limit: 10 });
    assert.deepEqual(leases.map(({ recipientId }) => recipientId).toSorted(), ['audit', 'crm']);
    for (const { fence, state } of leases) {
      assert(Number.isSafeInteger(fence) && fence > 0, `fence ${fence}`);
      assert.equal(state, null);
    }
  },

  'a claim takes at most so many leases as it says, and the next claim the rest': async (subject) => {
    const ids = Array.from({ length: 7 }, (_, index) => `recipient-${index}`);
    await subject.save(...ids);
    const claimed: string[] = [];
    for (const [holder, expected] of [
      ['holder-a', 3],
      ['holder-b', 3],
      ['holder-c', 1],
      ['holder-d', 0],
    ] as const) {
      const leases = await subject.storage.claim({ ...subject.lasting(), holder, limit: 3 });
      assert.equal(leases.length, expected);
      claimed.push(...leases.map(({ recipientId }) => recipientId));
    }
    assert.deepEqual(claimed.toSorted(), ids);
  },

  'a claim can be for certain recipients only; unknown ones are passed over': async (subject) => {
    await subject.save('crm', 'erp', 'audit');
    const request = { ...subject.lasting(), holder: 'holder-a', limit: 10 };
    const some = await subject.storage.claim({ ...request, recipientIds: ['audit', 'nobody', 'crm'] });
    assert.deepEqual(some.map(({ recipientId }) => recipientId).toSorted(), ['audit', 'crm']);
    assert.deepEqual(await subject.storage.claim({ ...request, recipientIds: [] }), []);
    assert(await subject.tryLease('erp', 'holder-b'), 'a queue that was not asked for is held');
  },

  'a claim that names a recipient twice takes its queue once': async (subject) => {
    await subject.save('crm', 'erp');
    const request = { ...subject.lasting(), holder: 'holder-a', limit: 2, recipientIds: ['crm', 'crm', 'erp'] };
    const leases = await subject.storage.claim(request);
    assert.deepEqual(leases.map(({ recipientId }) => recipientId).toSorted(), ['crm', 'erp']);
    for (const lease of leases) assert.equal(await subject.settle(lease, {}), true);
  },

  'a lease keeps other holders away': async (subject) => {
    await subject.save('crm');
    const lease = await subject.lease('crm', 'holder-a');
    assert.equal(await subject.tryLease('crm', 'holder-b'), undefined);
    await subject.fill('crm', 'event-1');
    assert.equal((await subject.read(lease)).length, 1, 'the refused claim took the lease away');
  },

  'a claim that is to take what others hold takes it, and their lease is lost': async (subject) => {
    await subject.save('crm', 'erp');
    await subject.fill('crm', 'event-1');
    const old = await subject.lease('crm', 'holder-a');
    const kept = await subject.lease('erp', 'holder-a');
    const request = { ...subject.lasting(), holder: 'holder-b', limit: 10, recipientIds: ['crm'], evenIfHeld: true };
    const [taken, ...others] = await subject.storage.claim(request);
    assert.deepEqual(others, []);
    assert(taken && taken.recipientId === 'crm' && taken.fence > old.fence);
    assert.equal(await subject.settle(old, { through: 1 }), false);
    assert.equal((await subject.read(taken)).length, 1);
    assert.deepEqual(await subject.storage.renew([kept], subject.lasting()), []);
  },

  'of claims that overlap one has the lease': async (subject) => {
    await subject.save('crm', 'erp');
    const holders = Array.from({ length: 10 }, (_, index) => `holder-${index}`);
    const claims = holders.map((holder) => subject.storage.claim({ ...subject.lasting(), holder, limit: 10 }));
    const leases = (await Promise.all(claims)).flat();
    assert.deepEqual(leases.map(({ recipientId }) => recipientId).toSorted(), ['crm', 'erp']);
  },

  'a lease that has run out can be taken by another holder': async (subject) => {
    await subject.save('crm');
    const old = await subject.lease('crm', 'holder-a', 50);
    await subject.passTime(60);
    const taken = await subject.lease('crm', 'holder-b');
    assert(taken.fence > old.fence, `fence ${taken.fence} after ${old.fence}`);
    assert.equal(await subject.tryLease('crm', 'holder-a'), undefined);
  },

  'a lease keeps other holders away until it has run out': async (subject) => {
    await subject.save('crm');
    await subject.lease('crm', 'holder-a', 60_000);
    await subject.passTime(500);
    assert.equal(await subject.tryLease('crm', 'holder-b'), undefined);
  },

  'the same holder may claim again, and has a new fence': async (subject) => {
    await subject.save('crm');
    const old = await subject.lease('crm', 'holder-a');
    const renewed = await subject.lease('crm', 'holder-a');
    assert(renewed.fence > old.fence, `fence ${renewed.fence} after ${old.fence}`);
    assert.equal(await subject.tryLease('crm', 'holder-b'), undefined);
  },

  'a fence is higher than every one the recipient ever had': async (subject) => {
    await subject.save('crm', 'erp');
    const fences: number[] = [];
    const claim = async (holder: string): Promise<void> => {
      const lease = await subject.lease('crm', holder, 50);
      fences.push(lease.fence);
    };
    await claim('holder-a');
    await claim('holder-a');
    await subject.storage.release([await subject.lease('crm', 'holder-a')]);
    await claim('holder-b');
    await subject.passTime(60);
    await claim('holder-c');
    await subject.storage.removeRecipient('crm');
    await subject.save('crm');
    await claim('holder-d');
    await subject.reopen();
    await subject.passTime(60);
    await claim('holder-e');
    await subject.storage.removeRecipient('crm');
    await subject.reopen();
    await subject.save('crm');
    await claim('holder-f');
    for (const [index, fence] of fences.entries()) {
      assert(index === 0 || fence > (fences[index - 1] ?? 0), `fences ${fences.join(', ')}`);
    }
  },

  'a lease carries the state as the last settlement left it': async (subject) => {
    await subject.save('crm', 'erp');
    const first = failingState('first');
    await subject.settle(await subject.lease('crm', 'holder-a'), { state: first });
    const again = await subject.lease('crm', 'holder-a');
    assert.deepEqual(again.state, first);
    const second = failingState('second');
    await subject.settle(again, { state: second });
    await subject.storage.release([again]);
    assert.deepEqual((await subject.lease('crm', 'holder-b')).state, second);
    assert.equal((await subject.lease('erp', 'holder-b')).state, null);
  },

  'a lease that is extended keeps other holders away for longer': async (subject) => {
    await subject.save('crm');
    const lease = await subject.lease('crm', 'holder-a', 50);
    assert.deepEqual(await subject.storage.renew([lease], subject.lasting(60_000)), []);
    await subject.passTime(60);
    assert.equal(await subject.tryLease('crm', 'holder-b'), undefined);
    await subject.fill('crm', 'event-1');
    assert.equal((await subject.read(lease)).length, 1, 'extending changed the fence');
  },

  'an extended lease runs out at its new end': async (subject) => {
    await subject.save('crm');
    const lease = await subject.lease('crm', 'holder-a', 60_000);
    await subject.storage.renew([lease], subject.lasting(50));
    await subject.passTime(60);
    assert(await subject.tryLease('crm', 'holder-b'));
  },

  'a lease that has run out but that nobody took can be extended': async (subject) => {
    await subject.save('crm');
    const lease = await subject.lease('crm', 'holder-a', 50);
    await subject.passTime(60);
    assert.deepEqual(await subject.storage.renew([lease], subject.lasting()), []);
    assert.equal(await subject.tryLease('crm', 'holder-b'), undefined);
  },

  'extending tells which leases are lost, and leaves those of their new holders': async (subject) => {
    await subject.save('kept', 'taken', 'released', 'removed');
    const leases = await subject.storage.claim({ ...subject.lasting(50), holder: 'holder-a', limit: 10 });
    assert.equal(leases.length, 4);
    await subject.passTime(60);
    const taken = await subject.lease('taken', 'holder-b', 50);
    await subject.storage.release(leases.filter(({ recipientId }) => recipientId === 'released'));
    await subject.storage.removeRecipient('removed');

    const lost = await subject.storage.renew(leases, subject.lasting(60_000));
    assert.deepEqual(lost.toSorted(), ['released', 'removed', 'taken']);
    assert.equal(await subject.tryLease('kept', 'holder-c'), undefined);
    assert(await subject.tryLease('released', 'holder-c'));
    await subject.passTime(60);
    const next = await subject.lease('taken', 'holder-c');
    assert(next.fence > taken.fence);
  },

  'a lease that is given back is free at once, and no longer a lease': async (subject) => {
    await subject.save('crm');
    await subject.fill('crm', 'event-1');
    const lease = await subject.lease('crm', 'holder-a');
    await subject.storage.release([lease]);
    assert.deepEqual(await subject.read(lease), []);
    assert.deepEqual(await subject.storage.renew([lease], subject.lasting()), ['crm']);
    assert(await subject.tryLease('crm', 'holder-b'));
  },

  'giving back a lease that is no longer held leaves the one that is': async (subject) => {
    await subject.save('crm');
    const old = await subject.lease('crm', 'holder-a', 50);
    await subject.passTime(60);
    const current = await subject.lease('crm', 'holder-b');
    await subject.storage.release([old, { recipientId: 'nobody', fence: 1 }]);
    assert.equal(await subject.tryLease('crm', 'holder-c'), undefined);
    assert.deepEqual(await subject.storage.renew([current], subject.lasting()), []);
  },
};
