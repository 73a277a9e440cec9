import { type EventCatalog, eventMeta } from './catalog.ts';
import type { standardVariables } from './message.ts';

/** A name that can stand in the texts of a mail, such as `{{lsid}}`. */
export interface Macro {
  readonly name: string;
  /** For people. */
  readonly meaning: string;
}

const standardMeanings = {
  event: 'Event type',
  version: 'Version of the shape of its variables',
  timestamp: 'When it happened: Unix time in whole seconds',
} satisfies Record<(typeof standardVariables)[number], string>;

/** What every mail can say besides the event's own variables. */
const standardMacros = { ...standardMeanings, recipient: "The recipient's name" };

/**
 * The macros of an event type's mails, for a host's user interface: its variables, then the ones every mail has. Where
 * the catalog does not declare the variables, other names are allowed too.
 */
export function macrosFor(catalog: EventCatalog, type: string): readonly Macro[] {
  const meanings = { ...eventMeta(catalog, type).variables, ...standardMacros };
  return Object.entries(meanings).map(([name, meaning]) => ({ name, meaning }));
}
