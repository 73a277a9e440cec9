import { strict as assert } from 'node:assert';
import type { QueueStorage } from '../core/storage.ts';
import { storedEvent } from './builders.ts';
import { refused, rememberAll, type StorageTests } from './storage-subject.ts';

const times = { now: 1_000, expiresAt: 61_000 };
const lease = { recipientId: 'crm', fence: 1 };

/** Every call that answers with a promise. */
const calls: Readonly<Record<string, (storage: QueueStorage) => Promise<unknown>>> = {
  time: (storage) => storage.time(),
  listRecipients: (storage) => storage.listRecipients(),
  saveRecipient: (storage) => storage.saveRecipient({ id: 'crm', settings: '{}' }),
  removeRecipient: (storage) => storage.removeRecipient('crm'),
  append: (storage) => storage.append([{ event: storedEvent(), recipientIds: ['crm'] }], rememberAll),
  announce: (storage) => storage.announce('holder-a', times),
  claim: (storage) => storage.claim({ ...times, holder: 'holder-a', limit: 1 }),
  renew: (storage) => storage.renew([lease], times),
  release: (storage) => storage.release([lease]),
  read: (storage) => storage.read(lease, 10, 1_000),
  settle: (storage) => storage.settle([{ ...lease, through: 1, dropped: [], state: undefined }]),
  stats: (storage) => storage.stats(),
  listDropped: (storage) => storage.listDropped({ limit: 10 }),
};

const afterClose: StorageTests = Object.fromEntries(
  Object.entries(calls).map(([name, call]) => [
    `${name} after close is refused with ERR_STORAGE_CLOSED`,
    async (subject) => {
      await subject.close();
      await refused(call(subject.storage), 'ERR_STORAGE_CLOSED');
    },
  ]),
);

/** What is said about opening, closing, and calls that cannot be answered. */
export const storageLifeTests: StorageTests = {
  'opening resolves with warnings, one sentence each': async (subject) => {
    const warnings = await subject.reopen();
    assert(Array.isArray(warnings), 'open() resolved with something else than a list');
    for (const warning of warnings) assert.equal(typeof warning, 'string');
  },

  'closing twice is closing once': async (subject) => {
    await subject.close();
    await subject.close();
    await Promise.all([subject.close(), subject.close()]);
  },

  'closing waits for calls under way': async (subject) => {
    await subject.save('crm');
    const numbers = Array.from({ length: 20 }, (_, index) => index + 1);
    const appends = numbers.map((number) => subject.append(['crm'], storedEvent({ id: `event-${number}` })));
    const closing = subject.close();
    for (const [result] of await Promise.all(appends)) assert.equal(result?.status, 'stored');
    await closing;
    await subject.reopen();
    assert.deepEqual(
      await subject.line('crm'),
      numbers.map((number) => `${number}:event-${number}`),
    );
  },

  ...afterClose,
};
