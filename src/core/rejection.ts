import { checkInteger, checkObject, refuse } from './check.ts';
import type { RejectionPolicy } from './recipient.ts';

/** Answers about the event, not about the health of the receiver: malformed, unknown, in conflict, gone, too large, of a kind it does not take. */
const rejectingStatuses = Object.freeze([400, 404, 409, 410, 413, 415, 422]);

/** What counts as the rejection of one event. Throws `ERR_CONFIG_VALUE`. */
export function parseRejection(value: unknown, field: string): RejectionPolicy {
  const given = value === undefined ? {} : checkObject(value, field, ['attempts', 'statuses']);
  return Object.freeze({
    attempts: checkInteger(given.attempts, `${field}.attempts`, [1, 1_000_000], 3),
    statuses: parseStatuses(given.statuses, `${field}.statuses`),
  });
}

function parseStatuses(value: unknown, field: string): readonly number[] {
  if (value === undefined) return rejectingStatuses;
  // Array.from, because every would pass over holes.
  const list: readonly unknown[] = Array.isArray(value) ? Array.from(value) : [];
  const isError = (status: unknown): boolean =>
    Number.isInteger(status) && Number(status) >= 400 && Number(status) <= 599;
  if (list.length > 0 && list.every(isError)) return Object.freeze([...new Set(list as number[])]);
  return refuse('ERR_CONFIG_VALUE', field, 'a list of HTTP statuses from 400 to 599', value);
}
