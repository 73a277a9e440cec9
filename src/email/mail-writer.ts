import { type EventCatalog, eventMeta } from '../core/catalog.ts';
import type { QueuedDelivery } from '../core/event.ts';
import { macrosFor } from '../core/macros.ts';
import { messageVariables } from '../core/message.ts';
import type { EmailRecipient } from '../core/recipient.ts';
import type { AlertMail } from '../core/transport.ts';
import { digest, type Mail, messageId } from './compose-mail.ts';
import { macroValues } from './macro-values.ts';
import { type MailTemplate, mailTemplate } from './mail-template.ts';

/** Writes the mails: events by the templates of their recipients, alerts as they are. */
export class MailWriter {
  readonly #from: string;
  readonly #events: EventCatalog;
  readonly #templates = new WeakMap<EmailRecipient, Map<string, MailTemplate>>();

  constructor(from: string, events: EventCatalog) {
    this.#from = from;
    this.#events = events;
  }

  /** Reads every template of a recipient. Throws `ERR_TEMPLATE` for one that cannot be used. */
  check(recipient: EmailRecipient): void {
    for (const type of Object.keys(recipient.events)) this.#template(recipient, type);
  }

  /** The mail about an event, the same for every attempt. Throws when the templates cannot show this event. */
  event(recipient: EmailRecipient, { sequence, event }: QueuedDelivery): Mail {
    const values = macroValues(messageVariables(event), recipient.name);
    return {
      ...this.#template(recipient, event.type)(values),
      from: this.#from,
      to: recipient.to,
      messageId: messageId(`${event.id}.${digest(recipient.id)}`, this.#from),
      date: new Date(event.acceptedAt),
      headers: { 'X-Outbound-Event': event.type, 'X-Outbound-Sequence': String(sequence) },
    };
  }

  /** The mail for an alert; a repetition has the same Message-ID. */
  alert({ id, to, subject, text }: AlertMail): Mail {
    return { from: this.#from, to, messageId: messageId(`alert.${digest(id)}`, this.#from), subject, text, html: null };
  }

  #template(recipient: EmailRecipient, type: string): MailTemplate {
    const known = this.#templates.get(recipient) ?? new Map<string, MailTemplate>();
    this.#templates.set(recipient, known);
    const template = known.get(type) ?? this.#read(recipient, type);
    known.set(type, template);
    return template;
  }

  #read(recipient: EmailRecipient, type: string): MailTemplate {
    // A type the recipient no longer takes may still wait in its queue.
    const own = recipient.events[type] ?? true;
    const macros = macrosFor(this.#events, type).map(({ name }) => name);
    return mailTemplate(eventMeta(this.#events, type), macros, own === true ? {} : own);
  }
}
