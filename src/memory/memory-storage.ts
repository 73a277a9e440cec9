import { OutboundEventsError } from '../core/errors.ts';
import type { QueuedDelivery, StoredEvent } from '../core/event.ts';
import type { QueueState } from '../core/queue-state.ts';
import type {
  AppendOptions,
  AppendResult,
  ClaimRequest,
  DroppedDelivery,
  DroppedQuery,
  Lease,
  LeaseRef,
  LeaseTimes,
  NewEntry,
  Presence,
  QueueStats,
  QueueStorage,
  RecipientRecord,
  Settlement,
  StorageLimits,
  StorageListener,
} from '../core/storage.ts';
import { EventMemory, type RememberedEvent } from './event-memory.ts';
import { Fifo } from './fifo.ts';

/** All that is kept of one recipient. */
interface RecipientQueue {
  record: RecipientRecord;
  /** The sequence number of the latest delivery; those of the waiting ones end with it, without gaps. */
  lastSequence: number;
  readonly waiting: Fifo<WaitingEvent>;
  /** JSON text. */
  state: string | null;
  lease: { readonly holder: string; readonly fence: number; readonly expiresAt: number } | null;
}

/** Shared by the queues it waits in. */
interface WaitingEvent {
  readonly event: StoredEvent;
  readonly bytes: number;
  readonly remembered: RememberedEvent;
}

const droppedKept = 10_000;

/**
 * Keeps everything in this object: for tests, and for hosts to whom losing the backlog with the process is no loss.
 * What it keeps lasts as long as the object does: `close()` gives all leases back, and `open()` after it finds the
 * recipients, queues and states as they were.
 */
export class MemoryStorage implements QueueStorage {
  readonly #queues = new Map<string, RecipientQueue>();
  readonly #events = new EventMemory();
  /** Oldest first. */
  #dropped: DroppedDelivery[] = [];
  /** `null` while it is closed. */
  #limits: StorageLimits | null = null;
  #waiting = 0;
  #waitingBytes = 0;
  /** One number for all recipients, so that one that comes back is never given a fence it had. */
  #lastFence = 0;
  /** Until when each is there. */
  readonly #holders = new Map<string, number>();

  async open(limits: StorageLimits): Promise<readonly string[]> {
    this.#limits = { ...limits };
    return [];
  }

  async close(): Promise<void> {
    this.#limits = null;
    for (const queue of this.#queues.values()) queue.lease = null;
    this.#holders.clear();
  }

  async time(): Promise<number | null> {
    this.#openLimits();
    return null;
  }

  async listRecipients(): Promise<readonly RecipientRecord[]> {
    this.#openLimits();
    return Array.from(this.#queues.values(), (queue) => queue.record);
  }

  async saveRecipient({ id, settings }: RecipientRecord, replaced?: string): Promise<boolean> {
    this.#openLimits();
    const record = Object.freeze({ id, settings });
    const queue = this.#queues.get(id);
    if (replaced !== undefined && queue?.record.settings !== replaced) return false;
    if (queue !== undefined) queue.record = record;
    else this.#queues.set(id, { record, lastSequence: 0, waiting: new Fifo(), state: null, lease: null });
    return true;
  }

  async removeRecipient(id: string): Promise<boolean> {
    this.#openLimits();
    const queue = this.#queues.get(id);
    if (queue !== undefined && queue.waiting.length > 0) return false;
    this.#queues.delete(id);
    return true;
  }

  async append(entries: readonly NewEntry[], options: AppendOptions<never>): Promise<readonly AppendResult[]> {
    const limits = this.#openLimits();
    if (options.transaction !== undefined) {
      throw new OutboundEventsError(
        'ERR_TRANSACTION_UNSUPPORTED',
        'events kept in memory cannot join a transaction; use a storage in the database of that transaction',
      );
    }
    this.#events.forgetBefore(options.forgetBefore);
    return entries.map((entry) => this.#appendOne(entry, limits));
  }

  #appendOne({ event, recipientIds }: NewEntry, limits: StorageLimits): AppendResult {
    const compared = this.#events.compare(event);
    if (compared !== 'new') return { status: compared };

    const queues = [...new Set(recipientIds)].flatMap((id) => this.#queues.get(id) ?? []);
    const bytes = queues.length > 0 ? Buffer.byteLength(event.data) : 0;
    const fits = this.#waiting + queues.length <= limits.maxDeliveries && this.#waitingBytes + bytes <= limits.maxBytes;
    // What waits for nobody takes no room, also above a bound that was lowered.
    if (queues.length > 0 && !fits) return { status: 'backlog-full' };

    const remembered = this.#events.add(event, queues.length);
    const waiting: WaitingEvent = { event: Object.freeze({ ...event }), bytes, remembered };
    for (const queue of queues) {
      queue.waiting.push(waiting);
      queue.lastSequence += 1;
    }
    this.#waiting += queues.length;
    this.#waitingBytes += bytes;
    return { status: 'stored', recipientIds: queues.map((queue) => queue.record.id) };
  }

  async announce(holder: string, { now, expiresAt }: LeaseTimes): Promise<Presence> {
    this.#openLimits();
    this.#holders.set(holder, expiresAt);
    for (const [other, until] of this.#holders) if (until <= now) this.#holders.delete(other);
    const free = [...this.#queues.values()].filter(({ lease }) => lease === null || lease.expiresAt <= now);
    return { holders: this.#holders.size, free: free.length };
  }

  async claim({
    holder,
    now,
    expiresAt,
    limit,
    recipientIds,
    evenIfHeld = false,
  }: ClaimRequest): Promise<readonly Lease[]> {
    this.#openLimits();
    const leases: Lease[] = [];
    for (const recipientId of new Set(recipientIds ?? this.#queues.keys())) {
      if (leases.length >= limit) break;
      const queue = this.#queues.get(recipientId);
      if (queue === undefined) continue;
      const { lease } = queue;
      if (!evenIfHeld && lease !== null && lease.holder !== holder && lease.expiresAt > now) continue;
      this.#lastFence += 1;
      queue.lease = { holder, fence: this.#lastFence, expiresAt };
      leases.push({ recipientId, fence: this.#lastFence, state: parseState(queue.state) });
    }
    return leases;
  }

  async renew(leases: readonly LeaseRef[], { expiresAt }: LeaseTimes): Promise<readonly string[]> {
    this.#openLimits();
    const lost: string[] = [];
    for (const ref of leases) {
      const queue = this.#leased(ref);
      if (queue?.lease) queue.lease = { ...queue.lease, expiresAt };
      else lost.push(ref.recipientId);
    }
    return lost;
  }

  async release(leases: readonly LeaseRef[]): Promise<void> {
    this.#openLimits();
    for (const ref of leases) {
      const queue = this.#leased(ref);
      if (queue !== undefined) queue.lease = null;
    }
  }

  async read(lease: LeaseRef, limit: number, maxBytes: number): Promise<readonly QueuedDelivery[]> {
    this.#openLimits();
    const queue = this.#leased(lease);
    const deliveries: QueuedDelivery[] = [];
    if (queue === undefined) return deliveries;

    let sequence = queue.lastSequence - queue.waiting.length;
    let readBytes = 0;
    for (const { event, bytes } of queue.waiting) {
      if (deliveries.length >= limit || readBytes >= maxBytes) break;
      sequence += 1;
      readBytes += bytes;
      deliveries.push({ sequence, event });
    }
    return deliveries;
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly boolean[]> {
    this.#openLimits();
    return settlements.map((settlement) => this.#settleOne(settlement));
  }

  #settleOne(settlement: Settlement): boolean {
    const queue = this.#leased(settlement);
    if (queue === undefined) return false;
    // What had left before was recorded then.
    const settled = queue.lastSequence - queue.waiting.length;
    this.#recordDropped(settlement.dropped.filter(({ sequence }) => sequence > settled));
    while (queue.lastSequence - queue.waiting.length < settlement.through) {
      const leaving = queue.waiting.shift();
      if (leaving === undefined) break;
      this.#waiting -= 1;
      if (this.#events.leave(leaving.remembered)) this.#waitingBytes -= leaving.bytes;
    }
    if (settlement.state !== undefined) queue.state = JSON.stringify(settlement.state);
    return true;
  }

  #recordDropped(dropped: readonly DroppedDelivery[]): void {
    for (const delivery of dropped) {
      this.#dropped.push(Object.freeze({ ...delivery, error: delivery.error && Object.freeze({ ...delivery.error }) }));
    }
    // Cut in halves, so that each drop costs the same.
    if (this.#dropped.length > 2 * droppedKept) this.#dropped = this.#dropped.slice(-droppedKept);
  }

  async stats(recipientId?: string): Promise<readonly QueueStats[]> {
    this.#openLimits();
    const queues = recipientId === undefined ? [...this.#queues.values()] : [this.#queues.get(recipientId)];
    return queues.flatMap((queue) =>
      queue === undefined
        ? []
        : {
            recipientId: queue.record.id,
            queued: queue.waiting.length,
            oldestAt: queue.waiting.peek()?.event.acceptedAt ?? null,
            state: parseState(queue.state),
          },
    );
  }

  async listDropped({ recipientId, limit }: DroppedQuery): Promise<readonly DroppedDelivery[]> {
    this.#openLimits();
    const found: DroppedDelivery[] = [];
    for (let index = this.#dropped.length - 1; index >= 0 && found.length < limit; index -= 1) {
      const delivery = this.#dropped[index];
      if (delivery && (recipientId === undefined || delivery.recipientId === recipientId)) found.push(delivery);
    }
    return found;
  }

  /** Nobody else can see this object's contents, so there is never anything to tell. */
  listen(_listener: StorageListener): () => void {
    return () => {};
  }

  /** The queue, if the lease is the one it is under. */
  #leased({ recipientId, fence }: LeaseRef): RecipientQueue | undefined {
    const queue = this.#queues.get(recipientId);
    return queue?.lease?.fence === fence ? queue : undefined;
  }

  #openLimits(): StorageLimits {
    if (this.#limits === null) {
      throw new OutboundEventsError('ERR_STORAGE_CLOSED', 'the storage is not open');
    }
    return this.#limits;
  }
}

function parseState(state: string | null): QueueState | null {
  return state === null ? null : (JSON.parse(state) as QueueState);
}
