import { expect, test } from 'vitest';
import { OutboundEventsError } from '../../src/core/errors.ts';
import { day } from './harness.ts';
import { mib, type Results, setUp, storeAll, turn } from './inbox-harness.ts';

const busy = new OutboundEventsError('ERR_STORAGE_BUSY', 'locked');
const failed = { code: 'ERR_STORAGE_FAILED', message: 'the storage failed' };

/** Data that is so long as JSON. */
function dataOf(length: number): object {
  return { text: 'x'.repeat(length - '{"text":""}'.length) };
}

test('an event goes to the storage with its recipients, and the answer says where it is queued', async () => {
  const { emit, appended } = setUp({ append: () => [{ status: 'stored', recipientIds: ['shop'] }] });
  const emitted = await emit('a', { data: { order: 7 } });
  expect(emitted).toEqual({ id: 'a', deliveries: [{ recipientId: 'shop' }], duplicate: false });
  const times = { occurredAt: 1_000, acceptedAt: 10 * day };
  const stored = { id: 'a', type: 'order.paid', version: '1', ...times, data: '{"order":7}' };
  expect(appended).toEqual([
    { entries: [{ event: stored, recipientIds: ['crm', 'shop'] }], options: { forgetBefore: 3 * day } },
  ]);
});

test('an event that nobody wants is not stored, and nobody is told', async () => {
  const { emit, appends, told } = setUp();
  expect(await emit('a', { type: 'order.seen' })).toEqual({ id: 'a', deliveries: [], duplicate: false });
  expect([appends, told]).toEqual([[], []]);
});

test('an event that was stored before is a duplicate, queued nowhere', async () => {
  const { emit, told } = setUp({ append: () => [{ status: 'duplicate' }] });
  expect(await emit('a')).toEqual({ id: 'a', deliveries: [], duplicate: true });
  expect(told).toEqual([['crm', 'shop']]);
});

test.each([
  {
    status: 'id-reused',
    code: 'ERR_EVENT_ID_REUSED',
    message: 'the event id a was used before for another type or other data; an id is for one event',
    field: 'options.id',
  },
  {
    status: 'backlog-full',
    code: 'ERR_BACKLOG_FULL',
    message: 'as much waits as may wait (backlog); what was accepted is kept and goes on being delivered',
    field: undefined,
  },
] as const)('$status is answered with $code', async ({ status, ...error }) => {
  const { emit, told } = setUp({ append: () => [{ status }] });
  const [outcome] = await Promise.allSettled([emit('a')]);
  expect(outcome).toMatchObject({ reason: error });
  expect(told).toEqual([['crm', 'shop']]);
});

test('an error of the storage is passed on, and one that is not ours is not shown', async () => {
  const errors = [busy, new Error('secret'), new Error('secret')];
  const { emit, told } = setUp({ append: () => Promise.reject(errors.shift()) });
  await expect(emit('a')).rejects.toBe(busy);
  await expect(emit('b')).rejects.toMatchObject(failed);
  await expect(emit('c', { transaction: 'tx-1' })).rejects.toMatchObject(failed);
  expect(told).toHaveLength(3);
});

test('that deliveries may be stored is told once the storage has answered', async () => {
  const answer = Promise.withResolvers<Results>();
  const { emit, told } = setUp({ append: () => answer.promise });
  const emitted = emit('a');
  await turn();
  expect(told).toEqual([]);
  answer.resolve([{ status: 'duplicate' }]);
  await emitted;
  expect(told).toEqual([['crm', 'shop']]);
});

test('one call goes to the storage at a time; what comes meanwhile goes together, and event ids are forgotten as of then', async () => {
  const answer = Promise.withResolvers<Results>();
  const { emit, situation, appends, appended } = setUp({ append: () => answer.promise });
  const first = emit('a');
  await turn();
  const others = [emit('b'), emit('c')];
  await turn();
  expect(appends).toEqual(['a']);
  situation.acceptedAt = 11 * day;
  situation.append = () => [{ status: 'duplicate' }, { status: 'stored', recipientIds: [] }];
  answer.resolve([{ status: 'stored', recipientIds: [] }]);
  expect(await Promise.all([first, ...others])).toMatchObject([
    { id: 'a', duplicate: false },
    { id: 'b', duplicate: true },
    { id: 'c', duplicate: false },
  ]);
  expect(appends).toEqual(['a', 'b,c']);
  expect(appended[1]).toMatchObject({ entries: [{ event: { acceptedAt: 10 * day } }, {}] });
  expect(appended[1]?.options).toEqual({ forgetBefore: 4 * day });
});

test('500 events go together at most', async () => {
  const { emit, appended } = setUp();
  await Promise.all(Array.from({ length: 501 }, (_, index) => emit(`event-${index}`)));
  expect(appended.map(({ entries }) => entries.length)).toEqual([500, 1]);
});

test.each([
  [0, ['a,b']],
  [1, ['a', 'b']],
])('16 MiB and %i bytes, 64 for each recipient among them, go as %j', async (more, expected) => {
  const { emit, appends } = setUp();
  const half = 8 * mib - 2 * 64;
  await Promise.all([emit('a', { data: dataOf(half) }), emit('b', { data: dataOf(half + more) })]);
  expect(appends).toEqual(expected);
});

test('an event of a transaction goes alone, with that transaction, and waits for no other call', async () => {
  const { emit, situation, appends } = setUp();
  await Promise.all([emit('a'), emit('b', { transaction: 'tx-1' }), emit('c', { transaction: 'tx-1' }), emit('d')]);
  expect(appends.toSorted()).toEqual(['a,d', 'b in tx-1', 'c in tx-1']);
  situation.append = ([entry]) =>
    entry?.event.id === 'e' ? new Promise<Results>(() => {}) : [{ status: 'duplicate' }];
  void emit('e');
  await turn();
  expect(await emit('f', { transaction: 'tx-2' })).toEqual({ id: 'f', deliveries: [], duplicate: true });
  expect(appends.slice(3)).toEqual(['e', 'f in tx-2']);
});

test.each(['ERR_STORAGE_UNAVAILABLE', 'ERR_OUTCOME_UNKNOWN'] as const)(
  'after %s those that waited behind fail without a turn of their own; who comes later has one',
  async (code) => {
    const error = new OutboundEventsError(code, 'no answer');
    const { emit, situation, appends, told } = setUp({ append: () => Promise.reject(error) });
    const [first, ...behind] = await Promise.allSettled([emit('a', { data: dataOf(16 * mib) }), emit('b'), emit('c')]);
    expect(first).toEqual({ status: 'rejected', reason: error });
    const message = 'the storage did not answer for the events before this one; nothing of this one is stored';
    const unavailable = { reason: { code: 'ERR_STORAGE_UNAVAILABLE', message } };
    expect(behind).toMatchObject([unavailable, unavailable]);
    expect([appends, told.length]).toEqual([['a'], 3]);
    situation.append = storeAll;
    expect(await emit('d')).toMatchObject({ id: 'd' });
  },
);

test.each([
  { what: 'another error', error: busy, reason: { code: 'ERR_STORAGE_BUSY' } },
  { what: 'one that is not ours', error: new Error('secret'), reason: failed },
])('after $what those that waited behind have their turn', async ({ error, reason }) => {
  const { emit, appends } = setUp({
    append: (entries) => (entries[0]?.event.id === 'a' ? Promise.reject(error) : storeAll(entries)),
  });
  const outcomes = await Promise.allSettled([emit('a', { data: dataOf(16 * mib) }), emit('b'), emit('c')]);
  expect(outcomes).toMatchObject([{ reason }, { value: { id: 'b' } }, { value: { id: 'c' } }]);
  expect(appends).toEqual(['a', 'b,c']);
});
