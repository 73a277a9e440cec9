import type { StoredEvent } from '../../../src/core/event.ts';
import type { QueueState } from '../../../src/core/queue-state.ts';
import type { QueueStorage } from '../../../src/core/storage.ts';
import { MemoryStorage } from '../../../src/memory/memory-storage.ts';
import { type BrokenStorage, type BrokenStorages, type Bug, broken, methodsOf } from './broken-storage.ts';

/** Goes on with other contents at every reopening. */
function forgetting(
  caughtBy: string,
  remain: (before: MemoryStorage, after: MemoryStorage) => Promise<void>,
): BrokenStorage {
  const create: BrokenStorage['create'] = async () => {
    let storage = new MemoryStorage();
    const reopen = async (): Promise<QueueStorage> => {
      const before = storage;
      storage = new MemoryStorage();
      const roomy = { maxDeliveries: 1e6, maxBytes: 1e9 };
      await Promise.all([before.open(roomy), storage.open(roomy)]);
      await remain(before, storage);
      await storage.close();
      return storage;
    };
    return { storage, reopen, dispose: async () => {} };
  };
  return { create, caughtBy };
}

async function copyRecipients(before: MemoryStorage, after: MemoryStorage): Promise<void> {
  for (const record of await before.listRecipients()) await after.saveRecipient(record);
}

/** Replaces what `answer` says once the storage was closed. */
function afterClose(methods: (sound: MemoryStorage) => Partial<QueueStorage>): Bug {
  return (sound) => {
    const storage = methodsOf(sound);
    return {
      ...storage,
      close: async () => {
        Object.assign(storage, methods(sound));
        await sound.close();
      },
      listDropped: (query) => storage.listDropped(query),
      claim: (request) => storage.claim(request),
      append: (entries, options) => storage.append(entries, options),
      read: (lease, limit, maxBytes) => storage.read(lease, limit, maxBytes),
    };
  };
}

/** Bugs that show when the next process opens the storage. */
export const durabilityBugs: BrokenStorages = {
  'everything is forgotten': forgetting('durability: queues outlive the process', async () => {}),
  'only recipients are remembered': forgetting(
    'durability: contents outlive the process many times over',
    copyRecipients,
  ),
  'the order of recipients is forgotten': forgetting(
    'durability: recipients, their settings and their order outlive the process',
    async (before, after) => {
      for (const record of (await before.listRecipients()).toReversed()) await after.saveRecipient(record);
    },
  ),
  'numbers of waiting deliveries begin again': forgetting('durability: sequence numbers go on', copyRecipients),
  'settled deliveries come back': broken('durability: settled deliveries do not come back', (sound) => {
    const ever = new Map<string, Awaited<ReturnType<QueueStorage['read']>>>();
    let reopened = false;
    return {
      close: async () => {
        reopened = true;
        await sound.close();
      },
      settle: async (settlements) => {
        for (const one of settlements) ever.set(one.recipientId, await sound.read(one, 100, 1e9));
        return sound.settle(settlements);
      },
      read: async (lease, limit, maxBytes) =>
        (reopened && ever.get(lease.recipientId)) || sound.read(lease, limit, maxBytes),
    };
  }),
  'states are forgotten': broken(
    'durability: states outlive the process',
    afterClose((sound) => ({
      claim: async (request) => (await sound.claim(request)).map((lease) => ({ ...lease, state: null })),
    })),
  ),
  'drops are forgotten': broken(
    'durability: dropped deliveries outlive the process',
    afterClose(() => ({ listDropped: async () => [] })),
  ),
  'ids are forgotten': broken(
    'durability: ids of accepted events outlive the process, whether they wait or not',
    afterClose((sound) => ({
      append: (entries, options) => sound.append(entries, { ...options, forgetBefore: Number.MAX_SAFE_INTEGER }),
    })),
  ),
};

function mapEvents(change: (event: StoredEvent) => StoredEvent): Bug {
  return (sound) => ({
    read: async (lease, limit, maxBytes) =>
      (await sound.read(lease, limit, maxBytes)).map(({ sequence, event }) => ({ sequence, event: change(event) })),
  });
}

function mapTexts(change: (text: string) => string): Bug {
  return (sound) => ({
    saveRecipient: ({ id, settings }) => sound.saveRecipient({ id, settings: change(settings) }),
    ...mapEvents((event) => ({ ...event, data: change(event.data) }))(sound),
  });
}

function mapStates(change: (state: QueueState) => QueueState): Bug {
  return (sound) => ({
    settle: (settlements) =>
      sound.settle(settlements.map((one) => ({ ...one, state: one.state && change(one.state) }))),
  });
}

const kept = (what: string): string => `verbatim: settings and event data ${what} are kept byte for byte`;

/** Bugs that change what is stored. */
export const verbatimBugs: BrokenStorages = {
  'texts are stored as Latin-1': broken(
    kept('in any script'),
    mapTexts((text) => Buffer.from(text, 'latin1').toString('latin1')),
  ),
  'texts are normalised': broken(
    kept('in any script'),
    mapTexts((text) => text.normalize('NFC')),
  ),
  'emoji are cut in halves': broken(
    kept('with emoji'),
    mapTexts((text) => text.replaceAll(/[\u{10000}-\u{10ffff}]/gu, '??')),
  ),
  'quotes are doubled': broken(
    kept('with quotes and backslashes'),
    mapTexts((text) => text.replaceAll("'", "''")),
  ),
  'control characters are left out': broken(
    kept('with control characters'),
    mapTexts((text) => text.replaceAll(/\p{Cc}|\p{Cf}|\u2028/gu, '')),
  ),
  'JSON is parsed and written anew': broken(
    kept('with white space and keys in its own order'),
    mapTexts((text) => JSON.stringify(JSON.parse(text))),
  ),
  'JSON numbers are parsed': broken(
    kept('with numbers as they were written'),
    mapTexts((text) => (text.includes('1.10') ? JSON.stringify(JSON.parse(text)) : text)),
  ),
  'JSON keys are made unique': broken(
    kept('with the same key twice'),
    mapTexts((text) => text.replace('"a":1,"a":2', '"a":2')),
  ),
  'JSON is copied into an object': broken(
    kept('with names that objects have'),
    mapTexts((text) => {
      const parsed: unknown = JSON.parse(text);
      return text.includes('__proto__') ? JSON.stringify(Object.assign({}, parsed)) : text;
    }),
  ),
  'long texts are cut': broken(
    kept('of a megabyte'),
    mapTexts((text) => text.slice(0, 65_535)),
  ),
  'times before 1970 are not kept': broken(
    'verbatim: every field of an event is kept',
    mapEvents((event) => ({ ...event, occurredAt: Math.max(0, event.occurredAt) })),
  ),
  'long states are cut': broken(
    'verbatim: a state is kept as it is, deep or large',
    mapStates((state) => {
      const { failing } = state;
      const cut = failing && { ...failing.error, message: failing.error.message.slice(0, 1_000) };
      return { ...state, failing: failing && cut && { ...failing, error: cut } };
    }),
  ),
  'the reason of a drop is not kept': broken('verbatim: every field of a dropped delivery is kept', (sound) => ({
    listDropped: async (query) => (await sound.listDropped(query)).map((one) => ({ ...one, reason: 'expired' })),
  })),
  'recipients are kept in an object': broken('verbatim: recipients and events may have any id', (sound) => ({
    saveRecipient: async (record) => {
      return record.id in {} || sound.saveRecipient(record);
    },
  })),
};
