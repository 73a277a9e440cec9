import { type ErrorCode, OutboundEventsError } from './errors.ts';

/** Throws the one error for a bad value: which field, what it is, what is allowed. Pass `shown` only for what can never be a secret. */
export function refuse(code: ErrorCode, field: string, allowed: string, shown?: unknown): never {
  const got = shown === undefined ? '' : `; got ${display(shown)}`;
  throw new OutboundEventsError(code, `${field} must be ${allowed}${got}`, { field });
}

/** The same for what may hold a secret, such as text in the place of an object: shows only what sort of thing it is. */
export function refuseKind(code: ErrorCode, field: string, allowed: string, value: unknown): never {
  throw new OutboundEventsError(code, `${field} must be ${allowed}; got ${kindOf(value)}`, { field });
}

function display(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'number':
    case 'boolean':
      return String(value);
    default:
      return kindOf(value);
  }
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** The beginning of a text, fit for one line of a log whatever is in it. */
function quoted(text: string): string {
  const begun = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return JSON.stringify(begun).replace(
    /[\p{Cc}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The path of a part of a field: `retry.interval`, `data.items[2]`, `headers["x-api-key"]`. Long names are cut. */
export function partOf(field: string, key: string | number): string {
  if (typeof key === 'number') return `${field}[${key}]`;
  if (!/^[\w$]{1,60}$/.test(key)) return `${field}[${quoted(key)}]`;
  return field === '' ? key : `${field}.${key}`;
}

/** Whether names and values can be read off it. A list, a `Map` or a `Headers` has them, but not where they would be looked for. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !(Symbol.iterator in value);
}

/** The value as an object that has no other keys than `known`: a misspelt option is an error, not a silent default. */
export function checkObject(
  value: unknown,
  field: string,
  known: readonly string[],
): Readonly<Record<string, unknown>> {
  if (!isRecord(value))
    return refuseKind('ERR_CONFIG_VALUE', field === '' ? 'settings' : field, 'a plain object', value);
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const near = nearest(key, known);
    const hint = near === undefined ? `known are ${known.join(', ')}` : `did you mean "${near}"?`;
    const place = partOf(field, key);
    throw new OutboundEventsError('ERR_CONFIG_UNKNOWN_OPTION', `${place} is not an option; ${hint}`, { field: place });
  }
  return value;
}

/** The known name that was probably meant: one that differs in two letters at most, and in no more than half of its own. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const given = name.toLowerCase();
  const near = [0, 1, 2].map((edits) =>
    known.find((candidate) => edits <= candidate.length / 2 && isWithin(edits, given, candidate.toLowerCase())),
  );
  return near.find((candidate) => candidate !== undefined);
}

/** Whether at most so many letters are missing, added or replaced. */
function isWithin(edits: number, a: string, b: string): boolean {
  if (a === b) return true;
  if (edits === 0 || Math.abs(a.length - b.length) > edits) return false;
  const [restOfA, restOfB] = [a.slice(1), b.slice(1)];
  if (a[0] === b[0]) return isWithin(edits, restOfA, restOfB);
  const isNearer = (x: string, y: string): boolean => isWithin(edits - 1, x, y);
  return isNearer(restOfA, b) || isNearer(a, restOfB) || isNearer(restOfA, restOfB);
}

/** A part the host brings: anything with these methods. */
export function checkMethods(value: unknown, field: string, methods: readonly string[]): void {
  const part = value as Readonly<Record<string, unknown>> | null | undefined;
  if (methods.every((name) => typeof part?.[name] === 'function')) return;
  refuseKind('ERR_CONFIG_VALUE', field, `an object with the methods ${methods.join(', ')}`, value);
}

/** `true` or `false`; `fallback` when it is left out. */
export function checkBoolean(value: unknown, field: string, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  return typeof value === 'boolean' ? value : refuse('ERR_CONFIG_VALUE', field, 'true or false', value);
}

/** A whole number within a range; `fallback` when it is left out. */
export function checkInteger(
  value: unknown,
  field: string,
  range: readonly [number, number],
  fallback: number,
): number {
  if (value === undefined) return fallback;
  const [low, high] = range;
  if (Number.isInteger(value) && Number(value) >= low && Number(value) <= high) return Number(value);
  return refuse('ERR_CONFIG_VALUE', field, `a whole number from ${low} to ${high}`, value);
}

/** One of some words; `fallback` when it is left out. */
export function checkOneOf<const Choice extends string>(
  value: unknown,
  field: string,
  choices: readonly Choice[],
  fallback: Choice,
): Choice {
  if (value === undefined) return fallback;
  const found = choices.find((choice) => choice === value);
  return found ?? refuse('ERR_CONFIG_VALUE', field, choices.map((choice) => `"${choice}"`).join(' or '), value);
}

/** Text for people on one line. */
export function checkLine(value: unknown, field: string, longest: number): string {
  if (
    typeof value === 'string' &&
    value.trim() !== '' &&
    value.length <= longest &&
    !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(value)
  ) {
    return value.trim();
  }
  return refuse('ERR_CONFIG_VALUE', field, `1 to ${longest} characters on one line`, value);
}
