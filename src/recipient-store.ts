import type { EventCatalog } from './core/catalog.ts';
import { type OutboundEventsError, toOwnError } from './core/errors.ts';
import { parseStoredRecipient } from './core/parse-recipient.ts';
import type { Recipient } from './core/recipient.ts';
import type { Seal } from './core/seal.ts';
import type { QueueStorage, RecipientRecord } from './core/storage.ts';

/** A recipient as it was found in the storage. */
export interface StoredRecipient {
  readonly id: string;
  /** `null` for one that this host cannot use: sealed with another key, or without an event type that is left. */
  readonly recipient: Recipient | null;
  /** What is wrong with it. */
  readonly problem: OutboundEventsError | null;
}

/** The recipients in the storage, sealed where the host gave a key. */
export class RecipientStore {
  readonly #storage: Pick<QueueStorage, 'listRecipients' | 'saveRecipient'>;
  readonly #seal: Seal;
  readonly #catalog: EventCatalog;
  /** The settings as they were last seen in the storage, by id. */
  readonly #stored = new Map<string, string>();

  constructor(storage: Pick<QueueStorage, 'listRecipients' | 'saveRecipient'>, seal: Seal, catalog: EventCatalog) {
    this.#storage = storage;
    this.#seal = seal;
    this.#catalog = catalog;
  }

  /** All of them. What is in the clear although there is a key, or sealed with one that is given up, is sealed anew. */
  async load(): Promise<readonly StoredRecipient[]> {
    const found: StoredRecipient[] = [];
    for (const record of await this.#storage.listRecipients()) found.push(await this.#read(record));
    return found;
  }

  async save(recipient: Recipient): Promise<void> {
    await this.#write(recipient.id, JSON.stringify(recipient));
  }

  /** As `save`, but `false` when another process has changed or removed it since it was loaded or saved here. */
  async replace(recipient: Recipient): Promise<boolean> {
    return this.#write(recipient.id, JSON.stringify(recipient), this.#stored.get(recipient.id));
  }

  /** Whether nobody else has changed or removed it since it was loaded or saved here. */
  async isStill(id: string): Promise<boolean> {
    const settings = this.#stored.get(id);
    return settings !== undefined && (await this.#storage.saveRecipient({ id, settings }, settings));
  }

  async #read({ id, settings }: RecipientRecord): Promise<StoredRecipient> {
    this.#stored.set(id, settings);
    try {
      const { text, isStale } = this.#seal.open(id, settings);
      const recipient = parseStoredRecipient(text, this.#catalog);
      return { id, recipient, problem: isStale ? await this.#sealAnew(id, text, settings) : null };
    } catch (error) {
      return { id, recipient: null, problem: ownError(error) };
    }
  }

  /** What kept it from being sealed; it is used all the same. */
  async #sealAnew(id: string, settings: string, stored: string): Promise<OutboundEventsError | null> {
    try {
      // Unless it was changed meanwhile: whoever changed it has sealed it.
      await this.#write(id, settings, stored);
      return null;
    } catch (error) {
      return ownError(error);
    }
  }

  async #write(id: string, text: string, replaced?: string): Promise<boolean> {
    const settings = this.#seal.close(id, text);
    const saved = await this.#storage.saveRecipient({ id, settings }, replaced);
    if (saved) this.#stored.set(id, settings);
    return saved;
  }
}

function ownError(error: unknown): OutboundEventsError {
  return toOwnError(error, 'ERR_STORAGE_FAILED', 'the storage failed');
}
