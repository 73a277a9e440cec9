import { expect, test } from 'vitest';
import { OutboundEventsError } from '../../src/core/errors.ts';
import { Heads } from '../../src/postgres/heads.ts';

/** The head of a queue is one delivery, with the id of its recipient. */
function setUp(answer: (ids: readonly string[]) => Promise<void> | void = () => {}) {
  const statements: (readonly string[])[] = [];
  const heads = new Heads(async (requests) => {
    const ids = requests.map(({ recipientId }) => recipientId);
    statements.push(ids);
    await answer(ids);
    return ids.map((id) => [[1, id, 'order.paid', '1.0.0', 0, 0, '{}']]);
  });
  const read = async (recipientId: string, maxBytes = 1_000): Promise<string | undefined> =>
    (await heads.read({ recipientId, fence: 1, limit: 32, maxBytes }))[0]?.event.id;
  return { statements, read };
}

test('what is asked for at the same time is read together, and each gets its own', async () => {
  const { statements, read } = setUp();
  expect(await Promise.all(['a', 'b', 'c'].map((id) => read(id)))).toEqual(['a', 'b', 'c']);
  expect(statements).toEqual([['a', 'b', 'c']]);
});

test('what may be much is not read together', async () => {
  const { statements, read } = setUp();
  await Promise.all([read('a', 400_000), read('b', 400_000), read('c', 400_000), read('d', 4_000_000)]);
  expect(statements).toEqual([['a', 'b'], ['c'], ['d']]);
});

test('one queue that cannot be read does not keep others from being read', async () => {
  const damaged = new OutboundEventsError('ERR_STORAGE_CORRUPT', 'damaged');
  const { statements, read } = setUp((ids) => {
    if (ids.includes('b')) throw damaged;
  });
  expect(await Promise.allSettled(['a', 'b', 'c'].map((id) => read(id)))).toEqual([
    { status: 'fulfilled', value: 'a' },
    { status: 'rejected', reason: damaged },
    { status: 'fulfilled', value: 'c' },
  ]);
  expect(statements).toEqual([['a', 'b', 'c'], ['a'], ['b'], ['c']]);
});

test.each(['ERR_STORAGE_UNAVAILABLE', 'ERR_OUTCOME_UNKNOWN'] as const)(
  'a server that cannot be asked (%s) is not asked for each',
  async (code) => {
    const error = new OutboundEventsError(code, 'no answer');
    const { statements, read } = setUp(() => Promise.reject(error));
    const results = await Promise.allSettled([read('a'), read('b')]);
    expect(results).toEqual([
      { status: 'rejected', reason: error },
      { status: 'rejected', reason: error },
    ]);
    expect(statements).toEqual([['a', 'b']]);
  },
);
