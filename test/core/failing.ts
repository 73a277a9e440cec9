import type { Failing } from '../../src/core/queue-state.ts';

/** A recipient that has failed three times and of whom nobody was told. */
export function failedThrice(since: number, nextAttemptAt: number): Failing {
  return {
    since,
    attempts: 3,
    nextAttemptAt,
    askedWait: 0,
    error: { code: 'CONNECT_REFUSED', message: 'refused' },
    alerts: 0,
    lastAlertAt: null,
    dropped: 0,
    droppedTold: 0,
  };
}
