import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock, wallTime } from '../../src/core/clock.ts';

const day = 24 * 60 * 60 * 1000;

afterEach(() => {
  vi.useRealTimers();
});

describe('the system clock', () => {
  it('now is the wall clock', () => {
    vi.useFakeTimers({ now: 1_767_225_600_000 });
    expect(systemClock.now()).toBe(1_767_225_600_000);
    vi.setSystemTime(1_000);
    expect(systemClock.now()).toBe(1_000);
  });

  it('steady begins with the wall clock, and does not jump with it', () => {
    expect(Math.abs(systemClock.steady() - Date.now())).toBeLessThan(60_000);
    vi.useFakeTimers({ toFake: ['Date'] });
    for (const jump of [day, -day, 365 * day, 0]) {
      const before = systemClock.steady();
      vi.setSystemTime(jump);
      const passed = systemClock.steady() - before;
      expect(passed).toBeGreaterThanOrEqual(0);
      expect(passed).toBeLessThan(60_000);
    }
  });

  it('steady goes on as time passes', () => {
    vi.useFakeTimers();
    const before = systemClock.steady();
    vi.advanceTimersByTime(1_500);
    expect(systemClock.steady() - before).toBeCloseTo(1_500);
  });
});

describe('a timer of the system clock', () => {
  it.each([
    ['no time', 0, 0],
    ['a negative time', -5, 0],
    ['a moment', 250, 250],
    ['the longest time setTimeout can wait', 2 ** 31 - 1, 2 ** 31 - 1],
    ['one ms more', 2 ** 31, 2 ** 31],
    ['a year', 365 * day, 365 * day],
  ])('fires once, after %s', (_name, delayMs, dueMs) => {
    vi.useFakeTimers();
    const fired = vi.fn();
    systemClock.setTimer(delayMs, fired);
    expect(fired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(Math.max(0, dueMs - 1));
    expect(fired).toHaveBeenCalledTimes(dueMs === 0 ? 1 : 0);
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(400 * day);
    expect(fired).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    ['at once', 0],
    ['in its first step', 2 ** 31 - 2],
    ['in a later step', 2 ** 31 + 5],
  ])('cancelled %s never fires and leaves nothing behind, also when cancelled twice', (_name, cancelAtMs) => {
    vi.useFakeTimers();
    const fired = vi.fn();
    const cancel = systemClock.setTimer(365 * day, fired);
    vi.advanceTimersByTime(cancelAtMs);
    cancel();
    cancel();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(400 * day);
    expect(fired).not.toHaveBeenCalled();
  });

  it('can be cancelled after it has fired', () => {
    vi.useFakeTimers();
    const fired = vi.fn();
    const cancel = systemClock.setTimer(5, fired);
    vi.advanceTimersByTime(5);
    cancel();
    expect(fired).toHaveBeenCalledTimes(1);
  });
});

describe('wallTime', () => {
  const clock = { now: () => 5_000_000.4, steady: () => 2_000_000.1, setTimer: () => () => {} };

  it('shows a steady time as a wall clock shows it now, in whole ms', () => {
    expect(wallTime(clock, 2_000_000.1)).toBe(5_000_000);
    expect(wallTime(clock, 1_999_000)).toBe(4_999_000);
    expect(wallTime({ ...clock, now: () => 2_000_000.1 }, 42)).toBe(42);
  });
});
