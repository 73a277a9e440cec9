import { expect, test } from 'vitest';
import { OutboundEventsError } from '../../src/core/errors.ts';
import { day } from './harness.ts';
import { type Results, setUp, turn } from './inbox-harness.ts';

test('what is emitted before the storage is open waits, and goes by the time and to the recipients it then knows', async () => {
  const opening = Promise.withResolvers<void>();
  const { emit, situation, appended, ids } = setUp({ opening: opening.promise });
  const a = emit('a', { data: { order: 7 } });
  await turn();
  Object.assign(situation, { opening: null, acceptedAt: 20 * day, recipientIds: ['new'] });
  const b = emit('b');
  await turn();
  expect(ids()).toEqual([]);
  opening.resolve();
  await Promise.all([a, b]);
  expect(ids()).toEqual(['a', 'b']);
  const stored = { id: 'a', type: 'order.paid', version: '1', occurredAt: 1_000, data: '{"order":7}' };
  expect(appended[0]?.entries[0]).toEqual({ event: { ...stored, acceptedAt: 20 * day }, recipientIds: ['new'] });
});

test('what waits for a storage that cannot be opened fails with its error, and what is emitted afterwards does not', async () => {
  const locked = new OutboundEventsError('ERR_STORAGE_LOCKED', 'in use');
  const { emit, situation, ids, told } = setUp({ opening: Promise.reject(locked) });
  await expect(emit('a')).rejects.toBe(locked);
  expect([ids(), told]).toEqual([[], []]);
  situation.opening = null;
  await emit('b');
  expect(ids()).toEqual(['b']);
});

test('events are stored in the order of the calls, each as it was then, however long a schema takes', async () => {
  const { emit, situation, checks, appended, ids } = setUp();
  const data = { order: 1 };
  const emits = [emit('a', { type: 'order.checked' }), emit('b', { type: 'order.checked' })];
  await turn();
  emits.push(emit('c', { data }));
  data.order = 2;
  situation.acceptedAt = 20 * day;
  checks[1]?.resolve({ value: { order: 3 } });
  await turn();
  expect(ids()).toEqual([]);
  checks[0]?.resolve({ value: {} });
  await Promise.all(emits);
  const stored = appended.flatMap(({ entries }) => entries.map((entry) => entry.event));
  expect(stored).toMatchObject([
    { id: 'a', data: '{}', acceptedAt: 10 * day },
    { id: 'b', data: '{"order":3}', acceptedAt: 10 * day },
    { id: 'c', data: '{"order":1}', acceptedAt: 10 * day },
  ]);
});

test('an event still waits for those before it when another one has ceased to', async () => {
  const { emit, checks, ids } = setUp();
  const emits = [emit('a', { type: 'order.checked' }), emit('b', { type: 'order.checked' })];
  checks[0]?.resolve({ value: {} });
  await turn();
  emits.push(emit('c'));
  await turn();
  expect(ids()).toEqual(['a']);
  checks[1]?.resolve({ value: {} });
  await Promise.all(emits);
  expect(ids()).toEqual(['a', 'b', 'c']);
});

test('an event that its schema rejects fails at once, and those behind it wait for those before it only', async () => {
  const { emit, checks, ids } = setUp();
  const a = emit('a', { type: 'order.checked' });
  const b = emit('b', { type: 'order.checked' });
  checks[1]?.resolve({ issues: [{ message: 'is wrong' }] });
  await expect(b).rejects.toMatchObject({ code: 'ERR_EVENT_INVALID' });
  await turn();
  const c = emit('c');
  await turn();
  expect(ids()).toEqual([]);
  checks[0]?.resolve({ issues: [{ message: 'is wrong' }] });
  await expect(a).rejects.toMatchObject({ code: 'ERR_EVENT_INVALID' });
  await c;
  expect(ids()).toEqual(['c']);
});

test('when nobody waits any more, events go to the storage at once again', async () => {
  const { emit, checks, appends } = setUp();
  const waited = [emit('a', { type: 'order.checked' }), emit('b')];
  checks[0]?.resolve({ value: {} });
  await Promise.all(waited);
  await turn();
  void emit('c', { transaction: 'tx-1' });
  await Promise.resolve();
  expect(appends.at(-1)).toBe('c in tx-1');
});

test('it is idle when all that was emitted has its answer, also what waited for its schema', async () => {
  const answer = Promise.withResolvers<Results>();
  const { inbox, emit, checks, appends } = setUp({ append: () => answer.promise });
  await inbox.idle();
  void emit('a', { type: 'order.checked' });
  let isIdle = false;
  const idle = inbox.idle().then(() => {
    isIdle = true;
  });
  await turn();
  expect(isIdle).toBe(false);
  checks[0]?.resolve({ value: {} });
  await turn();
  expect([appends, isIdle]).toEqual([['a'], false]);
  answer.resolve([{ status: 'duplicate' }]);
  await idle;
});
