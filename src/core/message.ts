import type { StoredEvent } from './event.ts';
import type { Json } from './json.ts';

/** Names every message carries besides the event's own variables; event data cannot use them. */
export const standardVariables = ['event', 'version', 'timestamp'] as const;

/** What every message says about its event. */
export interface StandardVariables {
  /** The event type (seed: the trigger). */
  readonly event: string;
  readonly version: string;
  /** Unix time in whole seconds at which the event originated; a retry keeps it. */
  readonly timestamp: number;
}

/** What one message says: the standard variables, and the event's own. */
export interface MessageVariables extends StandardVariables {
  readonly data: Readonly<Record<string, Json>>;
}

/** The same for every attempt at an event: made from the stored event alone. */
export function messageVariables(event: StoredEvent): MessageVariables {
  return { ...standardVariablesOf(event), data: JSON.parse(event.data) as Record<string, Json> };
}

export function standardVariablesOf({ type, version, occurredAt }: StoredEvent): StandardVariables {
  return { event: type, version, timestamp: Math.floor(occurredAt / 1000) };
}

/** A variable's value where only text fits (a form field, a mail): text as it is, nothing for `null`, JSON for lists and objects. */
export function asText(value: Json): string {
  if (value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
