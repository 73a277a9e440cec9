import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LateFlush } from '../../src/sqlite/late-flush.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
  const flush = vi.fn();
  const before = vi.fn();
  return { flush, before, lateFlush: new LateFlush({ flush }, before) };
}

test('what is committed without a flush is flushed together, a tenth of a second after the first', () => {
  const { flush, lateFlush } = setUp();
  lateFlush.committed(false);
  vi.advanceTimersByTime(99);
  lateFlush.committed(false);
  expect(flush).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(flush).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(1_000);
  expect(flush).toHaveBeenCalledOnce();
});

test('what is committed later is flushed once more', () => {
  const { flush, lateFlush } = setUp();
  for (const _ of [1, 2]) {
    lateFlush.committed(false);
    vi.advanceTimersByTime(100);
  }
  expect(flush).toHaveBeenCalledTimes(2);
});

test('what can wait is done right before, also when nothing was committed', () => {
  const { flush, before, lateFlush } = setUp();
  lateFlush.soon();
  vi.advanceTimersByTime(99);
  expect(before).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(before).toHaveBeenCalledBefore(flush);
});

test('what is committed on that occasion is flushed with it, and makes no other', () => {
  const { flush, before, lateFlush } = setUp();
  before.mockImplementation(() => lateFlush.committed(false));
  lateFlush.committed(false);
  vi.advanceTimersByTime(1_000);
  expect(flush).toHaveBeenCalledOnce();
});

test('what is flushed with its commit needs no other flush', () => {
  const { flush, lateFlush } = setUp();
  lateFlush.committed(true);
  vi.advanceTimersByTime(1_000);
  expect(flush).not.toHaveBeenCalled();
});

test('at the end it is flushed at once, and not again', () => {
  const { flush, lateFlush } = setUp();
  lateFlush.committed(false);
  lateFlush.now();
  expect(flush).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(1_000);
  expect(flush).toHaveBeenCalledOnce();
});

test('after a hundred commits without a flush the next is to be flushed', () => {
  const { lateFlush } = setUp();
  for (let commits = 0; commits < 99; commits++) lateFlush.committed(false);
  expect(lateFlush.isDue).toBe(false);
  lateFlush.committed(false);
  expect(lateFlush.isDue).toBe(true);
  lateFlush.committed(true);
  expect(lateFlush.isDue).toBe(false);
});
