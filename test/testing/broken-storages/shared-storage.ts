import { OutboundEventsError } from '../../../src/core/errors.ts';
import type { QueueStorage, StorageListener, StorageNews } from '../../../src/core/storage.ts';
import { MemoryStorage } from '../../../src/memory/memory-storage.ts';
import type { StorageUnderTest } from '../../../src/testing.ts';
import { type BrokenStorage, type BrokenStorages, followFences, methodsOf } from './broken-storage.ts';

type Tell = StorageListener;

/** What the instances over one memory have in common. */
class SharedMemory {
  readonly memory = new MemoryStorage();
  readonly fences = followFences(this.memory);
  readonly listeners = new Map<number, Set<Tell>>();
  instances = 0;

  tellOthers(instance: number, recipientIds: readonly string[], news: StorageNews): void {
    for (const [listening, tells] of this.listeners) {
      if (listening !== instance) for (const tell of tells) tell(recipientIds, news);
    }
  }
}

/** Methods of one instance that take the place of sound ones. The first instance is number 1. */
type SharedBug = (shared: SharedMemory, instance: number) => Partial<QueueStorage>;

function openInstance(shared: SharedMemory, bug: SharedBug): QueueStorage {
  const { memory } = shared;
  shared.instances += 1;
  const instance = shared.instances;
  const listeners = new Set<Tell>();
  shared.listeners.set(instance, listeners);
  let closed = false;
  const storage: QueueStorage = {
    ...methodsOf(memory),
    close: async () => {
      closed = true;
    },
    time: async () => Date.now(),
    append: async (entries, options) => {
      const results = await memory.append(entries, options);
      shared.tellOthers(
        instance,
        results.flatMap((result) => (result.status === 'stored' ? result.recipientIds : [])),
        'queue',
      );
      return results;
    },
    saveRecipient: async (record, replaced) => {
      const { id } = record;
      const saved = await memory.saveRecipient(record, replaced);
      if (saved) shared.tellOthers(instance, [id], 'recipient');
      return saved;
    },
    removeRecipient: async (id) => {
      const removed = await memory.removeRecipient(id);
      if (removed) shared.tellOthers(instance, [id], 'recipient');
      return removed;
    },
    claim: (request) => shared.fences.claim(request),
    release: async (leases) => {
      await memory.release(leases);
      const recipientIds = leases.map(({ recipientId }) => recipientId);
      shared.tellOthers(instance, recipientIds, 'lease');
    },
    stats: async (recipientId) => {
      if (closed) throw new OutboundEventsError('ERR_STORAGE_CLOSED', 'the storage is not open');
      return memory.stats(recipientId);
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return { ...storage, ...bug(shared, instance) };
}

/** Storages over one memory, as processes over one database. */
export async function sharedStorage(bug: SharedBug = () => ({})): Promise<StorageUnderTest> {
  const shared = new SharedMemory();
  return {
    storage: openInstance(shared, bug),
    reopen: async () => openInstance(shared, bug),
    another: async () => openInstance(shared, bug),
    dispose: async () => {},
  };
}

function brokenShared(caughtBy: string, bug: SharedBug): BrokenStorage {
  return { create: () => sharedStorage(bug), caughtBy: `sharing: ${caughtBy}` };
}

/** Bugs that show when several processes use the same contents. */
export const sharingBugs: BrokenStorages = {
  'each process has its own clock': brokenShared('the time is the same for every process', (_, instance) => ({
    time: async () => Date.now() - instance * 60_000,
  })),
  'there is no time': brokenShared('the time is the same for every process', () => ({ time: async () => null })),
  'each process has its own contents': brokenShared('each process sees what the other has stored', (_, instance) =>
    instance > 1 ? methodsOf(new MemoryStorage()) : {},
  ),
  'each process has its own ids': brokenShared(
    'an event that another process has accepted is a duplicate',
    ({ memory }, instance) => ({
      append: (entries, options) =>
        memory.append(
          entries.map(({ event, recipientIds }) => ({
            event: { ...event, id: `${event.id}/${instance}` },
            recipientIds,
          })),
          options,
        ),
    }),
  ),
  'both processes are told that they stored the event': brokenShared(
    'of the same event from two processes at a time one is stored',
    ({ memory }) => ({
      append: async (entries, options) =>
        (await memory.append(entries, options)).map((result, index) =>
          result.status === 'duplicate'
            ? { status: 'stored', recipientIds: entries[index]?.recipientIds ?? [] }
            : result,
        ),
    }),
  ),
  'the other process stores every other call later': brokenShared(
    'sequence numbers have no gaps, and each process keeps its order',
    ({ memory }, instance) => {
      let calls = 0;
      return {
        append: async (entries, options) => {
          calls += 1;
          if (instance > 1 && calls % 2 === 1) await null;
          return memory.append(entries, options);
        },
      };
    },
  ),
  'each process has its own leases': brokenShared('a queue has one holder among all processes', ({ memory }) => ({
    claim: (request) => memory.claim({ ...request, holder: 'everybody' }),
  })),
  'the fence is ignored': brokenShared(
    'what a process wrote under a lease that another has taken is refused',
    ({ memory, fences }) => ({ settle: (settlements) => memory.settle(settlements.map(fences.current)) }),
  ),
  'nobody is told of events': brokenShared('a listener is told what another process appends', ({ memory }) => ({
    append: (entries, options) => memory.append(entries, options),
  })),
  'nobody is told of recipients': brokenShared(
    'a listener is told when another process saves or removes a recipient',
    ({ memory }) => ({ saveRecipient: (record) => memory.saveRecipient(record) }),
  ),
  'all news are of recipients': brokenShared('a listener is told what kind of news it is', (shared, instance) => ({
    listen: (listener) => {
      const tell: Tell = (recipientIds) => listener(recipientIds, 'recipient');
      shared.listeners.get(instance)?.add(tell);
      return () => shared.listeners.get(instance)?.delete(tell);
    },
  })),
  'nobody is told of leases': brokenShared(
    'a listener is told when another process gives a lease back',
    ({ memory }) => ({ release: (leases) => memory.release(leases) }),
  ),
  'each process is alone': brokenShared('holders of all processes are counted', ({ memory }) => ({
    announce: async (holder, times) => ({ ...(await memory.announce(holder, times)), holders: 1 }),
  })),
  'listening never stops': brokenShared(
    'a listener that stopped listening is told nothing more',
    (shared, instance) => ({
      listen: (listener) => {
        shared.listeners.get(instance)?.add(listener);
        return () => {};
      },
    }),
  ),
  'closing one closes all': brokenShared('closing one leaves the other working', ({ memory }) => ({
    close: () => memory.close(),
  })),
};
