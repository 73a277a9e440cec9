import type { DatabaseSync } from 'node:sqlite';
import type { QueuedDelivery } from '../core/event.ts';
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
} from '../core/storage.ts';
import { DroppedDeliveries } from './dropped-deliveries.ts';
import { Leases } from './leases.ts';
import type { Pages } from './pages.ts';
import type { Operation, Result } from './protocol.ts';
import { type Queue, Queues } from './queues.ts';
import { RememberedEvents } from './remembered-events.ts';
import type { StorageFile } from './storage-file.ts';

/** The methods of a storage that need the file, without promises. */
type Operations = { readonly [O in Operation]: (...args: Parameters<QueueStorage[O]>) => Result<O> };

/** A storage's methods on its open file. They are called within a transaction, which is the caller's to begin and to end. */
export class QueueDatabase implements Operations {
  readonly #database: DatabaseSync;
  readonly #limits: StorageLimits;
  readonly #queues: Queues;
  readonly #events: RememberedEvents;
  readonly #leases: Leases;
  readonly #dropped: DroppedDeliveries;
  readonly #pages: Pages;
  /** Deliveries that waited when the transaction began. */
  #waitedBefore = 0;
  /** Bytes that the backlog may still grow by in this transaction; `null` until it is asked for. */
  #room: number | null = null;

  constructor({ database, path, pages }: StorageFile, limits: StorageLimits) {
    this.#database = database;
    this.#limits = limits;
    this.#queues = new Queues(database, path);
    this.#events = new RememberedEvents(database);
    this.#leases = new Leases(database);
    this.#dropped = new DroppedDeliveries(database);
    this.#pages = pages;
  }

  /** Begins a transaction. IMMEDIATE is for those that write: it waits until no other program does. */
  begin(mode: 'IMMEDIATE' | 'DEFERRED'): void {
    this.#database.exec(`BEGIN ${mode}`);
    this.#waitedBefore = this.#queues.waiting;
    this.#room = null;
  }

  /** Ends the transaction; what it wrote is on the disk when this returns. */
  commit(): void {
    this.#database.exec('COMMIT');
  }

  /** Ends the transaction as if nothing of it had happened. */
  rollback(): void {
    this.#queues.rolledBack(this.#waitedBefore);
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // SQLite rolls back by itself after some errors, and then has no transaction to roll back.
    }
  }

  listRecipients(): readonly RecipientRecord[] {
    return this.#queues.list();
  }

  saveRecipient(record: RecipientRecord, replaced?: string): boolean {
    return this.#queues.save(record, replaced);
  }

  removeRecipient(id: string): boolean {
    const queue = this.#queues.find(id);
    if (queue === undefined) return true;
    if (queue.settled < queue.last) return false;
    this.#queues.remove(queue);
    this.#leases.remove(queue.recipient);
    return true;
  }

  append(entries: readonly NewEntry[], { forgetBefore }: AppendOptions<never>): readonly AppendResult[] {
    this.#events.forgetBefore(forgetBefore, entries.length);
    return entries.map((entry) => this.#accept(entry));
  }

  #accept({ event, recipientIds }: NewEntry): AppendResult {
    const compared = this.#events.compare(event);
    if (compared !== 'new') return { status: compared };

    const queues = [...new Set(recipientIds)].flatMap((id) => this.#queues.find(id) ?? []);
    const bytes = queues.length > 0 ? Buffer.byteLength(event.data) : 0;
    const room = this.#roomFor(bytes);
    const fits = bytes <= room && this.#queues.waiting + queues.length <= this.#limits.maxDeliveries;
    // What waits for nobody takes no room, also above a bound that was lowered.
    if (queues.length > 0 && !fits) return { status: 'backlog-full' };

    this.#room = room - bytes;
    const key = this.#events.add(event, queues.length);
    for (const queue of queues) this.#queues.add(queue, key);
    return { status: 'stored', recipientIds: queues.map(({ recipientId }) => recipientId) };
  }

  /** Bytes that the backlog may still grow by. Before there are too few, what has left already is swept. */
  #roomFor(bytes: number): number {
    this.#room ??= this.#countRoom();
    if (bytes > this.#room && this.#queues.mayBeSwept) {
      this.#queues.sweep();
      this.#room = this.#countRoom();
    }
    return this.#room;
  }

  #countRoom(): number {
    return this.#limits.maxBytes - this.#pages.bytesInUse();
  }

  announce(holder: string, times: LeaseTimes): Presence {
    return this.#leases.announce(holder, times);
  }

  claim(request: ClaimRequest): readonly Lease[] {
    return this.#leases.claim(request);
  }

  renew(leases: readonly LeaseRef[], times: LeaseTimes): readonly string[] {
    return this.#leases.renew(leases, times);
  }

  release(leases: readonly LeaseRef[]): void {
    this.#leases.release(leases);
  }

  read(lease: LeaseRef, limit: number, maxBytes: number): readonly QueuedDelivery[] {
    const queue = this.#leased(lease);
    return queue === undefined ? [] : this.#queues.head(queue, limit, maxBytes);
  }

  settle(settlements: readonly Settlement[]): readonly boolean[] {
    return settlements.map((settlement) => {
      const queue = this.#leased(settlement);
      if (queue === undefined) return false;
      const { through, dropped, state } = settlement;
      // What had left before was recorded then.
      this.#dropped.add(dropped.filter(({ sequence }) => sequence > queue.settled));
      this.#queues.settle(queue, through, state === undefined ? null : JSON.stringify(state));
      return true;
    });
  }

  /** As {@link Queues.mayBeSwept}. */
  get mayBeSwept(): boolean {
    return this.#queues.mayBeSwept;
  }

  /** As {@link Queues.shouldBeSwept}. */
  get shouldBeSwept(): boolean {
    return this.#queues.shouldBeSwept;
  }

  /** As {@link Queues.sweep}. */
  sweep(): void {
    this.#queues.sweep();
  }

  /** The queue, if the lease is the one it is under. */
  #leased({ recipientId, fence }: LeaseRef): Queue | undefined {
    const queue = this.#queues.find(recipientId);
    return queue !== undefined && this.#leases.isCurrent(queue.recipient, fence) ? queue : undefined;
  }

  stats(recipientId?: string): readonly QueueStats[] {
    return this.#queues.stats(recipientId);
  }

  listDropped(query: DroppedQuery): readonly DroppedDelivery[] {
    return this.#dropped.list(query);
  }
}
