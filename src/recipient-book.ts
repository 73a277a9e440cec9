import { type EventCatalog, eventMeta } from './core/catalog.ts';
import { refuse } from './core/check.ts';
import { OutboundEventsError } from './core/errors.ts';
import type { Recipient } from './core/recipient.ts';
import { wants } from './core/wants.ts';

/** The recipients as they are now, and which of them want an event. */
export class RecipientBook {
  readonly #catalog: EventCatalog;
  readonly #recipients = new Map<string, Recipient>();
  /** Stored recipients that this host cannot use, with what is wrong. */
  readonly #unusable = new Map<string, OutboundEventsError>();
  readonly #routes = new Map<string, readonly string[]>();

  constructor(catalog: EventCatalog) {
    this.#catalog = catalog;
  }

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

  /** Throws `ERR_CONFIG_ID` when a recipient of the other kind has this id: what waits for it could not be sent. */
  checkKind({ id, kind }: Recipient): void {
    const other = this.#recipients.get(id);
    if (other === undefined || other.kind === kind) return;
    throw new OutboundEventsError('ERR_CONFIG_ID', `id must be another: an ${other.kind} recipient has the id ${id}`, {
      field: 'id',
    });
  }

  /** Throws `ERR_CONFIG_ID` when an id that was made of a name is that of a recipient with another name. */
  checkMadeId({ id, name }: Recipient): void {
    const other = this.#recipients.get(id);
    if (other === undefined || other.name.toLowerCase() === name.toLowerCase()) return;
    throw new OutboundEventsError(
      'ERR_CONFIG_ID',
      `id must be given: made of the name it would be ${id}, which is the id of the recipient ${JSON.stringify(other.name)}`,
      { field: 'id' },
    );
  }

  /** Throws `ERR_RECIPIENT_UNKNOWN` unless there is a recipient of this id, be it one that cannot be used. */
  checkKnown(id: string): void {
    if (!this.#unusable.has(id)) this.get(id);
  }

  /** Throws `ERR_SECRET_KEY` for one that is sealed: it is not put in the clear because the key was forgotten. */
  checkNotSealed(id: string): void {
    const problem = this.#unusable.get(id);
    if (problem?.code === 'ERR_SECRET_KEY') throw problem;
  }

  /** The ids of all, also of those that cannot be used. */
  get ids(): ReadonlySet<string> {
    return new Set([...this.#recipients.keys(), ...this.#unusable.keys()]);
  }

  /** Whether it is known already that this one cannot be used, and why. */
  isUnusable(id: string, { message }: OutboundEventsError): boolean {
    return this.#unusable.get(id)?.message === message;
  }

  /** Until it is set, or deleted. */
  setUnusable(id: string, problem: OutboundEventsError): void {
    this.#unusable.set(id, problem);
  }

  set(recipient: Recipient): void {
    this.#recipients.set(recipient.id, recipient);
    this.#unusable.delete(recipient.id);
    this.#routes.clear();
  }

  delete(id: string): void {
    this.#recipients.delete(id);
    this.#unusable.delete(id);
    this.#routes.clear();
  }

  /**
   * Ids of the recipients that an event of this type is queued for. Throws `ERR_SECRET_KEY` while one of them cannot be
   * read: which events it wants is sealed too, and rather than pass it over, nothing is accepted.
   */
  routesOf(type: string): readonly string[] {
    for (const [id, { code, message, field }] of this.#unusable) {
      if (code !== 'ERR_SECRET_KEY') continue;
      throw new OutboundEventsError(code, `stored recipient "${id}" cannot be read: ${message}`, { field });
    }
    let route = this.#routes.get(type);
    if (route === undefined) {
      const meta = eventMeta(this.#catalog, type);
      route = [...this.#recipients.values()].filter((recipient) => wants(recipient, meta)).map(({ id }) => id);
      this.#routes.set(type, route);
    }
    return route;
  }
}
