import type { StoredEvent } from '../core/event.ts';
import { asText, messageVariables, standardVariablesOf } from '../core/message.ts';
import type { HttpRecipient } from '../core/recipient.ts';

export interface RequestBody {
  readonly contentType: string;
  readonly text: string;
}

/** What a recipient receives about an event: made from the stored event alone, so every attempt sends the same bytes. */
export function requestBody(event: StoredEvent, format: HttpRecipient['format']): RequestBody {
  switch (format) {
    case 'form':
      return { contentType: 'application/x-www-form-urlencoded', text: formText(event) };
    case 'json':
      return { contentType: 'application/json', text: jsonText(event) };
    case 'cloudevents':
      return { contentType: 'application/json', text: event.data };
  }
}

function formText(stored: StoredEvent): string {
  const { event, version, timestamp, data } = messageVariables(stored);
  // A list, not an object: objects put names that are whole numbers first.
  const fields = [...Object.entries({ event, version, timestamp }), ...Object.entries(data)];
  return new URLSearchParams(fields.map(([name, value]): [string, string] => [name, asText(value)])).toString();
}

/** The stored data goes in as it is: parsing it and writing it again could change it. */
function jsonText(stored: StoredEvent): string {
  const head = JSON.stringify({ id: stored.id, ...standardVariablesOf(stored) });
  return `${head.slice(0, -1)},"data":${stored.data}}`;
}
