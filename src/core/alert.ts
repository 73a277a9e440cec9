import type { Failing, OwedRecovery, QueueState } from './queue-state.ts';
import type { AlertPolicy } from './recipient.ts';

/** What a mail is about: a recipient that is failing (first mail or a later one), or one that has recovered. */
export type AlertAbout = DueAlert['about'];

/** A mail to be sent now, with what it is about. */
export type DueAlert =
  | { readonly about: 'failing'; readonly to: readonly string[]; readonly failing: Failing }
  | { readonly about: 'recovered'; readonly to: readonly string[]; readonly recovery: OwedRecovery };

/** Whether to mail now, to look again later, or neither until the state changes. */
export type AlertDecision =
  | { readonly kind: 'none' }
  | { readonly kind: 'wait'; readonly until: number }
  | { readonly kind: 'send'; readonly alert: DueAlert };

/** Whether to mail about a recipient now: the promise, point 7. */
export function decideAlert(policy: AlertPolicy | null, state: QueueState, now: number): AlertDecision {
  if (policy === null) return { kind: 'none' };
  const { failing, owedRecovery: recovery } = state;
  if (failing !== null) {
    const due = failing.lastAlertAt === null ? failing.since + policy.after : failing.lastAlertAt + policy.resendEvery;
    if (now < due) return { kind: 'wait', until: due };
    // An attempt is due or under way and tells more; or nothing waits any more. Either way the state changes before a mail
    // is true; but where nothing is tried, what was dropped stays so.
    const isUntold = state.head === null && failing.dropped > failing.droppedTold;
    if (failing.nextAttemptAt <= now && !isUntold) return { kind: 'none' };
    return { kind: 'send', alert: { about: 'failing', to: policy.to, failing } };
  }
  if (recovery === null || !policy.recovered) return { kind: 'none' };
  return { kind: 'send', alert: { about: 'recovered', to: policy.to, recovery } };
}

/**
 * The state once the relay has taken the mail. What has failed again meanwhile is not marked as told; what has recovered
 * meanwhile is owed a mail about that.
 */
export function afterAlert(policy: AlertPolicy | null, state: QueueState, alert: DueAlert, now: number): QueueState {
  const { failing, owedRecovery } = state;
  switch (alert.about) {
    case 'failing':
      if (failing === null && policy?.recovered === true) {
        return { ...state, owedRecovery: { since: alert.failing.since, at: now } };
      }
      if (failing?.since !== alert.failing.since) return state;
      return {
        ...state,
        failing: { ...failing, alerts: failing.alerts + 1, lastAlertAt: now, droppedTold: alert.failing.dropped },
      };
    case 'recovered':
      return owedRecovery === alert.recovery ? { ...state, owedRecovery: null } : state;
  }
}
