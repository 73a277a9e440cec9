import type { ObservedRequest } from '../../reliability/history.ts';

/** A process that was killed, or stood still. */
export interface Outage {
  /** The life that ended. */
  readonly life: number;
  readonly at: number;
  /** The recipients for which something waited in the queues it held. */
  readonly orphans: readonly string[];
}

/**
 * How long each queue waited for another process, ms: from the outage to that one's first request to the recipient.
 * `Infinity` where none came.
 */
export function takeoverTimes(outages: readonly Outage[], requests: readonly ObservedRequest[]): readonly number[] {
  const perRecipient = Map.groupBy(requests, ({ recipientId }) => recipientId);
  return outages.flatMap(({ life, at, orphans }) =>
    orphans.map((recipientId) => {
      const next = perRecipient.get(recipientId)?.find((request) => request.beganAt >= at && request.life !== life);
      return (next?.beganAt ?? Number.POSITIVE_INFINITY) - at;
    }),
  );
}
