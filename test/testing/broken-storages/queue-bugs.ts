import type { QueuedDelivery } from '../../../src/core/event.ts';
import { healthy, type QueueState } from '../../../src/core/queue-state.ts';
import type { DroppedDelivery, QueueStats, Settlement } from '../../../src/core/storage.ts';
import { type BrokenStorages, type Bug, broken } from './broken-storage.ts';

function mapSettlements(change: (settlement: Settlement) => Settlement): Bug {
  return (sound) => ({ settle: (settlements) => sound.settle(settlements.map(change)) });
}

function mapDropped(change: (dropped: readonly DroppedDelivery[]) => readonly DroppedDelivery[]): Bug {
  return (sound) => ({ listDropped: async (query) => change(await sound.listDropped(query)) });
}

function mapStats(change: (stats: QueueStats) => QueueStats): Bug {
  return (sound) => ({ stats: async (recipientId) => (await sound.stats(recipientId)).map(change) });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

const fewest = 'read: reading gives the fewest deliveries that have as many bytes as it is asked for';

/** Bugs in reading the head of a queue. */
export const readBugs: BrokenStorages = {
  'reading ignores the limit': broken(
    'read: reading gives the head of the queue in order, and leaves it there',
    (sound) => ({
      read: (lease, _, maxBytes) => sound.read(lease, 1_000, maxBytes),
    }),
  ),
  'reading an empty queue is refused': broken('read: an empty queue reads as an empty list', (sound) => ({
    read: async (lease, limit, maxBytes) => {
      const deliveries = await sound.read(lease, limit, maxBytes);
      if (deliveries.length === 0) throw new Error('nothing waits');
      return deliveries;
    },
  })),
  'reading ignores the bytes': broken(fewest, (sound) => ({
    read: (lease, limit) => sound.read(lease, limit, Number.MAX_SAFE_INTEGER),
  })),
  'reading stops where the next would be too much': broken(fewest, (sound) => ({
    read: async (lease, limit, maxBytes) => {
      const deliveries = await sound.read(lease, limit, maxBytes);
      const isTooMuch = sum(deliveries.map(({ event }) => Buffer.byteLength(event.data))) > maxBytes;
      return isTooMuch && deliveries.length > 1 ? deliveries.slice(0, -1) : deliveries;
    },
  })),
  'reading counts characters for bytes': broken(fewest, (sound) => ({
    read: async (lease, limit, maxBytes) => {
      const deliveries = await sound.read(lease, limit, Number.MAX_SAFE_INTEGER);
      const isEnough = (_: QueuedDelivery, index: number): boolean =>
        sum(deliveries.slice(0, index).map(({ event }) => event.data.length)) < maxBytes;
      return deliveries.filter(isEnough);
    },
  })),
  'a delivery that is too large is never read': broken(
    'read: reading gives at least one delivery, however large',
    (sound) => ({
      read: async (lease, limit, maxBytes) =>
        (await sound.read(lease, limit, maxBytes)).filter(({ event }) => event.data.length <= maxBytes),
    }),
  ),
  'settled deliveries are read again': broken(
    'read: reading goes on where settling has ended, and never gives a settled delivery',
    (sound) => {
      const ever: QueuedDelivery[] = [];
      return {
        read: async (lease, limit, maxBytes) => {
          const deliveries = await sound.read(lease, limit, maxBytes);
          for (const one of deliveries) if (!ever.some(({ sequence }) => sequence === one.sequence)) ever.push(one);
          return ever.slice(0, limit);
        },
      };
    },
  ),
  'reads under way get the answer to the first': broken(
    'read: queues that are read at the same time each give their own, under their own lease',
    (sound) => {
      let underWay: Promise<readonly QueuedDelivery[]> | null = null;
      return {
        read: (...call) => {
          underWay ??= sound.read(...call).finally(() => {
            underWay = null;
          });
          return underWay;
        },
      };
    },
  ),
  'what was read once is read for ever': broken('read: what is appended later is read later', (sound) => {
    let first: readonly QueuedDelivery[] = [];
    return {
      read: async (lease, limit, maxBytes) => {
        if (first.length === 0) first = await sound.read(lease, limit, maxBytes);
        return first;
      },
    };
  }),
  'reading misses the head of a long queue': broken(
    'read: reading while events are appended gives the queue as it was at some moment',
    (sound) => ({
      read: async (lease, limit, maxBytes) => {
        const deliveries = await sound.read(lease, limit, maxBytes);
        return deliveries.length > 20 ? deliveries.slice(1) : deliveries;
      },
    }),
  ),
};

/** Bugs in recording what became of attempts. */
export const settleBugs: BrokenStorages = {
  'the last delivery settled stays': broken(
    'settle: deliveries up to and including a number leave the queue',
    mapSettlements((one) => ({ ...one, through: Math.max(0, one.through - 1) })),
  ),
  'a settlement takes a delivery at least': broken(
    'settle: with 0 no delivery leaves the queue, and the state is recorded',
    mapSettlements((one) => ({ ...one, through: Math.max(1, one.through) })),
  ),
  'a settlement without a state makes a queue healthy': broken(
    'settle: without a state the stored one stays',
    mapSettlements((one) => ({ ...one, state: one.state ?? healthy })),
  ),
  'states are merged': broken('settle: a state replaces the one before as a whole', (sound) => {
    const states = new Map<string, QueueState>();
    return {
      settle: (settlements) =>
        sound.settle(
          settlements.map((one) => {
            const old = states.get(one.recipientId);
            const state =
              one.state && old ? { ...old, ...one.state, failing: one.state.failing ?? old.failing } : one.state;
            if (state) states.set(one.recipientId, state);
            return { ...one, state };
          }),
        ),
    };
  }),
  'states are lost': broken(
    'settle: one call records the settlements of many queues',
    mapSettlements((one) => ({ ...one, state: undefined })),
  ),
  'recording nothing is refused': broken('settle: no settlements, no answers', (sound) => ({
    settle: async (settlements) => {
      if (settlements.length === 0) throw new Error('nothing to settle');
      return sound.settle(settlements);
    },
  })),
  'a repeated settlement takes the next delivery': broken(
    'settle: recording the same outcome again changes nothing',
    (sound) => {
      const settled = new Map<string, number>();
      return {
        settle: (settlements) =>
          sound.settle(
            settlements.map((one) => {
              const through =
                one.through > 0 && settled.get(one.recipientId) === one.through ? one.through + 1 : one.through;
              settled.set(one.recipientId, through);
              return { ...one, through };
            }),
          ),
      };
    },
  ),
  'settling takes all that waits': broken(
    'settle: a queue can be settled while events are appended to it',
    mapSettlements((one) => ({ ...one, through: one.through > 0 ? Number.MAX_SAFE_INTEGER : 0 })),
  ),
};

/** Bugs in keeping what was given up. */
export const droppedBugs: BrokenStorages = {
  'drops are not recorded': broken(
    'dropped deliveries: a dropped delivery leaves the queue and is listed as it was recorded',
    mapSettlements((one) => ({ ...one, dropped: [] })),
  ),
  'the drops of one call are recorded together': broken(
    'dropped deliveries: settlements of one lease in one call are recorded one after the other',
    (sound) => ({
      settle: async (settlements) => {
        const [first, ...others] = settlements;
        if (first === undefined) return sound.settle(settlements);
        const dropped = settlements.flatMap((one) => (one.recipientId === first.recipientId ? one.dropped : []));
        return sound.settle([{ ...first, dropped }, ...others.map((one) => ({ ...one, dropped: [] }))]);
      },
    }),
  ),
  'what was delivered is listed too': broken(
    'dropped deliveries: a delivery that leaves the queue without being dropped is not listed',
    mapSettlements((one) => ({
      ...one,
      dropped: one.dropped.flatMap((dropped) => [{ ...dropped, sequence: dropped.sequence - 1 }, dropped]),
    })),
  ),
  'the oldest come first': broken(
    'dropped deliveries: of those dropped at the same moment the latest recorded is the newest',
    mapDropped((dropped) => dropped.toSorted((a, b) => b.droppedAt - a.droppedAt || a.sequence - b.sequence)),
  ),
  'all recipients are listed for one': broken(
    'dropped deliveries: the newest come first, over all recipients and for one',
    (sound) => ({ listDropped: ({ limit }) => sound.listDropped({ limit }) }),
  ),
  'the limit counts before the recipient': broken(
    'dropped deliveries: at most so many are listed as are asked for',
    (sound) => ({
      listDropped: async ({ limit, recipientId }) =>
        (await sound.listDropped({ limit })).filter(
          (one) => recipientId === undefined || one.recipientId === recipientId,
        ),
    }),
  ),
  'drops go with their recipient': broken(
    'dropped deliveries: dropped deliveries of a removed recipient are still listed',
    (sound) => ({
      listDropped: async (query) => {
        const known = new Set((await sound.listRecipients()).map(({ id }) => id));
        return (await sound.listDropped(query)).filter(({ recipientId }) => known.has(recipientId));
      },
    }),
  ),
  'only the last 9,999 are kept': broken(
    'dropped deliveries: at least the last 10,000 are kept',
    mapDropped((dropped) => dropped.slice(0, 9_999)),
  ),
};

/** Bugs in the figures. */
export const statsBugs: BrokenStorages = {
  'empty queues have no figures': broken(
    'stats: every recipient has its figures, also with an empty queue',
    (sound) => ({
      stats: async (recipientId) => (await sound.stats(recipientId)).filter(({ queued }) => queued > 0),
    }),
  ),
  'unknown recipients have figures': broken('stats: the figures of one recipient, and of an unknown one', (sound) => ({
    stats: async (recipientId) => {
      const stats = await sound.stats(recipientId);
      if (stats.length > 0 || recipientId === undefined) return stats;
      return [{ recipientId, queued: 0, oldestAt: null, state: null }];
    },
  })),
  'the oldest is the one that was the first': broken(
    'stats: the figures follow what leaves the queue and what joins it',
    mapStats((stats) => ({ ...stats, oldestAt: stats.oldestAt && Math.min(stats.oldestAt, 1_000) })),
  ),
  'the figures have no state': broken(
    'stats: the figures show the state as the last settlement left it',
    mapStats((stats) => ({ ...stats, state: null })),
  ),
  'the figures are for lease holders': broken('stats: figures need no lease', (sound) => {
    const held = new Set<string>();
    return {
      claim: async (request) => {
        const leases = await sound.claim(request);
        if (request.holder === 'somebody else') for (const { recipientId } of leases) held.add(recipientId);
        return leases;
      },
      stats: async (recipientId) => (await sound.stats(recipientId)).filter((stats) => !held.has(stats.recipientId)),
    };
  }),
};
