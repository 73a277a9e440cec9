import { expect, test } from 'vitest';
import { Batcher, type BatcherLimits } from '../../src/core/batcher.ts';

/** A batcher whose calls are answered one by one, by hand. */
function setUp(limits: BatcherLimits<number>) {
  const calls: { readonly items: readonly number[]; answer(): void; fail(): void }[] = [];
  const batcher = new Batcher<number, string>((items) => {
    const result = Promise.withResolvers<readonly string[]>();
    calls.push({
      items,
      answer: () => result.resolve(items.map((item) => `done ${item}`)),
      fail: () => result.reject(new Error(`no ${items}`)),
    });
    return result.promise;
  }, limits);
  return { batcher, calls, add: (...items: number[]) => items.map((item) => batcher.add(item)) };
}

/** So long that all that can go on without an answer has. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('what is added in one moment goes together, and each gets its own result', async () => {
  const { calls, add } = setUp({ largest: 10, atATime: 1 });
  const added = add(1, 2, 3);
  await turn();
  expect(calls.map(({ items }) => items)).toEqual([[1, 2, 3]]);
  calls[0]?.answer();
  expect(await Promise.all(added)).toEqual(['done 1', 'done 2', 'done 3']);
});

test('with one call at a time, what comes meanwhile goes with the next, in order, and no more than may', async () => {
  const { calls, add } = setUp({ largest: 2, atATime: 1 });
  void add(1);
  await turn();
  void add(2);
  void add(3, 4);
  await turn();
  expect(calls).toHaveLength(1);
  calls[0]?.answer();
  await turn();
  calls[1]?.answer();
  await turn();
  expect(calls.map(({ items }) => items)).toEqual([[1], [2, 3], [4]]);
});

test('with two calls at a time, a second goes out beside the first, and a third waits for either', async () => {
  const { calls, add } = setUp({ largest: 10, atATime: 2 });
  for (const item of [1, 2, 3, 4]) {
    void add(item);
    await turn();
  }
  expect(calls.map(({ items }) => items)).toEqual([[1], [2]]);
  calls[1]?.answer();
  await turn();
  expect(calls.map(({ items }) => items)).toEqual([[1], [2], [3, 4]]);
});

test('a call that fails fails for its items only, and others go on', async () => {
  const { calls, add } = setUp({ largest: 2, atATime: 1 });
  const added = Promise.allSettled(add(1, 2, 3));
  await turn();
  calls[0]?.fail();
  await turn();
  calls[1]?.answer();
  expect(await added).toMatchObject([
    { status: 'rejected', reason: { message: 'no 1,2' } },
    { status: 'rejected', reason: { message: 'no 1,2' } },
    { status: 'fulfilled', value: 'done 3' },
  ]);
});

test.each([1, 2])(
  'what is added in the moment in which a call ends is not left behind (%d at a time)',
  async (atATime) => {
    const { batcher, calls, add } = setUp({ largest: 1, atATime });
    const [first] = add(...[1, 2].slice(0, atATime));
    const next = first?.then(() => batcher.add(3));
    await turn();
    let isIdle = false;
    const idle = batcher.idle().then(() => {
      isIdle = true;
    });
    for (const { answer } of calls) answer();
    await turn();
    expect(isIdle).toBe(false);
    calls[atATime]?.answer();
    expect(await next).toBe('done 3');
    await idle;
  },
);

test('it is idle when everything that was added has its answer', async () => {
  const { batcher, calls, add } = setUp({ largest: 1, atATime: 2 });
  await batcher.idle();
  let isIdle = false;
  void add(1, 2, 3);
  const idle = batcher.idle().then(() => {
    isIdle = true;
  });
  await turn();
  calls[0]?.answer();
  calls[1]?.answer();
  await turn();
  expect(isIdle).toBe(false);
  calls[2]?.answer();
  await idle;
});

test('no more goes together than may weigh together, and what is heavier goes alone', async () => {
  const { calls, add } = setUp({ largest: 10, atATime: 1, weight: { of: (item) => item, most: 10 } });
  void add(4, 6, 1, 50, 2);
  for (let call = 0; call < 4; call += 1) {
    await turn();
    calls[call]?.answer();
  }
  expect(calls.map(({ items }) => items)).toEqual([[4, 6], [1], [50], [2]]);
});

test('an error that spreads is also that of those who waited before the call began, and of nobody who came later', async () => {
  const { calls, add } = setUp({ largest: 2, atATime: 1, spread: (error) => new Error(`as for others: ${error}`) });
  const before = Promise.allSettled(add(1, 2, 3, 4, 5));
  await turn();
  const later = Promise.allSettled(add(6));
  calls[0]?.fail();
  await turn();
  calls[1]?.answer();
  expect(await before).toMatchObject([
    { reason: { message: 'no 1,2' } },
    { reason: { message: 'no 1,2' } },
    { reason: { message: 'as for others: Error: no 1,2' } },
    { reason: { message: 'as for others: Error: no 1,2' } },
    { reason: { message: 'as for others: Error: no 1,2' } },
  ]);
  expect(await later).toMatchObject([{ value: 'done 6' }]);
});

test('it is of nobody who came later when another call has taken those who waited, either', async () => {
  const { calls, add } = setUp({ largest: 2, atATime: 2, spread: () => new Error('as for others') });
  const before = Promise.allSettled(add(1, 2, 3, 4, 5));
  await turn();
  expect(calls.map(({ items }) => items)).toEqual([
    [1, 2],
    [3, 4],
  ]);
  // The line of the second takes what waited when the first began.
  calls[1]?.answer();
  await turn();
  const later = Promise.allSettled(add(6));
  calls[0]?.fail();
  await turn();
  for (const call of [2, 3]) {
    calls[call]?.answer();
    await turn();
  }
  expect((await before).map(({ status }) => status)).toEqual(['rejected', 'rejected', ...Array(3).fill('fulfilled')]);
  expect(await later).toMatchObject([{ value: 'done 6' }]);
});
