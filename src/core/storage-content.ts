import type { StoredEvent } from './event.ts';
import type { DroppedDelivery, RecipientRecord } from './storage.ts';

/**
 * All that a storage holds, as it was at one moment, for another storage to take over. Keys and numbers are those of the
 * storage; they only tell which rows belong together, and ascend in the order in which rows are given out.
 *
 * Each method throws an `OutboundEventsError` when what it reads is not as it was written.
 */
export interface StorageContent {
  counts(): ContentCounts;
  /** The highest fencing number that was given out; 0 for none. */
  fence(): number;
  /** In the order they were first saved. */
  recipients(): Iterable<ContentRecipient>;
  /** In the order they were accepted: those that wait, and those whose id is remembered. */
  events(): Iterable<ContentEvent>;
  /** One queue after the other, each in its order. */
  deliveries(): Iterable<ContentDelivery>;
  /** The oldest first. */
  dropped(): Iterable<ContentDropped>;
  /** Lets go of the storage. */
  close(): void;
}

/** How much a storage holds. */
export interface ContentCounts {
  readonly recipients: number;
  /** Events that wait, and events whose id is remembered. */
  readonly events: number;
  /** Deliveries that wait. */
  readonly deliveries: number;
  /** Deliveries that were given up and are still listed. */
  readonly dropped: number;
}

/** A recipient, and how its queue is. */
export interface ContentRecipient extends RecipientRecord {
  readonly key: number;
  /** The sequence number of the last delivery that left its queue. */
  readonly settled: number;
  /** The sequence number of the last delivery that joined it. */
  readonly last: number;
  /** JSON text of its queue's state, as it is stored; `null` for none. */
  readonly state: string | null;
}

/** An event that is remembered. */
export interface ContentEvent {
  readonly key: number;
  readonly id: string;
  /** As `eventDigest` made it. */
  readonly digest: string;
  readonly acceptedAt: number;
  /** How many recipients it waits for. */
  readonly waiting: number;
  /** What is sent; `null` when it waits for nobody. */
  readonly payload: Pick<StoredEvent, 'type' | 'version' | 'occurredAt' | 'data'> | null;
}

/** One event waiting for one recipient. */
export interface ContentDelivery {
  /** The key of its recipient. */
  readonly recipient: number;
  readonly sequence: number;
  /** The key of its event. */
  readonly event: number;
  /** Whether the event waits for others too. */
  readonly shared: boolean;
}

/** A delivery that was given up; its error as it is stored: JSON text. */
export interface ContentDropped extends Omit<DroppedDelivery, 'error'> {
  readonly number: number;
  readonly error: string | null;
}
