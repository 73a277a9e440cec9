import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LateFlush } from '../../src/sqlite/late-flush.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
  const done: string[] = [];
  const log = { flush: () => done.push('flush'), carryOverIfLong: () => done.push('carry over') };
  return { done, lateFlush: new LateFlush(log) };
}

test('what is committed without a flush is flushed together, a tenth of a second after the first at the latest', () => {
  const { done, lateFlush } = setUp();
  lateFlush.plan();
  vi.advanceTimersByTime(99);
  lateFlush.plan();
  expect(done).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(done).toEqual(['flush', 'carry over']);
  vi.advanceTimersByTime(1_000);
  expect(done).toHaveLength(2);
});

test('what is committed later is flushed once more', () => {
  const { done, lateFlush } = setUp();
  lateFlush.plan();
  vi.advanceTimersByTime(100);
  lateFlush.plan();
  vi.advanceTimersByTime(100);
  expect(done).toEqual(['flush', 'carry over', 'flush', 'carry over']);
});

test('after its end nothing is flushed', () => {
  const { done, lateFlush } = setUp();
  lateFlush.plan();
  lateFlush.cancel();
  vi.advanceTimersByTime(1_000);
  expect(done).toEqual([]);
});
