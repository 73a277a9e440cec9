import type { StoredEvent } from '../core/event.ts';

/**
 * The attributes of an event as headers: CloudEvents 1.0, HTTP binding in binary mode. `source` is a URI-reference; with
 * the id of the event it names one event in the world.
 */
export function cloudEventHeaders(event: StoredEvent, source: string): Readonly<Record<string, string>> {
  const time = new Date(event.occurredAt).toISOString();
  return {
    'ce-specversion': '1.0',
    'ce-id': headerValue(event.id),
    'ce-source': headerValue(source),
    'ce-type': headerValue(event.type),
    // RFC 3339 has years of four digits only.
    ...(/^\d{4}-/.test(time) && { 'ce-time': time }),
    'ce-dataversion': headerValue(event.version),
  };
}

/** Percent-encoded as the binding demands (§3.1.3.2): all but printable ASCII, and of that the space, `"` and `%`. */
function headerValue(text: string): string {
  return text.replace(/[^!#$&-~]+/gu, encodeURIComponent);
}
