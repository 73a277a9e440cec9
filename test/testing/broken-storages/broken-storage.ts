import type { LeaseRef, QueueStorage } from '../../../src/core/storage.ts';
import { MemoryStorage } from '../../../src/memory/memory-storage.ts';
import type { StorageUnderTest } from '../../../src/testing.ts';

/** A storage with one bug. */
export interface BrokenStorage {
  readonly create: () => Promise<StorageUnderTest>;
  /** One of the tests that have to fail: `theme: name`. */
  readonly caughtBy: string;
}

/** Broken storages by their bug. */
export type BrokenStorages = Readonly<Record<string, BrokenStorage>>;

/** A bug: methods that take the place of those of a sound storage, which they may use. */
export type Bug = (sound: MemoryStorage) => Partial<QueueStorage>;

/** A storage with a bug. It keeps its contents, and what the bug remembers, over `reopen`. */
export function broken(caughtBy: string, bug: Bug): BrokenStorage {
  const create = async (): Promise<StorageUnderTest> => {
    const sound = new MemoryStorage();
    const storage = { ...methodsOf(sound), ...bug(sound) };
    return { storage, reopen: async () => storage, dispose: async () => {} };
  };
  return { create, caughtBy };
}

/** The methods of a storage as they are, to be replaced one by one. */
export function methodsOf(sound: MemoryStorage): QueueStorage {
  return {
    open: (limits) => sound.open(limits),
    close: () => sound.close(),
    time: () => sound.time(),
    listRecipients: () => sound.listRecipients(),
    saveRecipient: (record, replaced) => sound.saveRecipient(record, replaced),
    removeRecipient: (id) => sound.removeRecipient(id),
    append: (entries, options) => sound.append(entries, options),
    announce: (holder, times) => sound.announce(holder, times),
    claim: (request) => sound.claim(request),
    renew: (leases, times) => sound.renew(leases, times),
    release: (leases) => sound.release(leases),
    read: (lease, limit, maxBytes) => sound.read(lease, limit, maxBytes),
    settle: (settlements) => sound.settle(settlements),
    stats: (recipientId) => sound.stats(recipientId),
    listDropped: (query) => sound.listDropped(query),
    listen: (listener) => sound.listen(listener),
  };
}

/** The fences of the current leases, for bugs that replace a stale one by the current one. */
export function followFences(sound: QueueStorage): {
  claim: QueueStorage['claim'];
  current: <R extends LeaseRef>(ref: R) => R;
} {
  const fences = new Map<string, number>();
  return {
    claim: async (request) => {
      const leases = await sound.claim(request);
      for (const { recipientId, fence } of leases) fences.set(recipientId, fence);
      return leases;
    },
    current: (ref) => ({ ...ref, fence: fences.get(ref.recipientId) ?? ref.fence }),
  };
}

/** Deliveries waiting, over all recipients. */
export async function countWaiting(sound: MemoryStorage): Promise<number> {
  const stats = await sound.stats();
  return stats.reduce((sum, { queued }) => sum + queued, 0);
}
