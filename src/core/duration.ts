import ms from 'ms';
import { refuse } from './check.ts';

/** A length of time: milliseconds, or text such as `'30s'`, `'15m'`, `'4h'`, `'3d'`. */
export type Duration = number | string;

const oneYear = 365 * 24 * 60 * 60 * 1000;

/**
 * The duration in whole milliseconds, from `shortest` to one year; `fallback` when it is left out. Text needs its unit:
 * `'5'` could mean anything. Throws `ERR_CONFIG_DURATION`.
 */
export function parseDuration(value: unknown, field: string, fallback: Duration, shortest = 100): number {
  const given = value === undefined ? fallback : value;
  const parsed = typeof given === 'string' ? parseText(given) : given;
  if (Number.isInteger(parsed) && Number(parsed) >= shortest && Number(parsed) <= oneYear) return Number(parsed);
  const allowed = `from ${shortest} ms to 365 days: milliseconds as a whole number, or text like "30s", "15m", "4h", "3d"`;
  return refuse('ERR_CONFIG_DURATION', field, allowed, given);
}

function parseText(text: string): number | undefined {
  return /^\d+(\.\d+)?\s*[a-z]+$/i.test(text) ? Math.round(ms(text as ms.StringValue)) : undefined;
}
