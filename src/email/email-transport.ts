import type { EventCatalog } from '../core/catalog.ts';
import { isOutboundEventsError } from '../core/errors.ts';
import type { EmailRecipient } from '../core/recipient.ts';
import type { SmtpSettings } from '../core/smtp-settings.ts';
import type { AlertMail, Attempt, Relay, RelayAnswer, SendResult, Transport } from '../core/transport.ts';
import { composeMail, type Mail } from './compose-mail.ts';
import { addressesLeft, judgeFailure, judgeProgress, judgeReplies, readProgress } from './judge-addresses.ts';
import { MailWriter } from './mail-writer.ts';
import { SmtpClient, type SmtpResult } from './smtp-client.ts';
import { defaultTimeouts, type SmtpTimeouts } from './smtp-timeouts.ts';
import { Turns } from './turns.ts';

export interface EmailTransportOptions {
  readonly smtp: SmtpSettings;
  /** The catalog: it knows the macros and the default mail of every event type. */
  readonly events: EventCatalog;
  /** How long the relay may take; what is left out has its default. */
  readonly timeouts?: Partial<SmtpTimeouts> | undefined;
}

const endedEarly = 'the attempt was ended before the relay had answered';

/**
 * Sends events as mails through the relay, over at most `maxConnections` at a time; and alerts, which need no recipient.
 *
 * A mail is the same to the byte on every attempt, and each of its addresses gets it once: which ones the relay took or
 * refused for good goes from attempt to attempt as the delivery's progress.
 */
export class EmailTransport implements Transport<EmailRecipient>, Relay {
  readonly #from: string;
  readonly #writer: MailWriter;
  readonly #client: SmtpClient;
  /** One for each connection that events may use. Alerts do not wait for them. */
  readonly #turns: Turns;

  constructor({ smtp, events, timeouts }: EmailTransportOptions) {
    this.#from = smtp.from;
    this.#turns = new Turns(smtp.maxConnections);
    this.#writer = new MailWriter(smtp.from, events);
    this.#client = new SmtpClient(smtp, { ...defaultTimeouts, ...timeouts });
  }

  /** Reads every template. Throws `ERR_TEMPLATE` for one that cannot be used, with the line and what is allowed. */
  check(recipient: EmailRecipient): void {
    this.#writer.check(recipient);
  }

  async send(attempt: Attempt<EmailRecipient>, { signal }: { readonly signal: AbortSignal }): Promise<SendResult> {
    const { recipient, delivery } = attempt;
    const { to } = recipient;
    const progress = readProgress(attempt.progress);
    const settled = judgeProgress(to, progress);
    if (settled !== null) return settled;

    let mail: Mail;
    try {
      mail = this.#writer.event(recipient, delivery);
    } catch (error) {
      // Another attempt would end the same way, and meanwhile hold up what waits behind.
      const message = isOutboundEventsError(error) ? error.message : 'the templates cannot show the data of this event';
      return { outcome: 'rejected', error: { code: 'TEMPLATE_ERROR', message } };
    }

    const raw = await composeMail(mail);
    const envelope = { from: this.#from, to: addressesLeft(to, progress) };
    const result = await this.#turns.take(signal, () => this.#client.send(envelope, raw, signal));
    switch (result?.status) {
      case undefined:
      case 'aborted':
        return { outcome: 'failed', error: { code: 'ABORTED', message: endedEarly }, progress };
      case 'failed':
        return judgeFailure(to, progress, result.failure);
      case 'done':
        return judgeReplies(to, progress, result.value);
    }
  }

  async sendAlert(
    mail: AlertMail,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<{ readonly accepted: boolean; readonly relay: RelayAnswer }> {
    const raw = await composeMail(this.#writer.alert(mail));
    const result = await this.#client.send({ from: this.#from, to: mail.to }, raw, signal);
    return { accepted: result.status === 'done' && result.value.accepted.length > 0, relay: relayAnswer(result) };
  }

  async probe({ signal }: { readonly signal: AbortSignal }): Promise<RelayAnswer> {
    return relayAnswer(await this.#client.probe(signal));
  }

  /** Aborts what is under way and closes every connection. What waits or comes later is aborted before it begins. */
  async close(): Promise<void> {
    await this.#client.close();
  }
}

function relayAnswer(result: SmtpResult<unknown>): RelayAnswer {
  switch (result.status) {
    case 'done':
      return 'OK';
    case 'failed':
      return result.failure.about === 'mail' ? 'OK' : result.failure.error.message;
    case 'aborted':
      return endedEarly;
  }
}
