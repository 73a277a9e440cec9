import type { LookupAddress } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { SystemNames, systemNames } from '../../src/http/system-names.ts';

const found: readonly LookupAddress[] = [{ address: '127.0.0.1', family: 4 }];

/** Look-ups that end when the test says so. */
function setUp(atOnce: number) {
  const asked: string[] = [];
  const answers = new Map<string, PromiseWithResolvers<readonly LookupAddress[]>>();
  const names = new SystemNames((name) => {
    asked.push(name);
    const answer = Promise.withResolvers<readonly LookupAddress[]>();
    answers.set(name, answer);
    return answer.promise;
  }, atOnce);
  const lookup = (name: string, signal = new AbortController().signal) => names.lookup(name, signal);
  return { asked, answers, lookup };
}

describe("F44: the system's own look-up", () => {
  it('runs so many at a time; the others line up', async () => {
    const { asked, answers, lookup } = setUp(2);
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => lookup(name));
    expect(asked).toEqual(['a', 'b']);
    answers.get('b')?.resolve(found);
    expect(await b).toBe(found);
    answers.get('a')?.reject(new Error('none'));
    await expect(a).rejects.toThrow('none');
    expect(asked).toEqual(['a', 'b', 'c', 'd']);
    answers.get('c')?.resolve(found);
    answers.get('d')?.resolve([]);
    expect(await Promise.all([c, d])).toEqual([found, []]);
  });

  it('looks a name up once for all who ask meanwhile, and anew for who asks afterwards', async () => {
    const { asked, answers, lookup } = setUp(1);
    const both = [lookup('a'), lookup('a')];
    expect(asked).toEqual(['a']);
    answers.get('a')?.resolve(found);
    expect(await Promise.all(both)).toEqual([found, found]);
    const third = lookup('a');
    expect(asked).toEqual(['a', 'a']);
    answers.get('a')?.resolve([]);
    expect(await third).toEqual([]);
  });

  it('passes over names that nobody waits for any more, and does not start for who has left already', async () => {
    const { asked, answers, lookup } = setUp(1);
    const leaving = new AbortController();
    const first = lookup('a');
    const left = [lookup('b', leaving.signal), lookup('c', leaving.signal)];
    const last = lookup('c');
    leaving.abort();
    for (const each of left) await expect(each).rejects.toMatchObject({ code: 'ECANCELLED' });
    await expect(lookup('d', AbortSignal.abort())).rejects.toMatchObject({ code: 'ECANCELLED' });
    answers.get('a')?.resolve(found);
    await first;
    answers.get('c')?.resolve(found);
    expect(await last).toBe(found);
    expect(asked).toEqual(['a', 'c']);
  });

  it('knows localhost', async () => {
    const addresses = await systemNames.lookup('localhost', new AbortController().signal);
    expect(addresses.map(({ address }) => address)).toContain('127.0.0.1');
  });
});
