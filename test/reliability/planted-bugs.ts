import { setTimeout as wait } from 'node:timers/promises';
import type { QueueStorage } from '../../src/index.ts';

type Bug = (sound: QueueStorage) => Partial<QueueStorage>;

const bugs = {
  /** `emit` resolves when its event is about to be stored. */
  'acknowledges before storing': (sound) => {
    const { later, caughtUp } = writeBehind(sound);
    return {
      ...caughtUp,
      append: async (entries, options) => {
        later(() => sound.append(entries, options));
        return entries.map(({ recipientIds }) => ({ status: 'stored', recipientIds }));
      },
    };
  },
  /** What became of an attempt is told when it is about to be recorded. */
  'settles too late': (sound) => {
    const { later, caughtUp } = writeBehind(sound);
    return {
      ...caughtUp,
      settle: async (settlements) => {
        later(() => sound.settle(settlements));
        return settlements.map(() => true);
      },
    };
  },
  /** What is handed out to be sent leaves the queue at once. */
  'settles too early': (sound) => ({
    read: async (lease, limit, maxBytes) => {
      const head = await sound.read(lease, limit, maxBytes);
      const through = head.at(-1)?.sequence ?? 0;
      await sound.settle([{ ...lease, through, dropped: [], state: undefined }]);
      return head;
    },
  }),
  /** Failed attempts and waits are known only to the process that made them. */
  'keeps no state': (sound) => ({
    settle: (settlements) => sound.settle(settlements.map((one) => ({ ...one, state: undefined }))),
  }),
  /** The two deliveries at the head of a queue change places. */
  'hands out the second first': (sound) => ({
    read: async (lease, limit, maxBytes) => {
      const [first, second, ...others] = await sound.read(lease, limit, maxBytes);
      return [second, first, ...others].filter((delivery) => delivery !== undefined);
    },
  }),
} satisfies Readonly<Record<string, Bug>>;

export type PlantedBug = keyof typeof bugs;

/** A storage with a bug, so that the kill tests can be seen to fail. */
export function plantBug(name: PlantedBug, sound: QueueStorage): QueueStorage {
  const replaced: Partial<QueueStorage> = bugs[name](sound);
  return new Proxy(sound, {
    get: (_, method: keyof QueueStorage) => replaced[method] ?? sound[method].bind(sound),
  });
}

/** Writes some milliseconds later. Whoever reads meanwhile waits, so that only the end of the process can show it. */
function writeBehind(sound: QueueStorage): {
  readonly later: (write: () => Promise<unknown>) => void;
  readonly caughtUp: Pick<QueueStorage, 'read' | 'stats'>;
} {
  let last: Promise<unknown> = Promise.resolve();
  return {
    later: (write) => {
      last = Promise.all([last, wait(10)]).then(write);
    },
    caughtUp: {
      read: (...args) => last.then(() => sound.read(...args)),
      stats: (...args) => last.then(() => sound.stats(...args)),
    },
  };
}
