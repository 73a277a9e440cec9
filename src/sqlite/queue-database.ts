import type { DatabaseSync, StatementSync } from 'node:sqlite';
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
  QueueStats,
  QueueStorage,
  RecipientRecord,
  Settlement,
  StorageLimits,
} from '../core/storage.ts';
import { DroppedDeliveries } from './dropped-deliveries.ts';
import { Leases } from './leases.ts';
import type { Operation, Result } from './protocol.ts';
import { Queues } from './queues.ts';
import { RememberedEvents } from './remembered-events.ts';

/** The methods of a storage that need the file, without promises. */
export type Operations = { readonly [O in Operation]: (...args: Parameters<QueueStorage[O]>) => Result<O> };

/** A storage's methods on its open file. They are called within a transaction, which is the caller's to begin and to end. */
export class QueueDatabase implements Operations {
  readonly #database: DatabaseSync;
  readonly #limits: StorageLimits;
  readonly #queues: Queues;
  readonly #events: RememberedEvents;
  readonly #leases: Leases;
  readonly #dropped: DroppedDeliveries;
  readonly #pageCount: StatementSync;
  readonly #freePages: StatementSync;
  readonly #pageSize: number;
  #waitingBefore = 0;

  constructor(database: DatabaseSync, file: string, limits: StorageLimits) {
    this.#database = database;
    this.#limits = limits;
    this.#queues = new Queues(database, file);
    this.#events = new RememberedEvents(database);
    this.#leases = new Leases(database);
    this.#dropped = new DroppedDeliveries(database);
    this.#pageCount = database.prepare('PRAGMA page_count');
    this.#freePages = database.prepare('PRAGMA freelist_count');
    this.#pageSize = Number(database.prepare('PRAGMA page_size').get()?.page_size);
  }

  /** Begins a transaction. IMMEDIATE is for those that write: it waits until no other program does. */
  begin(mode: 'IMMEDIATE' | 'DEFERRED'): void {
    this.#database.exec(`BEGIN ${mode}`);
    this.#waitingBefore = this.#queues.waiting;
  }

  /** Ends the transaction; what it wrote is on the disk when this returns. */
  commit(): void {
    this.#database.exec('COMMIT');
  }

  /** Ends the transaction as if nothing of it had happened. */
  rollback(): void {
    this.#queues.rolledBack(this.#waitingBefore);
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // SQLite rolls back by itself after some errors, and then has no transaction to roll back.
    }
  }

  listRecipients(): readonly RecipientRecord[] {
    return this.#queues.list();
  }

  saveRecipient(record: RecipientRecord): void {
    this.#queues.save(record);
  }

  removeRecipient(id: string): boolean {
    const queue = this.#queues.find(id);
    if (queue === undefined) return true;
    if (this.#queues.stats(id).some(({ queued }) => queued > 0)) return false;
    this.#queues.remove(queue);
    this.#leases.remove(queue.recipient);
    return true;
  }

  append(entries: readonly NewEntry[], { forgetBefore }: AppendOptions<never>): readonly AppendResult[] {
    this.#events.forgetBefore(forgetBefore, entries.length);
    let room = this.#limits.maxBytes - this.#bytesInUse();
    return entries.map(({ event, recipientIds }) => {
      const compared = this.#events.compare(event);
      if (compared !== 'new') return { status: compared };

      const queues = [...new Set(recipientIds)].flatMap((id) => this.#queues.find(id) ?? []);
      const bytes = queues.length > 0 ? Buffer.byteLength(event.data) : 0;
      if (this.#queues.waiting + queues.length > this.#limits.maxDeliveries || bytes > room) {
        return { status: 'backlog-full' };
      }

      room -= bytes;
      const key = this.#events.add(event, queues.length);
      for (const queue of queues) this.#queues.add(queue, key);
      return { status: 'stored', recipientIds: queues.map(({ recipientId }) => recipientId) };
    });
  }

  /** Pages that hold something; what was deleted is used again. */
  #bytesInUse(): number {
    const pages = Number(this.#pageCount.get()?.page_count) - Number(this.#freePages.get()?.freelist_count);
    return pages * this.#pageSize;
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
    const recipient = this.#leases.recipientOf(lease);
    return recipient === undefined ? [] : this.#queues.head(recipient, limit, maxBytes);
  }

  settle(settlements: readonly Settlement[]): readonly boolean[] {
    return settlements.map((settlement) => {
      const recipient = this.#leases.recipientOf(settlement);
      if (recipient === undefined) return false;
      const { through, dropped, state } = settlement;
      this.#queues.settle(recipient, through, state === undefined ? null : JSON.stringify(state));
      this.#dropped.add(dropped);
      return true;
    });
  }

  stats(recipientId?: string): readonly QueueStats[] {
    return this.#queues.stats(recipientId);
  }

  listDropped(query: DroppedQuery): readonly DroppedDelivery[] {
    return this.#dropped.list(query);
  }
}
