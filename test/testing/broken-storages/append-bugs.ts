import type { QueuedDelivery } from '../../../src/core/event.ts';
import type { QueueStorage } from '../../../src/core/storage.ts';
import { type BrokenStorages, type Bug, broken } from './broken-storage.ts';

/** Delays the calls that `isLate` picks by a turn. */
function lateAppends(isLate: (call: number, entries: Parameters<QueueStorage['append']>[0]) => boolean): Bug {
  return (sound) => {
    let calls = 0;
    return {
      append: async (entries, options) => {
        calls += 1;
        if (isLate(calls, entries)) await null;
        return sound.append(structuredClone(entries), options);
      },
    };
  };
}

/** Stores again, under another name, what `isForgotten` says; reading gives the name it came with. */
function storesAgain(isForgotten: (acceptedAt: number, forgottenBefore: number) => boolean): Bug {
  return (sound) => {
    const names = new Map<string, string>();
    const acceptedAt = new Map<string, number>();
    let forgottenBefore = 0;
    return {
      append: async (entries, options) => {
        forgottenBefore = Math.max(forgottenBefore, options.forgetBefore);
        const results = await sound.append(entries, options);
        return Promise.all(
          results.map(async (result, index) => {
            const entry = entries[index];
            if (entry && result.status === 'stored') acceptedAt.set(entry.event.id, entry.event.acceptedAt);
            if (result.status !== 'duplicate' || !entry) return result;
            if (!isForgotten(acceptedAt.get(entry.event.id) ?? 0, forgottenBefore)) return result;
            const id = `${entry.event.id}/${names.size}`;
            names.set(id, entry.event.id);
            const [again] = await sound.append([{ ...entry, event: { ...entry.event, id } }], options);
            return again ?? result;
          }),
        );
      },
      read: async (lease, limit, maxBytes) => {
        const deliveries = await sound.read(lease, limit, maxBytes);
        return deliveries.map(({ sequence, event }) => ({
          sequence,
          event: { ...event, id: names.get(event.id) ?? event.id },
        }));
      },
    };
  };
}

function mapReads(change: (delivery: QueuedDelivery) => QueuedDelivery): Bug {
  return (sound) => ({
    read: async (lease, limit, maxBytes) => (await sound.read(lease, limit, maxBytes)).map(change),
  });
}

/** Numbers the deliveries from 1 again once `restart` has happened to a queue that was empty. */
function restartsNumbers(restart: 'settle' | 'close'): Bug {
  return (sound) => {
    const offsets = new Map<string, number>();
    const settledTo = new Map<string, number>();
    const offsetOf = (id: string): number => offsets.get(id) ?? 0;
    const restartEmpty = async (): Promise<void> => {
      for (const { recipientId, queued } of await sound.stats()) {
        if (queued === 0) offsets.set(recipientId, settledTo.get(recipientId) ?? 0);
      }
    };
    return {
      read: async (lease, limit, maxBytes) => {
        const deliveries = await sound.read(lease, limit, maxBytes);
        return deliveries.map(({ sequence, event }) => ({ sequence: sequence - offsetOf(lease.recipientId), event }));
      },
      settle: async (settlements) => {
        const shifted = settlements.map((settlement) => ({
          ...settlement,
          through: settlement.through && settlement.through + offsetOf(settlement.recipientId),
        }));
        for (const { recipientId, through } of shifted) if (through > 0) settledTo.set(recipientId, through);
        const answers = await sound.settle(shifted);
        if (restart === 'settle') await restartEmpty();
        return answers;
      },
      close: async () => {
        if (restart === 'close') await restartEmpty().catch(() => {});
        await sound.close();
      },
    };
  };
}

/** Bugs in accepting events. */
export const appendBugs: BrokenStorages = {
  'large events are stored later than small ones': broken(
    'append: a large event does not fall behind small ones accepted after it',
    lateAppends((_, entries) => entries.some(({ event }) => event.data.length > 10_000)),
  ),
  'every other call is stored later': broken(
    'append: calls that overlap are ordered as they were made',
    lateAppends((call) => call % 2 === 1),
  ),
  'a call is stored from its end': broken('append: within a call the order is that of the entries', (sound) => ({
    append: async (entries, options) => (await sound.append(entries.toReversed(), options)).toReversed(),
  })),
  'the answers come in another order': broken(
    'append: each entry has its answer, in the order of the entries',
    (sound) => ({
      append: async (entries, options) => (await sound.append(entries, options)).toReversed(),
    }),
  ),
  'appending nothing is refused': broken('append: no entries, no answers', (sound) => ({
    append: async (entries, options) => {
      if (entries.length === 0) throw new Error('nothing to append');
      return sound.append(entries, options);
    },
  })),
  'an event is queued for everybody': broken(
    'append: an event is queued for each of its recipients, and for no other',
    (sound) => ({
      append: async (entries, options) => {
        const recipientIds = (await sound.listRecipients()).map(({ id }) => id);
        return sound.append(
          entries.map(({ event }) => ({ event, recipientIds })),
          options,
        );
      },
    }),
  ),
  'an event leaves every queue when one has settled it': broken(
    'append: an event waits in one queue when another has settled it',
    (sound) => {
      const settled = new Set<string>();
      return {
        settle: async (settlements) => {
          for (const { through } of settlements) if (through > 0) settled.add(`event-${through}`);
          return sound.settle(settlements);
        },
        read: async (lease, limit, maxBytes) =>
          (await sound.read(lease, limit, maxBytes)).filter(({ event }) => !settled.has(event.id)),
      };
    },
  ),
  'an unknown recipient ends the list': broken(
    'append: recipients that are not known are left out, and the others have the event',
    (sound) => ({
      append: async (entries, options) => {
        const known = new Set((await sound.listRecipients()).map(({ id }) => id));
        const cut = entries.map(({ event, recipientIds }) => {
          const end = recipientIds.findIndex((id) => !known.has(id));
          return { event, recipientIds: end < 0 ? recipientIds : recipientIds.slice(0, end) };
        });
        return sound.append(cut, options);
      },
    }),
  ),
  'a recipient named twice is answered twice': broken(
    'append: an event that names a recipient twice is queued for it once',
    (sound) => ({
      append: async (entries, options) =>
        (await sound.append(entries, options)).map((result, index) => {
          if (result.status !== 'stored') return result;
          const named = entries[index]?.recipientIds ?? [];
          return { ...result, recipientIds: named.filter((id) => result.recipientIds.includes(id)) };
        }),
    }),
  ),
  'unknown recipients are answered as if they had the event': broken(
    'append: recipients that are no longer known are left out',
    (sound) => ({
      append: async (entries, options) =>
        (await sound.append(entries, options)).map((result, index) =>
          result.status === 'stored' ? { ...result, recipientIds: entries[index]?.recipientIds ?? [] } : result,
        ),
    }),
  ),
  'an event for nobody is refused': broken(
    'append: an event without known recipients is accepted for nobody',
    (sound) => ({
      append: async (entries, options) => {
        if (entries.some(({ recipientIds }) => recipientIds.length === 0)) throw new Error('no recipient');
        return sound.append(entries, options);
      },
    }),
  ),
  'sequence numbers are those of all queues together': broken(
    'append: sequence numbers are 1, 2, 3, … in each queue',
    mapReads(({ sequence, event }) => ({ sequence: sequence * 2, event })),
  ),
  'sequence numbers begin at 0': broken(
    'append: sequence numbers have no gaps when calls overlap',
    mapReads(({ sequence, event }) => ({ sequence: sequence - 1, event })),
  ),
  'an event that is refused takes a sequence number': broken(
    'append: an event that is not stored takes no sequence number',
    (sound) => {
      let refused = 0;
      return {
        append: async (entries, options) => {
          const results = await sound.append(entries, options);
          refused += results.filter(({ status }) => status !== 'stored').length;
          return results;
        },
        read: async (lease, limit, maxBytes) =>
          (await sound.read(lease, limit, maxBytes)).map(({ sequence, event }) => ({
            sequence: sequence > 1 ? sequence + refused : sequence,
            event,
          })),
      };
    },
  ),
  'sequence numbers begin again when the queue has run empty': broken(
    'append: a sequence number is not used twice when the queue has run empty',
    restartsNumbers('settle'),
  ),
  'sequence numbers of an empty queue begin again with the process': broken(
    'durability: sequence numbers go on also after the queue had run empty',
    restartsNumbers('close'),
  ),
  'a repeated event is stored twice': broken(
    'event ids: an event that waits is remembered',
    storesAgain(() => true),
  ),
  'ids of events that wait are forgotten with their age': broken(
    'event ids: ids of events that wait are remembered, however old',
    storesAgain((acceptedAt, forgottenBefore) => acceptedAt < forgottenBefore),
  ),
  'an id is forgotten with its delivery': broken('event ids: an event that was delivered is remembered', (sound) => ({
    append: (entries, options) => sound.append(entries, { ...options, forgetBefore: Number.MAX_SAFE_INTEGER }),
  })),
  'an event for nobody is not stored': broken(
    'event ids: an event that was accepted for nobody is remembered',
    (sound) => ({
      append: async (entries, options) => {
        if (entries.some(({ recipientIds }) => recipientIds.length > 0)) return sound.append(entries, options);
        return entries.map(() => ({ status: 'stored', recipientIds: [] }));
      },
    }),
  ),
  'ids are forgotten a little early': broken(
    'event ids: ids accepted after `forgetBefore` are remembered',
    (sound) => ({
      append: (entries, options) => sound.append(entries, { ...options, forgetBefore: options.forgetBefore + 10 }),
    }),
  ),
  'ids are not told apart from their data': broken(
    'event ids: an event whose data is written differently is another event',
    (sound) => ({
      append: async (entries, options) =>
        (await sound.append(entries, options)).map((result) =>
          result.status === 'id-reused' ? { status: 'duplicate' } : result,
        ),
    }),
  ),
  'an id is forgotten with the recipient': broken(
    'event ids: an event whose recipient was removed is remembered',
    (sound) => {
      let forget = false;
      return {
        removeRecipient: async (id) => {
          forget = true;
          return sound.removeRecipient(id);
        },
        append: (entries, options) =>
          sound.append(entries, { ...options, forgetBefore: forget ? Number.MAX_SAFE_INTEGER : options.forgetBefore }),
      };
    },
  ),
  'repetitions are looked for before the call only': broken(
    'event ids: the same event twice in one call is stored once',
    (sound) => ({
      append: async (entries, options) => {
        const seen = new Set<string>();
        const results = await sound.append(entries, options);
        return results.map((result, index) => {
          const id = entries[index]?.event.id ?? '';
          const first = !seen.has(id);
          seen.add(id);
          return first || result.status === 'stored' ? result : { status: 'stored', recipientIds: ['crm'] };
        });
      },
    }),
  ),
  'of the same event in overlapping calls the last is stored': broken(
    'event ids: the same event in calls that overlap is stored once, by the first',
    lateAppends((call) => call === 1),
  ),
  'an event may come again for other recipients': broken(
    'event ids: an event is a duplicate also when it names other recipients',
    (sound) => ({
      append: (entries, options) =>
        sound.append(
          entries.map(({ event, recipientIds }) =>
            recipientIds.join() === 'erp'
              ? { event: { ...event, id: `${event.id}-erp` }, recipientIds }
              : { event, recipientIds },
          ),
          options,
        ),
    }),
  ),
  'the version belongs to the identity of an event': broken(
    'event ids: an event is a duplicate also when its times and version differ',
    (sound) => ({
      append: async (entries, options) =>
        (await sound.append(entries, options)).map((result, index) =>
          result.status === 'duplicate' && entries[index]?.event.version !== '1' ? { status: 'id-reused' } : result,
        ),
    }),
  ),
  'ids are compared without case': broken('event ids: ids that differ in case are different ids', (sound) => ({
    append: (entries, options) =>
      sound.append(
        entries.map(({ event, recipientIds }) => ({ event: { ...event, id: event.id.toLowerCase() }, recipientIds })),
        options,
      ),
  })),
  'a forgotten id is half remembered': broken(
    'event ids: an id that may be forgotten is forgotten or remembered, but nothing between',
    (sound) => {
      const ever = new Set<string>();
      return {
        append: async (entries, options) => {
          const results = await sound.append(entries, options);
          for (const { event } of entries) {
            const before = ever.has(event.id);
            ever.add(event.id);
            if (before && options.forgetBefore > 0) throw new Error(`event ${event.id} exists`);
          }
          return results;
        },
      };
    },
  ),
};
