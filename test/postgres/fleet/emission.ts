import type { ObservedEmit } from '../../reliability/history.ts';
import { bodyHash, countTypes, type LoadEvent, type LoadRecipient, loadEvent } from '../../reliability/load.ts';
import type { SeededRandom } from '../../reliability/seeded-random.ts';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** As many deliveries for each recipient may wait before more is emitted. */
const aheadPerRecipient = 50;

/** The events that are emitted, one after the other, at the pace of their deliveries. */
export class Emission {
  readonly #recipients: readonly LoadRecipient[];
  readonly #types: number;
  readonly #random: SeededRandom;
  readonly #emits = new Map<string, Writable<ObservedEmit>>();
  #left: number;
  #unacknowledged = 0;
  #deliveries = 0;

  /** @param events how many there are. */
  constructor(recipients: readonly LoadRecipient[], events: number, random: SeededRandom) {
    this.#recipients = recipients;
    this.#types = countTypes(recipients);
    this.#random = random;
    this.#left = events;
  }

  /** In the order they were handed out. */
  get emits(): readonly ObservedEmit[] {
    return [...this.#emits.values()];
  }

  /** Whether every event is acknowledged. */
  get isDone(): boolean {
    return this.#left === 0 && this.#unacknowledged === 0;
  }

  /** Where there is no end of events, this is it. */
  close(): void {
    if (this.#left === Number.POSITIVE_INFINITY) this.#left = 0;
  }

  /** @param delivered how many deliveries were made so far. */
  next(emitter: string, delivered: number): LoadEvent | null {
    const isAhead = this.#deliveries - delivered > this.#recipients.length * aheadPerRecipient;
    if (this.#left === 0 || isAhead) return null;
    this.#left -= 1;
    const event = loadEvent(this.#emits.size + 1, this.#random, this.#types);
    const hashes = { form: bodyHash(event, 'form'), json: bodyHash(event, 'json') };
    const wanted = this.#recipients.filter(({ events }) => events === event.type);
    const bodies = new Map(wanted.map(({ id, format }) => [id, hashes[format]]));
    this.#emits.set(event.id, { eventId: event.id, emitter, acknowledged: false, bodies });
    this.#unacknowledged += 1;
    this.#deliveries += wanted.length;
    return event;
  }

  acknowledged(eventId: string): void {
    const emit = this.#emits.get(eventId);
    if (emit === undefined || emit.acknowledged) return;
    emit.acknowledged = true;
    this.#unacknowledged -= 1;
  }
}
