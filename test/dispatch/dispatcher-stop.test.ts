import { expect, test } from 'vitest';
import type { OutboundEventsError } from '../../src/core/errors.ts';
import type { Relay } from '../../src/core/transport.ts';
import { failed, httpRecipient, RecordingRelay } from '../../src/testing.ts';
import { fail, leaseDuration, never, setUp, storageFailed, watch } from './dispatcher-harness.ts';

const stopped = { code: 'ERR_STOPPED', message: 'stopped before it was recorded' } as OutboundEventsError;

/** Failing, and mailed about after a second. */
const alerts = { to: ['ops@example.com'], after: 1_000, resendEvery: 10_000, recovered: true };

test('once no more is to be begun nobody is sent anything, nor mailed; what is under way goes on', async () => {
  const relay = new RecordingRelay();
  const ids = ['crm', 'shop', 'desk'];
  const { dispatcher, clock, transport, save, sent, told, append, emit } = await setUp({ ids, relay });
  await save(httpRecipient({ id: 'shop', alerts }));
  const goOn = transport.hold('crm');
  transport.answer('shop', failed(500));
  await append('crm');
  await append('crm', 'shop');
  await dispatcher.start();
  await clock.advance(0);
  sent();
  told();
  dispatcher.beginNoMore();
  await emit('desk');
  goOn();
  await clock.advance('1h');
  expect([sent(), told(), relay.mails]).toEqual([[], ['delivered crm 1'], []]);
});

test('a stop waits for what is under way, then gives the queues back and leaves nothing behind', async () => {
  const { dispatcher, clock, storage, transport, sent, told, append } = await setUp({ ids: ['crm', 'shop'] });
  const goOn = transport.hold('crm');
  await append('crm');
  await append('crm');
  await dispatcher.start();
  await clock.advance(0);
  storage.asked();
  const ended = watch(dispatcher.stop(10_000));
  await clock.advance(9_999);
  expect([ended, storage.asked()]).toEqual([[], []]);
  goOn();
  await clock.advance(0);
  expect([ended, storage.asked()]).toEqual([[undefined], ['settle crm', 'release crm,shop', 'announce me']]);
  expect([sent(), told(), clock.pending]).toEqual([['crm 1'], ['delivered crm 1'], 0]);
});

test('a stop leaves nobody in line for a slot', async () => {
  const { dispatcher, clock, transport, sent, append } = await setUp({ ids: ['crm', 'shop'], concurrency: 1 });
  const goOn = transport.hold('crm');
  await append('crm', 'shop');
  await dispatcher.start();
  await clock.advance(0);
  const ended = watch(dispatcher.stop(10_000));
  goOn();
  await clock.advance(0);
  expect([ended, sent(), clock.pending]).toEqual([[undefined], ['crm 1'], 0]);
});

test('a process that is stopping takes no more queues', async () => {
  const { dispatcher, clock, storage, transport, save, sent, append } = await setUp();
  const goOn = transport.hold('crm');
  await append('crm');
  await dispatcher.start();
  await clock.advance(0);
  storage.asked();
  const ended = watch(dispatcher.stop(leaseDuration));
  await save(httpRecipient({ id: 'shop' }));
  await append('shop');
  await dispatcher.recipientSaved(httpRecipient({ id: 'shop' }));
  dispatcher.released();
  await clock.advance('10s');
  expect(storage.asked()).toEqual([]);
  goOn();
  await clock.advance(0);
  expect([ended, sent()]).toEqual([[undefined], ['crm 1']]);
});

test('what is under way at the limit is broken off, and its queue given back as it was', async () => {
  const { dispatcher, clock, storage, transport, results, told, append } = await setUp();
  transport.hold('crm');
  await append('crm');
  await dispatcher.start();
  await clock.advance(0);
  storage.asked();
  const ended = watch(dispatcher.stop(3_000));
  await clock.advance(2_999);
  expect([results(), ended]).toEqual([[null], []]);
  await clock.advance(1);
  expect([results(), ended]).toEqual([['ABORTED'], [undefined]]);
  expect([storage.asked(), told()]).toEqual([['release crm', 'announce me'], []]);
  expect(await storage.stats('crm')).toMatchObject([{ queued: 1, state: null }]);
});

test('the mail under way is waited for, and broken off at the limit', async () => {
  const signals: AbortSignal[] = [];
  const relay: Relay = {
    sendAlert: (_mail, { signal }) => {
      signals.push(signal);
      return never();
    },
    probe: never,
  };
  const { dispatcher, clock, transport, save, told, append } = await setUp({ relay });
  await save(httpRecipient({ alerts, retry: { interval: leaseDuration, duration: 100 * leaseDuration } }));
  transport.answer('crm', failed(500));
  await append('crm');
  await dispatcher.start();
  await clock.advance(1_000);
  told();
  const ended = watch(dispatcher.stop(3_000));
  await clock.advance(2_999);
  expect([signals.map(({ aborted }) => aborted), ended]).toEqual([[false], []]);
  await clock.advance(1);
  expect([signals.map(({ aborted }) => aborted), ended, told()]).toEqual([[true], [undefined], []]);
});

test('without a relay a stop waits for what is under way, and breaks it off at the limit', async () => {
  const { dispatcher, clock, transport, results, append } = await setUp({ relay: null });
  transport.hold('crm');
  await append('crm');
  await dispatcher.start();
  await clock.advance(0);
  const ended = watch(dispatcher.stop(3_000));
  await clock.advance(3_000);
  expect([results(), ended, clock.pending]).toEqual([['ABORTED'], [undefined], 0]);
});

test('a storage that does not say what became of a settlement is waited for until the limit, then given up', async () => {
  const { dispatcher, clock, storage, told, append } = await setUp({ ids: ['crm', 'shop'] });
  await append('crm', 'shop');
  storage.before.settle = never;
  await dispatcher.start();
  const removed = watch(dispatcher.remove('crm', true));
  await clock.advance(0);
  const ended = watch(dispatcher.stop(3_000));
  await clock.advance(2_999);
  expect([removed, ended]).toEqual([[], []]);
  await clock.advance(1);
  expect([removed, ended]).toMatchObject([[stopped], [undefined]]);
  expect(told()).toEqual([]);
});

test.each(['read', 'stats', 'renew'] as const)(
  'a storage that does not answer (%s) is given up at the limit',
  async (call) => {
    const { dispatcher, clock, storage, transport, save, told, emit } = await setUp();
    await save(httpRecipient({ alerts, retry: { interval: leaseDuration, duration: 100 * leaseDuration } }));
    transport.answer('crm', failed(500));
    await dispatcher.start();
    if (call === 'renew') {
      // Asked again before an attempt, as the lease may have run out.
      storage.before.renew = fail;
      await clock.advance(leaseDuration);
    }
    storage.before[call] = never;
    await emit('crm');
    await clock.advance(1_000);
    told();
    const ended = watch(dispatcher.stop(3_000));
    await clock.advance(2_999);
    expect(ended).toEqual([]);
    // The leases are given back, which may take a second.
    await clock.advance(1_001);
    expect([ended, told(), clock.pending]).toEqual([[undefined], [], 0]);
  },
);

test('what could not be recorded when everything has stopped is tried no longer', async () => {
  const { dispatcher, clock, storage, told, append } = await setUp();
  await append('crm');
  storage.before.settle = fail;
  const removed = dispatcher.remove('crm', true).catch((error: unknown) => error);
  await clock.advance(0);
  expect(told()).toContain(storageFailed);
  await dispatcher.stop(3_000);
  expect(await removed).toMatchObject(stopped);
  expect(clock.pending).toBe(0);
});
