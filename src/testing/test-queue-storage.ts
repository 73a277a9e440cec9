import { storageAppendTests } from './storage-append.ts';
import { storageCopyTests } from './storage-copies.ts';
import { storageDroppedTests } from './storage-dropped.ts';
import { storageDurabilityTests } from './storage-durability.ts';
import { storageEventIdTests } from './storage-event-ids.ts';
import { storageFencingTests } from './storage-fencing.ts';
import { storageLeaseTests } from './storage-leases.ts';
import { storageLifeTests } from './storage-life.ts';
import { storageLimitTests } from './storage-limits.ts';
import { storagePresenceTests } from './storage-presence.ts';
import { storageReadTests } from './storage-read.ts';
import { storageRecipientTests } from './storage-recipients.ts';
import { storageSettleTests } from './storage-settle.ts';
import { storageSharedTests, storageUnsharedTests } from './storage-sharing.ts';
import { storageStatsTests } from './storage-stats.ts';
import { StorageSubject, type StorageUnderTest } from './storage-subject.ts';
import { storageVerbatimTests } from './storage-verbatim.ts';
import { register, type TestRunner, type Themes } from './test-runner.ts';

/** What {@link testQueueStorage} is given. */
export interface QueueStorageSuite extends TestRunner {
  /** Makes the storage of one test. Called anew for each; tests may run side by side. */
  readonly create: () => StorageUnderTest | Promise<StorageUnderTest>;
  /** Whether several processes may use the same contents at a time; `another` must then be there. Default: no. */
  readonly shared?: boolean | undefined;
}

const themes: Themes<StorageSubject> = {
  'open and close': storageLifeTests,
  recipients: storageRecipientTests,
  append: storageAppendTests,
  'event ids': storageEventIdTests,
  limits: storageLimitTests,
  leases: storageLeaseTests,
  presence: storagePresenceTests,
  fencing: storageFencingTests,
  read: storageReadTests,
  settle: storageSettleTests,
  'dropped deliveries': storageDroppedTests,
  stats: storageStatsTests,
  durability: storageDurabilityTests,
  verbatim: storageVerbatimTests,
  copies: storageCopyTests,
};

/**
 * Registers the tests that every {@link QueueStorage} has to pass: one or more for each sentence of its contract.
 *
 * @example
 * import { describe, test } from 'node:test';
 *
 * testQueueStorage({
 *   test,
 *   describe,
 *   create: async () => {
 *     const storage = new MemoryStorage();
 *     return { storage, reopen: async () => storage, dispose: async () => {} };
 *   },
 * });
 */
export function testQueueStorage({ create, shared = false, ...runner }: QueueStorageSuite): void {
  const sharing: Themes<StorageSubject> = { sharing: shared ? storageSharedTests : storageUnsharedTests };
  register(runner, { ...themes, ...sharing }, async (body) => {
    const underTest = await create();
    const subject = new StorageSubject(underTest);
    try {
      await subject.open();
      await body(subject);
    } finally {
      // Also when it cannot be closed.
      await subject.close().finally(() => underTest.dispose());
    }
  });
}
