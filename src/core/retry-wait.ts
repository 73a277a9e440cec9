import type { HttpRecipient, RetryPolicy } from './recipient.ts';

/** The settings that say how long to wait between attempts. */
export interface WaitPolicy extends Partial<Pick<HttpRecipient, 'maxRetryAfter'>> {
  readonly retry: Pick<RetryPolicy, 'interval'>;
}

/** The wait after a failed attempt, ms: what the receiver asks for lengthens it within bounds, and never shortens it. */
export function retryWait({ retry, maxRetryAfter = 0 }: WaitPolicy, askedMs: number): number {
  return Math.max(retry.interval, Math.min(askedMs, maxRetryAfter));
}
