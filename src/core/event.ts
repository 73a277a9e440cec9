/** An event as it is stored: accepted, checked and serialised. What goes onto the wire is made from this alone. */
export interface StoredEvent {
  /** 1 to 64 characters of `A-Z a-z 0-9 _ -`. The same for every recipient and every attempt. */
  readonly id: string;
  /** Its name in the catalog. */
  readonly type: string;
  /** Version of the catalog's schema when the event was accepted. */
  readonly version: string;
  /** When it happened in the host, epoch ms. */
  readonly occurredAt: number;
  /** When `emit` accepted it, epoch ms; the age of a delivery counts from here. */
  readonly acceptedAt: number;
  /** The event's data as JSON text (an object); kept byte for byte. */
  readonly data: string;
}

/** One event waiting for one recipient. */
export interface QueuedDelivery {
  /** Position in the recipient's queue: 1, 2, 3, … without gaps, not used twice as long as the recipient is not removed. */
  readonly sequence: number;
  readonly event: StoredEvent;
}
