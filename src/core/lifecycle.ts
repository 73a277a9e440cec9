import type { AlertAbout } from './alert.ts';
import type { AttemptError, RefusedAddress, ResponseSummary } from './attempt.ts';
import type { ConfiguredCertificate } from './certificates.ts';
import type { OutboundEventsError } from './errors.ts';
import type { DroppedDelivery } from './storage.ts';

/** Which delivery a lifecycle event is about. No payload: whoever needs it has the event's id. */
export interface DeliveryRef {
  readonly recipientId: string;
  readonly eventId: string;
  readonly type: string;
  /** Position in the recipient's queue. */
  readonly sequence: number;
  /** When the event happened in the host, epoch ms. */
  readonly occurredAt: number;
}

/**
 * What `on`, `once` and `off` can listen to. One payload object each; fields may be added. Listeners are told after the
 * fact is recorded; one that throws is reported as `error` and disturbs nothing.
 */
export interface LifecycleEvents {
  /** A delivery is done. */
  delivered: DeliveryRef & {
    /** Attempts it took. */
    readonly attempt: number;
    readonly response: ResponseSummary | null;
    /** HTTP: the request went out twice in this attempt, as a kept connection turned out to be closed. */
    readonly resent: boolean;
    /** Email: addresses given up in this attempt, as the relay refused them for good. */
    readonly refused: readonly RefusedAddress[];
  };
  /** An attempt failed; the same delivery is tried again. */
  retrying: DeliveryRef & {
    readonly attempt: number;
    readonly error: AttemptError;
    readonly response: ResponseSummary | null;
    readonly resent: boolean;
    readonly refused: readonly RefusedAddress[];
    /** Epoch ms. */
    readonly nextAttemptAt: number;
  };
  /** A delivery is given up for ever. */
  dropped: DroppedDelivery & {
    /** Attempts it took; 0 when it was given up together with an older one, or removed. */
    readonly attempt: number;
    readonly response: ResponseSummary | null;
    readonly resent: boolean;
    readonly refused: readonly RefusedAddress[];
  };
  /** The first failed attempt of a recipient that was well. */
  'recipient:failing': { readonly recipientId: string; readonly since: number; readonly error: AttemptError };
  /** A success after failures. */
  'recipient:recovered': {
    readonly recipientId: string;
    readonly since: number;
    readonly at: number;
    /** Failed attempts in between. */
    readonly attempts: number;
  };
  /** The relay has taken a mail about a recipient. */
  'alert:sent': { readonly recipientId: string; readonly about: AlertAbout; readonly to: readonly string[] };
  /** The relay's status has changed. */
  'relay:status': RelayStatus;
  /**
   * A certificate in the settings expires within 30 days, or has expired and no other in the same setting is valid. Told
   * when its recipient is added or changed, at `start()`, and once a day while running.
   */
  'certificate:expiring': ConfiguredCertificate & {
    /** `null` for the relay's: `smtp.ca`. */
    readonly recipientId: string | null;
    readonly expired: boolean;
  };
  /** Something of ours went wrong that no caller is waiting for. With no listener it becomes a process warning. */
  error: OutboundEventsError;
}

/** The names of all lifecycle events. */
export const lifecycleEventNames = [
  'delivered',
  'retrying',
  'dropped',
  'recipient:failing',
  'recipient:recovered',
  'alert:sent',
  'relay:status',
  'certificate:expiring',
  'error',
] as const satisfies readonly (keyof LifecycleEvents)[];

/** How the relay is, as far as is known. */
export interface RelayStatus {
  /** `OK` while the relay takes mail; otherwise what is wrong in a short text. */
  readonly status: string;
  /** Since when, epoch ms; `null` as long as it was not talked to. */
  readonly since: number | null;
}

/** Tells listeners. Never throws. */
export type Tell = <Name extends keyof LifecycleEvents>(name: Name, payload: LifecycleEvents[Name]) => void;
