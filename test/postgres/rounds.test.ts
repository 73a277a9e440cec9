import { expect, test } from 'vitest';
import { Rounds } from '../../src/postgres/rounds.ts';

/** Rounds that end when they are told to, and begin again only when they are woken. */
function rounds() {
  const begun: (() => void)[] = [];
  const waiting: (() => void)[] = [];
  const made = new Rounds(
    () =>
      new Promise((resolve) => {
        begun.push(() => resolve(1e6));
        waiting.shift()?.();
      }),
  );
  return {
    rounds: made,
    begun,
    nextBegins: () => new Promise<void>((resolve) => waiting.push(resolve)),
  };
}

const turn = () => new Promise<void>((resolve) => setTimeout(resolve));

test('however often it is woken, one is under way, and one more after it', async () => {
  const { rounds: made, begun, nextBegins } = rounds();
  made.wake();
  made.wake();
  await nextBegins();
  for (let count = 0; count < 5; count += 1) made.wake();
  await turn();
  expect(begun).toHaveLength(1);
  const second = nextBegins();
  begun[0]?.();
  await second;
  begun[1]?.();
  await turn();
  expect(begun).toHaveLength(2);
  await made.stop();
});

test('a stop waits for the one under way, and none begins after it', async () => {
  const { rounds: made, begun, nextBegins } = rounds();
  made.wake();
  await nextBegins();
  made.wake();
  const stopped = made.stop();
  begun[0]?.();
  await stopped;
  made.wake();
  await turn();
  expect(begun).toHaveLength(1);
});
