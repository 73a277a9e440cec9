import type { AttemptError } from './attempt.ts';
import type { QueuedDelivery } from './event.ts';
import type { Failing, QueueState } from './queue-state.ts';
import type { AlertPolicy, HttpRecipient, RejectionPolicy, RetryPolicy } from './recipient.ts';
import { retryWait } from './retry-wait.ts';
import type { SendResult } from './transport.ts';

/** An attempt that has ended, and all that decides what becomes of it. */
export interface EndedAttempt {
  readonly policy: SettlementPolicy;
  /** Before the attempt. */
  readonly state: QueueState;
  readonly delivery: QueuedDelivery;
  /** 1 for the first attempt at this delivery. */
  readonly number: number;
  readonly result: SendResult;
  /** End of the attempt. */
  readonly now: number;
}

/** The settings of a recipient that decide. Those of HTTP recipients alone are left out for others. */
export interface SettlementPolicy extends Partial<Pick<HttpRecipient, 'maxRetryAfter' | 'onRejected' | 'rejection'>> {
  readonly retry: RetryPolicy;
  readonly alerts: AlertPolicy | null;
}

/** What becomes of the delivery at the head of a queue, and of the queue's state. */
export type Verdict =
  | { readonly kind: 'delivered'; readonly state: QueueState; readonly recoveredFrom: Failing | null }
  | { readonly kind: 'retry'; readonly state: QueueState; readonly failing: Failing }
  | {
      readonly kind: 'drop';
      readonly reason: 'expired' | 'rejected';
      readonly error: AttemptError;
      readonly state: QueueState;
    };

/** The rules of retry, drop and recovery: the promise, points 2, 5 and 6. */
export function decideSettlement(ended: EndedAttempt): Verdict {
  switch (ended.result.outcome) {
    case 'delivered':
      return afterSuccess(ended);
    case 'rejected':
      return dropped('rejected', ended.result.error, ended.state, ended.now);
    case 'failed':
      return afterFailure(ended, ended.result);
  }
}

function afterSuccess({ policy, state, now }: EndedAttempt): Verdict {
  const { failing } = state;
  if (failing === null) return { kind: 'delivered', state: headGone(state, now), recoveredFrom: null };
  const owed = failing.alerts > 0 && policy.alerts?.recovered === true;
  return {
    kind: 'delivered',
    state: { failing: null, head: null, owedRecovery: owed ? { since: failing.since, at: now } : null },
    recoveredFrom: failing,
  };
}

function afterFailure(ended: EndedAttempt, result: SendResult & { outcome: 'failed' }): Verdict {
  const { policy, state, delivery, now } = ended;
  const tried = state.head?.sequence === delivery.sequence ? state.head : null;
  const since = tried?.since ?? now;
  const rejected = rejectedUnder(policy, result);
  const rejections = (tried?.rejections ?? 0) + (rejected === null ? 0 : 1);
  const askedWait = result.retryAfterMs ?? 0;
  const failing: Failing = {
    since: state.failing?.since ?? now,
    attempts: (state.failing?.attempts ?? 0) + 1,
    nextAttemptAt: now + retryWait(policy, askedWait),
    askedWait,
    error: result.error,
    alerts: state.failing?.alerts ?? 0,
    lastAlertAt: state.failing?.lastAlertAt ?? null,
    dropped: state.failing?.dropped ?? 0,
    droppedTold: state.failing?.droppedTold ?? 0,
  };
  const { sequence } = delivery;
  const failed: QueueState = {
    failing,
    head: { sequence, attempts: ended.number, rejections, since, progress: result.progress ?? null },
    // Newest state only: what is failing again has nothing good to tell.
    owedRecovery: null,
  };
  // A clock that ran ahead when the delivery was accepted must not keep it for ever.
  if (isExpired(delivery, policy.retry, now) || now - since >= policy.retry.duration) {
    return dropped('expired', result.error, failed, now);
  }
  if (rejected !== null && rejections >= rejected.attempts) return dropped('rejected', result.error, failed, now);
  return { kind: 'retry', state: failed, failing };
}

/** The policy under which the answer rejects this one event; `null` when it does not, or nothing is to come of it. */
function rejectedUnder({ onRejected, rejection }: SettlementPolicy, { response }: SendResult): RejectionPolicy | null {
  if (onRejected !== 'skip' || rejection === undefined || response === undefined) return null;
  return rejection.statuses.some((status) => status === response.status) ? rejection : null;
}

function dropped(reason: 'expired' | 'rejected', error: AttemptError, state: QueueState, now: number): Verdict {
  return { kind: 'drop', reason, error, state: withDrops(headGone(state, now), 1) };
}

/** The state with so many more deliveries dropped since the recipient began to fail. */
export function withDrops(state: QueueState, count: number): QueueState {
  if (state.failing === null) return state;
  return { ...state, failing: { ...state.failing, dropped: state.failing.dropped + count } };
}

/** The next delivery is another one and need not wait for this one's interval. */
function headGone(state: QueueState, now: number): QueueState {
  if (state.head === null && state.failing === null) return state;
  return { ...state, head: null, failing: state.failing && { ...state.failing, nextAttemptAt: now } };
}

/** Whether a delivery is past its retry duration, so that a failed attempt lets it go. */
export function isExpired(delivery: QueuedDelivery, retry: RetryPolicy, now: number): boolean {
  return now - delivery.event.acceptedAt >= retry.duration;
}
