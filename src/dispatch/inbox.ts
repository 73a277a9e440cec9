import { type AcceptContext, acceptEvent, type EmitOptions } from '../core/accept.ts';
import { Batcher, type BatcherLimits } from '../core/batcher.ts';
import { OutboundEventsError, toOwnError } from '../core/errors.ts';
import type { StoredEvent } from '../core/event.ts';
import type { AppendResult, NewEntry, QueueStorage } from '../core/storage.ts';

/** Together they are one message to the storage, which has to fit into one string. */
const appendBatches: BatcherLimits<NewEntry> = {
  largest: 500,
  atATime: 1,
  weight: { of: ({ event, recipientIds }) => event.data.length + 64 * recipientIds.length, most: 16 * 1024 * 1024 },
  spread: unreachable,
};

/** What `emit` resolves with, once the event is stored for all its recipients. */
export interface Emitted {
  /** The event's id. */
  readonly id: string;
  /** Where it is queued now; empty when no recipient wants it, or when it was stored before. */
  readonly deliveries: readonly { readonly recipientId: string }[];
  /** Whether an event with this id was accepted before, so that nothing was stored now. */
  readonly duplicate: boolean;
}

export interface InboxContext<Transaction> {
  readonly storage: QueueStorage<Transaction>;
  /** `null` when the storage is open and the recipients are known; otherwise when that will be. */
  readonly opening: () => Promise<void> | null;
  /** What `emit` goes by at this moment. */
  readonly accept: () => AcceptContext;
  readonly recipientsOf: (type: string) => readonly string[];
  /** How long event ids are remembered, ms. */
  readonly rememberEventIds: number;
  /** Deliveries for these recipients may have been stored. */
  readonly stored: (recipientIds: readonly string[]) => void;
}

/** Accepts events, in the order of the calls, and answers when they are stored. */
export class Inbox<Transaction> {
  readonly #context: InboxContext<Transaction>;
  readonly #appends: Batcher<NewEntry, AppendResult>;
  /** Settles when every earlier call has got into line; `null` while nobody is before. */
  #before: Promise<void> | null = null;

  constructor(context: InboxContext<Transaction>) {
    this.#context = context;
    this.#appends = new Batcher((entries) => {
      return this.#append(entries, undefined);
    }, appendBatches);
  }

  async emit(type: string, data: unknown, options: EmitOptions<Transaction>): Promise<Emitted> {
    // Checked now, and serialised unless a schema takes its time: the caller may change its data afterwards.
    const accepted = acceptEvent(type, data, options, this.#context.accept());
    const opening = this.#context.opening();
    const given = await this.#inOrder(accepted, opening);
    // Before the storage was open, nobody knew what time it goes by.
    const event = opening === null ? given : { ...given, acceptedAt: this.#context.accept().acceptedAt };
    const entry = { event, recipientIds: this.#context.recipientsOf(type) };
    if (entry.recipientIds.length === 0) return { id: event.id, deliveries: [], duplicate: false };
    try {
      const { transaction } = options;
      const result = await (transaction === undefined ? this.#appends.add(entry) : this.#join(entry, transaction));
      return this.#answer(event, result);
    } finally {
      // Whatever the answer: after an unknown outcome the event may be stored, and its repetition is a duplicate.
      this.#context.stored(entry.recipientIds);
    }
  }

  /** Resolves when all that was emitted before is stored or rejected. */
  async idle(): Promise<void> {
    await this.#before;
    await this.#appends.idle();
  }

  /** The event when its turn has come: at once, unless it or an earlier one has to wait for the storage or for its schema. */
  #inOrder(
    accepted: StoredEvent | Promise<StoredEvent>,
    opening: Promise<void> | null,
  ): StoredEvent | Promise<StoredEvent> {
    if (this.#before === null && opening === null && !(accepted instanceof Promise)) return accepted;
    const own = Promise.all([accepted, opening]);
    const before = this.#before;
    const turn = own.then(([event]) => (before === null ? event : before.then(() => event)));
    const done = Promise.allSettled([before, turn]).then(() => {
      if (this.#before === done) this.#before = null;
    });
    this.#before = done;
    return turn;
  }

  async #join(entry: NewEntry, transaction: Transaction): Promise<AppendResult> {
    const [result] = await this.#append([entry], transaction);
    return result as AppendResult;
  }

  async #append(entries: readonly NewEntry[], transaction: Transaction | undefined): Promise<readonly AppendResult[]> {
    try {
      return await this.#context.storage.append(entries, { forgetBefore: this.#forgetBefore(), transaction });
    } catch (error) {
      throw toOwnError(error, 'ERR_STORAGE_FAILED', 'the storage failed');
    }
  }

  #forgetBefore(): number {
    return this.#context.accept().acceptedAt - this.#context.rememberEventIds;
  }

  #answer(event: StoredEvent, result: AppendResult): Emitted {
    switch (result.status) {
      case 'stored':
        return {
          id: event.id,
          deliveries: result.recipientIds.map((recipientId) => ({ recipientId })),
          duplicate: false,
        };
      case 'duplicate':
        return { id: event.id, deliveries: [], duplicate: true };
      case 'id-reused':
        throw new OutboundEventsError(
          'ERR_EVENT_ID_REUSED',
          `the event id ${event.id} was used before for another type or other data; an id is for one event`,
          { field: 'options.id' },
        );
      case 'backlog-full':
        throw new OutboundEventsError(
          'ERR_BACKLOG_FULL',
          'as much waits as may wait (backlog); what was accepted is kept and goes on being delivered',
        );
    }
  }
}

/** Nobody waits for a storage that does not answer much longer than for one answer of its: not for one after the other. */
function unreachable(error: unknown): OutboundEventsError | null {
  const { code } = toOwnError(error, 'ERR_STORAGE_FAILED', 'the storage failed');
  if (code !== 'ERR_STORAGE_UNAVAILABLE' && code !== 'ERR_OUTCOME_UNKNOWN') return null;
  return new OutboundEventsError(
    'ERR_STORAGE_UNAVAILABLE',
    'the storage did not answer for the events before this one; nothing of this one is stored',
  );
}
