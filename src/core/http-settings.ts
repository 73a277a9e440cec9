import { isRecord, partOf, refuse, refuseKind } from './check.ts';

const longestUrl = 2048;

const absoluteUrl = 'an absolute http or https URL, with a host and, if any, a port from 1 to 65535';

/** An absolute http(s) URL, returned as it was given. Errors show no more of it than its scheme: it may hold a token. */
export function parseUrl(value: unknown, field: string): string {
  if (typeof value !== 'string') return refuse('ERR_CONFIG_URL', field, absoluteUrl, value);
  const wrong = (allowed: string): never =>
    refuse('ERR_CONFIG_URL', field, allowed, value.match(/^[a-z][a-z0-9+.-]{0,20}:\/\//i)?.[0]);
  if (value.length > longestUrl) return wrong(`at most ${longestUrl} characters`);
  if (/[\p{Cc} \\]/u.test(value))
    return wrong('without spaces, backslashes and control characters (percent-encode them)');
  // The URL class would take the first part of a path for the host that is missing.
  const url = /^https?:\/\/[^/]/i.test(value) && URL.canParse(value) ? new URL(value) : null;
  if (url === null || url.port === '0') return wrong(absoluteUrl);
  if (value.includes('#')) return wrong('without a fragment (#…), which is never sent');
  return value;
}

/** Headers that belong to us or to the connection. */
const ownHeaders =
  /^(host|content-length|content-type|content-encoding|transfer-encoding|connection|keep-alive|upgrade|expect|te|trailer|proxy-.*|webhook-.*|ce-.*)$/;

const largestHeaders = 16_384;

/** Headers a recipient adds, by lower-case name. Errors name the header, never its value. */
export function parseHeaders(value: unknown, field: string): Readonly<Record<string, string>> {
  if (value === undefined) return Object.freeze({});
  if (!isRecord(value)) return refuseKind('ERR_CONFIG_HEADER', field, 'a plain object of names and values', value);
  const headers = new Map<string, string>();
  for (const [name, text] of Object.entries(value)) {
    const place = partOf(field, name);
    const key = name.toLowerCase();
    if (ownHeaders.test(key)) refuse('ERR_CONFIG_HEADER', place, 'left to the library: it is set for each request');
    if (headers.has(key)) refuse('ERR_CONFIG_HEADER', place, 'given once');
    if (typeof text !== 'string' || !isHeader(name, text)) {
      return refuse('ERR_CONFIG_HEADER', place, 'a header name with a value of one line of Latin-1 text (RFC 9110 §5)');
    }
    headers.set(key, text);
  }
  if (JSON.stringify([...headers]).length > largestHeaders)
    refuse('ERR_CONFIG_HEADER', field, `at most ${largestHeaders} characters together`);
  return Object.freeze(Object.fromEntries(headers));
}

function isHeader(name: string, value: string): boolean {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(value);
}

/** Statuses that count as delivered. */
export function parseSuccess(value: unknown, field: string): readonly number[] | '2xx' {
  if (value === undefined) return Object.freeze([200]);
  if (value === '2xx') return value;
  // Array.from, because every would pass over holes.
  const list: readonly unknown[] = Array.isArray(value) ? Array.from(value) : [];
  if (list.length > 0 && list.every((status) => Number.isInteger(status) && isFinal(Number(status)))) {
    return Object.freeze([...new Set(list as number[])]);
  }
  return refuse(
    'ERR_CONFIG_VALUE',
    field,
    `"2xx" or a list of HTTP statuses from 200 to 599, but for redirects (3xx)`,
    value,
  );
}

/** Whether an answer with this status says what became of the request; a redirect says only where else to ask. */
function isFinal(status: number): boolean {
  return (status >= 200 && status <= 299) || (status >= 400 && status <= 599);
}
