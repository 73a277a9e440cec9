import { strict as assert } from 'node:assert';
import type { AppendResult } from '../core/storage.ts';
import { storedEvent } from './builders.ts';
import type { StorageSubject, StorageTests } from './storage-subject.ts';

const same = storedEvent({ id: 'event-1' });
const otherData = storedEvent({ id: 'event-1', data: '{"order":"A-2"}' });
const otherType = storedEvent({ id: 'event-1', type: 'order.sent' });

/** Appends what repeats or misuses the id of `same`, and makes sure that each is told apart and nothing stored. */
async function expectRemembered(subject: StorageSubject): Promise<void> {
  const before = await subject.line('crm');
  const results = await subject.append(['crm'], same, otherData, otherType, same);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['duplicate', 'id-reused', 'id-reused', 'duplicate'],
  );
  assert.deepEqual(await subject.line('crm'), before);
}

async function appendForgetting(
  subject: StorageSubject,
  forgetBefore: number,
  event = storedEvent({ id: `at-${forgetBefore}`, acceptedAt: forgetBefore }),
): Promise<AppendResult | undefined> {
  const [result] = await subject.storage.append([{ event, recipientIds: ['crm'] }], { forgetBefore });
  return result;
}

/** What is said about events that come again, and about forgetting them. */
export const storageEventIdTests: StorageTests = {
  'an event that waits is remembered': async (subject) => {
    await subject.save('crm');
    await subject.append(['crm'], same);
    await expectRemembered(subject);
    assert.deepEqual(await subject.waiting('crm'), [{ sequence: 1, event: same }]);
  },

  'an event that was delivered is remembered': async (subject) => {
    await subject.save('crm');
    await subject.append(['crm'], same);
    await subject.deliver('crm', 1);
    await expectRemembered(subject);
  },

  'an event that was accepted for nobody is remembered': async (subject) => {
    await subject.save('crm');
    await subject.append([], same);
    await expectRemembered(subject);
  },

  'an event whose recipient was removed is remembered': async (subject) => {
    await subject.save('crm');
    await subject.append(['crm'], same);
    await subject.deliver('crm', 1);
    await subject.storage.removeRecipient('crm');
    await subject.save('crm');
    await expectRemembered(subject);
  },

  'the same event twice in one call is stored once': async (subject) => {
    await subject.save('crm');
    const results = await subject.append(['crm'], same, same, otherData);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['stored', 'duplicate', 'id-reused'],
    );
    assert.deepEqual(await subject.line('crm'), ['1:event-1']);
  },

  'the same event in calls that overlap is stored once, by the first': async (subject) => {
    await subject.save('crm');
    const calls = [same, otherData, same, same].map((event) => subject.append(['crm'], event));
    const statuses = (await Promise.all(calls)).flat().map(({ status }) => status);
    assert.deepEqual(statuses, ['stored', 'id-reused', 'duplicate', 'duplicate']);
    assert.deepEqual(await subject.waiting('crm'), [{ sequence: 1, event: same }]);
  },

  'an event is a duplicate also when it names other recipients': async (subject) => {
    await subject.save('crm', 'erp');
    await subject.append(['crm'], same);
    assert.deepEqual(await subject.append(['erp'], same), [{ status: 'duplicate' }]);
    assert.deepEqual(await subject.waiting('erp'), []);
  },

  'an event is a duplicate also when its times and version differ': async (subject) => {
    await subject.save('crm');
    await subject.append(['crm'], same);
    const later = { ...same, version: '2', occurredAt: same.occurredAt + 5, acceptedAt: same.acceptedAt + 9 };
    assert.deepEqual(await subject.append(['crm'], later), [{ status: 'duplicate' }]);
    assert.deepEqual(await subject.waiting('crm'), [{ sequence: 1, event: same }]);
  },

  'an event whose data is written differently is another event': async (subject) => {
    await subject.save('crm');
    await subject.append(['crm'], storedEvent({ id: 'event-1', data: '{"a":1,"b":2}' }));
    const rewritten = storedEvent({ id: 'event-1', data: '{"b":2,"a":1}' });
    assert.deepEqual(await subject.append(['crm'], rewritten), [{ status: 'id-reused' }]);
  },

  'ids that differ in case are different ids': async (subject) => {
    await subject.save('crm');
    await subject.fill('crm', 'event-a', 'event-A', 'EVENT-A');
    assert.deepEqual(await subject.line('crm'), ['1:event-a', '2:event-A', '3:EVENT-A']);
  },

  'ids accepted after `forgetBefore` are remembered': async (subject) => {
    await subject.save('crm');
    await subject.append(['crm'], { ...same, acceptedAt: 2_000 });
    await subject.deliver('crm', 1);
    await appendForgetting(subject, 1_999);
    await expectRemembered(subject);
  },

  'ids of events that wait are remembered, however old': async (subject) => {
    await subject.save('crm', 'erp');
    await subject.append(['crm', 'erp'], { ...same, acceptedAt: 1_000 });
    await appendForgetting(subject, 500_000);
    await expectRemembered(subject);
    await subject.deliver('crm', 1);
    await appendForgetting(subject, 600_000);
    await expectRemembered(subject);
    assert.deepEqual(await subject.waiting('erp'), [{ sequence: 1, event: { ...same, acceptedAt: 1_000 } }]);
  },

  'an id that may be forgotten is forgotten or remembered, but nothing between': async (subject) => {
    await subject.save('crm');
    await subject.append(['crm'], { ...same, acceptedAt: 1_000 });
    await subject.deliver('crm', 1);
    await appendForgetting(subject, 500_000);
    const again = { ...otherData, acceptedAt: 500_001 };
    const result = await appendForgetting(subject, 500_000, again);
    const line = await subject.waiting('crm');
    if (result?.status === 'stored') {
      assert.deepEqual(line.at(-1)?.event, again);
      assert.deepEqual(await appendForgetting(subject, 500_000, again), { status: 'duplicate' });
    } else {
      assert.deepEqual(result, { status: 'id-reused' });
      assert.equal(line.length, 1);
    }
  },
};
