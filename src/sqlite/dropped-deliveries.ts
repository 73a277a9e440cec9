import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { AttemptError } from '../core/attempt.ts';
import type { DroppedDelivery, DroppedQuery } from '../core/storage.ts';

const kept = 10_000;

/** The newest deliveries that were given up. */
export class DroppedDeliveries {
  readonly #add: StatementSync;
  readonly #trim: StatementSync;
  readonly #newest: StatementSync;

  constructor(database: DatabaseSync) {
    this.#add = database.prepare(`
      INSERT INTO dropped (recipient, sequence, event, type, occurred_at, accepted_at, dropped_at, reason, error)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    this.#trim = database.prepare(`DELETE FROM dropped WHERE number <= (SELECT max(number) FROM dropped) - ${kept}`);
    this.#newest = database.prepare(`
      SELECT recipient AS recipientId, sequence, event AS eventId, type, occurred_at AS occurredAt,
        accepted_at AS acceptedAt, dropped_at AS droppedAt, reason, error
      FROM dropped WHERE :id IS NULL OR recipient = :id ORDER BY number DESC LIMIT :limit`);
  }

  /** Adds them, the oldest first. */
  add(deliveries: readonly DroppedDelivery[]): void {
    if (deliveries.length === 0) return;
    for (const delivery of deliveries) {
      this.#add.run(
        delivery.recipientId,
        delivery.sequence,
        delivery.eventId,
        delivery.type,
        delivery.occurredAt,
        delivery.acceptedAt,
        delivery.droppedAt,
        delivery.reason,
        delivery.error && JSON.stringify(delivery.error),
      );
    }
    this.#trim.run();
  }

  /** As `QueueStorage.listDropped`. */
  list({ recipientId, limit }: DroppedQuery): readonly DroppedDelivery[] {
    const rows = this.#newest.all({ id: recipientId ?? null, limit }) as unknown as readonly DroppedRow[];
    return rows.map((row) => ({ ...row, error: row.error === null ? null : (JSON.parse(row.error) as AttemptError) }));
  }
}

type DroppedRow = Omit<DroppedDelivery, 'error'> & { readonly error: string | null };
