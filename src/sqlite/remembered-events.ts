import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import type { StoredEvent } from '../core/event.ts';
import { eventDigest } from '../core/event-digest.ts';
import { checksum } from './checksum.ts';

/** Remembered events looked at for each that is added: those that could be forgotten stay below a third of the others. */
const visitsPerEvent = 4;
/** Looked at together, because fewer cost nearly as much. */
const visitsPerStep = 256;

/** The events that are remembered: those that wait, and those whose id is to be recognised. */
export class RememberedEvents {
  readonly #find: StatementSync;
  readonly #add: StatementSync;
  readonly #addPayload: StatementSync;
  readonly #stepEnd: StatementSync;
  readonly #forget: StatementSync;
  /** The key that the round over all remembered events has come to. */
  #visited = 0;
  #visitsDue = 0;

  constructor(database: DatabaseSync) {
    this.#find = database.prepare('SELECT digest FROM events WHERE id = ?');
    this.#add = database.prepare('INSERT INTO events (id, digest, accepted_at, waiting) VALUES (?, ?, ?, ?)');
    this.#addPayload = database.prepare(
      'INSERT INTO payloads (event, type, version, occurred_at, data, checksum) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#stepEnd = database.prepare(
      `SELECT key FROM events WHERE key > ? ORDER BY key LIMIT 1 OFFSET ${visitsPerStep - 1}`,
    );
    this.#forget = database.prepare(
      'DELETE FROM events WHERE key > ? AND key <= ? AND accepted_at < ? AND waiting = 0',
    );
  }

  /** What the event is to those accepted before. */
  compare(event: StoredEvent): 'new' | 'duplicate' | 'id-reused' {
    const found = this.#find.get(event.id) as { digest: string } | undefined;
    if (found === undefined) return 'new';
    return found.digest === eventDigest(event) ? 'duplicate' : 'id-reused';
  }

  /** Remembers a new event that waits for so many recipients; returns its key. */
  add(event: StoredEvent, waiting: number): number {
    const { id, type, version, occurredAt, acceptedAt, data } = event;
    const key = Number(this.#add.run(id, eventDigest(event), acceptedAt, waiting).lastInsertRowid);
    if (waiting > 0) this.#addPayload.run(key, type, version, occurredAt, data, checksumOf(event));
    return key;
  }

  /**
   * Forgets outdated events, in steps of an endless round over all that is remembered: no call is slow, and times of
   * acceptance need not ascend, which a clock that is set does not grant.
   */
  forgetBefore(time: number, added: number): void {
    for (
      this.#visitsDue += visitsPerEvent * added;
      this.#visitsDue >= visitsPerStep;
      this.#visitsDue -= visitsPerStep
    ) {
      const end = this.#stepEnd.get(this.#visited)?.key;
      this.#forget.run(this.#visited, end ?? Number.MAX_SAFE_INTEGER, time);
      this.#visited = Number(end ?? 0);
    }
  }
}

/**
 * Of all that an event says. Its data comes last and as it is: to escape it would cost more than all the rest. What a damaged
 * file gives instead of a text has none.
 */
export function checksumOf({ id, type, version, occurredAt, acceptedAt, data }: StoredEvent): number {
  if (typeof data !== 'string') return Number.NaN;
  return crc32(data, checksum(id, type, version, occurredAt, acceptedAt));
}
