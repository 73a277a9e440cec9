import { type Channel, type EventCatalog, typesFor } from './catalog.ts';
import { partOf, refuse } from './check.ts';

/**
 * What a recipient can ask for: an event type, all types that begin alike (`'order.*'`, `'support_conference_member_*'`,
 * cut after a separator `_ . : -`), or `'*'` for all.
 */
export type EventPattern<Type extends string> = Type | '*' | `${Beginning<Type>}*`;

type Separator = '_' | '.' | ':' | '-';

type Beginning<Type extends string, Seen extends string = ''> = Type extends `${infer First}${infer Rest}`
  ? First extends Separator
    ? `${Seen}${First}` | Beginning<Rest, `${Seen}${First}`>
    : Beginning<Rest, `${Seen}${First}`>
  : never;

/** Whether a recipient that asks for `pattern` wants events of `type`. */
export function matches(pattern: string, type: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : pattern === type;
}

/**
 * The patterns, each of which fits at least one type of the catalog that the channel can carry. Throws
 * `ERR_CONFIG_EVENTS` naming the first that does not.
 */
export function parsePatterns(
  value: unknown,
  field: string,
  catalog: EventCatalog,
  channel: Channel,
): readonly string[] {
  // Array.from, because map would pass over holes.
  const list: readonly unknown[] = typeof value === 'string' ? [value] : Array.isArray(value) ? Array.from(value) : [];
  const types = typesFor(catalog, channel);
  if (list.length === 0) {
    return refuse('ERR_CONFIG_EVENTS', field, `"*" or a list of event types, of ${types.join(', ')}`, value);
  }
  return Object.freeze(
    list.map((pattern, index) => {
      if (typeof pattern === 'string' && types.some((type) => matches(pattern, type))) return pattern;
      const allowed = `one of ${types.join(', ')}, a beginning of them and *, or *`;
      return refuse('ERR_CONFIG_EVENTS', partOf(field, index), allowed, pattern);
    }),
  );
}
