import type { QueueState } from './queue-state.ts';
import type { AlertPolicy } from './recipient.ts';

/** What a mail is about: a recipient that is failing (first mail or a later one), or one that has recovered. */
export type AlertAbout = 'failing' | 'recovered';

export type AlertDecision =
  | { readonly kind: 'none' }
  | { readonly kind: 'wait'; readonly until: number }
  | { readonly kind: 'send'; readonly about: AlertAbout };

/** Whether to mail about a recipient now: the promise, point 7. */
export function decideAlert(policy: AlertPolicy | null, state: QueueState, now: number): AlertDecision {
  if (policy === null) return { kind: 'none' };
  const { failing, owedRecovery } = state;
  if (failing === null) {
    return owedRecovery !== null && policy.recovered ? { kind: 'send', about: 'recovered' } : { kind: 'none' };
  }
  const due = failing.lastAlertAt === null ? failing.since + policy.after : failing.lastAlertAt + policy.resendEvery;
  return now >= due ? { kind: 'send', about: 'failing' } : { kind: 'wait', until: due };
}

/**
 * The state once the relay has taken the mail. `asked` is the state the mail was written from: what has recovered or
 * failed again meanwhile is not marked as told.
 */
export function afterAlert(state: QueueState, asked: QueueState, about: AlertAbout, now: number): QueueState {
  const { failing } = state;
  switch (about) {
    case 'recovered':
      return state.owedRecovery === asked.owedRecovery ? { ...state, owedRecovery: null } : state;
    case 'failing':
      if (failing === null || failing.since !== asked.failing?.since) return state;
      return { ...state, failing: { ...failing, alerts: failing.alerts + 1, lastAlertAt: now } };
  }
}
