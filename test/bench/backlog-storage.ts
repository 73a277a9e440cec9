import { join } from 'node:path';
import type { QueueStorage } from 'outbound-events';
import { httpRecipient } from 'outbound-events/testing';

export const limits = { maxDeliveries: 10_000_000, maxBytes: 100 * 1024 ** 3 };

const data = JSON.stringify({ lsid: 'a1', external_key: 'x'.repeat(1_000) });

/** Opens what is in a folder, or at the URL of a PostgreSQL database. What each needs is loaded only then, as in a host. */
export async function openStorage(storage: string): Promise<QueueStorage> {
  if (!storage.startsWith('postgres:')) {
    const { SqliteStorage } = await import('outbound-events/sqlite');
    return new SqliteStorage({ file: join(storage, 'queue.db') });
  }
  const [{ Pool }, { PostgresStorage }] = await Promise.all([import('pg'), import('outbound-events/postgres')]);
  const pool = new Pool({ connectionString: storage, max: 5, allowExitOnIdle: true });
  pool.on('error', () => {});
  return new PostgresStorage({ pool });
}

/** A storage that is filled for others to work on. */
export class Backlog {
  readonly storage: string;
  readonly #recipients: readonly string[];
  readonly #active: number;
  #added = 0;

  /** @param active how many of the recipients have something waiting, the first ones. */
  constructor(storage: string, recipients: number, active: number) {
    this.storage = storage;
    this.#recipients = Array.from({ length: recipients }, (_, index) => `recipient-${index}`);
    this.#active = active;
  }

  /** Adds so many deliveries of events of 1 KB, for the active recipients in turn. */
  async add(deliveries: number): Promise<void> {
    const storage = await openStorage(this.storage);
    await storage.open(limits);
    if (this.#added === 0) {
      const records = this.#recipients.map((id) => ({ id, settings: JSON.stringify(httpRecipient({ id })) }));
      await Promise.all(records.map((record) => storage.saveRecipient(record)));
    }
    const end = this.#added + deliveries;
    while (this.#added < end) {
      const entries = Array.from({ length: Math.min(1_000, end - this.#added) }, (_, index) =>
        this.#entry(this.#added + index),
      );
      await storage.append(entries, { forgetBefore: 0 });
      this.#added += entries.length;
    }
    await storage.close();
  }

  #entry(number: number) {
    const now = Date.now();
    return {
      event: {
        id: `event-${number}`,
        type: 'support_conference_end',
        version: '1',
        occurredAt: now,
        acceptedAt: now,
        data,
      },
      recipientIds: [this.#recipients[number % this.#active] as string],
    };
  }
}
