import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { StoredEvent } from '../core/event.ts';
import { eventDigest } from '../core/event-digest.ts';

/** How many remembered events are looked at for each that is added. Those that may be forgotten stay below a third of the others. */
const visitsPerEvent = 4;

/** The events that are remembered: those that wait, and those whose id is to be recognised. */
export class RememberedEvents {
  readonly #find: StatementSync;
  readonly #add: StatementSync;
  readonly #addPayload: StatementSync;
  readonly #next: StatementSync;
  readonly #forget: StatementSync;
  /** Where the last round over all remembered events has come to. */
  #visited = 0;

  constructor(database: DatabaseSync) {
    this.#find = database.prepare('SELECT digest FROM events WHERE id = ?');
    this.#add = database.prepare('INSERT INTO events (id, digest, accepted_at, waiting) VALUES (?, ?, ?, ?)');
    this.#addPayload = database.prepare(
      'INSERT INTO payloads (event, type, version, occurred_at, data) VALUES (?, ?, ?, ?, ?)',
    );
    this.#next = database.prepare(`
      SELECT key, waiting = 0 AND accepted_at < ? AS outdated FROM events WHERE key > ? ORDER BY key LIMIT ?`);
    this.#forget = database.prepare('DELETE FROM events WHERE key = ?');
  }

  /** What the event is to those accepted before. */
  compare(event: StoredEvent): 'new' | 'duplicate' | 'id-reused' {
    const found = this.#find.get(event.id) as { digest: string } | undefined;
    if (found === undefined) return 'new';
    return found.digest === eventDigest(event) ? 'duplicate' : 'id-reused';
  }

  /** Remembers a new event that waits for so many recipients; returns its key. */
  add(event: StoredEvent, waiting: number): number | bigint {
    const { id, type, version, occurredAt, acceptedAt, data } = event;
    const key = this.#add.run(id, eventDigest(event), acceptedAt, waiting).lastInsertRowid;
    if (waiting > 0) this.#addPayload.run(key, type, version, occurredAt, data);
    return key;
  }

  /**
   * Forgets outdated events, as a few steps of an endless round over all that is remembered: no single call is slow, and
   * nothing depends on times of acceptance ascending, which a clock that was set does not grant.
   */
  forgetBefore(time: number, added: number): void {
    const rows = this.#next.all(time, this.#visited, visitsPerEvent * added) as unknown as readonly EventRow[];
    this.#visited = rows.at(-1)?.key ?? 0;
    for (const { key, outdated } of rows) if (outdated === 1) this.#forget.run(key);
  }
}

interface EventRow {
  readonly key: number;
  readonly outdated: 0 | 1;
}
