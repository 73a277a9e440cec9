import { strict as assert } from 'node:assert';
import { type ErrorCode, isOutboundEventsError } from '../core/errors.ts';
import type { QueuedDelivery, StoredEvent } from '../core/event.ts';
import type { QueueState } from '../core/queue-state.ts';
import type {
  AppendResult,
  DroppedDelivery,
  Lease,
  LeaseRef,
  LeaseTimes,
  QueueStats,
  QueueStorage,
  StorageLimits,
} from '../core/storage.ts';
import { storedEvent } from './builders.ts';
import type { Theme } from './test-runner.ts';

/** One storage to try, with contents that no other test sees. */
export interface StorageUnderTest {
  /** Empty, and not yet opened. */
  readonly storage: QueueStorage;
  /** A storage over the same contents, not yet opened, as the next process would make it. The one before is closed. May be the same object. */
  reopen(): Promise<QueueStorage>;
  /** Does away with the contents. Called once, when every storage of this test is closed. */
  dispose(): Promise<void>;
  /** For storages that several processes may share: another one over the same contents, not yet opened. */
  another?(): Promise<QueueStorage>;
  /** For storages with a clock of their own for leases: lets so much time pass on it. Times given by the caller move by themselves. */
  passTime?(ms: number): Promise<void>;
}

/** Tests of one theme of the storage contract. */
export type StorageTests = Theme<StorageSubject>;

const minute = 60_000;

/** Limits that no test reaches unless it is about them. */
export const roomy: StorageLimits = { maxDeliveries: 1_000_000, maxBytes: 1e9 };

/** Remembers every event id. */
export const rememberAll = { forgetBefore: 0 } as const;

/** The storage under test, and what the tests keep doing with it. */
export class StorageSubject {
  readonly #underTest: StorageUnderTest;
  readonly #others: QueueStorage[] = [];
  #storage: QueueStorage;
  #now = Date.UTC(2026, 0, 1);

  constructor(underTest: StorageUnderTest) {
    this.#underTest = underTest;
    this.#storage = underTest.storage;
  }

  /** As it is now: {@link reopen} may replace it. */
  get storage(): QueueStorage {
    return this.#storage;
  }

  /** The caller's clock. */
  get now(): number {
    return this.#now;
  }

  /** Opens the storage. */
  async open(limits: StorageLimits = roomy): Promise<readonly string[]> {
    return this.#storage.open(limits);
  }

  /** Closes the storage and opens it again, as the next process would. */
  async reopen(limits: StorageLimits = roomy): Promise<readonly string[]> {
    await this.#storage.close();
    this.#storage = await this.#underTest.reopen();
    return this.open(limits);
  }

  /** Another storage over the same contents, opened. */
  async openAnother(): Promise<QueueStorage> {
    assert(this.#underTest.another, 'create() must offer another() for a storage that is `shared`');
    const another = await this.#underTest.another();
    this.#others.push(another);
    await another.open(roomy);
    return another;
  }

  /** Closes every storage of this test. */
  async close(): Promise<void> {
    for (const storage of [...this.#others, this.#storage]) await storage.close();
  }

  /** Lets time pass, for leases that run out. */
  async passTime(ms: number): Promise<void> {
    this.#now += ms;
    await this.#underTest.passTime?.(ms);
  }

  /** Times of a lease that runs from now on. */
  lasting(ms: number = minute): LeaseTimes {
    return { now: this.#now, expiresAt: this.#now + ms };
  }

  /** Adds recipients. */
  async save(...recipientIds: readonly string[]): Promise<void> {
    for (const id of recipientIds) await this.#storage.saveRecipient({ id, settings: '{}' });
  }

  /** Appends events for the same recipients in one call. */
  async append(recipientIds: readonly string[], ...events: readonly StoredEvent[]): Promise<readonly AppendResult[]> {
    const entries = events.map((event) => ({ event, recipientIds }));
    return this.#storage.append(entries, rememberAll);
  }

  /** Appends events of these ids, and makes sure they are stored. */
  async fill(recipientId: string, ...eventIds: readonly string[]): Promise<void> {
    const results = await this.append([recipientId], ...eventIds.map((id) => storedEvent({ id })));
    for (const { status } of results) assert.equal(status, 'stored');
  }

  /** Tries to take the lease on one queue. */
  async tryLease(recipientId: string, holder = 'holder-a', lastsMs: number = minute): Promise<Lease | undefined> {
    const leases = await this.#storage.claim({
      ...this.lasting(lastsMs),
      holder,
      limit: 10,
      recipientIds: [recipientId],
    });
    assert(leases.length <= 1, 'a claim of one recipient gave several leases');
    return leases[0];
  }

  /** Takes the lease on one queue. The holder's lease on it before, if any, is stale from then on. */
  async lease(recipientId: string, holder?: string, lastsMs?: number): Promise<Lease> {
    const lease = await this.tryLease(recipientId, holder, lastsMs);
    assert(lease, `the lease on the queue of ${recipientId} was refused`);
    assert.equal(lease.recipientId, recipientId);
    return lease;
  }

  /** The head of a queue. */
  async read(lease: LeaseRef, limit = 100_000, maxBytes = 1e9): Promise<readonly QueuedDelivery[]> {
    return this.#storage.read(lease, limit, maxBytes);
  }

  /** All that waits for a recipient. Takes a lease of its own for that, see {@link lease}. */
  async waiting(recipientId: string, holder?: string): Promise<readonly QueuedDelivery[]> {
    return this.read(await this.lease(recipientId, holder));
  }

  /** What {@link waiting} finds, as `sequence:event id`. */
  async line(recipientId: string, holder?: string): Promise<readonly string[]> {
    return (await this.waiting(recipientId, holder)).map(({ sequence, event }) => `${sequence}:${event.id}`);
  }

  /** Records what became of attempts at one queue. */
  async settle(
    { recipientId, fence }: LeaseRef,
    { through = 0, dropped = [], state }: Outcome,
  ): Promise<boolean | undefined> {
    const results = await this.#storage.settle([{ recipientId, fence, through, dropped, state }]);
    assert.equal(results.length, 1, 'one settlement, one answer');
    return results[0];
  }

  /** Delivers all up to `through`, with a lease of its own. */
  async deliver(recipientId: string, through: number): Promise<void> {
    assert.equal(await this.settle(await this.lease(recipientId), { through }), true);
  }

  /** Figures of one queue. */
  async statsOf(recipientId: string): Promise<QueueStats | undefined> {
    const stats = await this.#storage.stats(recipientId);
    assert(stats.length <= 1, 'figures of one queue came several times');
    return stats[0];
  }
}

/** What {@link StorageSubject.settle} records. */
export interface Outcome {
  readonly through?: number;
  readonly dropped?: readonly DroppedDelivery[];
  readonly state?: QueueState;
}

/** A state as a failing recipient has it, told apart by `message`. */
export function failingState(message: string): QueueState {
  return {
    failing: {
      since: 1_000,
      attempts: 3,
      nextAttemptAt: 61_000,
      askedWait: 0,
      error: { code: 'HTTP_STATUS', message },
      alerts: 1,
      lastAlertAt: null,
      dropped: 0,
      droppedTold: 0,
    },
    head: { sequence: 1, attempts: 3, rejections: 0, since: 1_000, progress: null },
    owedRecovery: null,
  };
}

/** A dropped delivery of a recipient. */
export function droppedDelivery(recipientId: string, sequence: number): DroppedDelivery {
  return {
    recipientId,
    sequence,
    eventId: `event-${sequence}`,
    type: 'order.paid',
    occurredAt: 1_000 + sequence,
    acceptedAt: 2_000 + sequence,
    droppedAt: 3_000 + sequence,
    reason: 'expired',
    error: { code: 'HTTP_STATUS', message: 'answered 500; only 200 counts' },
  };
}

/** Makes sure that a call is refused with a storage code, in an error of this library. */
export async function refused(call: Promise<unknown>, code: ErrorCode): Promise<void> {
  await assert.rejects(call, (error) => {
    assert(isOutboundEventsError(error), `rejected with something else than an OutboundEventsError: ${String(error)}`);
    assert.equal(error.code, code);
    return true;
  });
}
