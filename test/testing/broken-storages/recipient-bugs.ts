import type { AppendResult, Lease, RecipientRecord } from '../../../src/core/storage.ts';
import type { MemoryStorage } from '../../../src/memory/memory-storage.ts';
import { type BrokenStorages, broken } from './broken-storage.ts';

/** Empties a queue, whoever holds it. */
async function empty(sound: MemoryStorage, recipientId: string): Promise<void> {
  const request = {
    holder: 'broom',
    now: Number.MAX_SAFE_INTEGER,
    expiresAt: 0,
    limit: 1,
    recipientIds: [recipientId],
  };
  const leases = await sound.claim(request);
  const through = Number.MAX_SAFE_INTEGER;
  await sound.settle(leases.map((lease) => ({ ...lease, through, dropped: [], state: undefined })));
}

/** Bugs in keeping recipients. */
export const recipientBugs: BrokenStorages = {
  'recipients are listed by id': broken(
    'recipients: recipients are listed in the order they were first saved',
    (sound) => ({
      listRecipients: async () => (await sound.listRecipients()).toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    }),
  ),
  'every other save is late': broken('recipients: overlapping saves keep the order of the calls', (sound) => {
    let calls = 0;
    return {
      saveRecipient: async (record) => {
        calls += 1;
        const copy = { ...record };
        if (calls % 2 === 1) await null;
        return sound.saveRecipient(copy);
      },
    };
  }),
  'the first settings stay': broken('recipients: saving a recipient again replaces its settings', (sound) => ({
    saveRecipient: async (record) => {
      const known = (await sound.listRecipients()).some(({ id }) => id === record.id);
      return known || sound.saveRecipient(record);
    },
  })),
  'saving a recipient again empties its queue': broken(
    'recipients: saving a recipient again leaves its queue and its state',
    (sound) => ({
      saveRecipient: async (record) => {
        await empty(sound, record.id);
        return sound.saveRecipient(record);
      },
    }),
  ),
  'a removed recipient is still listed': broken(
    'recipients: a recipient whose queue is empty can be removed',
    (sound) => {
      const ever = new Map<string, RecipientRecord>();
      return {
        saveRecipient: async (record) => {
          ever.set(record.id, { ...record });
          return sound.saveRecipient(record);
        },
        listRecipients: async () => [...ever.values()],
      };
    },
  ),
  'removing an unknown recipient answers false': broken(
    'recipients: removing an unknown recipient answers true',
    (sound) => ({
      removeRecipient: async (id) => {
        const known = (await sound.listRecipients()).some((record) => record.id === id);
        return known && sound.removeRecipient(id);
      },
    }),
  ),
  'a backlog is removed with its recipient': broken(
    'recipients: a recipient whose deliveries wait is not removed, and nothing changes',
    (sound) => ({
      removeRecipient: async (id) => {
        await empty(sound, id);
        return sound.removeRecipient(id);
      },
    }),
  ),
  'events are answered before they are stored': broken(
    'recipients: of an append and a removal that overlap, the later finds what the earlier left',
    (sound) => ({
      append: async (entries, options) => {
        const answers = entries.map<AppendResult>(({ recipientIds }) => ({ status: 'stored', recipientIds }));
        await null;
        await sound.append(entries, options);
        return answers;
      },
    }),
  ),
  'a recipient that comes back has its old state': broken(
    'recipients: a recipient that is added again after its removal starts with an empty queue and no state',
    (sound) => {
      const states = new Map<string, Lease['state']>();
      return {
        settle: (settlements) => {
          for (const { recipientId, state } of settlements) if (state) states.set(recipientId, state);
          return sound.settle(settlements);
        },
        claim: async (request) =>
          (await sound.claim(request)).map((lease) => ({
            ...lease,
            state: lease.state ?? states.get(lease.recipientId) ?? null,
          })),
      };
    },
  ),
};
