import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type {
  ContentCounts,
  ContentDelivery,
  ContentDropped,
  ContentEvent,
  ContentRecipient,
  StorageContent,
} from '../core/storage-content.ts';
import { checksum } from './checksum.ts';
import { checkDatabaseFile, checkPath, refuseNewer, regularFile } from './database-file.ts';
import { lockFile } from './lock-file.ts';
import { type FoundQueue, firstSequence, isSound, lastSequence, parseState } from './queues.ts';
import { checksumOf } from './remembered-events.ts';
import { migrations } from './schema.ts';
import { cannotOpen, corrupt, storageError } from './storage-error.ts';

/**
 * Opens the file of a storage to read all that it holds. Until that is closed the file is locked: a storage that has it
 * open is in the way (`ERR_STORAGE_LOCKED`), and none can open it. Neither the file nor its log is changed; what a crash
 * left in the log belongs to the content. Throws one of our errors if there is no such file, or it is not ours.
 */
export function openStoredContent(file: unknown): StorageContent {
  const path = checkPath(file, 'file');
  try {
    if (regularFile(path) === undefined) throw cannotOpen(path, 'there is no such file');
    const unlock = lockFile(path);
    try {
      checkDatabaseFile(path);
      return new StoredContent(path, openToRead(path), unlock);
    } catch (error) {
      unlock();
      throw error;
    }
  } catch (error) {
    throw storageError(error, path);
  }
}

/** Rows of deliveries that have left and are not swept yet: how many there are of each event. */
const unswept = `
  SELECT event, count(*) AS number
  FROM recipients CROSS JOIN deliveries ON recipient = recipients.key AND sequence <= settled GROUP BY event`;

class StoredContent implements StorageContent {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #unlock: () => void;
  /** Node.js 22.13 lets go of a statement that only its iterator needs. */
  readonly #underWay = new Set<StatementSync>();

  constructor(path: string, database: DatabaseSync, unlock: () => void) {
    this.#path = path;
    this.#database = database;
    this.#unlock = unlock;
  }

  close(): void {
    try {
      this.#database.close();
    } finally {
      this.#unlock();
    }
  }

  counts(): ContentCounts {
    const tables = ['recipients', 'events', 'deliveries', 'dropped'];
    const counts = tables.map((table) => `(SELECT count(*) FROM ${table}) AS ${table}`);
    const left = `(SELECT total(number) FROM (${unswept})) AS left`;
    const { left: deliveriesLeft, ...found } = this.#row<ContentCounts & { left: number }>(
      `SELECT ${counts.join()}, ${left}`,
    );
    return { ...found, deliveries: found.deliveries - deliveriesLeft };
  }

  fence(): number {
    return this.#row<{ readonly last: number }>('SELECT last FROM fence').last;
  }

  recipients(): Iterable<ContentRecipient> {
    type Row = ContentRecipient & Pick<FoundQueue, 'swept' | 'first'> & { checksum: number; queueChecksum: number };
    const query = `
      SELECT key, id, settings, settled, ${lastSequence} AS last, state, checksum, swept, ${firstSequence} AS first,
        queue_checksum AS queueChecksum
      FROM recipients ORDER BY key`;
    return this.#rows(query, ({ checksum: written, swept, first, queueChecksum, ...recipient }: Row) => {
      const { key, id, settings, settled, last, state } = recipient;
      parseState(state);
      const queue = { recipientId: id, recipient: key, settled, last, swept, first, checksum: queueChecksum };
      if (checksum(id, settings) !== written || !isSound(queue)) {
        throw corrupt(this.#path, 'a recipient is not as it was saved');
      }
      return recipient;
    });
  }

  events(): Iterable<ContentEvent> {
    const query = `
      SELECT key, id, digest, accepted_at AS acceptedAt, waiting - coalesce(number, 0) AS waiting,
        type, version, occurred_at AS occurredAt, data, checksum
      FROM events LEFT JOIN payloads ON payloads.event = key LEFT JOIN (${unswept}) AS left ON left.event = key ORDER BY key`;
    return this.#rows(query, (row: EventRow): ContentEvent => {
      const { type, version, occurredAt, data, checksum: written, ...event } = row;
      if (event.waiting === 0) return { ...event, payload: null };
      if (type === null) throw corrupt(this.#path, 'what is to be sent is missing');
      const payload = { type, version, occurredAt, data };
      if (checksumOf({ ...event, ...payload }) !== written) {
        throw corrupt(this.#path, 'an event is not as it was accepted');
      }
      return { ...event, payload };
    });
  }

  deliveries(): Iterable<ContentDelivery> {
    const query = `
      SELECT deliveries.recipient, sequence, deliveries.event, deliveries.checksum, settled,
        waiting - coalesce(number, 0) AS waiting
      FROM deliveries
        LEFT JOIN recipients ON recipients.key = recipient LEFT JOIN events ON events.key = deliveries.event
        LEFT JOIN (${unswept}) AS left ON left.event = deliveries.event
      WHERE settled IS NULL OR sequence > settled
      ORDER BY deliveries.recipient, sequence`;
    let before: { recipient: number; sequence: number } | undefined;
    return this.#rows(query, (row: DeliveryRow): ContentDelivery => {
      const { recipient, sequence, event, settled, waiting } = row;
      if (checksum(recipient, sequence, event) !== row.checksum || waiting === null || waiting < 1) {
        throw corrupt(this.#path, 'a delivery is not as it was accepted');
      }
      const due = (before?.recipient === recipient ? before.sequence : Number(settled ?? Number.NaN)) + 1;
      if (sequence !== due) throw corrupt(this.#path, 'a delivery is missing');
      before = { recipient, sequence };
      return { recipient, sequence, event, shared: waiting > 1 };
    });
  }

  dropped(): Iterable<ContentDropped> {
    const query = `
      SELECT number, recipient AS recipientId, sequence, event AS eventId, type, occurred_at AS occurredAt,
        accepted_at AS acceptedAt, dropped_at AS droppedAt, reason, error
      FROM dropped ORDER BY number`;
    return this.#rows(query, (row: ContentDropped) => {
      if (row.error !== null) JSON.parse(row.error);
      return row;
    });
  }

  #row<Row>(query: string): Row {
    try {
      return this.#database.prepare(query).get() as Row;
    } catch (error) {
      throw storageError(error, this.#path);
    }
  }

  *#rows<Row, Content>(query: string, read: (row: Row) => Content): Generator<Content> {
    let statement: StatementSync | undefined;
    try {
      statement = this.#database.prepare(query);
      this.#underWay.add(statement);
      for (const row of statement.iterate()) yield read(row as Row);
    } catch (error) {
      throw storageError(error, this.#path);
    } finally {
      if (statement !== undefined) this.#underWay.delete(statement);
    }
  }
}

/** The file as a database that cannot be written to, in a transaction that reads. */
function openToRead(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    database.exec('PRAGMA cell_size_check = ON; BEGIN');
    const version = Number(database.prepare('PRAGMA user_version').get()?.user_version);
    refuseNewer(path, version);
    if (version < migrations.length) {
      throw cannotOpen(
        path,
        'its tables are not there or those of an older release; start a host on it once with this one',
      );
    }
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

type Payload = NonNullable<ContentEvent['payload']> & { readonly checksum: number };

/** What is sent is missing where nobody waits for it. */
type EventRow = Omit<ContentEvent, 'payload'> & (Payload | { readonly [Column in keyof Payload]: null });

interface DeliveryRow {
  readonly recipient: number;
  readonly sequence: number;
  readonly event: number;
  readonly checksum: number;
  /** `null` when there is no such recipient. */
  readonly settled: number | null;
  /** `null` when there is no such event. */
  readonly waiting: number | null;
}
