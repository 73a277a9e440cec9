import type { AttemptError } from './attempt.ts';
import { firstExpiry } from './certificates.ts';
import type { RelayStatus } from './lifecycle.ts';
import type { QueueState } from './queue-state.ts';
import type { Recipient } from './recipient.ts';
import type { QueueStats } from './storage.ts';

/** A moment's picture, as `status()` gives it. Holds no secret. Times are epoch ms. */
export interface Status {
  readonly relay: RelayStatus;
  readonly recipients: readonly RecipientStatus[];
}

/** How one recipient is. */
export interface RecipientStatus {
  readonly id: string;
  readonly name: string;
  readonly kind: 'http' | 'email';
  readonly enabled: boolean;
  /** `failing` from the first failed attempt until the next success. */
  readonly state: 'ok' | 'failing' | 'disabled';
  /** Deliveries waiting. */
  readonly queued: number;
  /** When the oldest waiting delivery was accepted; `null` when none waits. */
  readonly oldestAt: number | null;
  /** When a failing recipient is tried next. */
  readonly nextAttemptAt: number | null;
  /** From when on a failed attempt drops the oldest delivery of a failing recipient. */
  readonly dropsAt: number | null;
  /** What the latest attempt of a failing recipient failed with. */
  readonly lastError: AttemptError | null;
  /** Since when it has been failing. */
  readonly failingSince: number | null;
  /** When the first certificate in its settings (`ca`, `tls.cert`) expires; `null` when there is none. */
  readonly certificateExpiresAt: number | null;
}

/** One recipient's line of the status. `toWallClock` maps the times of state and stats to what a wall clock shows. */
export function recipientStatus(
  recipient: Recipient,
  state: QueueState,
  stats: QueueStats,
  toWallClock: (time: number) => number,
): RecipientStatus {
  const { failing } = state;
  const at = (time: number | null): number | null => (time === null ? null : toWallClock(time));
  return {
    id: recipient.id,
    name: recipient.name,
    kind: recipient.kind,
    enabled: recipient.enabled,
    state: recipient.enabled ? (failing === null ? 'ok' : 'failing') : 'disabled',
    queued: stats.queued,
    oldestAt: at(stats.oldestAt),
    nextAttemptAt: at(failing !== null && recipient.enabled && stats.queued > 0 ? failing.nextAttemptAt : null),
    dropsAt: at(failing !== null && stats.oldestAt !== null ? stats.oldestAt + recipient.retry.duration : null),
    lastError: failing?.error ?? null,
    failingSince: at(failing?.since ?? null),
    certificateExpiresAt: firstExpiry(recipient),
  };
}
