import type { Lease } from '../../../src/core/storage.ts';
import type { MemoryStorage } from '../../../src/memory/memory-storage.ts';
import { type BrokenStorages, type Bug, broken, followFences } from './broken-storage.ts';

/** Gives fences less what `baseOf` says at the time, and takes them back. */
function lowersFences(restartAt: 'removal' | 'close'): Bug {
  return (sound) => {
    let highest = 0;
    let base = 0;
    const inner = <R extends { readonly fence: number }>(ref: R): R => ({ ...ref, fence: ref.fence + base });
    const restart = (): void => {
      base = highest;
    };
    return {
      claim: async (request) => {
        const leases = await sound.claim(request);
        for (const { fence } of leases) highest = Math.max(highest, fence);
        return leases.map((lease) => ({ ...lease, fence: lease.fence - base }));
      },
      renew: (leases, times) => sound.renew(leases.map(inner), times),
      release: (leases) => sound.release(leases.map(inner)),
      read: (lease, limit, maxBytes) => sound.read(inner(lease), limit, maxBytes),
      settle: (settlements) => sound.settle(settlements.map(inner)),
      removeRecipient: async (id) => {
        if (restartAt === 'removal') restart();
        return sound.removeRecipient(id);
      },
      close: async () => {
        if (restartAt === 'close') restart();
        await sound.close();
      },
    };
  };
}

function forAnyFence(method: 'read' | 'renew' | 'release' | 'settle'): Bug {
  return (sound) => {
    const { claim, current } = followFences(sound);
    const methods = {
      read: (lease: Parameters<MemoryStorage['read']>[0], limit: number, maxBytes: number) =>
        sound.read(current(lease), limit, maxBytes),
      renew: (...[leases, times]: Parameters<MemoryStorage['renew']>) => sound.renew(leases.map(current), times),
      release: (...[leases]: Parameters<MemoryStorage['release']>) => sound.release(leases.map(current)),
      settle: (...[settlements]: Parameters<MemoryStorage['settle']>) => sound.settle(settlements.map(current)),
    };
    return { claim, [method]: methods[method] };
  };
}

/** Bugs in leases and fences. */
export const leaseBugs: BrokenStorages = {
  'a lease that has not run out can be stolen': broken('leases: a lease keeps other holders away', (sound) => ({
    claim: (request) => sound.claim({ ...request, now: Number.MAX_SAFE_INTEGER }),
  })),
  'a lease ends after a moment': broken('leases: a lease keeps other holders away until it has run out', (sound) => ({
    claim: (request) => sound.claim({ ...request, expiresAt: Math.min(request.expiresAt, request.now + 100) }),
  })),
  'a lease never runs out': broken('leases: a lease that has run out can be taken by another holder', (sound) => ({
    claim: (request) => sound.claim({ ...request, expiresAt: Number.MAX_SAFE_INTEGER }),
  })),
  'held queues are claimed too': broken('leases: a claim takes the queues that nobody holds', (sound) => ({
    claim: (request) => sound.claim({ ...request, holder: 'everybody' }),
  })),
  'overlapping claims all succeed': broken('leases: of claims that overlap one has the lease', (sound) => ({
    claim: async (request) => {
      const free = (await sound.stats()).map(({ recipientId }) => recipientId);
      const leases = await sound.claim(request);
      if (leases.length > 0 || request.limit < 10 || request.recipientIds) return leases;
      return free.map((recipientId) => ({ recipientId, fence: 1, state: null }));
    },
  })),
  'a claim ignores its limit': broken(
    'leases: a claim takes at most so many leases as it says, and the next claim the rest',
    (sound) => ({ claim: (request) => sound.claim({ ...request, limit: 1_000 }) }),
  ),
  'a claim ignores which recipients it is for': broken(
    'leases: a claim can be for certain recipients only; unknown ones are passed over',
    (sound) => ({
      claim: async (request) => {
        const leases = await sound.claim({ ...request, recipientIds: undefined });
        return leases.filter(({ recipientId }) => request.recipientIds?.includes(recipientId) ?? true);
      },
    }),
  ),
  'a recipient named twice is claimed twice': broken(
    'leases: a claim that names a recipient twice takes its queue once',
    (sound) => ({
      claim: async (request) => {
        const { recipientIds, limit } = request;
        const leases: Lease[] = [];
        for (const id of recipientIds?.slice(0, limit) ?? []) {
          leases.push(...(await sound.claim({ ...request, recipientIds: [id] })));
        }
        return recipientIds === undefined ? sound.claim(request) : leases;
      },
    }),
  ),
  'the holder keeps its fence when it claims again': broken(
    'leases: the same holder may claim again, and has a new fence',
    (sound) => {
      const given = new Map<string, Lease>();
      return {
        claim: async (request) => {
          const id = request.recipientIds?.[0];
          const held = id === undefined ? undefined : given.get(`${request.holder} ${id}`);
          if (held && (await sound.renew([held], request)).length === 0) return [held];
          const leases = await sound.claim(request);
          for (const lease of leases) given.set(`${request.holder} ${lease.recipientId}`, lease);
          return leases;
        },
      };
    },
  ),
  'fences begin again when a recipient is added again': broken(
    'leases: a fence is higher than every one the recipient ever had',
    lowersFences('removal'),
  ),
  'fences begin again with the process': broken(
    'fencing: a lease of the process before, after a new claim changes nothing and reads nothing',
    lowersFences('close'),
  ),
  'a lease carries the state it had first': broken(
    'leases: a lease carries the state as the last settlement left it',
    (sound) => {
      const first = new Map<string, Lease['state']>();
      return {
        claim: async (request) =>
          (await sound.claim(request)).map((lease) => {
            if (!first.has(lease.recipientId)) first.set(lease.recipientId, lease.state);
            return { ...lease, state: first.get(lease.recipientId) ?? null };
          }),
      };
    },
  ),
  'extending a lease does nothing': broken(
    'leases: a lease that is extended keeps other holders away for longer',
    (sound) => ({ renew: (leases, { now }) => sound.renew(leases, { now, expiresAt: now + 50 }) }),
  ),
  'an extended lease never runs out': broken('leases: an extended lease runs out at its new end', (sound) => ({
    renew: (leases, { now }) => sound.renew(leases, { now, expiresAt: Number.MAX_SAFE_INTEGER }),
  })),
  'a lease that has run out cannot be extended': broken(
    'leases: a lease that has run out but that nobody took can be extended',
    (sound) => {
      const ends = new Map<string, number>();
      return {
        claim: async (request) => {
          const leases = await sound.claim(request);
          for (const { recipientId } of leases) ends.set(recipientId, request.expiresAt);
          return leases;
        },
        renew: async (leases, times) => {
          const ended = leases.filter(({ recipientId }) => (ends.get(recipientId) ?? 0) <= times.now);
          const lost = await sound.renew(
            leases.filter((lease) => !ended.includes(lease)),
            times,
          );
          return [...lost, ...ended.map(({ recipientId }) => recipientId)];
        },
      };
    },
  ),
  'lost leases are not told': broken(
    'leases: extending tells which leases are lost, and leaves those of their new holders',
    (sound) => ({
      renew: async (leases, times) => {
        await sound.renew(leases, times);
        return [];
      },
    }),
  ),
  'giving a lease back does nothing': broken(
    'leases: a lease that is given back is free at once, and no longer a lease',
    () => ({ release: async () => {} }),
  ),
  'anybody can give a lease back': broken(
    'leases: giving back a lease that is no longer held leaves the one that is',
    forAnyFence('release'),
  ),
  'anybody can extend a lease': broken(
    'fencing: a lease taken by another holder changes nothing and reads nothing',
    forAnyFence('renew'),
  ),
  'the fence is ignored when settling': broken(
    'fencing: a lease claimed again by its holder changes nothing and reads nothing',
    forAnyFence('settle'),
  ),
  'the fence is ignored when reading': broken(
    'fencing: a lease that was never given changes nothing and reads nothing',
    forAnyFence('read'),
  ),
  'a lease that was given back is still good for reading': broken(
    'fencing: a lease given back changes nothing and reads nothing',
    (sound) => {
      let last: Awaited<ReturnType<MemoryStorage['read']>> = [];
      return {
        release: async (leases) => {
          for (const lease of leases) last = await sound.read(lease, 100, 1e9);
          await sound.release(leases);
        },
        read: async (lease, limit, maxBytes) => {
          const deliveries = await sound.read(lease, limit, maxBytes);
          return deliveries.length > 0 ? deliveries : last;
        },
      };
    },
  ),
  'a removed recipient leaves its lease behind': broken(
    'fencing: a lease of a recipient that was removed and added again changes nothing and reads nothing',
    (sound) => {
      const left = new Map<string, number>();
      const { claim, current } = followFences(sound);
      return {
        claim,
        removeRecipient: async (id) => {
          left.set(id, current({ recipientId: id, fence: 0 }).fence);
          return sound.removeRecipient(id);
        },
        settle: (settlements) =>
          sound.settle(settlements.map((one) => (left.get(one.recipientId) === one.fence ? current(one) : one))),
      };
    },
  ),
  'fences are compared without their recipient': broken(
    'fencing: a lease of one recipient is none of another',
    (sound) => {
      const fences = new Map<number, string>();
      const { claim, current } = followFences(sound);
      return {
        claim: async (request) => {
          const leases = await claim(request);
          for (const { recipientId, fence } of leases) fences.set(fence, recipientId);
          return leases;
        },
        settle: (settlements) =>
          sound.settle(
            settlements.map((one) =>
              fences.has(one.fence) && fences.get(one.fence) !== one.recipientId ? current(one) : one,
            ),
          ),
      };
    },
  ),
  'a settlement for nobody is answered as recorded': broken(
    'fencing: a settlement for an unknown recipient is refused',
    (sound) => ({
      settle: async (settlements) => {
        const known = new Set((await sound.listRecipients()).map(({ id }) => id));
        const answers = await sound.settle(settlements);
        return answers.map((answer, index) => answer || !known.has(settlements[index]?.recipientId ?? ''));
      },
    }),
  ),
  'one stale settlement stops the others': broken(
    'fencing: in one call the stale settlement is refused and the others are recorded',
    (sound) => {
      const { claim, current } = followFences(sound);
      return {
        claim,
        settle: async (settlements) =>
          settlements.every((one) => current(one).fence === one.fence)
            ? sound.settle(settlements)
            : settlements.map(() => false),
      };
    },
  ),
};
