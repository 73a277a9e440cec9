import type { AttemptError } from './attempt.ts';
import type { QueuedDelivery, StoredEvent } from './event.ts';
import type { QueueState } from './queue-state.ts';

/**
 * Where events, queues and recipients are kept. A storage is passive: no timers of its own, no polling, no rules.
 * It keeps what it is given, in order, and says truthfully whether it is safe.
 *
 * Contract for all methods:
 * - A method that resolves has happened durably (of {@link QueueStorage.settle} see there); one that rejects has changed
 *   nothing, except with `ERR_OUTCOME_UNKNOWN` and `ERR_STORAGE_IO`, after which it may have happened.
 * - Every rejection is an `OutboundEventsError` with one of the storage codes.
 * - Times are absolute, epoch ms, by the clock of `time`; where that is `null`, by the caller's. Leases may run by a clock
 *   of the storage's own, with `expiresAt - now` on it.
 * - What a method is given may change once it was called, and what it gives belongs to the caller.
 * - Calls may overlap. What is appended is ordered as the calls were made, within a call as in the array.
 *
 * `testQueueStorage` from `outbound-events/testing` checks an implementation against every sentence here.
 *
 * @typeParam Transaction what `append` accepts to join a transaction of the host; `never` when it cannot.
 */
export interface QueueStorage<Transaction = never> {
  /**
   * Makes the storage ready: opens, migrates, recovers. Called once before anything else, and again after it rejected.
   * Resolves with warnings for the operator, one sentence each.
   */
  open(limits: StorageLimits): Promise<readonly string[]>;
  /** Waits for calls under way, then lets go of everything. Calls after it reject with `ERR_STORAGE_CLOSED`; closing twice is closing once. */
  close(): Promise<void>;

  /**
   * What time it is by a clock that all processes over this storage share, epoch ms: theirs may differ. `null` for a
   * storage that serves one process.
   */
  time(): Promise<number | null>;

  /** All recipients, in the order they were first saved. */
  listRecipients(): Promise<readonly RecipientRecord[]>;
  /**
   * Adds the recipient, or replaces the settings of the one with this id; its queue and state stay. With `replaced` only
   * if its settings are still these: `false`, and nothing changed, when they are others or there is no such recipient.
   * Asked with the same settings twice, to see whether they still are, it has nothing to write.
   */
  saveRecipient(record: RecipientRecord, replaced?: string): Promise<boolean>;
  /** Removes the recipient if its queue is empty. `false`, and nothing changed, when deliveries wait. `true` for an unknown id. */
  removeRecipient(id: string): Promise<boolean>;

  /**
   * Accepts events: each is appended to the queues of its recipients, all or nothing for each event, all events that
   * are stored in one commit. One result for each entry, in order. Recipient ids that are not (or no longer) known are left out.
   */
  append(entries: readonly NewEntry[], options: AppendOptions<Transaction>): Promise<readonly AppendResult[]>;

  /**
   * Says that a holder is there to work on queues until `expiresAt`, for others to leave it its share; with `expiresAt`
   * not after `now`, that it takes its leave. Resolves with how many are there, and what is left to do.
   */
  announce(holder: string, times: LeaseTimes): Promise<Presence>;
  /**
   * Takes leases on queues that nobody holds: recipients without a lease, with an expired one, or with one of the same
   * holder. Each claim gives a fence higher than every fence that recipient ever had.
   */
  claim(request: ClaimRequest): Promise<readonly Lease[]>;
  /** Extends leases. Resolves with the ids of the recipients whose lease is no longer this one: lost, or removed. */
  renew(leases: readonly LeaseRef[], times: LeaseTimes): Promise<readonly string[]>;
  /** Gives leases back. Those that are no longer held are left alone. */
  release(leases: readonly LeaseRef[]): Promise<void>;

  /**
   * The head of a queue, in order, until there are `limit` deliveries, or `maxBytes` of their data (in UTF-8; the last may go
   * beyond), or no more. So under a current lease what comes to neither says that nothing else waits, or that {@link listen} will
   * tell of it: it is not asked again before something is appended. Costs the same at any depth. Resolves with an empty list
   * when the lease is stale.
   */
  read(lease: LeaseRef, limit: number, maxBytes: number): Promise<readonly QueuedDelivery[]>;
  /**
   * Records what became of attempts, all in one commit. One boolean for each settlement, in order: `false`, and nothing
   * of it recorded, when its fence is not that of the current lease. Recorded again, it changes nothing more: a dropped
   * delivery whose number had left the queue before is not listed again.
   *
   * That deliveries have arrived (no drops, no state) may be flushed to the disk a moment later: a power cut then takes it
   * back, and they are sent again. A crash of the process does not.
   */
  settle(settlements: readonly Settlement[]): Promise<readonly boolean[]>;

  /** Figures and state of every queue, or of one (none for an unknown id). Costs the same at any depth. */
  stats(recipientId?: string): Promise<readonly QueueStats[]>;
  /** The newest dropped deliveries, newest first. At least the last 10,000 are kept. */
  listDropped(query: DroppedQuery): Promise<readonly DroppedDelivery[]>;

  /**
   * Tells of what other processes have done, and of transactions of the host that were committed: within a second, and at
   * once where it can. Returns the way to stop listening. May tell again what was told, and what this process did itself;
   * a storage that serves one process never calls it.
   */
  listen(listener: StorageListener): () => void;
}

/**
 * What has happened to recipients:
 * - `queue`: deliveries were appended.
 * - `lease`: their leases were given back.
 * - `recipient`: they were saved or removed.
 */
export type StorageNews = 'queue' | 'lease' | 'recipient';

/** Is told what has happened, and to which recipients. */
export type StorageListener = (recipientIds: readonly string[], news: StorageNews) => void;

/** Who is there to work on queues. */
export interface Presence {
  /** Holders that announced themselves and have neither run out nor taken their leave, this one included. */
  readonly holders: number;
  /** Queues that nobody holds: without a lease, or with one that another holder could take. */
  readonly free: number;
}

/** What may wait in a storage. */
export interface StorageLimits {
  /** Deliveries that may wait, over all recipients. At it, `append` answers `backlog-full`. */
  readonly maxDeliveries: number;
  /** Bytes the backlog may take, about: the storage counts what it can count cheaply (SQLite: pages of the file in use). */
  readonly maxBytes: number;
}

/** A recipient as a storage keeps it. */
export interface RecipientRecord {
  readonly id: string;
  /** JSON text, kept as it is. */
  readonly settings: string;
}

/** An event to be appended, and the recipients it is for. */
export interface NewEntry {
  readonly event: StoredEvent;
  readonly recipientIds: readonly string[];
}

/** What holds for all entries of one `append`. */
export interface AppendOptions<Transaction> {
  /**
   * Event ids accepted before this time may be forgotten (epoch ms), except while a delivery of theirs waits.
   * Ids accepted after it are remembered, also when all is delivered.
   */
  readonly forgetBefore: number;
  /** Joins the host's open transaction instead of committing. */
  readonly transaction?: Transaction | undefined;
}

/**
 * - `stored`: queued for `recipientIds`.
 * - `duplicate`: an event with this id, type and data was accepted before; nothing is stored.
 * - `id-reused`: an event with this id but another type or other data was accepted before; nothing is stored.
 * - `backlog-full`: it would exceed {@link StorageLimits}; nothing is stored. An event for nobody never does.
 */
export type AppendResult =
  | { readonly status: 'stored'; readonly recipientIds: readonly string[] }
  | { readonly status: 'duplicate' }
  | { readonly status: 'id-reused' }
  | { readonly status: 'backlog-full' };

/** A moment, and until when a lease taken at it is good; epoch ms. */
export interface LeaseTimes {
  readonly now: number;
  readonly expiresAt: number;
}

/** Which leases are asked for, and by whom. */
export interface ClaimRequest extends LeaseTimes {
  /** Who claims: a name no other process has. */
  readonly holder: string;
  /** At most so many leases. */
  readonly limit: number;
  /** Only these recipients. Default: any. */
  readonly recipientIds?: readonly string[] | undefined;
  /** Also takes what others hold; their leases are lost. For removing a recipient. Default: `false`. */
  readonly evenIfHeld?: boolean | undefined;
}

/** A lease as every write shows it. */
export interface LeaseRef {
  readonly recipientId: string;
  /** The fencing number. */
  readonly fence: number;
}

/** The right to work on one queue, with what is remembered about it. */
export interface Lease extends LeaseRef {
  /** As the last settlement left it; `null` when there was none. */
  readonly state: QueueState | null;
}

/** What became of the deliveries at the head of one queue. */
export interface Settlement extends LeaseRef {
  /** Deliveries up to and including this sequence number leave the queue; 0 for none. */
  readonly through: number;
  /** Those of them that were dropped, to be found by `listDropped`. */
  readonly dropped: readonly DroppedDelivery[];
  /** The new state; `undefined` leaves the stored one. */
  readonly state: QueueState | undefined;
}

/** Why a delivery was given up: too old after a failed attempt, refused for good, or its recipient was removed. */
export type DropReason = 'expired' | 'rejected' | 'removed';

/** A delivery given up for ever. The payload is not kept. */
export interface DroppedDelivery {
  readonly recipientId: string;
  readonly sequence: number;
  readonly eventId: string;
  readonly type: string;
  readonly occurredAt: number;
  readonly acceptedAt: number;
  readonly droppedAt: number;
  readonly reason: DropReason;
  /** What the last attempt failed with; `null` when it was removed. */
  readonly error: AttemptError | null;
}

/** Which dropped deliveries are asked for; without a recipient those of all. */
export interface DroppedQuery {
  readonly recipientId?: string | undefined;
  readonly limit: number;
}

/** What waits for one recipient, and how it is. */
export interface QueueStats {
  readonly recipientId: string;
  /** Deliveries waiting. */
  readonly queued: number;
  /** When the oldest of them was accepted; `null` when none waits. */
  readonly oldestAt: number | null;
  /** As the last settlement left it; `null` when there was none. */
  readonly state: QueueState | null;
}
