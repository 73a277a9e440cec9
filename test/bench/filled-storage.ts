import { httpRecipient } from 'outbound-events/testing';
import { limits, openStorage } from './storage.ts';

const data = JSON.stringify({ lsid: 'a1', external_key: 'x'.repeat(1_000) });

/** A storage that is filled for others to work on. */
export class FilledStorage {
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
