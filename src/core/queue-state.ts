import type { AttemptError } from './attempt.ts';
import type { Json } from './json.ts';
import { retryWait, type WaitPolicy } from './retry-wait.ts';

/** A recipient that keeps failing: from its first failed attempt until its next success. */
export interface Failing {
  /** End of the first failed attempt, epoch ms. */
  readonly since: number;
  /** Failed attempts since then. */
  readonly attempts: number;
  /** When the next attempt is due, epoch ms. */
  readonly nextAttemptAt: number;
  /** How long the receiver asked not to be tried again, ms; 0 when it did not. */
  readonly askedWait: number;
  /** What the latest attempt failed with. */
  readonly error: AttemptError;
  /** Alert mails the relay has accepted about it so far. */
  readonly alerts: number;
  /** When it accepted the latest, epoch ms; `null` before the first. */
  readonly lastAlertAt: number | null;
  /** Deliveries dropped since then. */
  readonly dropped: number;
  /** How many of them an alert has told of. */
  readonly droppedTold: number;
}

/** The delivery at the head of the queue, once an attempt at it has failed. */
export interface AttemptedHead {
  readonly sequence: number;
  /** Attempts made so far. */
  readonly attempts: number;
  /** How many of them were answered with a rejection of this delivery. */
  readonly rejections: number;
  /** End of the first of them, epoch ms. */
  readonly since: number;
  /** What the transport wants to remember for the next attempt at this delivery (email: addresses already served). */
  readonly progress: Json;
}

/** A recovery that is still to be told by mail. */
export interface OwedRecovery {
  /** When the recipient had begun to fail, epoch ms. */
  readonly since: number;
  /** When it recovered, epoch ms. */
  readonly at: number;
}

/**
 * All that is remembered about one recipient's queue besides the deliveries in it. JSON; storages keep it as it is and
 * never look inside.
 */
export interface QueueState {
  readonly failing: Failing | null;
  readonly head: AttemptedHead | null;
  readonly owedRecovery: OwedRecovery | null;
}

/** A queue nothing has gone wrong with. */
export const healthy: QueueState = Object.freeze({ failing: null, head: null, owedRecovery: null });

/**
 * The state as a new process may rely on it: the wall clock may have been set while nobody was running, so nothing
 * lies in the future and no wait is longer than the recipient's settings make it now.
 */
export function restoreQueueState(stored: QueueState | null, policy: WaitPolicy, now: number): QueueState {
  if (stored === null) return healthy;
  const { failing, head, owedRecovery } = stored;
  return {
    head: head && { ...head, since: Math.min(head.since, now) },
    failing: failing && {
      ...failing,
      since: Math.min(failing.since, now),
      lastAlertAt: failing.lastAlertAt === null ? null : Math.min(failing.lastAlertAt, now),
      nextAttemptAt: Math.min(failing.nextAttemptAt, now + retryWait(policy, failing.askedWait)),
    },
    owedRecovery: owedRecovery && { since: Math.min(owedRecovery.since, now), at: Math.min(owedRecovery.at, now) },
  };
}
