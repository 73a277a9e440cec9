import { expect, test } from 'vitest';
import { Spread } from '../../src/dispatch/spread.ts';

const nothing = { limit: 0, beyond: false };

test.each([
  ['alone, all', { holders: 1, free: 10 }, 0, 10],
  ['alone, the rest', { holders: 1, free: 7 }, 3, 7],
  ['of three, a third, rounded up', { holders: 3, free: 10 }, 0, 4],
  ['of three, what is left of it', { holders: 3, free: 6 }, 3, 1],
  ['with its share, none', { holders: 3, free: 2 }, 4, 0],
  ['with more than its share, none', { holders: 3, free: 2 }, 6, 0],
  ['where none is free, none', { holders: 1, free: 0 }, 0, 0],
])('a process claims %s', (_, presence, held, limit) => {
  expect(new Spread().claimable(presence, 10, held)).toEqual({ limit, beyond: false });
});

test('what all others leave for five checks in a row is taken beyond the share, and then waited for anew', () => {
  const spread = new Spread();
  const check = () => spread.claimable({ holders: 2, free: 1 }, 10, 5);
  for (let round = 1; round <= 2; round += 1) {
    expect(Array.from({ length: 4 }, check)).toEqual([nothing, nothing, nothing, nothing]);
    expect(check()).toEqual({ limit: 10, beyond: true });
  }
});

test.each([
  ['nothing is free', { holders: 2, free: 0 }, 5],
  ['there is room in the share', { holders: 2, free: 1 }, 4],
])('the checks are counted anew when in one of them %s', (_, presence, held) => {
  const spread = new Spread();
  const check = () => spread.claimable({ holders: 2, free: 1 }, 10, 5);
  for (let count = 1; count <= 3; count += 1) check();
  spread.claimable(presence, 10, held);
  expect(Array.from({ length: 4 }, check)).toEqual([nothing, nothing, nothing, nothing]);
  expect(check().beyond).toBe(true);
});

test('what is beyond the share is left to others, but for queues that were kept beyond it, until others come or go', () => {
  const spread = new Spread();
  const excess = (holders: number) => spread.excess({ holders, free: 0 }, 4, ['a', 'b', 'c', 'd']);
  expect(excess(1)).toEqual([]);
  expect(excess(2)).toEqual(['a', 'b']);
  spread.keep(['a', 'c']);
  expect(excess(2)).toEqual(['b', 'd']);
  expect(excess(3)).toEqual(['a', 'b']);
  expect(spread.excess({ holders: 3, free: 0 }, 4, ['a'])).toEqual([]);
});

test('whoever claims notices, too, that others came or went', () => {
  const spread = new Spread();
  spread.excess({ holders: 2, free: 0 }, 2, []);
  spread.keep(['a']);
  spread.claimable({ holders: 3, free: 0 }, 2, 2);
  spread.claimable({ holders: 2, free: 0 }, 2, 2);
  expect(spread.excess({ holders: 2, free: 0 }, 2, ['a', 'b'])).toEqual(['a']);
});
