import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../src/testing/manual-clock.ts';

test('both times begin where they are told and stand still', async () => {
  const clock = new ManualClock({ now: 5000 });
  await new Promise((resolve) => setImmediate(resolve));
  expect([clock.now(), clock.steady()]).toEqual([5000, 5000]);
});

describe('advance', () => {
  test('fires timers at their times, in their order, and only those that are due', async () => {
    const clock = new ManualClock({ now: 0 });
    const fired: [string, number][] = [];
    for (const [name, delayMs] of [
      ['c', 300],
      ['a', 100],
      ['late', 301],
      ['b', 200],
    ] as const) {
      clock.setTimer(delayMs, () => fired.push([name, clock.steady()]));
    }
    await clock.advance(300);
    expect(fired).toEqual([
      ['a', 100],
      ['b', 200],
      ['c', 300],
    ]);
    expect(clock.steady()).toBe(300);
    expect(clock.pending).toBe(1);
  });

  test('fires timers of the same time in the order they were set', async () => {
    const clock = new ManualClock();
    const fired: number[] = [];
    for (const number of [1, 2, 3]) clock.setTimer(100, () => fired.push(number));
    await clock.advance(100);
    expect(fired).toEqual([1, 2, 3]);
  });

  test('fires timers that are set on the way', async () => {
    const clock = new ManualClock({ now: 0 });
    const fired: number[] = [];
    const again = (): void => {
      fired.push(clock.steady());
      clock.setTimer(100, again);
    };
    clock.setTimer(100, again);
    await clock.advance(350);
    expect(fired).toEqual([100, 200, 300]);
  });

  test('understands durations as text', async () => {
    const clock = new ManualClock({ now: 0 });
    await clock.advance('15m');
    expect(clock.steady()).toBe(15 * 60 * 1000);
  });

  test('refuses to go back', async () => {
    await expect(new ManualClock().advance(-1)).rejects.toMatchObject({ code: 'ERR_CONFIG_DURATION' });
  });

  test('lets work under way come to rest before time moves', async () => {
    const clock = new ManualClock({ now: 0 });
    const seen: number[] = [];
    const work = async (): Promise<void> => {
      for (let step = 0; step < 100; step += 1) await null;
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      seen.push(clock.steady());
    };
    void work();
    await clock.advance(1000);
    expect(seen).toEqual([0]);
  });

  test('lets the work of one timer come to rest before the next fires', async () => {
    const clock = new ManualClock();
    const steps: string[] = [];
    const work = async (): Promise<void> => {
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      steps.push('work of the first');
    };
    clock.setTimer(100, () => void work());
    clock.setTimer(100, () => steps.push('second'));
    await clock.advance(100);
    expect(steps).toEqual(['work of the first', 'second']);
  });

  test('never moves back when calls overlap', async () => {
    const clock = new ManualClock({ now: 0 });
    const long = clock.advance(1000);
    await new Promise((resolve) => setImmediate(resolve));
    const short = clock.advance(100);
    await long;
    expect(clock.steady()).toBe(1000);
    await short;
    expect(clock.steady()).toBe(1000);
  });
});

test('a cancelled timer does not fire; cancelling again, or after it fired, does nothing', async () => {
  const clock = new ManualClock();
  const fired: string[] = [];
  const cancelA = clock.setTimer(100, () => fired.push('a'));
  const cancelB = clock.setTimer(100, () => fired.push('b'));
  cancelA();
  cancelA();
  await clock.advance(100);
  cancelB();
  expect(fired).toEqual(['b']);
});

test('jump moves the wall clock alone, and no timer notices', async () => {
  const clock = new ManualClock({ now: 10_000 });
  let fired = false;
  clock.setTimer(500, () => {
    fired = true;
  });
  clock.jump(1000);
  expect([clock.now(), clock.steady()]).toEqual([11_000, 10_000]);
  clock.jump(-5000);
  await clock.advance(499);
  expect([clock.now(), clock.steady(), fired]).toEqual([6499, 10_499, false]);
});

test('timers that are set can be counted and looked ahead to', () => {
  const clock = new ManualClock({ now: 0 });
  expect([clock.pending, clock.nextDueAt]).toEqual([0, null]);
  clock.setTimer(200, () => {});
  const cancel = clock.setTimer(100, () => {});
  expect([clock.pending, clock.nextDueAt]).toEqual([2, 100]);
  cancel();
  expect([clock.pending, clock.nextDueAt]).toEqual([1, 200]);
});
