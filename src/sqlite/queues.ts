import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { QueuedDelivery, StoredEvent } from '../core/event.ts';
import type { QueueState } from '../core/queue-state.ts';
import type { QueueStats, RecipientRecord } from '../core/storage.ts';
import { checksum } from './checksum.ts';
import { checksumOf } from './remembered-events.ts';
import { corrupt } from './storage-error.ts';

/** In a query of recipients: the sequence number of the last delivery that has joined the queue. */
export const lastSequence =
  'coalesce((SELECT max(sequence) FROM deliveries WHERE recipient = recipients.key), settled)';

/** In a query of recipients: the sequence number of the first row in the queue; `NULL` for none. */
export const firstSequence = '(SELECT min(sequence) FROM deliveries WHERE recipient = recipients.key)';

/** So many deliveries that have left are swept together: each alone would have several pages written. */
const sweptTogether = 256;

/** One recipient's queue. Its deliveries are those after `settled`, up to `last`. */
export interface Queue {
  readonly recipientId: string;
  /** `recipients.key` */
  readonly recipient: number;
  /** The sequence number of the last delivery that has left. */
  settled: number;
  /** The sequence number of the last delivery that has joined. */
  last: number;
  /** The sequence number of the last delivery that has left and whose row is gone. */
  swept: number;
}

/**
 * The recipients and their queues. The file is the truth: what is kept in memory is read from it when it is needed, and
 * forgotten when a transaction is rolled back.
 */
export class Queues {
  readonly #file: string;
  readonly #known = new Map<string, Queue>();
  #waiting: number;
  /** Queues with rows of deliveries that have left; `null` when it is not known which: others have left them, or a transaction was rolled back. */
  #unswept: Set<Queue> | null;
  /** How many such rows are known of. */
  #left = 0;

  readonly #list: StatementSync;
  readonly #save: StatementSync;
  readonly #replace: StatementSync;
  readonly #isStill: StatementSync;
  readonly #remove: StatementSync;
  readonly #find: StatementSync;
  readonly #findUnswept: StatementSync;
  readonly #add: StatementSync;
  readonly #delivery: StatementSync;
  readonly #write: StatementSync;
  readonly #leaveEvents: StatementSync;
  readonly #removePayloads: StatementSync;
  readonly #removeDeliveries: StatementSync;
  readonly #stats: StatementSync;
  readonly #statsOf: StatementSync;

  constructor(database: DatabaseSync, file: string) {
    this.#file = file;
    this.#list = database.prepare('SELECT id, settings, checksum FROM recipients ORDER BY key');
    this.#save = database.prepare(`
      INSERT INTO recipients (id, settings, checksum, settled, swept, queue_checksum) VALUES (?, ?, ?, 0, 0, ?)
      ON CONFLICT (id) DO UPDATE SET settings = excluded.settings, checksum = excluded.checksum`);
    this.#replace = database.prepare('UPDATE recipients SET settings = ?, checksum = ? WHERE id = ? AND settings = ?');
    this.#isStill = database.prepare('SELECT 1 FROM recipients WHERE id = ? AND settings = ?');
    this.#remove = database.prepare('DELETE FROM recipients WHERE key = ?');
    const queue = `
      SELECT id AS recipientId, key AS recipient, settled, swept, queue_checksum AS checksum, ${lastSequence} AS last,
        ${firstSequence} AS first
      FROM recipients`;
    this.#find = database.prepare(`${queue} WHERE id = ?`);
    this.#findUnswept = database.prepare(`${queue} WHERE swept < settled`);
    this.#add = database.prepare('INSERT INTO deliveries (recipient, sequence, event, checksum) VALUES (?, ?, ?, ?)');
    this.#delivery = database.prepare(`
      SELECT deliveries.event AS key, deliveries.checksum AS deliveryChecksum, payloads.checksum AS eventChecksum,
        events.id, events.accepted_at AS acceptedAt,
        payloads.type, payloads.version, payloads.occurred_at AS occurredAt, payloads.data
      FROM deliveries
        JOIN events ON events.key = deliveries.event
        JOIN payloads ON payloads.event = deliveries.event
      WHERE deliveries.recipient = ? AND deliveries.sequence = ?`);

    this.#write = database.prepare(
      'UPDATE recipients SET settled = ?, swept = ?, queue_checksum = ?, state = coalesce(?, state) WHERE key = ?',
    );
    const leaving = 'FROM deliveries WHERE recipient = ? AND sequence <= ?';
    this.#leaveEvents = database.prepare(
      `UPDATE events SET waiting = waiting - 1 WHERE key IN (SELECT event ${leaving})`,
    );
    this.#removePayloads = database.prepare(`
      DELETE FROM payloads WHERE event IN (SELECT event ${leaving})
        AND (SELECT waiting FROM events WHERE events.key = payloads.event) = 0`);
    this.#removeDeliveries = database.prepare(`DELETE ${leaving}`);

    const stats = (where: string): StatementSync =>
      database.prepare(`
        SELECT id AS recipientId, ${lastSequence} - settled AS queued, state,
          (SELECT events.accepted_at FROM deliveries JOIN events ON events.key = deliveries.event
            WHERE deliveries.recipient = recipients.key AND deliveries.sequence = settled + 1) AS oldestAt
        FROM recipients ${where} ORDER BY key`);
    this.#stats = stats('');
    this.#statsOf = stats('WHERE id = ?');
    const { waiting, left } = database
      .prepare(`SELECT total(${lastSequence} - settled) AS waiting, total(settled - swept) AS left FROM recipients`)
      .get() as { readonly waiting: number; readonly left: number };
    this.#waiting = waiting;
    this.#unswept = left === 0 ? new Set() : null;
  }

  /** Deliveries that wait, over all queues. */
  get waiting(): number {
    return this.#waiting;
  }

  /** A transaction that changed queues was rolled back: `waiting` is again what it was before. */
  rolledBack(waiting: number): void {
    this.#waiting = waiting;
    this.#known.clear();
    this.#unswept = null;
    this.#left = 0;
  }

  /** As `QueueStorage.listRecipients`. */
  list(): readonly RecipientRecord[] {
    const rows = this.#list.all() as unknown as readonly RecipientRow[];
    return rows.map((row) => {
      const { id, settings } = row;
      if (checksum(id, settings) !== row.checksum) throw corrupt(this.#file, 'a recipient is not as it was saved');
      return { id, settings };
    });
  }

  /** As `QueueStorage.saveRecipient`. */
  save({ id, settings }: RecipientRecord, replaced?: string): boolean {
    // Asked whether it is as it was: nothing to be flushed.
    if (settings === replaced) return this.#isStill.get(id, settings) !== undefined;
    if (replaced !== undefined) return this.#replace.run(settings, checksum(id, settings), id, replaced).changes > 0;
    this.#save.run(id, settings, checksum(id, settings), checksum(id, 0, 0));
    return true;
  }

  /** Removes a recipient whose queue is empty. */
  remove(queue: Queue): void {
    this.#sweep(queue);
    this.#remove.run(queue.recipient);
    this.#known.delete(queue.recipientId);
  }

  /** The queue of a recipient, if there is one of this id. */
  find(recipientId: string): Queue | undefined {
    const known = this.#known.get(recipientId);
    if (known !== undefined) return known;
    const row = this.#find.get(recipientId) as FoundQueue | undefined;
    if (row === undefined) return undefined;
    if (!isSound(row)) throw corrupt(this.#file, 'a queue does not begin where it should');
    const { checksum: _, first: __, ...queue } = row;
    this.#known.set(recipientId, queue);
    return queue;
  }

  /** Puts an event at the end of a queue. */
  add(queue: Queue, event: number): void {
    queue.last += 1;
    this.#waiting += 1;
    const { recipient, last: sequence } = queue;
    this.#add.run(recipient, sequence, event, checksum(recipient, sequence, event));
  }

  /** As `QueueStorage.read`. */
  head({ recipient, settled, last }: Queue, limit: number, maxBytes: number): readonly QueuedDelivery[] {
    const deliveries: QueuedDelivery[] = [];
    let bytes = 0;
    for (let sequence = settled + 1; sequence <= last; sequence += 1) {
      if (deliveries.length >= limit || bytes >= maxBytes) break;
      const event = this.#readDelivery(recipient, sequence);
      bytes += Buffer.byteLength(event.data);
      deliveries.push({ sequence, event });
    }
    return deliveries;
  }

  /** The event of a delivery. From a damaged file nothing must be sent that was not emitted, and nothing passed over. */
  #readDelivery(recipient: number, sequence: number): StoredEvent {
    const row = this.#delivery.get(recipient, sequence) as DeliveryRow | undefined;
    if (row === undefined) throw corrupt(this.#file, 'a delivery is missing');
    const { key, deliveryChecksum, eventChecksum, ...event } = row;
    if (checksum(recipient, sequence, key) !== deliveryChecksum || checksumOf(event) !== eventChecksum) {
      throw corrupt(this.#file, 'a delivery is not as it was accepted');
    }
    return event;
  }

  /**
   * Deliveries up to and including `through` leave the queue; their rows stay until they are swept. The recipient's state
   * (JSON text) is replaced if there is a new one.
   */
  settle(queue: Queue, through: number, state: string | null): void {
    const leaving = Math.min(through, queue.last) - queue.settled;
    if (leaving > 0) {
      queue.settled += leaving;
      this.#waiting -= leaving;
      this.#unswept?.add(queue);
      this.#left += leaving;
    }
    this.#writeQueue(queue, state);
  }

  /** Whether rows of deliveries that have left may be there. */
  get mayBeSwept(): boolean {
    return this.#unswept === null || this.#unswept.size > 0;
  }

  /** Whether there are so many of them that they should be swept now. */
  get shouldBeSwept(): boolean {
    return this.#left >= sweptTogether;
  }

  /** Removes the rows of deliveries that have left, and payloads that nobody waits for any more. */
  sweep(): void {
    for (const queue of this.#unswept ?? this.#unsweptOfFile()) this.#sweep(queue);
    this.#unswept = new Set();
    this.#left = 0;
  }

  /** Without those that are damaged: their own calls tell. */
  #unsweptOfFile(): readonly Queue[] {
    const rows = this.#findUnswept.all() as unknown as readonly FoundQueue[];
    return rows.filter(isSound).map(({ recipientId }) => this.find(recipientId) as Queue);
  }

  #sweep(queue: Queue): void {
    const { recipient, settled } = queue;
    this.#leaveEvents.run(recipient, settled);
    this.#removePayloads.run(recipient, settled);
    this.#removeDeliveries.run(recipient, settled);
    queue.swept = settled;
    this.#writeQueue(queue, null);
  }

  #writeQueue({ recipientId, recipient, settled, swept }: Queue, state: string | null): void {
    this.#write.run(settled, swept, checksum(recipientId, settled, swept), state, recipient);
  }

  /** As `QueueStorage.stats`. */
  stats(recipientId?: string): readonly QueueStats[] {
    const rows = (recipientId === undefined
      ? this.#stats.all()
      : this.#statsOf.all(recipientId)) as unknown as readonly StatsRow[];
    return rows.map((row) => ({ ...row, state: parseState(row.state) }));
  }
}

/** A queue's state as it is kept: JSON text. */
export function parseState(state: string | null): QueueState | null {
  return state === null ? null : (JSON.parse(state) as QueueState);
}

/** As it is in the file, with the sequence number of its first row. */
export type FoundQueue = Queue & { readonly checksum: number; readonly first: number | null };

/** Whether what the file says of a queue fits together. */
export function isSound({ recipientId, settled, swept, last, first, checksum: written }: FoundQueue): boolean {
  const begins = first === null ? swept === settled : first === swept + 1;
  return begins && last >= settled && checksum(recipientId, settled, swept) === written;
}

type RecipientRow = RecipientRecord & { readonly checksum: number };

type StatsRow = Omit<QueueStats, 'state'> & { readonly state: string | null };

type DeliveryRow = StoredEvent & {
  readonly key: number;
  readonly deliveryChecksum: number;
  readonly eventChecksum: number;
};
