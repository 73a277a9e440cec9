import type { Clock } from '../../../src/core/clock.ts';
import type {
  AppendResult,
  ClaimRequest,
  Lease,
  LeaseRef,
  LeaseTimes,
  NewEntry,
  Settlement,
} from '../../../src/core/storage.ts';
import type { Attempt } from '../../../src/core/transport.ts';

interface LedgerLease {
  readonly fence: number;
  readonly process: number;
  readonly expiresAt: number;
}

interface LedgerQueue {
  lease: LedgerLease | null;
  /** The process that the lease was taken from: it may begin one attempt more before it knows. */
  robbed: number | null;
  /** What has joined, in order: the delivery with the sequence number n is at n - 1. */
  readonly eventIds: string[];
  settled: number;
  /** The process whose attempt is under way. */
  underWay: number | null;
}

/** What really happened, as the storage and the receivers know it, and what of it must never happen. */
export class Ledger {
  readonly violations: string[] = [];
  readonly dropped: string[] = [];
  readonly delivered: string[] = [];
  readonly #clock: Pick<Clock, 'steady'>;
  readonly #queues = new Map<string, LedgerQueue>();
  /** Who was robbed of the queue of a recipient that was removed. */
  readonly #robbed = new Map<string, number | null>();
  /** What receivers have taken: `recipient event`. */
  readonly #taken = new Set<string>();

  constructor(clock: Pick<Clock, 'steady'>) {
    this.#clock = clock;
  }

  accuse(what: string): void {
    this.violations.push(what);
  }

  saved(id: string): void {
    if (this.#queues.has(id)) return;
    const robbed = this.#robbed.get(id) ?? null;
    this.#queues.set(id, { lease: null, robbed, eventIds: [], settled: 0, underWay: null });
  }

  removed(id: string): void {
    this.#robbed.set(id, this.#queues.get(id)?.robbed ?? null);
    this.#queues.delete(id);
  }

  appended(entries: readonly NewEntry[], results: readonly AppendResult[]): void {
    for (const [index, result] of results.entries()) {
      if (result.status !== 'stored') continue;
      for (const id of result.recipientIds) this.#queues.get(id)?.eventIds.push(entries[index]?.event.id ?? '');
    }
  }

  claimed(process: number, { expiresAt }: ClaimRequest, leases: readonly Lease[]): void {
    for (const { recipientId, fence } of leases) {
      const queue = this.#queues.get(recipientId);
      if (queue === undefined) continue;
      const before = queue.lease;
      if (before !== null && before.process !== process && before.expiresAt > this.#clock.steady()) {
        queue.robbed = before.process;
      }
      if (queue.robbed === process) queue.robbed = null;
      queue.lease = { fence, process, expiresAt };
    }
  }

  renewed(leases: readonly LeaseRef[], { expiresAt }: LeaseTimes): void {
    for (const ref of leases) {
      const queue = this.#leased(ref);
      if (queue?.lease) queue.lease = { ...queue.lease, expiresAt };
    }
  }

  released(leases: readonly LeaseRef[]): void {
    for (const ref of leases) {
      const queue = this.#leased(ref);
      if (queue) queue.lease = null;
    }
  }

  /** Before it is recorded. */
  settles(settlement: Settlement): void {
    const { recipientId, through, dropped } = settlement;
    const queue = this.#leased(settlement);
    if (queue === undefined) return;
    for (const one of dropped) this.dropped.push(`${recipientId} ${one.eventId}`);
    for (; queue.settled < Math.min(through, queue.eventIds.length); queue.settled += 1) {
      const sequence = queue.settled + 1;
      if (dropped.some((one) => one.sequence === sequence)) continue;
      const delivery = `${recipientId} ${queue.eventIds[queue.settled]}`;
      this.delivered.push(delivery);
      if (!this.#taken.has(delivery)) this.accuse(`${delivery} has left the queue, and nobody has it`);
    }
  }

  #leased({ recipientId, fence }: LeaseRef): LedgerQueue | undefined {
    const queue = this.#queues.get(recipientId);
    return queue?.lease?.fence === fence ? queue : undefined;
  }

  /** What still waits. */
  get waiting(): readonly string[] {
    return [...this.#queues].filter(([, { eventIds, settled }]) => settled < eventIds.length).map(([id]) => id);
  }

  /** All that ever joined a queue that is still there. */
  eventIdsOf(recipientId: string): readonly string[] {
    return this.#queues.get(recipientId)?.eventIds ?? [];
  }

  attemptBegins(process: number, { recipient: { id }, delivery: { sequence, event } }: Attempt): void {
    const what = `process ${process} sends ${id}:${sequence} (${event.id})`;
    const queue = this.#queues.get(id);
    const robbed = queue === undefined ? this.#robbed.get(id) : queue.robbed;
    if (robbed === process) {
      if (queue !== undefined) queue.robbed = null;
      this.#robbed.set(id, null);
    } else if (queue === undefined) {
      this.accuse(`${what}, whose recipient was removed`);
    } else {
      const { lease, settled, underWay, eventIds } = queue;
      if (lease?.process !== process) this.accuse(`${what} without a lease`);
      else if (lease.expiresAt <= this.#clock.steady()) this.accuse(`${what} under a lease that has run out`);
      if (underWay === process) this.accuse(`${what} while an attempt is under way`);
      if (event.id !== eventIds[settled]) this.accuse(`${what}, but the head is ${settled + 1} (${eventIds[settled]})`);
      queue.underWay = process;
    }
  }

  /** @param taken whether the receiver has it. */
  attemptEnds(process: number, { recipient: { id }, delivery: { event } }: Attempt, taken: boolean): void {
    const queue = this.#queues.get(id);
    if (queue?.underWay === process) queue.underWay = null;
    if (taken) this.#taken.add(`${id} ${event.id}`);
  }
}
