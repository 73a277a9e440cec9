import { strict as assert } from 'node:assert';
import type { Json } from '../core/json.ts';
import type { QueueState } from '../core/queue-state.ts';
import { storedEvent } from './builders.ts';
import { droppedDelivery, failingState, type StorageTests } from './storage-subject.ts';

/** JSON texts that something on the way might change. */
const texts: Readonly<Record<string, string>> = {
  'in any script': '{"größe":"日本語 ελληνικά עברית","combining":"e\u0301 and é"}',
  'with emoji': '{"😀":"👩‍👩‍👧‍👦 \\ud83d\\ude00"}',
  'with quotes and backslashes': `{"a":"'single' \\"double\\" \`back\` \\\\ %s $1 ?1 :name"}`,
  'with control characters': '{"raw":"\u007f\u0085\u2028\u2029\ufeff","escaped":"\\u0000\\u0001\\u001b[31m\\r\\n\\t"}',
  'with white space and keys in its own order': '{ "z" : 1,\n\t"a" : [ 2 , 3 ],"10":1,"9":2, "z2" : null }\r\n',
  'with numbers as they were written': '{"a":1.10,"b":1e3,"c":-0,"d":12345678901234567890}',
  'with the same key twice': '{"a":1,"a":2}',
  'with names that objects have': '{"__proto__":{"a":1},"constructor":2,"toString":3}',
  'of a megabyte': JSON.stringify({ text: 'ä€😀x'.repeat(100_000) }),
};

const keptTexts: StorageTests = Object.fromEntries(
  Object.entries(texts).map(([what, text]) => [
    `settings and event data ${what} are kept byte for byte`,
    async (subject) => {
      await subject.storage.saveRecipient({ id: 'crm', settings: text });
      const event = storedEvent({ id: 'event-1', data: text });
      await subject.append(['crm'], event);
      const keep = async (): Promise<void> => {
        assert.deepEqual(await subject.storage.listRecipients(), [{ id: 'crm', settings: text }]);
        assert.deepEqual(await subject.waiting('crm'), [{ sequence: 1, event }]);
        assert.deepEqual(await subject.append(['crm'], event), [{ status: 'duplicate' }]);
      };
      await keep();
      await subject.reopen();
      await keep();
    },
  ]),
);

/** Ids that mean something to JavaScript, to SQL, or to a comparison that is not exact. */
const ids: readonly string[] = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  'null',
  'undefined',
  '0',
  '00',
  '1e3',
  'a.b',
  'a_b',
  'a-b',
  'A_B',
  '%',
  "'; drop table recipients; --",
  '"quoted"',
  '$1',
  '?',
  ':id',
  'x'.repeat(64),
];

function deepState(): QueueState {
  let progress: Json = { 'a@example.com': 'größer 😀\u0001', z: 1, a: [null, true, 1.5, ''] };
  for (let depth = 0; depth < 60; depth += 1) progress = depth % 2 === 0 ? [progress] : { deeper: progress };
  return {
    ...failingState(`"quoted" 'text'\n\u001b 日本語`),
    head: { sequence: 7, attempts: 3, rejections: 0, since: 1_000, progress },
  };
}

/** What is said about keeping things as they are. */
export const storageVerbatimTests: StorageTests = {
  ...keptTexts,

  'every field of an event is kept': async (subject) => {
    await subject.save('crm');
    const event = storedEvent({
      id: 'Event_1-x',
      type: 'order:paid.v2',
      version: '2026-01 β',
      occurredAt: -86_400_000,
      acceptedAt: Number.MAX_SAFE_INTEGER - 1,
    });
    await subject.append(['crm'], event);
    assert.deepEqual(await subject.waiting('crm'), [{ sequence: 1, event }]);
    await subject.reopen();
    assert.deepEqual(await subject.waiting('crm'), [{ sequence: 1, event }]);
  },

  'a state is kept as it is, deep or large': async (subject) => {
    await subject.save('crm');
    const large = failingState('x€'.repeat(50_000));
    for (const state of [deepState(), large]) {
      await subject.settle(await subject.lease('crm'), { state });
      assert.equal(JSON.stringify((await subject.lease('crm')).state), JSON.stringify(state));
      await subject.reopen();
      assert.equal(JSON.stringify((await subject.lease('crm')).state), JSON.stringify(state));
    }
  },

  'every field of a dropped delivery is kept': async (subject) => {
    await subject.save('crm');
    const dropped = [
      { ...droppedDelivery('crm', 1), eventId: 'Event_1-x', type: 'order:paid.v2', occurredAt: -1, droppedAt: 2 ** 52 },
      { ...droppedDelivery('crm', 2), reason: 'rejected', error: { code: 'TEMPLATE_ERROR', message: `'"\\ 日本 😀` } },
      { ...droppedDelivery('crm', 3), reason: 'removed', error: null },
    ] as const;
    await subject.settle(await subject.lease('crm'), { dropped });
    assert.deepEqual(await subject.storage.listDropped({ limit: 10 }), dropped.toReversed());
    await subject.reopen();
    assert.deepEqual(await subject.storage.listDropped({ limit: 10 }), dropped.toReversed());
  },

  'recipients and events may have any id': async (subject) => {
    await subject.save(...ids);
    for (const id of ids) {
      const [result] = await subject.append([id], storedEvent({ id }));
      assert.deepEqual(result, { status: 'stored', recipientIds: [id] });
    }
    await subject.reopen();
    assert.deepEqual(
      (await subject.storage.listRecipients()).map(({ id }) => id),
      ids,
    );
    for (const id of ids) {
      assert.deepEqual(await subject.line(id), [`1:${id}`]);
      const lease = await subject.lease(id);
      const outcome = { through: 1, dropped: [{ ...droppedDelivery(id, 1), eventId: id }], state: failingState(id) };
      assert.equal(await subject.settle(lease, outcome), true);
      assert.deepEqual((await subject.lease(id)).state, failingState(id));
      assert.deepEqual(await subject.storage.listDropped({ recipientId: id, limit: 10 }), outcome.dropped);
      assert.deepEqual(await subject.append([id], storedEvent({ id })), [{ status: 'duplicate' }]);
      assert.equal(await subject.storage.removeRecipient(id), true);
    }
    assert.deepEqual(await subject.storage.listRecipients(), []);
  },
};
