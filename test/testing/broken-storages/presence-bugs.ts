import { type BrokenStorages, broken } from './broken-storage.ts';

/** Bugs in who is there, and in what was added for storages that several processes share. */
export const presenceBugs: BrokenStorages = {
  'a storage for one process has a clock': broken('sharing: it has no time of its own', () => ({
    time: async () => Date.now(),
  })),
  'every announcement counts': broken('presence: holders that announced themselves are counted, each once', (sound) => {
    let calls = 0;
    return { announce: async (...call) => ({ ...(await sound.announce(...call)), holders: ++calls }) };
  }),
  'holders are there for ever': broken(
    'presence: a holder that did not announce itself again in time is not counted',
    (sound) => ({
      announce: (holder, times) =>
        sound.announce(holder, times.expiresAt > times.now ? { ...times, expiresAt: Number.MAX_SAFE_INTEGER } : times),
    }),
  ),
  'the first announcement holds': broken(
    'presence: a holder that announces itself again is there for longer',
    (sound) => {
      const until = new Map<string, number>();
      return {
        announce: (holder, { now, expiresAt }) => {
          until.set(holder, Math.min(until.get(holder) ?? expiresAt, expiresAt));
          return sound.announce(holder, { now, expiresAt: until.get(holder) ?? expiresAt });
        },
      };
    },
  ),
  'nobody can leave': broken('presence: a holder can take its leave', (sound) => ({
    announce: (holder, { now, expiresAt }) => sound.announce(holder, { now, expiresAt: Math.max(expiresAt, now + 1) }),
  })),
  'queues whose lease has run out are not free': broken(
    'presence: queues are free that have no lease, or one that has run out',
    (sound) => ({ announce: (holder, times) => sound.announce(holder, { ...times, now: times.now - 1_000 }) }),
  ),
  'to announce oneself takes a lease': broken(
    'presence: to announce oneself takes no lease and loses none',
    (sound) => ({
      announce: async (holder, times) => {
        await sound.claim({ ...times, holder, limit: 100, evenIfHeld: true });
        return sound.announce(holder, times);
      },
    }),
  ),
  'nothing is taken from a holder': broken(
    'leases: a claim that is to take what others hold takes it, and their lease is lost',
    (sound) => ({ claim: (request) => sound.claim({ ...request, evenIfHeld: false }) }),
  ),
  'saving answers whether the recipient was new': broken('recipients: saving answers true', (sound) => ({
    saveRecipient: async (record, replaced) => {
      const isNew = !(await sound.listRecipients()).some(({ id }) => id === record.id);
      return (await sound.saveRecipient(record, replaced)) && (isNew || replaced !== undefined);
    },
  })),
  'settings are replaced whatever they are': broken(
    'recipients: settings that must be replaced are replaced only if they are still these',
    (sound) => ({ saveRecipient: (record) => sound.saveRecipient(record) }),
  ),
  'drops are listed with each repetition': broken(
    'dropped deliveries: a settlement that is recorded twice lists its drops once',
    (sound) => {
      const dropped: Awaited<ReturnType<typeof sound.listDropped>>[number][] = [];
      return {
        settle: async (settlements) => {
          const recorded = await sound.settle(settlements);
          for (const [index, settlement] of settlements.entries())
            if (recorded[index]) dropped.unshift(...settlement.dropped);
          return recorded;
        },
        listDropped: async () => dropped,
      };
    },
  ),
};
