import { refuse } from './check.ts';
import { parseUrl } from './http-settings.ts';

/** The URL of an HTTP proxy, as it was given; `null` when it is left out. Errors show no more of it than its scheme. */
export function parseProxy(value: unknown, field: string): string | null {
  if (value === undefined) return null;
  const text = parseUrl(value, field);
  const { pathname } = new URL(text);
  if (pathname !== '/' || text.includes('?')) refuse('ERR_CONFIG_URL', field, 'without a path and a query');
  return text;
}
