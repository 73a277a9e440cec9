import type { StoredEvent } from '../../src/core/event.ts';
import { storedEvent } from '../../src/testing.ts';

/** The event of a number; some of them take several pages of a database. */
export function numberedEvent(number: number): StoredEvent {
  const data = JSON.stringify({ number, text: `${number} `.repeat(number % 7 === 0 ? 2_000 : 100) });
  return storedEvent({ id: `event-${number}`, data });
}
