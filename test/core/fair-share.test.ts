import { expect, test } from 'vitest';
import { fairShare } from '../../src/core/fair-share.ts';

test.each([
  [0, 1, 0],
  [7, 1, 7],
  [7, 2, 4],
  [8, 4, 2],
  [3, 5, 1],
  [50, 4, 13],
  [7, 0, 7],
])('of %i queues, each of %i processes works on %i at most', (queues, holders, share) => {
  expect(fairShare(queues, holders)).toBe(share);
});
