import { expect, test } from 'vitest';
import { followFences } from '../testing/broken-storages/broken-storage.ts';
import type { StorageBug } from './simulated-storage.ts';
import { simulate } from './simulation.ts';

const bugs: Readonly<Record<string, StorageBug>> = {
  'the fence is ignored': (sound) => {
    const { claim, current } = followFences(sound);
    return { claim, settle: (settlements) => sound.settle(settlements.map(current)) };
  },
  'leases are given to everybody': (sound) => ({
    claim: (request) => sound.claim({ ...request, evenIfHeld: true }),
  }),
  'states are not kept': (sound) => ({
    settle: (settlements) => sound.settle(settlements.map((one) => ({ ...one, state: undefined }))),
  }),
  'what is read is settled': (sound) => ({
    read: async (lease, limit, maxBytes) => {
      const head = await sound.read(lease, limit, maxBytes);
      const through = head.at(-1)?.sequence ?? 0;
      await sound.settle([{ ...lease, through, dropped: [], state: undefined }]);
      return head;
    },
  }),
  'the second is handed out first': (sound) => ({
    read: async (lease, limit, maxBytes) => {
      const [first, second, ...others] = await sound.read(lease, limit, maxBytes);
      return [second, first, ...others].filter((delivery) => delivery !== undefined);
    },
  }),
  'one event in thirty is not stored': (sound) => ({
    append: async (entries, options) => {
      const results = await sound.append(
        entries.filter(({ event }) => Number(event.id.slice('event-'.length)) % 30 !== 0),
        options,
      );
      const left = [...results];
      return entries.map(({ event, recipientIds }) =>
        Number(event.id.slice('event-'.length)) % 30 === 0
          ? ({ status: 'stored', recipientIds } as const)
          : (left.shift() as (typeof results)[number]),
      );
    },
  }),
  'ids are forgotten': (sound) => {
    let count = 0;
    return {
      append: (entries, options) =>
        sound.append(
          entries.map((entry) => {
            count += 1;
            return { ...entry, event: { ...entry.event, id: `${entry.event.id}.${count}` } };
          }),
          options,
        ),
    };
  },
};

// Those of leases show in few seeds only: `npm run test:long` has them, too.
const rare = ['the fence is ignored', 'leases are given to everybody'];
const isLong = process.env.TEST_LENGTH === 'long';

test.each(Object.keys(bugs).filter((name) => isLong || !rare.includes(name)))(
  'it is found out that %s',
  { timeout: 120_000 },
  async (name) => {
    const found: string[] = [];
    for (let seed = 1; seed <= 60 && found.length === 0; seed += 1) {
      found.push(...(await simulate(seed, { bug: bugs[name], processes: (seed % 3) + 1 })).wrong);
    }
    expect(found).not.toEqual([]);
  },
);
