import { type ErrorCode, OutboundEventsError } from './errors.ts';

/** Throws the one error for a bad value: which field, what it is, what is allowed. Pass `shown` only for what can never be a secret. */
export function refuse(code: ErrorCode, field: string, allowed: string, shown?: unknown): never {
  const got = shown === undefined ? '' : `; got ${display(shown)}`;
  throw new OutboundEventsError(code, `${field} must be ${allowed}${got}`, { field });
}

function display(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
    case 'number':
    case 'boolean':
    case 'bigint':
    case 'undefined':
      return String(value);
    default:
      return value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
  }
}

/** The value as an object that has no other keys than `known`: a misspelt option is an error, not a silent default. */
export function checkObject(
  value: unknown,
  field: string,
  known: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse('ERR_CONFIG_VALUE', field, 'an object', value);
  }
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const near = known.find((name) => isNear(key, name));
    const hint = near === undefined ? `known are ${known.join(', ')}` : `did you mean "${near}"?`;
    const path = field === '' ? key : `${field}.${key}`;
    throw new OutboundEventsError('ERR_CONFIG_UNKNOWN_OPTION', `${path} is not an option; ${hint}`, { field: path });
  }
  return value as Record<string, unknown>;
}

/** Whether two names differ by a few letters: case, a doubled, missing, extra or swapped letter or two. */
function isNear(a: string, b: string): boolean {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()];
  let row = Array.from({ length: y.length + 1 }, (_, i) => i);
  for (let i = 1; i <= x.length; i++) {
    const next = [i];
    for (let j = 1; j <= y.length; j++) {
      const replaced = (row[j - 1] as number) + (x[i - 1] === y[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return (row[y.length] as number) <= 2;
}

export function checkBoolean(value: unknown, field: string, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  return typeof value === 'boolean' ? value : refuse('ERR_CONFIG_VALUE', field, 'true or false', value);
}

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
  if (typeof value === 'string' && value.trim() !== '' && value.length <= longest && !/\p{Cc}/u.test(value)) {
    return value.trim();
  }
  return refuse('ERR_CONFIG_VALUE', field, `1 to ${longest} characters on one line`, value);
}
