import type { EventCatalog } from './core/catalog.ts';
import { OutboundEventsError } from './core/errors.ts';
import type { Settings } from './core/options.ts';
import type { EmailRecipient, HttpRecipient, Recipient } from './core/recipient.ts';
import type { AlertMail, Attempt, Relay, SendResult, Transport } from './core/transport.ts';
import type { EmailTransport } from './email/email-transport.ts';

/**
 * The transports by kind of recipient: the host's own, or the default ones, which are loaded when the first recipient of
 * their kind needs them.
 */
export class Transports {
  readonly #settings: Settings<EventCatalog>;
  #http: Promise<Transport<HttpRecipient>> | undefined;
  #email: Promise<EmailTransport> | undefined;

  constructor(settings: Settings<EventCatalog>) {
    this.#settings = settings;
  }

  /** Throws the coded error of a setting that only the transport understands. */
  async check(recipient: Recipient): Promise<void> {
    const missing = this.missingFor(recipient);
    if (missing !== null) throw missing;
    if (recipient.kind === 'http') (await this.#httpTransport()).check(recipient);
    else (await this.#emailTransport()).check(recipient);
  }

  /** `ERR_TRANSPORT_MISSING` when the recipient needs a relay and there is none; otherwise `null`. */
  missingFor({ kind, alerts }: Recipient): OutboundEventsError | null {
    if (kind === 'email' && this.#settings.transports.email === undefined && this.#settings.smtp === null) {
      return new OutboundEventsError('ERR_TRANSPORT_MISSING', 'email needs a relay: set smtp', { field: 'smtp' });
    }
    if (alerts !== null && this.relay === null) {
      return new OutboundEventsError('ERR_TRANSPORT_MISSING', 'alerts need a relay: set smtp', { field: 'alerts' });
    }
    return null;
  }

  async send(attempt: Attempt, options: { readonly signal: AbortSignal }): Promise<SendResult> {
    const { recipient } = attempt;
    return recipient.kind === 'http'
      ? (await this.#httpTransport()).send({ ...attempt, recipient }, options)
      : (await this.#emailTransport()).send({ ...attempt, recipient }, options);
  }

  /** What takes the alerts; `null` when there is no relay. */
  get relay(): Relay | null {
    const { transports, smtp } = this.#settings;
    if (transports.relay !== undefined) return transports.relay;
    if (smtp === null) return null;
    return {
      sendAlert: async (mail: AlertMail, options) => (await this.#relayTransport()).sendAlert(mail, options),
      probe: async (options) => (await this.#relayTransport()).probe(options),
    };
  }

  async close(): Promise<void> {
    const { http, email } = this.#settings.transports;
    const closed = await Promise.allSettled([
      http?.close(),
      email?.close(),
      this.#http?.then((it) => it.close()),
      this.#email?.then((it) => it.close()),
    ]);
    if (closed.some(({ status }) => status === 'rejected')) {
      throw new OutboundEventsError('ERR_TRANSPORT_FAILED', 'a transport could not be closed');
    }
  }

  async #httpTransport(): Promise<Transport<HttpRecipient>> {
    const { transports, allowedNetworks, proxy, source } = this.#settings;
    if (transports.http !== undefined) return transports.http;
    this.#http ??= import('./http/http-transport.ts').then(
      ({ HttpTransport }) => new HttpTransport({ allowedNetworks, source, ...(proxy !== null && { proxy }) }),
    );
    return this.#http;
  }

  async #emailTransport(): Promise<Transport<EmailRecipient>> {
    return this.#settings.transports.email ?? this.#relayTransport();
  }

  async #relayTransport(): Promise<EmailTransport> {
    const { smtp, catalog } = this.#settings;
    if (smtp === null)
      throw new OutboundEventsError('ERR_TRANSPORT_MISSING', 'email needs a relay: set smtp', { field: 'smtp' });
    this.#email ??= import('./email/email-transport.ts').then(
      ({ EmailTransport }) => new EmailTransport({ smtp, events: catalog }),
    );
    return this.#email;
  }
}
