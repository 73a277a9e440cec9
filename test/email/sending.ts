import { defineEvents, event } from '../../src/core/catalog.ts';
import type { StoredEvent } from '../../src/core/event.ts';
import type { Json } from '../../src/core/json.ts';
import type { EmailRecipient } from '../../src/core/recipient.ts';
import type { SmtpSettings } from '../../src/core/smtp-settings.ts';
import type { Attempt } from '../../src/core/transport.ts';
import { EmailTransport, type EmailTransportOptions } from '../../src/email.ts';
import { attemptAt, emailRecipient } from '../../src/testing/builders.ts';

/** A catalog with an event type that declares its variables, and one that does not. */
export const events = defineEvents({
  opened: event({
    label: 'Door opened',
    variables: { door: 'Which one', visitors: 'Who came', link: 'Where to see it', details: 'What else is known' },
    mail: { subject: 'Door {{door}} opened', text: 'Door {{door}} was opened.\n' },
  }),
  undeclared: event(),
});

/** Not aborted in any test. */
export const unaborted = new AbortController().signal;

export function smtpSettings(changes: Partial<SmtpSettings> & Pick<SmtpSettings, 'port'>): SmtpSettings {
  return {
    host: '127.0.0.1',
    secure: false,
    startTls: 'if-offered',
    auth: null,
    ca: null,
    from: 'office@sender.test',
    maxConnections: 2,
    ...changes,
  };
}

/** A transport to the relay on this port; closed at the end of its scope. */
export function transportTo(
  port: number,
  smtp: Partial<SmtpSettings> = {},
  options: Partial<EmailTransportOptions> = {},
): EmailTransport & AsyncDisposable {
  const transport = new EmailTransport({ smtp: smtpSettings({ port, ...smtp }), events, ...options });
  return Object.assign(transport, { [Symbol.asyncDispose]: () => transport.close() });
}

/** An event of the catalog above. */
export function storedEvent(changes: Partial<Omit<StoredEvent, 'data'>> & { readonly data?: Json } = {}): StoredEvent {
  const { data = { door: 'front' }, ...others } = changes;
  const times = { occurredAt: Date.UTC(2026, 0, 2, 3, 4, 5), acceptedAt: Date.UTC(2026, 0, 2, 3, 4, 6) };
  return { id: 'ev-1', type: 'opened', version: '1', ...times, ...others, data: JSON.stringify(data) };
}

/** The first attempt to send an event to a recipient. */
export function attempt(
  changes: Partial<EmailRecipient> = {},
  event: StoredEvent = storedEvent(),
  progress: Json = null,
): Attempt<EmailRecipient> {
  const settings = { name: 'Managers', to: ['a@receiver.test'], events: { opened: true } as const, ...changes };
  return attemptAt(emailRecipient(settings), { sequence: 7, event, progress });
}
