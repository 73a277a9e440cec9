import type { AppendResult, QueueStorage, StorageLimits } from '../../../src/core/storage.ts';
import { type BrokenStorages, broken, countWaiting } from './broken-storage.ts';

type Append = QueueStorage['append'];

/** One entry after the other. */
function oneByOne(append: Append): Append {
  return async (entries, options) => {
    const results: AppendResult[] = [];
    for (const entry of entries) results.push(...(await append([entry], options)));
    return results;
  };
}

/** Appends one by one, knowing the bound that the storage was opened with. */
function withBound(sound: QueueStorage, append: (bound: number, ...call: Parameters<Append>) => ReturnType<Append>) {
  let bound = 0;
  return {
    open: (limits: StorageLimits) => {
      bound = limits.maxDeliveries;
      return sound.open(limits);
    },
    append: oneByOne((entries, options) => append(bound, entries, options)),
  };
}

/** Bugs in bounding the backlog. */
export const limitBugs: BrokenStorages = {
  'the backlog has no bound': broken(
    'limits: the bound holds within one call, and what is accepted before it is kept',
    (sound) => ({
      open: ({ maxBytes }) => sound.open({ maxDeliveries: Number.MAX_SAFE_INTEGER, maxBytes }),
    }),
  ),
  'one delivery too many is accepted': broken(
    'limits: exactly as many deliveries are accepted as may wait',
    (sound) => ({
      open: ({ maxDeliveries, maxBytes }) => sound.open({ maxDeliveries: maxDeliveries + 1, maxBytes }),
    }),
  ),
  'the bound is looked at before the call only': broken('limits: the bound holds for calls that overlap', (sound) => {
    let bound = 0;
    return {
      open: ({ maxDeliveries, maxBytes }) => {
        bound = maxDeliveries;
        return sound.open({ maxDeliveries: Number.MAX_SAFE_INTEGER, maxBytes });
      },
      append: async (entries, options) => {
        if ((await countWaiting(sound)) >= bound) return entries.map(() => ({ status: 'backlog-full' }));
        return sound.append(entries, options);
      },
    };
  }),
  'bytes have no bound': broken(
    'limits: about as many bytes are accepted as the backlog may take, and there is room again later',
    (sound) => ({ open: ({ maxDeliveries }) => sound.open({ maxDeliveries, maxBytes: Number.MAX_SAFE_INTEGER }) }),
  ),
  'bytes are not given back': broken(
    'limits: about as many bytes are accepted as the backlog may take, and there is room again later',
    (sound) => {
      let room = 0;
      return {
        open: (limits) => {
          room = limits.maxBytes;
          return sound.open(limits);
        },
        append: oneByOne(async ([entry], options) => {
          if (entry === undefined || entry.event.data.length > room) return [{ status: 'backlog-full' }];
          room -= entry.event.data.length;
          return sound.append([entry], options);
        }),
      };
    },
  ),
  'an event is stored for those recipients that it fits for': broken(
    'limits: an event that fits for some of its recipients only is stored for none',
    (sound) => ({
      append: oneByOne(async ([entry], options) => {
        for (let { recipientIds } = entry ?? { recipientIds: [] }; entry; recipientIds = recipientIds.slice(0, -1)) {
          const results = await sound.append([{ ...entry, recipientIds }], options);
          if (results[0]?.status !== 'backlog-full' || recipientIds.length === 0) return results;
        }
        return [];
      }),
    }),
  ),
  'places are not given back': broken('limits: there is room again when deliveries have left the queue', (sound) => {
    let room = 0;
    return {
      open: (limits) => {
        room = limits.maxDeliveries;
        return sound.open(limits);
      },
      append: oneByOne(async (entries, options) => {
        if (room === 0) return [{ status: 'backlog-full' }];
        room -= 1;
        return sound.append(entries, options);
      }),
    };
  }),
  'the id of an event that found no room is remembered': broken(
    'limits: the id of an event that found no room is not remembered',
    (sound) => {
      const refused = new Set<string>();
      return {
        append: oneByOne(async (entries, options) => {
          const id = entries[0]?.event.id ?? '';
          if (refused.has(id)) return [{ status: 'id-reused' }];
          const results = await sound.append(entries, options);
          if (results[0]?.status === 'backlog-full') refused.add(id);
          return results;
        }),
      };
    },
  ),
  'at the bound nothing is recognised': broken('limits: at the bound a repeated event is still a duplicate', (sound) =>
    withBound(sound, async (bound, entries, options) =>
      (await countWaiting(sound)) >= bound ? [{ status: 'backlog-full' }] : sound.append(entries, options),
    ),
  ),
  'above the bound nothing is accepted': broken(
    'limits: an event for nobody is accepted above the bound, too',
    (sound) =>
      withBound(sound, async (bound, entries, options) => {
        const [result] = await sound.append(entries, options);
        const isAbove = (await countWaiting(sound)) > bound;
        return result?.status === 'stored' && isAbove ? [{ status: 'backlog-full' }] : [result as AppendResult];
      }),
  ),
  'only what this process accepted counts': broken(
    'limits: what waited before the storage was opened counts',
    (sound) => ({
      open: async ({ maxDeliveries, maxBytes }) => {
        await sound.open({ maxDeliveries, maxBytes });
        return sound.open({ maxDeliveries: maxDeliveries + (await countWaiting(sound)), maxBytes });
      },
    }),
  ),
  'a backlog above the bound is cut': broken(
    'limits: a backlog above a bound that was lowered is kept, and takes nothing more',
    (sound) => ({
      open: async (limits) => {
        await sound.open(limits);
        const leases = await sound.claim({ holder: 'cutter', now: 0, expiresAt: 0, limit: 1 });
        const through = (await countWaiting(sound)) - limits.maxDeliveries;
        await sound.settle(leases.map((lease) => ({ ...lease, through, dropped: [], state: undefined })));
        await sound.release(leases);
        return [];
      },
    }),
  ),
};
