import type { Clock } from '../core/clock.ts';
import type { AlertMail, Relay, RelayAnswer } from '../core/transport.ts';

/** A mail that a {@link RecordingRelay} has taken. */
export interface RecordedMail extends AlertMail {
  /** When, by the `steady` time of the relay's clock; `null` without a clock. */
  readonly at: number | null;
}

/**
 * A relay without a network, for the alerts: keeps the mails it takes.
 *
 * @example
 * const relay = new RecordingRelay();
 * new OutboundEvents({ …, transports: { http: new ScriptedTransport(), relay } });
 */
export class RecordingRelay implements Relay {
  readonly #clock: Clock | undefined;
  readonly #mails: RecordedMail[] = [];
  /** What it answers from now on: `OK` takes every mail, any other text takes none. */
  answer: RelayAnswer = 'OK';

  constructor({ clock }: { readonly clock?: Clock | undefined } = {}) {
    this.#clock = clock;
  }

  /** Every mail so far, in the order they were taken. */
  get mails(): readonly RecordedMail[] {
    return [...this.#mails];
  }

  async sendAlert(mail: AlertMail): Promise<{ readonly accepted: boolean; readonly relay: RelayAnswer }> {
    const accepted = this.answer === 'OK';
    if (accepted) this.#mails.push({ ...mail, at: this.#clock?.steady() ?? null });
    return { accepted, relay: this.answer };
  }

  async probe(): Promise<RelayAnswer> {
    return this.answer;
  }
}
