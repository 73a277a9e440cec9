import { expect, test } from 'vitest';
import { SharedClock } from '../../src/core/shared-clock.ts';
import { ClockWatch } from '../../src/dispatch/clock-watch.ts';
import { ManualClock } from '../../src/testing.ts';

/** A watch that asks every second a clock that is `aheadMs` ahead, or none at all where that is `null`. */
function setUp(aheadMs: number | null = 0) {
  const own = new ManualClock();
  const clock = new SharedClock(own);
  const storage = {
    time: async (): Promise<number | null> => (aheadMs === null ? null : own.steady() + aheadMs),
  };
  let asked = 0;
  const ask = (): Promise<number | null> => {
    asked += 1;
    return storage.time();
  };
  const watch = new ClockWatch(clock, ask, 1_000);
  /** How often it was asked since the last time. */
  const countAsked = (): number => {
    const count = asked;
    asked = 0;
    return count;
  };
  return { own, clock, watch, storage, countAsked };
}

test('from the start on the clock goes by the other one, which is asked again after each period', async () => {
  const { own, clock, watch, storage, countAsked } = setUp(5_000);
  await watch.start();
  expect(clock.steady() - own.steady()).toBe(5_000);
  countAsked();
  await own.advance(999);
  expect(countAsked()).toBe(0);
  await own.advance(1);
  expect(countAsked()).toBe(1);
  storage.time = async () => own.steady() + 9_000;
  await own.advance(1_000);
  expect(clock.steady() - own.steady()).toBe(9_000);
});

test('where there is no other clock, it is not asked for again', async () => {
  const { own, clock, watch } = setUp(null);
  await watch.start();
  expect([own.pending, clock.steady()]).toEqual([0, own.steady()]);
});

test('a start that cannot ask rejects and leaves nothing running', async () => {
  const { own, watch, storage } = setUp();
  storage.time = () => Promise.reject(new Error('no storage'));
  await expect(watch.start()).rejects.toThrow('no storage');
  expect(own.pending).toBe(0);
});

test('what cannot be asked now is asked the next time', async () => {
  const { own, watch, storage, countAsked } = setUp();
  await watch.start();
  storage.time = () => Promise.reject(new Error('no storage'));
  countAsked();
  await own.advance(2_000);
  expect(countAsked()).toBe(2);
});

test('started twice it asks no more often', async () => {
  const { own, watch, countAsked } = setUp();
  await watch.start();
  await watch.start();
  countAsked();
  await own.advance(1_000);
  expect([countAsked(), own.pending]).toEqual([1, 1]);
});

test('once it is stopped no timer is left, nor set by an answer that comes later', async () => {
  const waiting = setUp();
  await waiting.watch.start();
  waiting.watch.stop();
  expect(waiting.own.pending).toBe(0);

  const answer = Promise.withResolvers<number>();
  const asking = setUp();
  await asking.watch.start();
  asking.storage.time = () => answer.promise;
  await asking.own.advance(1_000);
  asking.watch.stop();
  answer.resolve(asking.own.steady());
  await asking.own.advance(0);
  expect(asking.own.pending).toBe(0);
});
