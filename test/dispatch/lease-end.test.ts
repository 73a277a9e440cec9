import { expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { isOver, leaseEnd } from '../../src/dispatch/lease-end.ts';

const at = (steady: number, wall: number) => ({ ...systemClock, steady: () => steady, now: () => wall });

test('a lease ends one duration after it was asked for, by both times', () => {
  expect(leaseEnd(at(1_000, 50_000), 300)).toEqual({ steady: 1_300, wall: 50_300 });
});

test.each([
  [1_299, 50_299, false],
  [1_300, 50_299, true],
  [1_299, 50_300, true],
  // The wall clock was set back.
  [1_300, 0, true],
  // The machine was suspended, and the steady time stood still.
  [1_000, 99_000, true],
])('at %i steady and %i by the wall clock it is over: %s', (steady, wall, over) => {
  expect(isOver({ steady: 1_300, wall: 50_300 }, at(steady, wall))).toBe(over);
});
