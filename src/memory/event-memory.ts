import type { StoredEvent } from '../core/event.ts';
import { eventDigest } from '../core/event-digest.ts';
import { Fifo } from './fifo.ts';

/** What is left of an accepted event's identity when its data is gone. */
export interface RememberedEvent {
  readonly id: string;
  readonly acceptedAt: number;
  /** Of its type and data. */
  readonly digest: string;
  /** Its deliveries that wait. */
  waiting: number;
  /** Past its time, and kept only for the deliveries that wait. */
  outdated: boolean;
}

/** The ids of accepted events, so that an event that comes again is recognised. */
export class EventMemory {
  readonly #byId = new Map<string, RememberedEvent>();
  /** Those that are not outdated, in the order of acceptance. */
  readonly #byAge = new Fifo<RememberedEvent>();

  /** What the event is to those accepted before. */
  compare(event: StoredEvent): 'new' | 'duplicate' | 'id-reused' {
    const remembered = this.#byId.get(event.id);
    if (remembered === undefined) return 'new';
    return remembered.digest === eventDigest(event) ? 'duplicate' : 'id-reused';
  }

  /** Remembers a new event that waits for `waiting` recipients. */
  add(event: StoredEvent, waiting: number): RememberedEvent {
    const { id, acceptedAt } = event;
    const remembered: RememberedEvent = { id, acceptedAt, digest: eventDigest(event), waiting, outdated: false };
    this.#byId.set(id, remembered);
    this.#byAge.push(remembered);
    return remembered;
  }

  /** One delivery of the event has left its queue. Returns whether it was the last. */
  leave(remembered: RememberedEvent): boolean {
    remembered.waiting -= 1;
    if (remembered.waiting > 0) return false;
    if (remembered.outdated) this.#byId.delete(remembered.id);
    return true;
  }

  /** Forgets events accepted before `time`; those that wait are forgotten when they have left. */
  forgetBefore(time: number): void {
    for (
      let oldest = this.#byAge.peek();
      oldest !== undefined && oldest.acceptedAt < time;
      oldest = this.#byAge.peek()
    ) {
      this.#byAge.shift();
      if (oldest.waiting > 0) oldest.outdated = true;
      else this.#byId.delete(oldest.id);
    }
  }
}
