import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { QueuedDelivery, StoredEvent } from '../core/event.ts';
import { eventDigest } from '../core/event-digest.ts';
import type { QueueState } from '../core/queue-state.ts';
import type { QueueStats, RecipientRecord } from '../core/storage.ts';
import { corrupt } from './storage-error.ts';

/** One recipient's queue, as far as appending to it goes. */
export interface Queue {
  readonly recipientId: string;
  /** `recipients.key` */
  readonly recipient: number;
  /** The sequence number of its latest delivery, waiting or not. */
  last: number;
}

/**
 * The recipients and their queues. The file is the truth: what is kept in memory is read from it when it is needed, and
 * forgotten when a transaction is rolled back.
 */
export class Queues {
  readonly #file: string;
  readonly #known = new Map<string, Queue>();
  #waiting: number;

  readonly #list: StatementSync;
  readonly #save: StatementSync;
  readonly #remove: StatementSync;
  readonly #find: StatementSync;
  readonly #add: StatementSync;
  readonly #head: StatementSync;
  readonly #leaveEvents: StatementSync;
  readonly #removePayloads: StatementSync;
  readonly #removeDeliveries: StatementSync;
  readonly #settle: StatementSync;
  readonly #stats: StatementSync;

  constructor(database: DatabaseSync, file: string) {
    this.#file = file;
    this.#list = database.prepare('SELECT id, settings FROM recipients ORDER BY key');
    this.#save = database.prepare(`
      INSERT INTO recipients (id, settings) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET settings = excluded.settings`);
    this.#remove = database.prepare('DELETE FROM recipients WHERE key = ?');

    const last = 'coalesce((SELECT max(sequence) FROM deliveries WHERE recipient = recipients.key), settled)';
    this.#find = database.prepare(
      `SELECT id AS recipientId, key AS recipient, ${last} AS last FROM recipients WHERE id = ?`,
    );
    this.#add = database.prepare('INSERT INTO deliveries (recipient, sequence, event) VALUES (?, ?, ?)');
    this.#head = database.prepare(`
      SELECT deliveries.sequence, deliveries.sequence - recipients.settled AS position,
        events.id, events.digest, events.accepted_at AS acceptedAt,
        payloads.type, payloads.version, payloads.occurred_at AS occurredAt, payloads.data
      FROM recipients
        JOIN deliveries ON deliveries.recipient = recipients.key
        LEFT JOIN events ON events.key = deliveries.event
        LEFT JOIN payloads ON payloads.event = deliveries.event
      WHERE recipients.key = ? ORDER BY deliveries.sequence LIMIT ?`);

    const leaving = 'FROM deliveries WHERE recipient = ? AND sequence <= ?';
    this.#leaveEvents = database.prepare(
      `UPDATE events SET waiting = waiting - 1 WHERE key IN (SELECT event ${leaving})`,
    );
    this.#removePayloads = database.prepare(`
      DELETE FROM payloads WHERE event IN (SELECT event ${leaving})
        AND (SELECT waiting FROM events WHERE events.key = payloads.event) = 0`);
    this.#removeDeliveries = database.prepare(`DELETE ${leaving}`);
    this.#settle = database.prepare(
      `UPDATE recipients SET settled = max(settled, min(?, ${last})), state = coalesce(?, state) WHERE key = ?`,
    );

    this.#stats = database.prepare(`
      SELECT id AS recipientId, ${last} - settled AS queued, state,
        (SELECT events.accepted_at FROM deliveries JOIN events ON events.key = deliveries.event
          WHERE deliveries.recipient = recipients.key ORDER BY deliveries.sequence LIMIT 1) AS oldestAt
      FROM recipients WHERE ?1 IS NULL OR id = ?1 ORDER BY key`);
    const { waiting } = database.prepare(`SELECT total(${last} - settled) AS waiting FROM recipients`).get() as {
      waiting: number;
    };
    this.#waiting = waiting;
  }

  /** Deliveries that wait, over all queues. */
  get waiting(): number {
    return this.#waiting;
  }

  /** A transaction that changed queues was rolled back: `waiting` is again what it was before. */
  rolledBack(waiting: number): void {
    this.#waiting = waiting;
    this.#known.clear();
  }

  /** As `QueueStorage.listRecipients`. */
  list(): readonly RecipientRecord[] {
    return this.#list.all() as unknown as readonly RecipientRecord[];
  }

  /** As `QueueStorage.saveRecipient`. */
  save({ id, settings }: RecipientRecord): void {
    this.#save.run(id, settings);
  }

  /** Removes a recipient whose queue is empty. */
  remove({ recipientId, recipient }: Queue): void {
    this.#remove.run(recipient);
    this.#known.delete(recipientId);
  }

  /** The queue of a recipient, if there is one of this id. */
  find(recipientId: string): Queue | undefined {
    const known = this.#known.get(recipientId);
    if (known !== undefined) return known;
    const found = this.#find.get(recipientId) as Queue | undefined;
    if (found !== undefined) this.#known.set(recipientId, found);
    return found;
  }

  /** Puts an event at the end of a queue. */
  add(queue: Queue, event: number | bigint): void {
    queue.last += 1;
    this.#waiting += 1;
    this.#add.run(queue.recipient, queue.last, event);
  }

  /** As `QueueStorage.read`, for the one who has the lease. */
  head(recipient: number, limit: number, maxBytes: number): readonly QueuedDelivery[] {
    const deliveries: QueuedDelivery[] = [];
    let bytes = 0;
    for (const row of this.#head.iterate(recipient, limit) as Iterable<unknown> as Iterable<HeadRow>) {
      const { sequence, position, digest, ...event } = row;
      // A file that was damaged must not make us send what nobody emitted, or pass over a delivery.
      if (position !== deliveries.length + 1)
        throw corrupt(this.#file, `before delivery ${sequence} others are missing`);
      if (event.data === null || digest !== eventDigest(event)) {
        throw corrupt(this.#file, `the event of delivery ${sequence} is not as it was accepted`);
      }
      bytes += Buffer.byteLength(event.data);
      if (deliveries.length > 0 && bytes > maxBytes) break;
      deliveries.push({ sequence, event });
    }
    return deliveries;
  }

  /**
   * Deliveries up to and including `through` leave the queue, and payloads that nobody waits for any more go. The
   * recipient's state (JSON text) is replaced if there is a new one.
   */
  settle(recipient: number, through: number, state: string | null): void {
    this.#settle.run(through, state, recipient);
    if (through === 0) return;
    this.#leaveEvents.run(recipient, through);
    this.#removePayloads.run(recipient, through);
    this.#waiting -= Number(this.#removeDeliveries.run(recipient, through).changes);
  }

  /** As `QueueStorage.stats`. */
  stats(recipientId?: string): readonly QueueStats[] {
    const rows = this.#stats.all(recipientId ?? null) as unknown as readonly StatsRow[];
    return rows.map((row) => ({ ...row, state: parseState(row.state) }));
  }
}

/** A queue's state as it is kept: JSON text. */
export function parseState(state: string | null): QueueState | null {
  return state === null ? null : (JSON.parse(state) as QueueState);
}

type StatsRow = Omit<QueueStats, 'state'> & { readonly state: string | null };

type HeadRow = StoredEvent & { readonly sequence: number; readonly position: number; readonly digest: string };
