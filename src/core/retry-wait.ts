import type { HttpRecipient, RetryPolicy } from './recipient.ts';

/** The settings that say how long to wait between attempts. */
export interface WaitPolicy extends Partial<Pick<HttpRecipient, 'maxRetryAfter'>> {
  readonly retry: Pick<RetryPolicy, 'interval'>;
}

/** The wait after a failed attempt, ms: what the receiver asks for lengthens it within bounds, and never shortens it. */
export function retryWait({ retry, maxRetryAfter = 0 }: WaitPolicy, askedMs: number): number {
  // A transport of the host's may say anything.
  return Math.max(retry.interval, Number.isFinite(askedMs) ? Math.min(askedMs, maxRetryAfter) : 0);
}
