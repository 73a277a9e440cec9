import { describe, expect, it } from 'vitest';
import { Turns } from '../../src/email/turns.ts';

const unaborted = new AbortController().signal;

/** Something that goes on until it is told to end. */
function work() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const begun = Promise.withResolvers<void>();
  let hasBegun = false;
  const use = (): Promise<string> => {
    hasBegun = true;
    begun.resolve();
    return promise;
  };
  return { use, end: resolve, fail: reject, begun: begun.promise, hasBegun: () => hasBegun };
}

describe('turns', () => {
  it('let so many on at a time, and the others after them in order', async () => {
    const turns = new Turns(2);
    const works = [work(), work(), work(), work()] as const;
    const results = works.map(({ use }) => turns.take(unaborted, use));
    expect(works.map(({ hasBegun }) => hasBegun())).toEqual([true, true, false, false]);
    works[1].end('second');
    expect(await results[1]).toBe('second');
    await works[2].begun;
    expect(works.map(({ hasBegun }) => hasBegun())).toEqual([true, true, true, false]);
    for (const { end } of works) end('done');
    expect(await Promise.all(results)).toEqual(['done', 'second', 'done', 'done']);
    const later = work();
    const result = turns.take(unaborted, later.use);
    expect(later.hasBegun()).toBe(true);
    later.end('later');
    expect(await result).toBe('later');
  });

  it('go on to the next when one ends badly', async () => {
    const turns = new Turns(1);
    const [first, second] = [work(), work()];
    const results = [turns.take(unaborted, first.use), turns.take(unaborted, second.use)];
    first.fail(new Error('bad'));
    await expect(results[0]).rejects.toThrow('bad');
    second.end('good');
    expect(await results[1]).toBe('good');
  });

  it('are not waited for any longer once the signal aborts', async () => {
    const turns = new Turns(1);
    const [first, impatient, third] = [work(), work(), work()];
    const abort = new AbortController();
    const result = turns.take(unaborted, first.use);
    const gone = turns.take(abort.signal, impatient.use);
    const next = turns.take(unaborted, third.use);
    abort.abort();
    expect(await gone).toBeNull();
    first.end('first');
    expect(await result).toBe('first');
    third.end('third');
    expect(await next).toBe('third');
    expect(impatient.hasBegun()).toBe(false);
  });

  it('are passed on by one whose signal aborts as its turn comes', async () => {
    const turns = new Turns(1);
    const [first, late, third] = [work(), work(), work()];
    const abort = new AbortController();
    const result = turns.take(unaborted, first.use);
    const gone = turns.take(abort.signal, late.use);
    const next = turns.take(unaborted, third.use);
    first.end('first');
    // The turn has been passed on by now, but `late` has not noticed yet.
    void result.then(() => abort.abort());
    expect(await gone).toBeNull();
    third.end('third');
    expect(await next).toBe('third');
  });

  it('are never taken with an aborted signal', async () => {
    const turns = new Turns(1);
    const [first, second] = [work(), work()];
    expect(await turns.take(AbortSignal.abort(), first.use)).toBeNull();
    const result = turns.take(unaborted, second.use);
    expect(await turns.take(AbortSignal.abort(), first.use)).toBeNull();
    second.end('second');
    expect(await result).toBe('second');
    expect(first.hasBegun()).toBe(false);
  });
});
