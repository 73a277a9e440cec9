import type { AttemptError, RefusedAddress, ResponseSummary } from './attempt.ts';
import type { QueuedDelivery } from './event.ts';
import type { Json } from './json.ts';
import type { EmailRecipient, HttpRecipient, Recipient } from './recipient.ts';

/**
 * Sends one delivery to one recipient and says what became of it. A transport classifies; what follows from it
 * (retry, drop, alert) is decided elsewhere. It keeps no queue, makes no second try of its own that the receiver could
 * notice as another delivery, and reads no clock for policy.
 *
 * `testTransport` from `outbound-events/testing` checks an implementation.
 */
export interface Transport<R extends Recipient = HttpRecipient | EmailRecipient> {
  /**
   * Checks the settings only this transport understands (a certificate, a template), without network. Throws an
   * `OutboundEventsError` naming the field. Called before a recipient is stored.
   */
  check(recipient: R): void;
  /**
   * Makes one attempt. Resolves with what became of it; throwing counts as failed. The attempt ends within the
   * recipient's own limits, and soon after `signal` aborts (it then counts as failed: the delivery will be repeated).
   * Attempts at one delivery send the same bytes, but for what says which attempt it is: its number, its time, and a
   * signature over it.
   */
  send(attempt: Attempt<R>, options: { readonly signal: AbortSignal }): Promise<SendResult>;
  /** Closes connections. Nothing is sent after it. */
  close(): Promise<void>;
}

/** One delivery to be sent to one recipient. */
export interface Attempt<R extends Recipient = Recipient> {
  readonly recipient: R;
  readonly delivery: QueuedDelivery;
  /** 1 for the first attempt at this delivery. */
  readonly number: number;
  /** Wall clock when it begins, epoch ms: for receivers to read, such as the time that is signed. */
  readonly at: number;
  /** What the previous attempt at this delivery left with `failed`; `null` at first. */
  readonly progress: Json;
}

/**
 * - `delivered`: the other side has taken responsibility.
 * - `failed`: not now; the recipient is failing, and the same delivery is tried again.
 * - `rejected`: this delivery can never succeed, whatever the recipient's health; it is given up and reported.
 */
export type SendResult =
  | (Answer & { readonly outcome: 'delivered' })
  | (Answer & {
      readonly outcome: 'failed';
      readonly error: AttemptError;
      /** Handed to the next attempt at this delivery. */
      readonly progress?: Json | undefined;
      /** How long the other side asks not to be tried again, ms. Makes the wait longer, never shorter. */
      readonly retryAfterMs?: number | undefined;
    })
  | (Answer & { readonly outcome: 'rejected'; readonly error: AttemptError });

interface Answer {
  readonly response?: ResponseSummary | undefined;
  /**
   * HTTP: the request was sent a second time within the attempt, as the connection kept from before turned out to be
   * closed. The receiver may have seen both.
   */
  readonly resent?: boolean | undefined;
  /** Email: addresses newly given up in this attempt. */
  readonly refused?: readonly RefusedAddress[] | undefined;
  /** Email: what the attempt showed about the relay. Absent when it never got to talk to it. */
  readonly relay?: RelayAnswer | undefined;
}

/** `OK`, or the relay's trouble in a short text. */
export type RelayAnswer = string;

/** The SMTP server that takes our mail, as alerts and status see it. */
export interface Relay {
  /** Hands one mail over. Resolves with `accepted` as soon as the relay took it for at least one address. */
  sendAlert(
    mail: AlertMail,
    options: { readonly signal: AbortSignal },
  ): Promise<{ readonly accepted: boolean; readonly relay: RelayAnswer }>;
  /** Connects, greets and logs in without sending. */
  probe(options: { readonly signal: AbortSignal }): Promise<RelayAnswer>;
}

/** A mail about a recipient, in plain text. */
export interface AlertMail {
  /** Stable over repetitions of the same alert; becomes the Message-ID. */
  readonly id: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
}
