import type { History, ObservedRequest } from '../../reliability/history.ts';

/** A process that went on after a pause, while nothing else happened to the others. */
export interface Comeback {
  /** The life that began with it. */
  readonly life: number;
  /** When it had its share of the queues again. */
  readonly until: number;
}

/**
 * Sets apart what a process sent as it went on after a pause although another had sent it meanwhile: it was about to when
 * it was paused. That is at most one delivery to each recipient, and nobody can prevent it; the rest of the history is to
 * be without fault.
 */
export function setLateApart(
  history: History,
  comebacks: readonly Comeback[],
): { readonly late: readonly ObservedRequest[]; readonly rest: History } {
  const untilOf = new Map(comebacks.map(({ life, until }) => [life, until]));
  const latest = new Map<string, ObservedRequest>();
  const hasSent = new Set<string>();
  const late = new Set<ObservedRequest>();
  for (const request of history.requests) {
    const { recipientId, life, beganAt } = request;
    const sent = `${life} ${recipientId}`;
    const before = latest.get(recipientId);
    const isBack = beganAt < (untilOf.get(life) ?? Number.NEGATIVE_INFINITY);
    if (isBack && !hasSent.has(sent) && before !== undefined && isBehind(request, before)) late.add(request);
    else latest.set(recipientId, request);
    hasSent.add(sent);
  }
  return { late: [...late], rest: { ...history, requests: history.requests.filter((one) => !late.has(one)) } };
}

/** Whether it does not go on from where another process was, with the next delivery or the next attempt. */
function isBehind({ sequence, attempt }: ObservedRequest, before: ObservedRequest): boolean {
  return sequence < before.sequence || (sequence === before.sequence && attempt <= before.attempt);
}
