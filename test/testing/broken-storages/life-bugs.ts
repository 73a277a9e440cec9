import { OutboundEventsError } from '../../../src/core/errors.ts';
import type { RecipientRecord, StorageListener } from '../../../src/core/storage.ts';
import { type BrokenStorages, broken } from './broken-storage.ts';

/** A method that goes on as if the storage were open. */
const answering = {
  time: async () => null,
  listRecipients: async () => [],
  saveRecipient: async () => true,
  removeRecipient: async () => true,
  append: async () => [],
  announce: async () => ({ holders: 1, free: 0 }),
  claim: async () => [],
  renew: async () => [],
  release: async () => {},
  read: async () => [],
  settle: async () => [],
  stats: async () => [],
  listDropped: async () => [],
} as const;

const answersAfterClose: BrokenStorages = Object.fromEntries(
  Object.entries(answering).map(([method, answer]) => [
    `${method} answers after close`,
    broken(`open and close: ${method} after close is refused with ERR_STORAGE_CLOSED`, () => ({ [method]: answer })),
  ]),
);

/** Bugs in opening and closing. */
export const lifeBugs: BrokenStorages = {
  ...answersAfterClose,
  'calls after close are refused with another error': broken(
    'open and close: stats after close is refused with ERR_STORAGE_CLOSED',
    (sound) => ({
      stats: () =>
        sound.stats().catch(() => {
          throw Object.assign(new Error('the database is not open'), { code: 'ERR_STORAGE_CLOSED' });
        }),
    }),
  ),
  'calls after close are refused with another code': broken(
    'open and close: stats after close is refused with ERR_STORAGE_CLOSED',
    (sound) => ({
      stats: () =>
        sound.stats().catch(() => {
          throw new OutboundEventsError('ERR_STORAGE_IO', 'the storage failed');
        }),
    }),
  ),
  'opening answers with nothing': broken(
    'open and close: opening resolves with warnings, one sentence each',
    (sound) => ({
      open: async (limits) => {
        await sound.open(limits);
        return undefined as unknown as readonly string[];
      },
    }),
  ),
  'closing twice is refused': broken('open and close: closing twice is closing once', (sound) => {
    let closed = false;
    return {
      open: (limits) => {
        closed = false;
        return sound.open(limits);
      },
      close: async () => {
        if (closed) throw new OutboundEventsError('ERR_STORAGE_CLOSED', 'it is closed');
        closed = true;
        await sound.close();
      },
    };
  }),
  'closing does not wait': broken('open and close: closing waits for calls under way', (sound) => ({
    append: async (entries, options) => {
      const copy = structuredClone(entries);
      await null;
      return sound.append(copy, options);
    },
  })),
  'listeners are told what they did themselves': broken('sharing: a listener is never called', (sound) => {
    const listeners = new Set<StorageListener>();
    return {
      listen: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      append: async (entries, options) => {
        for (const tell of listeners)
          tell(
            entries.flatMap(({ recipientIds }) => recipientIds),
            'queue',
          );
        return sound.append(entries, options);
      },
    };
  }),
};

/** Bugs in keeping apart what is stored and what others hold. */
export const copyBugs: BrokenStorages = {
  'events are read from the caller when it has gone on': broken(
    'copies: what is given to append may be changed as soon as it was called',
    (sound) => ({
      append: async (entries, options) => {
        await null;
        return sound.append(entries, options);
      },
    }),
  ),
  'recipients are read from the caller when it has gone on': broken(
    'copies: what is given to saveRecipient may be changed as soon as it was called',
    (sound) => ({
      saveRecipient: async (record) => {
        await null;
        return sound.saveRecipient(record);
      },
    }),
  ),
  'settlements are read from the caller when it has gone on': broken(
    'copies: what is given to settle may be changed as soon as it was called',
    (sound) => ({
      settle: async (settlements) => {
        await null;
        return sound.settle(settlements);
      },
    }),
  ),
  'leases are read from the caller when it has gone on': broken(
    'copies: what is given to claim, renew and release may be changed as soon as it was called',
    (sound) => ({
      release: async (leases) => {
        await null;
        await sound.release(leases);
      },
    }),
  ),
  'lost leases are read from the caller when it has gone on': broken(
    'copies: leases that are lost are named as they were given to renew',
    (sound) => ({
      renew: async (leases, times) => {
        const lost = await sound.renew(leases, times);
        return leases.map(({ recipientId }) => recipientId).filter((id) => lost.includes(id));
      },
    }),
  ),
  'the limits are those of the caller': broken('copies: what is given to open may be changed later', (sound) => {
    let limits = { maxDeliveries: 0, maxBytes: 0 };
    return {
      open: async (given) => {
        limits = given;
        return sound.open(given);
      },
      append: async (entries, options) =>
        entries.length > limits.maxDeliveries
          ? entries.map(() => ({ status: 'backlog-full' }))
          : sound.append(entries, options),
    };
  }),
  'answers are what is stored': broken('copies: what a storage answers with may be changed', (sound) => {
    const records = new Map<string, RecipientRecord>();
    return {
      saveRecipient: async ({ id, settings }) => {
        records.set(id, { id, settings });
        return sound.saveRecipient({ id, settings });
      },
      listRecipients: async () => {
        const known = await sound.listRecipients();
        return known.map((record) => records.get(record.id) ?? record);
      },
    };
  }),
};
