import { expect, test } from 'vitest';
import { alertMail } from '../../src/core/alert-mail.ts';
import { type Failing, healthy } from '../../src/core/queue-state.ts';
import type { QueueStats } from '../../src/core/storage.ts';
import { dropped, failing, mailed, policy, setUp, taken } from './alert-desk-harness.ts';
import { hour, minute } from './harness.ts';
import { now, owingState } from './runner-harness.ts';

const sent = { recipientId: 'crm', about: 'failing', to: ['ops@example.com'] };

test('a mail that becomes due is sent to the millisecond, recorded and then told; so is the next', async () => {
  const { become, clock, heard, told } = setUp();
  become('crm', failing());
  await clock.advance(15 * minute - 1);
  expect([heard(), clock.pending]).toEqual([[], 1]);
  await clock.advance(1);
  expect([heard(), told]).toEqual([mailed('crm'), [sent]]);
  await clock.advance(4 * hour - 1);
  expect([heard(), clock.pending]).toEqual([[], 1]);
  await clock.advance(1);
  expect(heard()).toEqual(mailed('crm'));
});

test('a mail tells the state and the figures of the moment it is sent, with times of the wall clock', async () => {
  const { become, runner, clock, mails } = setUp({ stats: () => ({ queued: 7, oldestAt: now + 1_000 }) });
  become('crm', failing({ attempts: 4 }));
  clock.jump(hour);
  await clock.advance('10m');
  become('crm', failing({ attempts: 14 }));
  await clock.advance('5m');
  const alert = { about: 'failing', to: policy.to, failing: runner('crm').state.failing as Failing } as const;
  const stats = { recipientId: 'crm', queued: 7, oldestAt: now + 1_000, state: null };
  const facts = { recipient: runner('crm').recipient, stats, now: now + 15 * minute };
  const first = { ...alert, failing: { ...alert.failing, alerts: 0 } };
  expect(mails).toEqual([alertMail(first, { ...facts, toWallClock: (time) => time + hour })]);
});

test('a recovery that is owed is told of at once, whatever waits', async () => {
  const { become, clock, heard, told } = setUp({ stats: () => ({ queued: 3 }) });
  become('crm', owingState);
  await clock.advance(0);
  expect(heard()).toEqual(mailed('crm', 'has recovered'));
  expect(told).toEqual([{ ...sent, about: 'recovered' }]);
  expect(clock.pending).toBe(0);
});

test.each([
  ['that is well', healthy, {}],
  ['that is disabled', failing(), { enabled: false }],
  ['without alerts', failing(), { alerts: null }],
])('about a recipient %s nothing is sent, and no timer is set for it', async (_, state, settings) => {
  const { become, clock, heard } = setUp();
  become('crm', state, settings);
  expect(clock.pending).toBe(0);
  become('shop', failing(), { alerts: policy });
  become('shop', state, settings);
  await clock.advance('5h');
  expect([heard(), clock.pending]).toEqual([[], 0]);
});

test('one timer is set for all, for whichever is due first', async () => {
  const { become, clock, heard } = setUp();
  become('crm', failing());
  become('shop', failing(), { alerts: { ...policy, after: 10 * minute } });
  become('desk', failing(), { alerts: { ...policy, after: 20 * minute } });
  expect([clock.pending, clock.nextDueAt]).toEqual([1, now + 10 * minute]);
  await clock.advance('10m');
  expect([heard(), clock.pending, clock.nextDueAt]).toEqual([mailed('shop'), 1, now + 15 * minute]);
  await clock.advance('10m');
  expect(heard()).toEqual([...mailed('crm'), ...mailed('desk')]);
});

test('one mail is sent at a time; what becomes due meanwhile is sent after it', async () => {
  const taking = Promise.withResolvers<typeof taken>();
  const { become, clock, heard, answers } = setUp({ sendAlert: () => taking.promise });
  become('crm', failing());
  become('shop', failing());
  become('desk', failing({ since: now + minute }));
  await clock.advance('15m');
  become('late', owingState);
  become('later', failing({ since: now + 4 * minute }));
  await clock.advance('2m');
  expect([heard(), clock.pending]).toEqual([['stats crm', 'crm is failing'], 0]);
  answers.sendAlert = () => taken;
  taking.resolve(taken);
  await clock.advance(0);
  const others = [...mailed('shop'), ...mailed('desk'), ...mailed('late', 'has recovered')];
  expect(heard()).toEqual([...mailed('crm').slice(2), ...others]);
  expect([clock.pending, clock.nextDueAt]).toEqual([1, now + 19 * minute]);
});

test('what is due by the time a mail is through, and was not before, is sent at once', async () => {
  const taking = Promise.withResolvers<typeof taken>();
  const { become, clock, heard, answers } = setUp({ sendAlert: () => taking.promise });
  become('shop', failing({ since: now + minute }));
  become('crm', failing());
  await clock.advance('20m');
  answers.sendAlert = () => taken;
  taking.resolve(taken);
  await clock.advance(0);
  expect(heard()).toEqual([...mailed('crm'), ...mailed('shop')]);
});

test('whoever recovers, is disabled or is forgotten while another mail is under way is not mailed about', async () => {
  const taking = Promise.withResolvers<typeof taken>();
  const { become, runner, desk, clock, heard, answers } = setUp({ sendAlert: () => taking.promise });
  for (const id of ['crm', 'well', 'off', 'gone', 'shop']) become(id, failing());
  await clock.advance('15m');
  become('well', healthy);
  become('off', failing(), { enabled: false });
  desk.forget(runner('gone'));
  answers.sendAlert = () => taken;
  taking.resolve(taken);
  await clock.advance('1h');
  expect(heard()).toEqual([...mailed('crm'), ...mailed('shop')]);
});

test('a recipient that is forgotten is not mailed about, and the others are', async () => {
  const { become, runner, desk, clock, heard } = setUp();
  become('crm', failing());
  become('shop', failing({ since: now + 1 }));
  desk.forget(runner('crm'));
  desk.forget(runner('unknown'));
  await clock.advance('1h');
  expect(heard()).toEqual(mailed('shop'));
});

test('a recipient of which the storage does not know is forgotten until it changes', async () => {
  const { become, clock, heard, answers } = setUp({ stats: () => null });
  become('crm', failing());
  await clock.advance('5h');
  expect([heard(), clock.pending]).toEqual([['stats crm'], 0]);
  answers.stats = () => ({});
  become('crm', failing());
  await clock.advance(0);
  expect(heard()).toEqual(mailed('crm'));
});

test.each([
  ['recovers', healthy, {}],
  ['is disabled', failing(), { enabled: false }],
  ['is told of later', failing(), { alerts: { ...policy, after: hour } }],
])('a recipient that %s while the storage is asked is not mailed about', async (_, state, settings) => {
  const asking = Promise.withResolvers<Partial<QueueStats>>();
  const { become, clock, heard, told } = setUp({ stats: () => asking.promise });
  become('crm', failing());
  await clock.advance('15m');
  become('crm', state, settings);
  asking.resolve({});
  await clock.advance('30m');
  expect([heard(), told]).toEqual([['stats crm'], []]);
});

test('a recipient that is forgotten while the storage is asked is not mailed about', async () => {
  const asking = Promise.withResolvers<Partial<QueueStats>>();
  const { become, runner, desk, clock, heard } = setUp({ stats: () => asking.promise });
  become('crm', failing());
  await clock.advance('15m');
  desk.forget(runner('crm'));
  asking.resolve({});
  await clock.advance('5h');
  expect(heard()).toEqual(['stats crm']);
});

test('new addresses that come while the storage is asked are those that are mailed', async () => {
  const asking = Promise.withResolvers<Partial<QueueStats>>();
  const { become, clock, mails } = setUp({ stats: () => asking.promise });
  become('crm', failing());
  await clock.advance('15m');
  become('crm', failing(), { alerts: { ...policy, to: ['mended@example.com'] } });
  asking.resolve({});
  await clock.advance(0);
  expect(mails).toMatchObject([{ to: ['mended@example.com'] }]);
});

test('a success while a mail is under way is told by the next', async () => {
  const taking = Promise.withResolvers<typeof taken>();
  const { become, clock, heard, answers } = setUp({ sendAlert: () => taking.promise });
  become('crm', failing());
  await clock.advance('15m');
  become('crm', healthy);
  answers.sendAlert = () => taken;
  taking.resolve(taken);
  await clock.advance(0);
  expect(heard()).toEqual([...mailed('crm'), ...mailed('crm', 'has recovered')]);
});

test('what was dropped is told of when nothing waits; while the next is being tried it is put off by a minute', async () => {
  const { become, clock, heard, answers } = setUp();
  become('crm', dropped({ nextAttemptAt: now + 15 * minute }));
  await clock.advance('15m');
  expect(heard()).toEqual(['stats crm']);
  await clock.advance(minute - 1);
  expect(heard()).toEqual([]);
  answers.stats = () => ({ queued: 0, oldestAt: null });
  await clock.advance(1);
  expect(heard()).toEqual(mailed('crm'));
});

test('what was dropped is told of while the next attempt is to come', async () => {
  const { become, clock, heard } = setUp();
  become('crm', dropped({ nextAttemptAt: now + 15 * minute + 1 }));
  await clock.advance('15m');
  expect(heard()).toEqual(mailed('crm'));
});

test('while an attempt is due nothing is sent, nor a timer set, until the state changes', async () => {
  const { become, clock, heard } = setUp();
  become('crm', failing({ nextAttemptAt: now + 15 * minute }));
  await clock.advance('1h');
  expect([heard(), clock.pending]).toEqual([[], 0]);
  become('crm', failing());
  await clock.advance(0);
  expect(heard()).toEqual(mailed('crm'));
});

test('a mail is not sent when an attempt is due by the time the storage has answered', async () => {
  const asking = Promise.withResolvers<Partial<QueueStats>>();
  const { become, clock, heard } = setUp({ stats: () => asking.promise });
  become('crm', failing({ nextAttemptAt: now + 16 * minute }));
  await clock.advance('16m');
  asking.resolve({});
  await clock.advance('1h');
  expect([heard(), clock.pending]).toEqual([['stats crm'], 0]);
});
