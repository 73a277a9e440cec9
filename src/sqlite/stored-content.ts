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
import { lastSequence, parseState } from './queues.ts';
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
    return { ...this.#row<ContentCounts>(`SELECT ${counts.join()}`) };
  }

  fence(): number {
    return this.#row<{ readonly last: number }>('SELECT last FROM fence').last;
  }

  recipients(): Iterable<ContentRecipient> {
    type Row = ContentRecipient & { readonly checksum: number };
    const query = `SELECT key, id, settings, settled, ${lastSequence} AS last, state, checksum FROM recipients ORDER BY key`;
    return this.#rows(query, ({ checksum: written, ...recipient }: Row) => {
      const { id, settings, state } = recipient;
      parseState(state);
      if (checksum(id, settings) !== written) throw corrupt(this.#path, 'a recipient is not as it was saved');
      return recipient;
    });
  }

  events(): Iterable<ContentEvent> {
    const query = `
      SELECT key, id, digest, accepted_at AS acceptedAt, waiting, type, version, occurred_at AS occurredAt, data, checksum
      FROM events LEFT JOIN payloads ON event = key ORDER BY key`;
    return this.#rows(query, (row: EventRow): ContentEvent => {
      const { type, version, occurredAt, data, checksum: written, ...event } = row;
      if (type === null) {
        if (event.waiting !== 0) throw corrupt(this.#path, 'what is to be sent is missing');
        return { ...event, payload: null };
      }
      const payload = { type, version, occurredAt, data };
      if (checksumOf({ ...event, ...payload }) !== written) {
        throw corrupt(this.#path, 'an event is not as it was accepted');
      }
      return { ...event, payload };
    });
  }

  deliveries(): Iterable<ContentDelivery> {
    const query = `
      SELECT deliveries.recipient, sequence, event, deliveries.checksum, settled, waiting
      FROM deliveries
        LEFT JOIN recipients ON recipients.key = recipient LEFT JOIN events ON events.key = event
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
