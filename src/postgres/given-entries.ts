import type { StoredEvent } from '../core/event.ts';

/** An event to be appended. */
export interface GivenEntry extends StoredEvent {
  readonly digest: string;
  /** Each once. */
  readonly recipientIds: readonly string[];
}

/** Entries as the functions of the schema take them: a list for each column. */
export function givenEntries(entries: readonly GivenEntry[]): object {
  const places = new Map<string, number>();
  const lines = entries.flatMap(({ recipientIds }, index) => {
    return recipientIds.map((id) => ({ event: index + 1, recipient: placeOf(id, places) }));
  });
  return {
    ids: entries.map(({ id }) => id),
    digests: entries.map(({ digest }) => digest),
    types: entries.map(({ type }) => type),
    versions: entries.map(({ version }) => version),
    occurred: entries.map(({ occurredAt }) => occurredAt),
    accepted: entries.map(({ acceptedAt }) => acceptedAt),
    datas: entries.map(({ data }) => data),
    recipientIds: [...places.keys()],
    lineEvents: lines.map(({ event }) => event),
    lineRecipients: lines.map(({ recipient }) => recipient),
  };
}

/** The place of an id among those met so far, from 1. */
function placeOf(id: string, places: Map<string, number>): number {
  const place = places.get(id) ?? places.size + 1;
  places.set(id, place);
  return place;
}
