import { expect, test } from 'vitest';
import type { ClaimRequest, Lease, LeaseRef, LeaseTimes, Presence } from '../../src/core/storage.ts';
import { LeaseKeeper } from '../../src/dispatch/lease-keeper.ts';
import { ManualClock } from '../../src/testing.ts';

const leaseDuration = 16_000;

interface Answers {
  announce: () => Presence | Promise<Presence>;
  claim: (request: ClaimRequest) => readonly Lease[] | Promise<readonly Lease[]>;
  renew: () => readonly string[] | Promise<readonly string[]>;
  release: () => void | Promise<void>;
  /** Which of the queues that are asked for are left. */
  leave: (recipientId: string) => boolean;
}

/**
 * A keeper for the queues `q1`, `q2`, … of which `known` can be worked on here, alone at first. What it asks of the storage, and
 * what it tells, is in `calls`, each with the time since the beginning.
 */
function setUp(known: number, answers: Partial<Answers> = {}) {
  const clock = new ManualClock();
  const begun = clock.steady();
  const ids = Array.from({ length: known }, (_, index) => `q${index + 1}`);
  const held = new Map<string, LeaseRef>();
  const calls: string[] = [];
  const errors: unknown[] = [];
  const note = (what: string): void => void calls.push(`${clock.steady() - begun} ${what}`);
  const storage: Answers = {
    announce: () => ({ holders: 1, free: known }),
    claim: ({ recipientIds = [], limit }) =>
      recipientIds.slice(0, limit).map((recipientId) => ({ recipientId, fence: 1, state: null })),
    renew: () => [],
    release: () => {},
    leave: () => true,
    ...answers,
  };
  const names = (leases: readonly LeaseRef[]): string => leases.map(({ recipientId }) => recipientId).join(',');
  const isRight = ({ now, expiresAt }: LeaseTimes, duration: number): string =>
    now === clock.steady() && expiresAt === now + duration ? '' : ' with wrong times';
  const keeper = new LeaseKeeper({
    holder: 'me',
    storage: {
      announce: async (holder, times) => {
        const isFarewell = times.now === clock.steady() && times.expiresAt === times.now;
        note(`${isFarewell ? 'farewell' : `announce${isRight(times, leaseDuration)}`} ${holder}`);
        return storage.announce();
      },
      claim: async (request) => {
        note(`claim ${request.limit} of ${request.recipientIds?.length}${isRight(request, leaseDuration)}`);
        return storage.claim(request);
      },
      renew: async (leases, times) => {
        note(`renew ${names(leases)}${isRight(times, leaseDuration)}`);
        return storage.renew();
      },
      release: async (leases) => {
        note(`release ${names(leases)}`);
        return storage.release();
      },
    },
    clock,
    leaseDuration,
    countKnown: () => known,
    held: () => [...held.values()],
    unclaimed: () => ids.filter((id) => !held.has(id)),
    taken: (leases, end) => {
      note(`taken ${names(leases)} until ${end.steady - begun}`);
      for (const lease of leases) held.set(lease.recipientId, lease);
    },
    renewed: (leases, end) => note(`renewed ${names(leases)} until ${end.steady - begun}`),
    lost: async (leases) => {
      if (leases.length > 0) note(`lost ${names(leases)}`);
      for (const { recipientId } of leases) held.delete(recipientId);
    },
    leave: async (id) => {
      if (!storage.leave(id)) return null;
      const lease = held.get(id) ?? null;
      held.delete(id);
      return lease;
    },
    report: (error) => errors.push(error),
  });
  /** What was called since the last time. */
  const heard = (): readonly string[] => calls.splice(0);
  return { keeper, clock, storage, held, heard, errors };
}

/** An answer that is given by hand. */
function later<Answer>() {
  return Promise.withResolvers<Answer>();
}

test('at the start all queues are taken by the process that is alone, and renewed at half the time from then on', async () => {
  const { keeper, clock, heard } = setUp(2);
  await keeper.start();
  expect(heard()).toEqual(['0 announce me', '0 claim 2 of 2', '0 taken q1,q2 until 16000']);
  await clock.advance(7_999);
  expect(heard()).toEqual([]);
  await clock.advance(1);
  expect(heard()).toEqual(['8000 renew q1,q2', '8000 renewed q1,q2 until 24000', '8000 announce me']);
  await clock.advance(8_000);
  expect(heard()).toEqual(['16000 renew q1,q2', '16000 renewed q1,q2 until 32000', '16000 announce me']);
});

test('nothing is claimed before the start, after takeNoMore, or after it has left', async () => {
  const { keeper, clock, heard, held } = setUp(2);
  await keeper.takeUp();
  keeper.watch();
  await clock.advance('10s');
  expect(heard()).toEqual([]);
  await keeper.start();
  keeper.takeNoMore();
  held.delete('q1');
  heard();
  await keeper.takeUp();
  keeper.watch();
  await clock.advance(7_999);
  expect(heard()).toEqual([]);
  await clock.advance(1);
  expect(heard()).toEqual(['18000 renew q2', '18000 renewed q2 until 34000']);
  await keeper.leave([...held.values()]);
  expect(heard()).toEqual(['18000 release q2', '18000 farewell me']);
  await keeper.takeUp();
  await clock.advance('1h');
  expect([heard(), clock.pending]).toEqual([[], 0]);
});

test('who never announced itself leaves without a word', async () => {
  const { keeper, clock, heard } = setUp(0);
  await keeper.start();
  await keeper.leave([]);
  expect([heard(), clock.pending]).toEqual([[], 0]);
});

test('a start that the storage refuses rejects, leaves nothing running, and can be tried again', async () => {
  const trouble = new Error('no storage');
  const { keeper, clock, storage, heard } = setUp(1, { announce: () => Promise.reject(trouble) });
  await expect(keeper.start()).rejects.toBe(trouble);
  expect(clock.pending).toBe(0);
  await keeper.takeUp();
  await clock.advance('1h');
  expect([heard(), clock.pending]).toEqual([['0 announce me'], 0]);
  storage.announce = () => ({ holders: 1, free: 1 });
  await keeper.start();
  expect(heard()).toEqual(['3600000 announce me', '3600000 claim 1 of 1', '3600000 taken q1 until 3616000']);
});

test('a process has its share only, and looks every second for what others leave', async () => {
  const { keeper, clock, storage, heard } = setUp(4, { announce: () => ({ holders: 2, free: 4 }) });
  await keeper.start();
  expect(heard()).toEqual(['0 announce me', '0 claim 2 of 4', '0 taken q1,q2 until 16000']);
  storage.announce = () => ({ holders: 2, free: 0 });
  await clock.advance(1_000);
  expect(heard()).toEqual(['1000 announce me']);
  storage.announce = () => ({ holders: 1, free: 2 });
  await clock.advance(999);
  expect(heard()).toEqual([]);
  await clock.advance(1);
  expect(heard()).toEqual(['2000 announce me', '2000 claim 2 of 2', '2000 taken q3,q4 until 18000']);
  await clock.advance(5_999);
  expect(heard()).toEqual([]);
});

test('what cannot be looked for is reported, and looked for again a second later', async () => {
  const trouble = new Error('no storage');
  const { keeper, clock, storage, heard, errors } = setUp(2, { announce: () => ({ holders: 2, free: 1 }) });
  await keeper.start();
  heard();
  storage.announce = () => Promise.reject(trouble);
  await clock.advance(1_000);
  expect([heard(), errors]).toEqual([['1000 announce me'], [trouble]]);
  storage.announce = () => ({ holders: 1, free: 1 });
  await clock.advance(1_000);
  expect(heard()).toEqual(['2000 announce me', '2000 claim 1 of 1', '2000 taken q2 until 18000']);
});

test('calls of takeUp share the next turn; a turn under way is over before the next one begins', async () => {
  const claims = [later<readonly Lease[]>(), later<readonly Lease[]>()];
  let asked = 0;
  const { keeper, clock, heard } = setUp(1, { claim: () => claims[asked++]?.promise ?? [] });
  void keeper.start();
  await clock.advance(0);
  const turns = [keeper.takeUp(), keeper.takeUp(), keeper.takeUp()];
  expect(turns[1]).toBe(turns[0]);
  expect(turns[2]).toBe(turns[0]);
  await clock.advance(0);
  expect(heard()).toEqual(['0 announce me', '0 claim 1 of 1']);
  claims[0]?.resolve([]);
  await clock.advance(0);
  expect(heard()).toEqual(['0 taken  until 16000', '0 announce me', '0 claim 1 of 1']);
  claims[1]?.resolve([]);
  await Promise.all(turns);
});

test('a turn that failed does not keep the next one from beginning', async () => {
  let fails = false;
  const { keeper, clock, held, heard } = setUp(1, {
    announce: () => (fails ? Promise.reject(new Error('no storage')) : { holders: 1, free: 1 }),
  });
  await keeper.start();
  held.clear();
  fails = true;
  await expect(keeper.takeUp()).rejects.toThrow('no storage');
  fails = false;
  heard();
  await keeper.takeUp();
  expect(heard()).toEqual(['0 announce me', '0 claim 1 of 1', '0 taken q1 until 16000']);
  await clock.advance(0);
});

test('what a renewal says is lost is told, and what is lost is looked for again', async () => {
  const { keeper, clock, storage, heard } = setUp(2);
  await keeper.start();
  heard();
  storage.renew = () => ['q1'];
  await clock.advance(8_000);
  expect(heard()).toEqual([
    '8000 renew q1,q2',
    '8000 renewed q2 until 24000',
    '8000 lost q1',
    '8000 announce me',
    '8000 claim 1 of 1',
    '8000 taken q1 until 24000',
    '8000 announce me',
  ]);
});

test('a renewal that fails is reported, and asked for again a second later', async () => {
  const trouble = new Error('no storage');
  const { keeper, clock, storage, heard, errors } = setUp(1);
  await keeper.start();
  heard();
  storage.renew = () => Promise.reject(trouble);
  await clock.advance(8_000);
  storage.renew = () => [];
  await clock.advance(999);
  expect([heard(), errors]).toEqual([['8000 renew q1'], [trouble]]);
  await clock.advance(1);
  expect(heard()).toEqual(['9000 renew q1', '9000 renewed q1 until 25000', '9000 announce me']);
});

test('a renewal without an answer is asked for again after an eighth of the time; a late answer changes nothing', async () => {
  const first = later<readonly string[]>();
  const { keeper, clock, storage, heard } = setUp(1);
  await keeper.start();
  heard();
  storage.renew = () => first.promise;
  await clock.advance(8_000);
  storage.renew = () => [];
  await clock.advance(1_999);
  expect(heard()).toEqual(['8000 renew q1']);
  await clock.advance(1);
  expect(heard()).toEqual(['10000 renew q1', '10000 renewed q1 until 26000', '10000 announce me']);
  await clock.advance(1_000);
  first.resolve([]);
  await clock.advance(0);
  expect(heard()).toEqual(['11000 announce me']);
  await clock.advance(6_999);
  expect(heard()).toEqual([]);
  await clock.advance(1);
  expect(heard()).toEqual(['18000 renew q1', '18000 renewed q1 until 34000', '18000 announce me']);
});

test('what exceeds the share is left to others when a beat finds that they came', async () => {
  const { keeper, clock, storage, held, heard } = setUp(4);
  await keeper.start();
  heard();
  storage.announce = () => ({ holders: 2, free: 0 });
  await clock.advance(8_000);
  expect(heard()).toEqual([
    '8000 renew q1,q2,q3,q4',
    '8000 renewed q1,q2,q3,q4 until 24000',
    '8000 announce me',
    '8000 release q1',
    '8000 release q2',
  ]);
  expect([...held.keys()]).toEqual(['q3', 'q4']);
  // From now on they may leave them.
  await clock.advance(1_000);
  expect(heard()).toEqual(['9000 announce me']);
});

test('a queue that is not to be left is kept without a word', async () => {
  const { keeper, clock, storage, heard, errors } = setUp(2, { leave: () => false });
  await keeper.start();
  storage.announce = () => ({ holders: 2, free: 0 });
  await clock.advance(8_000);
  expect([heard().filter((call) => call.includes('release')), errors]).toEqual([[], []]);
});

test('what nobody else takes is taken beyond the share, and kept', async () => {
  const { keeper, clock, storage, heard } = setUp(2, { announce: () => ({ holders: 2, free: 1 }) });
  await keeper.start();
  await clock.advance(4_999);
  expect(heard().filter((call) => call.includes('claim'))).toEqual(['0 claim 1 of 2']);
  await clock.advance(1);
  expect(heard()).toEqual(['5000 announce me', '5000 claim 2 of 1', '5000 taken q2 until 21000']);
  storage.announce = () => ({ holders: 2, free: 0 });
  await clock.advance(3_000);
  expect(heard().slice(2)).toEqual(['8000 announce me', '8000 release q1']);
});

test('when no more is to be taken while it is looked for queues, none is claimed or left', async () => {
  const presence = later<Presence>();
  const { keeper, clock, held, heard } = setUp(3, { announce: () => presence.promise });
  void keeper.start();
  await clock.advance(0);
  keeper.takeNoMore();
  presence.resolve({ holders: 1, free: 3 });
  await clock.advance(0);
  expect([heard(), held.size]).toEqual([['0 announce me'], 0]);

  const other = setUp(3);
  await other.keeper.start();
  const beat = later<Presence>();
  other.storage.announce = () => beat.promise;
  await other.clock.advance(8_000);
  other.keeper.takeNoMore();
  expect(other.clock.pending).toBe(1);
  beat.resolve({ holders: 3, free: 0 });
  await other.clock.advance(0);
  expect(other.held.size).toBe(3);

  const third = setUp(3);
  await third.keeper.start();
  third.held.delete('q1');
  const turn = later<Presence>();
  third.storage.announce = () => turn.promise;
  await third.clock.advance(8_000);
  third.heard();
  third.keeper.takeNoMore();
  turn.resolve({ holders: 3, free: 1 });
  await third.clock.advance(0);
  expect(third.heard()).toEqual([]);
});

test('no timer but that of the next renewal is left when no more is to be taken', async () => {
  const { keeper, clock } = setUp(2, { announce: () => ({ holders: 2, free: 0 }) });
  await keeper.start();
  expect(clock.pending).toBe(2);
  keeper.takeNoMore();
  expect(clock.pending).toBe(1);
});

test('it leaves once a beat under way has found out who else is there', async () => {
  const beat = later<Presence>();
  const { keeper, clock, storage, heard } = setUp(1);
  await keeper.start();
  storage.announce = () => beat.promise;
  await clock.advance(8_000);
  heard();
  const left = keeper.leave([]);
  await clock.advance(500);
  expect(heard()).toEqual([]);
  storage.announce = () => ({ holders: 1, free: 1 });
  beat.resolve({ holders: 1, free: 0 });
  await left;
  expect(heard()).toEqual(['8500 release ', '8500 farewell me']);
});

test('what cannot be given back is reported', async () => {
  const trouble = new Error('no storage');
  const { keeper, clock, storage, errors } = setUp(2);
  await keeper.start();
  storage.announce = () => ({ holders: 2, free: 0 });
  storage.release = () => Promise.reject(trouble);
  await clock.advance(8_000);
  expect(errors).toEqual([trouble]);
});

test('looking for queues and leaving them takes as long as it takes: no second time begins meanwhile', async () => {
  const { keeper, clock, storage, heard } = setUp(1);
  await keeper.start();
  heard();
  const slow = later<Presence>();
  storage.announce = () => slow.promise;
  await clock.advance(16_000);
  expect(heard().filter((call) => call.includes('announce'))).toEqual(['8000 announce me']);
  slow.resolve({ holders: 1, free: 0 });
  storage.announce = () => ({ holders: 1, free: 0 });
  await clock.advance(8_000);
  expect(heard().filter((call) => call.includes('announce'))).toEqual(['24000 announce me']);
});

test('a lease is confirmed by a renewal, many in one; what is lost has no end', async () => {
  const { keeper, clock, storage, heard } = setUp(3);
  await keeper.start();
  heard();
  storage.renew = () => ['q2'];
  await clock.advance(500);
  const now = clock.steady();
  const ends = await Promise.all(['q1', 'q2'].map((recipientId) => keeper.confirm({ recipientId, fence: 1 })));
  expect(ends).toEqual([{ steady: now + leaseDuration, wall: now + leaseDuration }, null]);
  expect(heard()).toEqual(['500 renew q1,q2']);
});

test('what is claimed while it leaves is given back with the rest, once it is known', async () => {
  const claim = later<readonly Lease[]>();
  const { keeper, clock, heard, held } = setUp(2, { claim: () => claim.promise });
  void keeper.start();
  await clock.advance(0);
  keeper.takeNoMore();
  const left = keeper.leave([{ recipientId: 'q9', fence: 4 }]);
  await clock.advance(500);
  expect(heard()).toEqual(['0 announce me', '0 claim 2 of 2']);
  claim.resolve([{ recipientId: 'q1', fence: 1, state: null }]);
  await left;
  expect(heard()).toEqual(['500 release q9,q1', '500 farewell me']);
  expect([held.size, clock.pending]).toEqual([0, 0]);
});

test('leaving takes a second at most, and what fails afterwards is told to nobody', async () => {
  const release = later<void>();
  const { keeper, clock, heard, errors } = setUp(1, { release: () => release.promise });
  await keeper.start();
  heard();
  let hasLeft = false;
  void keeper.leave([]).then(() => {
    hasLeft = true;
  });
  await clock.advance(999);
  expect(hasLeft).toBe(false);
  await clock.advance(1);
  expect(hasLeft).toBe(true);
  release.reject(new Error('too late'));
  await clock.advance('1h');
  expect([heard(), errors, clock.pending]).toEqual([['0 release '], [], 0]);
});

test('a storage that is late with an errand is not asked for more', async () => {
  const renewal = later<readonly string[]>();
  const { keeper, clock, storage, heard, errors } = setUp(1);
  await keeper.start();
  storage.renew = () => renewal.promise;
  await clock.advance(8_000);
  heard();
  const left = keeper.leave([]);
  await clock.advance(1_000);
  await left;
  keeper.takeNoMore();
  renewal.reject(new Error('too late'));
  await clock.advance('1h');
  expect([heard(), errors, clock.pending]).toEqual([[], [], 0]);
});

test('what fails while leases are given back is told', async () => {
  const trouble = new Error('no storage');
  const { keeper, clock, errors } = setUp(1, { release: () => Promise.reject(trouble) });
  await keeper.start();
  await keeper.leave([]);
  expect([errors, clock.pending]).toEqual([[trouble], 0]);
});
