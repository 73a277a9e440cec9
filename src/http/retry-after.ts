import type { ResponseHead } from './exchange.ts';

/** Answers with which a receiver may ask to be left alone for a while (RFC 6585 §4, RFC 9110 §15.6.4). */
const statuses: readonly number[] = [429, 503];

/**
 * How long the receiver asks not to be tried again, ms; `undefined` when it does not. A date is measured from the `Date`
 * of the same answer, so that a clock set differently there makes no difference, and from `now` where that is missing
 * (RFC 9110 §10.2.3).
 */
export function retryAfterMs({ status, retryAfter, date }: ResponseHead, now: number): number | undefined {
  if (!statuses.includes(status) || retryAfter === undefined) return undefined;
  if (/^\d{1,15}$/.test(retryAfter)) return Number(retryAfter) * 1000;
  const until = readDate(retryAfter);
  if (until === null) return undefined;
  return Math.max(0, until - (readDate(date ?? '') ?? now));
}

/** RFC 9110 §5.6.7; the form that senders must use. `Date.parse` alone would take `-5` for a year. */
function readDate(text: string): number | null {
  const time = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  return Number.isNaN(time) ? null : time;
}
