import { strict as assert } from 'node:assert';
import type { QueueStorage } from '../core/storage.ts';
import { storedEvent } from './builders.ts';
import { refused, rememberAll, type StorageTests } from './storage-subject.ts';

/** What a storage for one process says about others: nothing. */
export const storageUnsharedTests: StorageTests = {
  'it has no time of its own': async (subject) => {
    assert.equal(await subject.storage.time(), null);
  },

  'a listener is never called': async (subject) => {
    let calls = 0;
    const stop = subject.storage.listen(() => {
      calls += 1;
    });
    await subject.save('crm');
    await subject.fill('crm', 'event-1');
    await subject.deliver('crm', 1);
    await subject.storage.removeRecipient('crm');
    stop();
    stop();
    assert.equal(calls, 0);
  },
};

async function appendTo(storage: QueueStorage, recipientId: string, id: string): Promise<void> {
  const [result] = await storage.append([{ event: storedEvent({ id }), recipientIds: [recipientId] }], rememberAll);
  assert.equal(result?.status, 'stored');
}

/** What `listen` tells, collected; `told(id)` resolves as soon as the id was told. */
function collectTold(storage: QueueStorage): { told(id: string): Promise<void>; ids: Set<string>; stop: () => void } {
  const ids = new Set<string>();
  let wake = Promise.withResolvers<void>();
  const stop = storage.listen((recipientIds) => {
    for (const id of recipientIds) ids.add(id);
    wake.resolve();
    wake = Promise.withResolvers();
  });
  const told = async (id: string): Promise<void> => {
    while (!ids.has(id)) await wake.promise;
  };
  return { told, ids, stop };
}

/** What is said about several processes over the same contents. */
export const storageSharedTests: StorageTests = {
  'the time is the same for every process': async (subject) => {
    const another = await subject.openAnother();
    const times: (number | null)[] = [];
    for (let round = 0; round < 3; round += 1) times.push(await subject.storage.time(), await another.time());
    assert(times.every(Number.isFinite), 'time() resolved with something else than a number');
    assert.deepEqual(
      times,
      times.toSorted((one, other) => Number(one) - Number(other)),
    );
  },

  'each process sees what the other has stored': async (subject) => {
    const another = await subject.openAnother();
    await subject.save('crm');
    assert.deepEqual(await another.listRecipients(), [{ id: 'crm', settings: '{}' }]);
    await appendTo(another, 'crm', 'event-1');
    await appendTo(subject.storage, 'crm', 'event-2');
    await appendTo(another, 'crm', 'event-3');
    assert.deepEqual(await subject.line('crm'), ['1:event-1', '2:event-2', '3:event-3']);
    assert.deepEqual(await another.stats('crm'), await subject.storage.stats('crm'));
  },

  'an event that another process has accepted is a duplicate': async (subject) => {
    const another = await subject.openAnother();
    await subject.save('crm');
    await appendTo(another, 'crm', 'event-1');
    const changed = storedEvent({ id: 'event-1', data: '{}' });
    const results = await subject.append(['crm'], storedEvent({ id: 'event-1' }), changed);
    assert.deepEqual(results, [{ status: 'duplicate' }, { status: 'id-reused' }]);
  },

  'of the same event from two processes at a time one is stored': async (subject) => {
    const another = await subject.openAnother();
    await subject.save('crm');
    for (let round = 0; round < 20; round += 1) {
      const entries = [{ event: storedEvent({ id: `event-${round}` }), recipientIds: ['crm'] }];
      const answers = await Promise.all([
        subject.storage.append(entries, rememberAll),
        another.append(entries, rememberAll),
      ]);
      const statuses = answers.flat().map(({ status }) => status);
      assert.deepEqual(statuses.toSorted(), ['duplicate', 'stored']);
    }
  },

  'sequence numbers have no gaps, and each process keeps its order': async (subject) => {
    const another = await subject.openAnother();
    await subject.save('crm', 'erp');
    const numbers = Array.from({ length: 40 }, (_, index) => index + 1);
    await Promise.all(
      numbers.flatMap((number) => [
        appendTo(subject.storage, 'crm', `a-${number}`),
        appendTo(another, 'crm', `b-${number}`),
      ]),
    );
    const deliveries = await subject.waiting('crm');
    assert.deepEqual(
      deliveries.map(({ sequence }) => sequence),
      Array.from({ length: 80 }, (_, index) => index + 1),
    );
    for (const process of ['a', 'b']) {
      assert.deepEqual(
        deliveries.map(({ event }) => event.id).filter((id) => id.startsWith(process)),
        numbers.map((number) => `${process}-${number}`),
      );
    }
  },

  'a queue has one holder among all processes': async (subject) => {
    const another = await subject.openAnother();
    const ids = Array.from({ length: 20 }, (_, index) => `recipient-${index}`);
    await subject.save(...ids);
    const claims = await Promise.all([
      subject.storage.claim({ ...subject.lasting(), holder: 'holder-a', limit: 20 }),
      another.claim({ ...subject.lasting(), holder: 'holder-b', limit: 20 }),
    ]);
    const claimed = claims.flat().map(({ recipientId }) => recipientId);
    assert.equal(new Set(claimed).size, claimed.length, 'a queue has two holders');
  },

  'what a process wrote under a lease that another has taken is refused': async (subject) => {
    const another = await subject.openAnother();
    await subject.save('crm');
    await subject.fill('crm', 'event-1');
    const old = await subject.lease('crm', 'holder-a', 50);
    await subject.passTime(60);
    const [taken] = await another.claim({ ...subject.lasting(), holder: 'holder-b', limit: 1 });
    assert(taken && taken.fence > old.fence);
    assert.equal(await subject.settle(old, { through: 1 }), false);
    assert.deepEqual(await subject.read(old), []);
    assert.equal((await another.read(taken, 10, 1_000)).length, 1);
  },

  'a listener is told what another process appends': async (subject) => {
    const another = await subject.openAnother();
    await subject.save('crm', 'erp');
    const { told, stop } = collectTold(subject.storage);
    await appendTo(another, 'crm', 'event-1');
    await told('crm');
    await appendTo(another, 'erp', 'event-2');
    await told('erp');
    stop();
  },

  'a listener is told when another process saves or removes a recipient': async (subject) => {
    const another = await subject.openAnother();
    await subject.save('old');
    const { told, stop } = collectTold(subject.storage);
    await another.saveRecipient({ id: 'new', settings: '{}' });
    await told('new');
    await another.removeRecipient('old');
    await told('old');
    stop();
  },

  'a listener is told what kind of news it is': async (subject) => {
    const another = await subject.openAnother();
    const kinds: string[] = [];
    const stop = subject.storage.listen((recipientIds, news) => {
      kinds.push(...recipientIds.map((id) => `${news} ${id}`));
    });
    const saved = collectTold(subject.storage);
    await another.saveRecipient({ id: 'crm', settings: '{}' });
    await saved.told('crm');
    saved.stop();
    assert(kinds.includes('recipient crm'), kinds.join());
    kinds.length = 0;
    const appended = collectTold(subject.storage);
    await appendTo(another, 'crm', 'event-1');
    await appended.told('crm');
    assert(kinds.includes('queue crm'), kinds.join());
    appended.stop();
    stop();
  },

  'a listener is told when another process gives a lease back': async (subject) => {
    const another = await subject.openAnother();
    await subject.save('crm');
    const leases = await another.claim({ ...subject.lasting(), holder: 'holder-b', limit: 1 });
    const { told, stop } = collectTold(subject.storage);
    await another.release(leases);
    await told('crm');
    stop();
  },

  'holders of all processes are counted': async (subject) => {
    const another = await subject.openAnother();
    await subject.save('crm', 'erp');
    await subject.lease('crm', 'holder-a');
    assert.deepEqual(await subject.storage.announce('holder-a', subject.lasting()), { holders: 1, free: 1 });
    assert.deepEqual(await another.announce('holder-b', subject.lasting()), { holders: 2, free: 1 });
    assert.deepEqual(await subject.storage.announce('holder-a', subject.lasting()), { holders: 2, free: 1 });
    assert.deepEqual(await another.announce('holder-b', subject.lasting(0)), { holders: 1, free: 1 });
  },

  'a listener that stopped listening is told nothing more': async (subject) => {
    const another = await subject.openAnother();
    await subject.save('crm', 'erp');
    const stopped = collectTold(subject.storage);
    stopped.stop();
    stopped.stop();
    const listening = collectTold(subject.storage);
    await appendTo(another, 'crm', 'event-1');
    await listening.told('crm');
    assert.deepEqual([...stopped.ids], []);
    listening.stop();
  },

  'closing one leaves the other working': async (subject) => {
    const another = await subject.openAnother();
    await subject.save('crm');
    await another.close();
    await refused(another.stats(), 'ERR_STORAGE_CLOSED');
    await subject.fill('crm', 'event-1');
    assert.deepEqual(await subject.line('crm'), ['1:event-1']);
  },
};
