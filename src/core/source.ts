import { refuse } from './check.ts';

const longestSource = 200;

/** An absolute URI or a path, in the characters that RFC 3986 has for them. */
const uriReference = /^(?:[a-z][a-z0-9+.-]*:|\/(?!\/))(?:[\w.~:/?@!$&'()*+,;=-]|%[0-9a-f]{2})*$/i;

/**
 * Where a host's events come from: a URI-reference that with the id of an event names one event in the world (the
 * `source` of CloudEvents). Default: `/outbound-events`. Errors show nothing of it: it might hold a token.
 */
export function parseSource(value: unknown, field: string): string {
  if (value === undefined) return '/outbound-events';
  const isUri =
    typeof value === 'string' &&
    value.length <= longestSource &&
    uriReference.test(value) &&
    (value.startsWith('/') || URL.canParse(value));
  if (isUri) return value;
  return refuse(
    'ERR_CONFIG_VALUE',
    field,
    `an absolute URI (https://host.example.com, urn:…) or a path (/…) of at most ${longestSource} characters`,
  );
}
