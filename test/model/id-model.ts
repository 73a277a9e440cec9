import type { StoredEvent } from '../../src/core/event.ts';

interface RememberedEvent {
  readonly content: string;
  readonly acceptedAt: number;
  /** Its deliveries that wait. */
  waiting: number;
}

/** What an event is to those accepted before. */
export type Recognition = 'new' | 'duplicate' | 'id-reused';

/** The ids of accepted events. Those that may be forgotten are kept, and answered either way. */
export class IdModel {
  readonly #events: Map<string, RememberedEvent>;
  #forgottenBefore: number;

  constructor(before?: IdModel) {
    this.#events = new Map(Array.from(before?.entries() ?? [], ([id, event]) => [id, { ...event }]));
    this.#forgottenBefore = before?.forgottenBefore ?? Number.NEGATIVE_INFINITY;
  }

  entries(): Iterable<[string, RememberedEvent]> {
    return this.#events.entries();
  }

  get forgottenBefore(): number {
    return this.#forgottenBefore;
  }

  /** From now on, ids accepted before this time may be forgotten unless they wait. */
  forgetBefore(time: number): void {
    this.#forgottenBefore = Math.max(this.#forgottenBefore, time);
  }

  /** What it may be taken for: one or two. */
  recognise(event: StoredEvent): readonly Recognition[] {
    const known = this.#events.get(event.id);
    if (known === undefined) return ['new'];
    const recognition = known.content === contentOf(event) ? 'duplicate' : 'id-reused';
    return this.mustRemember(event.id) ? [recognition] : [recognition, 'new'];
  }

  mustRemember(id: string): boolean {
    const known = this.#events.get(id);
    return known !== undefined && (known.waiting > 0 || known.acceptedAt >= this.#forgottenBefore);
  }

  /** The ids that must be recognised. */
  get remembered(): readonly string[] {
    return [...this.#events.keys()].filter((id) => this.mustRemember(id));
  }

  /** It was accepted for so many recipients. */
  add(event: StoredEvent, waiting: number): void {
    this.#events.set(event.id, { content: contentOf(event), acceptedAt: event.acceptedAt, waiting });
  }

  /** One of its deliveries has left its queue. */
  leave(id: string): void {
    const known = this.#events.get(id);
    if (known !== undefined) known.waiting -= 1;
  }
}

function contentOf({ type, data }: StoredEvent): string {
  return JSON.stringify([type, data]);
}
