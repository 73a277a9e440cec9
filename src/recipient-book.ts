import { refuse } from './core/check.ts';
import { OutboundEventsError } from './core/errors.ts';
import { matches } from './core/pattern.ts';
import type { Recipient } from './core/recipient.ts';

/** The recipients as they are now, and which of them want an event. */
export class RecipientBook {
  readonly #recipients = new Map<string, Recipient>();
  readonly #routes = new Map<string, readonly string[]>();

  get all(): ReadonlyMap<string, Recipient> {
    return this.#recipients;
  }

  /** Throws `ERR_RECIPIENT_UNKNOWN`. */
  get(id: string): Recipient {
    return this.#recipients.get(id) ?? refuse('ERR_RECIPIENT_UNKNOWN', 'id', 'the id of a recipient', id);
  }

  /** Throws `ERR_RECIPIENT_NAME_TAKEN` when another recipient has this name. */
  checkName({ id, name }: Recipient): void {
    for (const other of this.#recipients.values()) {
      if (other.id === id || other.name.toLowerCase() !== name.toLowerCase()) continue;
      throw new OutboundEventsError(
        'ERR_RECIPIENT_NAME_TAKEN',
        `the recipient ${other.id} has the name ${JSON.stringify(name)} already`,
        { field: 'name' },
      );
    }
  }

  set(recipient: Recipient): void {
    this.#recipients.set(recipient.id, recipient);
    this.#routes.clear();
  }

  delete(id: string): void {
    this.#recipients.delete(id);
    this.#routes.clear();
  }

  /** Ids of the recipients that an event of this type is queued for. */
  routesOf(type: string): readonly string[] {
    let route = this.#routes.get(type);
    if (route === undefined) {
      route = [...this.#recipients.values()].filter((recipient) => wants(recipient, type)).map(({ id }) => id);
      this.#routes.set(type, route);
    }
    return route;
  }
}

function wants(recipient: Recipient, type: string): boolean {
  if (!recipient.enabled && recipient.whileDisabled === 'skip') return false;
  return recipient.kind === 'http'
    ? recipient.events.some((pattern) => matches(pattern, type))
    : Object.hasOwn(recipient.events, type);
}
