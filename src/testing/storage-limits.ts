import { strict as assert } from 'node:assert';
import type { AppendResult } from '../core/storage.ts';
import { storedEvent } from './builders.ts';
import { roomy, type StorageTests } from './storage-subject.ts';

function statuses(results: readonly AppendResult[]): readonly string[] {
  return results.map(({ status }) => status);
}

/** What is said about the bounds of the backlog. */
export const storageLimitTests: StorageTests = {
  'exactly as many deliveries are accepted as may wait': async (subject) => {
    await subject.reopen({ ...roomy, maxDeliveries: 5 });
    await subject.save('crm', 'erp');
    const answers: string[] = [];
    for (let number = 1; number <= 8; number += 1) {
      const recipientId = number % 2 === 0 ? 'crm' : 'erp';
      answers.push(...statuses(await subject.append([recipientId], storedEvent({ id: `event-${number}` }))));
    }
    assert.deepEqual(answers, [...Array(5).fill('stored'), ...Array(3).fill('backlog-full')]);
    assert.deepEqual(await subject.line('crm'), ['1:event-2', '2:event-4']);
    assert.deepEqual(await subject.line('erp'), ['1:event-1', '2:event-3', '3:event-5']);
  },

  'the bound holds within one call, and what is accepted before it is kept': async (subject) => {
    await subject.reopen({ ...roomy, maxDeliveries: 2 });
    await subject.save('crm');
    const events = ['event-1', 'event-2', 'event-3'].map((id) => storedEvent({ id }));
    assert.deepEqual(statuses(await subject.append(['crm'], ...events)), ['stored', 'stored', 'backlog-full']);
    assert.deepEqual(await subject.line('crm'), ['1:event-1', '2:event-2']);
  },

  'the bound holds for calls that overlap': async (subject) => {
    await subject.reopen({ ...roomy, maxDeliveries: 10 });
    await subject.save('crm');
    const calls = Array.from({ length: 30 }, (_, index) =>
      subject.append(['crm'], storedEvent({ id: `event-${index}` })),
    );
    const stored = (await Promise.all(calls)).flat().filter(({ status }) => status === 'stored');
    assert.equal(stored.length, 10);
    assert.equal((await subject.statsOf('crm'))?.queued, 10);
  },

  'an event that fits for some of its recipients only is stored for none': async (subject) => {
    await subject.reopen({ ...roomy, maxDeliveries: 4 });
    await subject.save('crm', 'erp', 'audit');
    await subject.append(['crm', 'erp'], storedEvent({ id: 'event-1' }));
    const everyone = ['crm', 'erp', 'audit'];
    assert.deepEqual(statuses(await subject.append(everyone, storedEvent({ id: 'event-2' }))), ['backlog-full']);
    assert.deepEqual(statuses(await subject.append(['audit', 'erp'], storedEvent({ id: 'event-3' }))), ['stored']);
    assert.deepEqual(await subject.line('crm'), ['1:event-1']);
    assert.deepEqual(await subject.line('erp'), ['1:event-1', '2:event-3']);
    assert.deepEqual(await subject.line('audit'), ['1:event-3']);
  },

  'there is room again when deliveries have left the queue': async (subject) => {
    await subject.reopen({ ...roomy, maxDeliveries: 2 });
    await subject.save('crm');
    await subject.fill('crm', 'event-1', 'event-2');
    assert.deepEqual(statuses(await subject.append(['crm'], storedEvent({ id: 'event-3' }))), ['backlog-full']);
    await subject.deliver('crm', 1);
    const events = ['event-3', 'event-4'].map((id) => storedEvent({ id }));
    assert.deepEqual(statuses(await subject.append(['crm'], ...events)), ['stored', 'backlog-full']);
    assert.deepEqual(await subject.line('crm'), ['2:event-2', '3:event-3']);
  },

  'the id of an event that found no room is not remembered': async (subject) => {
    await subject.reopen({ ...roomy, maxDeliveries: 1 });
    await subject.save('crm');
    await subject.fill('crm', 'event-1');
    assert.deepEqual(statuses(await subject.append(['crm'], storedEvent({ id: 'event-2' }))), ['backlog-full']);
    await subject.deliver('crm', 1);
    const changed = storedEvent({ id: 'event-2', data: '{"changed":true}' });
    assert.deepEqual(statuses(await subject.append(['crm'], changed)), ['stored']);
  },

  'at the bound a repeated event is still a duplicate': async (subject) => {
    await subject.reopen({ ...roomy, maxDeliveries: 1 });
    await subject.save('crm');
    await subject.fill('crm', 'event-1');
    assert.deepEqual(statuses(await subject.append(['crm'], storedEvent({ id: 'event-1' }))), ['duplicate']);
  },

  'what waited before the storage was opened counts': async (subject) => {
    await subject.save('crm');
    await subject.fill('crm', 'event-1', 'event-2');
    await subject.reopen({ ...roomy, maxDeliveries: 3 });
    const events = ['event-3', 'event-4'].map((id) => storedEvent({ id }));
    assert.deepEqual(statuses(await subject.append(['crm'], ...events)), ['stored', 'backlog-full']);
  },

  'a backlog above a bound that was lowered is kept, and takes nothing more': async (subject) => {
    await subject.save('crm');
    await subject.fill('crm', 'event-1', 'event-2', 'event-3');
    await subject.reopen({ ...roomy, maxDeliveries: 2 });
    assert.deepEqual(statuses(await subject.append(['crm'], storedEvent({ id: 'event-4' }))), ['backlog-full']);
    assert.deepEqual(await subject.line('crm'), ['1:event-1', '2:event-2', '3:event-3']);
  },

  'an event for nobody is accepted above the bound, too': async (subject) => {
    await subject.save('crm');
    const data = JSON.stringify({ text: 'x'.repeat(20_000) });
    await subject.append(['crm'], storedEvent({ id: 'event-1', data }), storedEvent({ id: 'event-2', data }));
    for (const limits of [
      { ...roomy, maxDeliveries: 1 },
      { ...roomy, maxBytes: 10_000 },
    ]) {
      await subject.reopen(limits);
      const id = `for-nobody-${limits.maxBytes}`;
      const results = [
        ...(await subject.append([], storedEvent({ id, data }))),
        ...(await subject.append(['nobody'], storedEvent({ id: `${id}-2`, data }))),
      ];
      assert.deepEqual(results, Array(2).fill({ status: 'stored', recipientIds: [] }));
      assert.deepEqual(statuses(await subject.append(['crm'], storedEvent({ id: `${id}-3`, data }))), ['backlog-full']);
    }
  },

  'about as many bytes are accepted as the backlog may take, and there is room again later': async (subject) => {
    const eventBytes = 100_000;
    const maxBytes = 4_000_000;
    await subject.reopen({ ...roomy, maxBytes });
    await subject.save('crm');
    const data = JSON.stringify({ text: 'x'.repeat(eventBytes) });
    let accepted = 0;
    let answer: string | undefined = 'stored';
    while (answer === 'stored' && accepted * eventBytes <= 2 * maxBytes) {
      [answer] = statuses(await subject.append(['crm'], storedEvent({ id: `event-${accepted}`, data })));
      if (answer === 'stored') accepted += 1;
    }
    assert.equal(answer, 'backlog-full', `no bound after ${accepted * eventBytes} bytes`);
    assert(accepted * eventBytes >= maxBytes / 2, `full after ${accepted * eventBytes} bytes`);

    await subject.deliver('crm', accepted);
    assert.deepEqual(statuses(await subject.append(['crm'], storedEvent({ id: 'event-next', data }))), ['stored']);
  },
};
