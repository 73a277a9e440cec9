import { describe, expect, test } from 'vitest';
import { MemoryStorage } from '../../src/memory/memory-storage.ts';
import { type QueueStorageSuite, testQueueStorage } from '../../src/testing.ts';
import { brokenStorages } from './broken-storages/all-bugs.ts';
import { sharedStorage, sharingBugs } from './broken-storages/shared-storage.ts';

type Suite = ReadonlyMap<string, () => Promise<void>>;

function suiteFor(create: QueueStorageSuite['create'], shared = false): Suite {
  const suite = new Map<string, () => Promise<void>>();
  testQueueStorage({ test: (name, body) => suite.set(name, body), create, shared });
  return suite;
}

function namesOf(suite: Suite, themes: RegExp): readonly string[] {
  return [...suite.keys()].filter((name) => themes.test(name));
}

/** Whether the test fails. One that still waits when nothing happens any more has found its bug too. */
async function fails(body: () => Promise<void>): Promise<boolean> {
  const idle = Promise.withResolvers<true>();
  const timer = setTimeout(() => idle.resolve(true), 200);
  const failed = body().then(
    () => false,
    () => true,
  );
  return Promise.race([failed, idle.promise]).finally(() => clearTimeout(timer));
}

describe.each([
  {
    kind: 'for one process',
    sound: suiteFor(async () => {
      const storage = new MemoryStorage();
      return { storage, reopen: async () => storage, dispose: async () => {} };
    }),
    bugs: brokenStorages,
    themes: /./,
  },
  { kind: 'for several processes', sound: suiteFor(sharedStorage, true), bugs: sharingBugs, themes: /^sharing: / },
])('a storage $kind', ({ sound, bugs, themes }) => {
  test.each(namesOf(sound, themes))('passes when it is sound: %s', async (name) => {
    await sound.get(name)?.();
  });

  test.each(Object.entries(bugs))('is caught when %s', async (_, { create, caughtBy }) => {
    const body = suiteFor(create, bugs === sharingBugs).get(caughtBy);
    expect(body && (await fails(body))).toBe(true);
  });

  test('is caught by every test for one bug at least', () => {
    const catching = new Set(Object.values(bugs).map(({ caughtBy }) => caughtBy));
    expect(namesOf(sound, themes).filter((name) => !catching.has(name))).toEqual([]);
  });
});
