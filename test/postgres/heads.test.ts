import { expect, test } from 'vitest';
import { OutboundEventsError } from '../../src/core/errors.ts';
import { Heads } from '../../src/postgres/heads.ts';
import type { ReadRow } from '../../src/postgres/rows.ts';

interface Answer {
  /** Those that are to be asked for again. */
  readonly without?: readonly string[];
  /** Those where nothing waits. */
  readonly empty?: readonly string[];
  readonly more?: boolean;
}

/** The head of a queue is one delivery, with the id of its recipient. */
function setUp(answer: (ids: readonly string[]) => Answer | Promise<Answer> = () => ({})) {
  const statements: (readonly string[])[] = [];
  const told: (readonly string[])[] = [];
  let underWay = 0;
  const heads = new Heads({
    read: async (requests) => {
      const ids = requests.map(({ recipientId }) => recipientId);
      statements.push(ids);
      underWay += 1;
      expect(underWay).toBeLessThanOrEqual(2);
      try {
        const { without = [], empty = [], more = false } = await answer(ids);
        const one = (id: string): readonly ReadRow[] => [[1, id, 'order.paid', '1.0.0', 0, 0, '{}']];
        const head = (id: string) => (empty.includes(id) ? [] : one(id));
        return { heads: ids.map((id) => (without.includes(id) ? null : head(id))), more };
      } finally {
        underWay -= 1;
      }
    },
    tell: (ids) => told.push(ids),
  });
  const read = async (recipientId: string): Promise<string | undefined> =>
    (await heads.read({ recipientId, fence: 1, limit: 32, maxBytes: 1_000 }))[0]?.event.id;
  return { statements, told, readAll: (ids: string) => Promise.allSettled([...ids].map((id) => read(id))) };
}

const read = (value: string) => ({ status: 'fulfilled', value });
const failed = (reason: unknown) => ({ status: 'rejected', reason });

test('what is asked for at the same time is read together, and each gets its own', async () => {
  const { statements, told, readAll } = setUp();
  expect(await readAll('abc')).toEqual(['a', 'b', 'c'].map(read));
  expect([statements, told]).toEqual([[['a', 'b', 'c']], []]);
});

test('what did not come with the others is asked for again', async () => {
  const { statements, readAll } = setUp((ids) => ({ without: ids.slice(1) }));
  expect(await readAll('abc')).toEqual(['a', 'b', 'c'].map(read));
  expect(statements).toEqual([['a', 'b', 'c'], ['b', 'c'], ['c']]);
});

test('what may be more than was read is told of, but not where nothing was read, or all is asked for again', async () => {
  const { told, readAll } = setUp((ids) => {
    if (ids.length === 3) return { more: true, without: ['a'], empty: ['b'] };
    return { more: true, empty: ids };
  });
  await readAll('abc');
  expect(told).toEqual([['c']]);
});

test.each(['ERR_STORAGE_CORRUPT', 'ERR_STORAGE_FAILED'] as const)(
  'one queue that cannot be read (%s) does not keep others from being read, one after the other',
  async (code) => {
    const error = new OutboundEventsError(code, 'damaged');
    const { statements, readAll } = setUp(async (ids) => {
      await Promise.resolve();
      if (ids.includes('b')) throw error;
      return {};
    });
    expect(await readAll('abc')).toEqual([read('a'), failed(error), read('c')]);
    expect(statements).toEqual([['a', 'b', 'c'], ['a'], ['b'], ['c']]);
  },
);

test('a server that gives no answer any more is not asked for the others one after the other', async () => {
  const silent = new OutboundEventsError('ERR_OUTCOME_UNKNOWN', 'no answer');
  const { statements, readAll } = setUp((ids) => {
    if (ids.length > 1) throw new OutboundEventsError('ERR_STORAGE_CORRUPT', 'damaged');
    if (ids.includes('b')) throw silent;
    return {};
  });
  expect(await readAll('abcd')).toEqual([1, 2, 3, 4].map(() => failed(silent)));
  expect(statements).toEqual([['a', 'b', 'c', 'd'], ['a'], ['b']]);
});

test.each(['ERR_STORAGE_BUSY', 'ERR_STORAGE_FULL', 'ERR_STORAGE_OPEN'] as const)(
  'what is wrong with the server (%s) is not looked for in each queue',
  async (code) => {
    const error = new OutboundEventsError(code, 'not now');
    const { statements, readAll } = setUp(() => Promise.reject(error));
    expect(await readAll('ab')).toEqual([failed(error), failed(error)]);
    expect(statements).toEqual([['a', 'b']]);
  },
);

test.each(['ERR_STORAGE_UNAVAILABLE', 'ERR_OUTCOME_UNKNOWN'] as const)(
  'whoever waits behind others gets no turn at a server that gives no answer (%s)',
  async (code) => {
    const error = new OutboundEventsError(code, 'no answer');
    const { statements, readAll } = setUp(() => Promise.reject(error));
    expect(await readAll('a'.repeat(130))).toEqual(Array.from({ length: 130 }, () => failed(error)));
    expect(statements.map(({ length }) => length)).toEqual([64, 64]);
  },
);
