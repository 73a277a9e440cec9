import { expect, test } from 'vitest';
import type { Relay, RelayAnswer } from '../../src/core/transport.ts';
import { RelayWatch } from '../../src/dispatch/relay-watch.ts';
import { ManualClock, RecordingRelay } from '../../src/testing.ts';
import { hour, minute } from './harness.ts';

/** A watch over a relay whose probes answer `situation.answer`. `probes` are their signals, `told` what listeners heard. */
function setUp(answer: () => Promise<RelayAnswer> = async () => 'OK') {
  const clock = new ManualClock();
  const situation = { answer };
  const probes: AbortSignal[] = [];
  const relay: Relay = {
    sendAlert: (mail) => new RecordingRelay().sendAlert(mail),
    probe: ({ signal }) => {
      probes.push(signal);
      return situation.answer();
    },
  };
  const told: unknown[] = [];
  const tell = (...one: unknown[]) => told.push(one);
  return { clock, situation, probes, told, tell, watch: new RelayWatch(relay, clock, tell) };
}

test('until the relay was talked to, the status says that it was not tried', () => {
  const { watch, told } = setUp();
  expect(watch.status).toEqual({ status: 'not tried yet', since: null });
  expect(told).toEqual([]);
});

test('without a relay the status says so for good, nothing is told, and nothing probed', async () => {
  const { clock, told, tell } = setUp();
  const watch = new RelayWatch(null, clock, tell);
  watch.start();
  await clock.advance(0);
  watch.answered('full');
  expect(watch.status).toEqual({ status: 'no relay is configured', since: null });
  expect([told, clock.pending]).toEqual([[], 0]);
});

test('the relay is probed at the start; what it answers is the status, since then by the wall clock', async () => {
  const { watch, clock, probes, told } = setUp();
  clock.jump(hour);
  watch.start();
  await clock.advance(0);
  const status = { status: 'OK', since: clock.now() };
  expect(watch.status).toEqual(status);
  expect(told).toEqual([['relay:status', status]]);
  expect([probes.length, clock.pending]).toEqual([1, 0]);
});

test('a change is told of, the same answer again is not', async () => {
  const { watch, clock, told } = setUp();
  const full = { status: 'full', since: clock.now() };
  watch.answered('full');
  await clock.advance(1_000);
  watch.answered('full');
  expect(watch.status).toEqual(full);
  const ok = { status: 'OK', since: clock.now() };
  watch.answered('OK');
  await clock.advance(1_000);
  watch.answered('OK');
  expect(watch.status).toEqual(ok);
  expect(told).toEqual([
    ['relay:status', full],
    ['relay:status', ok],
  ]);
});

test('a relay in trouble is probed every minute until it is well', async () => {
  const { watch, clock, situation, probes, told } = setUp(async () => 'full');
  watch.start();
  await clock.advance(minute - 1);
  expect(probes).toHaveLength(1);
  await clock.advance(1);
  expect(probes).toHaveLength(2);
  await clock.advance(minute);
  expect(probes).toHaveLength(3);
  situation.answer = async () => 'OK';
  await clock.advance(minute);
  expect([probes.length, watch.status.status, clock.pending]).toEqual([4, 'OK', 0]);
  expect(told).toHaveLength(2);
});

test('a mail that shows trouble puts the next probe off, one that is taken makes it needless', async () => {
  const { watch, clock, probes } = setUp(async () => 'full');
  watch.answered('full');
  await clock.advance(minute / 2);
  watch.answered('full');
  expect(clock.pending).toBe(1);
  await clock.advance(minute - 1);
  expect(probes).toHaveLength(0);
  await clock.advance(1);
  expect([probes.length, clock.pending]).toEqual([1, 1]);
  watch.answered('OK');
  expect(clock.pending).toBe(0);
});

test.each([
  ['rejects', () => Promise.reject(new Error('secret'))],
  [
    'throws',
    () => {
      throw new Error('secret');
    },
  ],
])('a probe that %s is trouble, too, and made again', async (_, answer) => {
  const { watch, clock, situation, told } = setUp(answer);
  const status = { status: 'the probe of the relay failed', since: clock.now() };
  watch.start();
  await clock.advance(0);
  expect(watch.status).toEqual(status);
  expect(told).toEqual([['relay:status', status]]);
  situation.answer = async () => 'OK';
  await clock.advance(minute);
  expect(watch.status.status).toBe('OK');
});

test('once it is stopped no further probe is made', async () => {
  const { watch, clock, probes } = setUp();
  watch.answered('full');
  watch.stop();
  expect(clock.pending).toBe(0);
  await clock.advance(hour);
  expect(probes).toEqual([]);
});

test('a probe under way is broken off at the stop, and nothing that is answered later counts', async () => {
  const result = Promise.withResolvers<RelayAnswer>();
  const { watch, clock, probes, told } = setUp(() => result.promise);
  watch.start();
  const isAborted = () => probes.map(({ aborted }) => aborted);
  expect(isAborted()).toEqual([false]);
  watch.stop();
  expect(isAborted()).toEqual([true]);
  result.reject(probes[0]?.reason);
  await clock.advance(0);
  watch.answered('full');
  expect(watch.status).toEqual({ status: 'not tried yet', since: null });
  expect([told, clock.pending]).toEqual([[], 0]);
});
