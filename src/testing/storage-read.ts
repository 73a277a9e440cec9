import { strict as assert } from 'node:assert';
import { storedEvent } from './builders.ts';
import type { StorageSubject, StorageTests } from './storage-subject.ts';

/** In UTF-8 more bytes than characters. */
const data = JSON.stringify({ text: 'é'.repeat(500) });
const dataBytes = Buffer.byteLength(data);

/** Queues ten events. */
async function fillTen(subject: StorageSubject): Promise<void> {
  const events = Array.from({ length: 10 }, (_, index) => storedEvent({ id: `event-${index + 1}`, data }));
  await subject.save('crm');
  await subject.append(['crm'], ...events);
}

function sequences(deliveries: readonly { readonly sequence: number }[]): readonly number[] {
  return deliveries.map(({ sequence }) => sequence);
}

/** What is said about reading the head of a queue. */
export const storageReadTests: StorageTests = {
  'reading gives the head of the queue in order, and leaves it there': async (subject) => {
    await fillTen(subject);
    const lease = await subject.lease('crm');
    assert.deepEqual(sequences(await subject.read(lease, 3)), [1, 2, 3]);
    assert.deepEqual(sequences(await subject.read(lease, 4)), [1, 2, 3, 4]);
    assert.deepEqual(sequences(await subject.read(lease, 100)), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  },

  'an empty queue reads as an empty list': async (subject) => {
    await subject.save('crm');
    assert.deepEqual(await subject.read(await subject.lease('crm')), []);
  },

  'reading goes on where settling has ended, and never gives a settled delivery': async (subject) => {
    await fillTen(subject);
    const lease = await subject.lease('crm');
    for (const through of [1, 4, 5, 10]) {
      assert.equal(await subject.settle(lease, { through }), true);
      assert.equal((await subject.read(lease))[0]?.sequence, through === 10 ? undefined : through + 1);
    }
    assert.deepEqual(await subject.waiting('crm'), []);
  },

  'reading gives the fewest deliveries that have as many bytes as it is asked for': async (subject) => {
    await fillTen(subject);
    const lease = await subject.lease('crm');
    for (const [count, maxBytes] of [
      [1, dataBytes],
      [2, dataBytes + 1],
      [4, 3.5 * dataBytes],
      [9, 9 * dataBytes],
      [10, 100 * dataBytes],
    ] as const) {
      const read = sequences(await subject.read(lease, 100, maxBytes));
      const expected = Array.from({ length: count }, (_, index) => index + 1);
      assert.deepEqual(read, expected, `for ${maxBytes} bytes, by ${dataBytes} each`);
    }
  },

  'reading gives at least one delivery, however large': async (subject) => {
    await fillTen(subject);
    const lease = await subject.lease('crm');
    assert.deepEqual(sequences(await subject.read(lease, 100, 1)), [1]);
  },

  'queues that are read at the same time each give their own, under their own lease': async (subject) => {
    await subject.save('crm', 'erp', 'hr');
    await subject.fill('crm', 'event-1', 'event-2', 'event-3');
    await subject.fill('erp', 'event-4', 'event-5');
    const stale = await subject.lease('erp');
    const leases = [await subject.lease('crm'), await subject.lease('erp'), await subject.lease('hr')] as const;
    const read = await Promise.all([
      subject.read(leases[0], 2),
      subject.read(stale),
      subject.read(leases[1]),
      subject.read(leases[2]),
      subject.read(leases[0], 100, 1),
      subject.read({ recipientId: 'unknown', fence: leases[0].fence }),
    ]);
    assert.deepEqual(
      read.map((head) => head.map(({ event }) => event.id)),
      [['event-1', 'event-2'], [], ['event-4', 'event-5'], [], ['event-1'], []],
    );
  },

  'what is appended later is read later': async (subject) => {
    await subject.save('crm');
    const lease = await subject.lease('crm');
    for (const number of [1, 2, 3]) {
      await subject.fill('crm', `event-${number}`);
      assert.equal((await subject.read(lease)).at(-1)?.event.id, `event-${number}`);
    }
  },

  'reading while events are appended gives the queue as it was at some moment': async (subject) => {
    await subject.save('crm');
    const lease = await subject.lease('crm');
    const ids = Array.from({ length: 30 }, (_, index) => `event-${index + 1}`);
    const reads = ids.map(async (id) => {
      const appended = subject.append(['crm'], storedEvent({ id }));
      const seen = await subject.read(lease);
      await appended;
      return seen;
    });
    for (const seen of await Promise.all(reads)) {
      assert.deepEqual(
        seen.map(({ event }) => event.id),
        ids.slice(0, seen.length),
      );
    }
  },
};
