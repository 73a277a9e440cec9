import { expect, test } from 'vitest';
import type { QueueStats } from '../../src/core/storage.ts';
import { failing, mailed, setUp, taken } from './alert-desk-harness.ts';
import { now } from './runner-harness.ts';

/** A desk whose first mail, about `crm`, is under way; `shop` is next. `ended` says what has resolved. */
async function underWay() {
  const taking = Promise.withResolvers<typeof taken>();
  const signals: AbortSignal[] = [];
  const all = setUp({
    sendAlert: (signal) => {
      signals.push(signal);
      return taking.promise;
    },
  });
  all.become('crm', failing());
  all.become('shop', failing());
  await all.clock.advance('15m');
  const resolved: string[] = [];
  const watch = (name: string, promise: Promise<void>): void => void promise.then(() => resolved.push(name));
  return { ...all, taking, signals, resolved, watch, rest: () => all.clock.advance(0) };
}

const begun = ['stats crm', 'crm is failing'];

test('whoever leaves is not mailed about any more, and has left at once', async () => {
  const { become, runner, desk, clock, heard } = setUp();
  become('crm', failing());
  become('shop', failing());
  await desk.leave(runner('crm'));
  await clock.advance('1h');
  expect(heard()).toEqual(mailed('shop'));
});

test('whoever leaves has left once the mail under way is recorded, and is not mailed about again', async () => {
  const { runner, desk, clock, heard, taking, answers, resolved, watch, rest } = await underWay();
  const recording = Promise.withResolvers<void>();
  answers.record = () => recording.promise;
  watch('leave', desk.leave(runner('crm')));
  taking.resolve(taken);
  await rest();
  expect([heard(), resolved]).toEqual([[...begun, 'relay OK', 'record crm'], []]);
  answers.record = () => {};
  recording.resolve();
  await rest();
  expect([heard(), resolved]).toEqual([['alert:sent crm', ...mailed('shop')], ['leave']]);
  desk.forget(runner('shop'));
  await clock.advance('5h');
  expect(heard()).toEqual([]);
});

test('whoever leaves while the storage is asked for it has left once it answers, and is not mailed about', async () => {
  const asking = Promise.withResolvers<Partial<QueueStats>>();
  const { become, runner, desk, clock, heard } = setUp({ stats: () => asking.promise });
  become('crm', failing());
  await clock.advance('15m');
  const left = desk.leave(runner('crm'));
  asking.resolve({});
  await left;
  expect(heard()).toEqual(['stats crm']);
});

test('whoever leaves does not wait for mails about others', async () => {
  const { runner, desk, heard, taking, resolved, watch, rest } = await underWay();
  watch('leave', desk.leave(runner('shop')));
  await rest();
  expect(resolved).toEqual(['leave']);
  taking.resolve(taken);
  await rest();
  expect(heard()).toEqual(mailed('crm'));
});

test('at its end no timer is left, nothing is sent, and nothing that changes afterwards sets one', async () => {
  const { become, desk, clock, heard } = setUp();
  become('crm', failing());
  await desk.end();
  expect(clock.pending).toBe(0);
  become('shop', failing());
  expect(clock.pending).toBe(0);
  await clock.advance('5h');
  expect(heard()).toEqual([]);
});

test('the end waits until the mail under way is recorded, and no other is sent', async () => {
  const { become, desk, clock, heard, taking, answers, resolved, watch, rest } = await underWay();
  const recording = Promise.withResolvers<void>();
  answers.record = () => recording.promise;
  watch('end', desk.end());
  watch('again', desk.end());
  become('desk', failing());
  taking.resolve(taken);
  await rest();
  expect([heard(), resolved]).toEqual([[...begun, 'relay OK', 'record crm'], []]);
  recording.resolve();
  await rest();
  expect([heard(), resolved, clock.pending]).toEqual([['alert:sent crm'], ['end', 'again'], 0]);
  await clock.advance('5h');
  expect(heard()).toEqual([]);
});

test('a mail for which the storage is still asked at the end is not sent', async () => {
  const asking = Promise.withResolvers<Partial<QueueStats>>();
  const { become, desk, clock, heard } = setUp({ stats: () => asking.promise });
  become('crm', failing());
  await clock.advance('15m');
  const ended = desk.end();
  asking.resolve({});
  await ended;
  expect(heard()).toEqual(['stats crm']);
});

test('a mail that is broken off is neither recorded nor told, whether or not the relay takes notice', async () => {
  const { desk, clock, heard, taking, signals, told, rest } = await underWay();
  const ended = desk.end();
  expect(signals).toMatchObject([{ aborted: false }]);
  desk.abort();
  await ended;
  expect(signals).toMatchObject([{ aborted: true }]);
  taking.resolve(taken);
  await rest();
  expect([heard(), told, clock.pending]).toEqual([begun, [], 0]);
});

test.each([
  ['stats', ['stats crm']],
  ['record', [...begun, 'relay OK', 'record crm']],
] as const)('when %s rejects because all is broken off, nothing is told', async (what, calls) => {
  const answer = Promise.withResolvers<never>();
  const { become, desk, clock, heard, told } = setUp({ [what]: () => answer.promise });
  become('crm', failing({ since: now }));
  await clock.advance('15m');
  const ended = desk.end();
  desk.abort();
  answer.reject(new Error('stopped'));
  await ended;
  expect([heard(), told]).toEqual([calls, []]);
});
