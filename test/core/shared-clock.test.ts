import { expect, test } from 'vitest';
import { SharedClock } from '../../src/core/shared-clock.ts';
import { ManualClock } from '../../src/testing.ts';

const minute = 60_000;

/** A clock that is ten minutes ahead, and takes so long for each answer, half of it each way. */
function asked(own: ManualClock, tookMs: readonly number[]): () => Promise<number> {
  const left = [...tookMs];
  return async () => {
    const half = (left.shift() ?? 0) / 2;
    await own.advance(half);
    const time = own.steady() + 10 * minute;
    await own.advance(half);
    return time;
  };
}

test('goes by its own clock at first, and where there is no other', async () => {
  const own = new ManualClock();
  const clock = new SharedClock(own);
  expect(clock.steady()).toBe(own.steady());
  await clock.follow(async () => null);
  expect(clock.steady()).toBe(own.steady());
});

test('goes by the other clock from then on, and what people read by its own', async () => {
  const own = new ManualClock();
  const clock = new SharedClock(own);
  await clock.follow(asked(own, [0, 0, 0, 0, 0]));
  expect(clock.steady()).toBe(own.steady() + 10 * minute);
  expect(clock.now()).toBe(own.now());
  await own.advance('5m');
  expect(clock.steady()).toBe(own.steady() + 10 * minute);
});

test('believes the answer that came fastest', async () => {
  const own = new ManualClock();
  const clock = new SharedClock(own);
  // All but the third were under way for longer in one direction than in the other.
  const late = asked(own, [0, 0, 20, 0, 0]);
  const waitsMs = [400, 300, 0, 300, 200];
  await clock.follow(async () => {
    const time = await late();
    await own.advance(waitsMs.shift() ?? 0);
    return time;
  });
  expect(clock.steady()).toBe(own.steady() + 10 * minute);
});

test('timers are those of its own clock', async () => {
  const own = new ManualClock();
  const clock = new SharedClock(own);
  let calls = 0;
  const call = (): void => {
    calls += 1;
  };
  clock.setTimer(1_000, call);
  clock.setTimer(1_000, call)();
  await own.advance('1s');
  expect(calls).toBe(1);
});

test('an answer that cannot be had rejects, and changes nothing', async () => {
  const own = new ManualClock();
  const clock = new SharedClock(own);
  await expect(clock.follow(() => Promise.reject(new Error('no answer')))).rejects.toThrow('no answer');
  expect(clock.steady()).toBe(own.steady());
});

test('keeps up with the other clock when one of them has jumped or stood still, and not with what answers may be late', async () => {
  const own = new ManualClock();
  const clock = new SharedClock(own);
  let aheadMs = 10 * minute;
  let questions = 0;
  const ask = async () => {
    questions += 1;
    return own.steady() + aheadMs;
  };
  await clock.follow(ask);
  questions = 0;
  aheadMs += 99;
  await clock.keepUp(ask);
  expect(clock.steady()).toBe(own.steady() + 10 * minute);
  expect(questions).toBe(1);
  for (const jumped of [120 * minute, -minute]) {
    aheadMs = jumped;
    await clock.keepUp(ask);
    expect(clock.steady()).toBe(own.steady() + jumped);
  }
  await clock.keepUp(async () => null);
  expect(clock.steady()).toBe(own.steady() - minute);
});
