import type { StoredEvent } from '../core/event.ts';
import type { Json } from '../core/json.ts';
import type { EmailRecipient, HttpRecipient, Recipient } from '../core/recipient.ts';
import type { Attempt } from '../core/transport.ts';

const minute = 60_000;
const day = 24 * 60 * minute;

/** A complete HTTP recipient: the documented defaults, with `settings` in their place. */
export function httpRecipient(settings: Partial<Omit<HttpRecipient, 'kind'>> = {}): HttpRecipient {
  const id = settings.id ?? 'crm';
  return {
    kind: 'http',
    id,
    name: id,
    url: 'https://receiver.example.com/hook',
    events: ['*'],
    enabled: true,
    whileDisabled: 'skip',
    retry: { interval: minute, duration: 3 * day },
    alerts: null,
    format: 'form',
    ca: null,
    headers: {},
    timeout: 30_000,
    success: [200],
    tls: { cert: null, key: null, passphrase: null, servername: null, minVersion: 'TLSv1.2' },
    signingSecrets: [],
    maxRetryAfter: 60 * minute,
    onRejected: 'block',
    rejection: { attempts: 3, statuses: [400, 404, 409, 410, 413, 415, 422] },
    ...settings,
  };
}

/** A complete email recipient: the documented defaults, with `settings` in their place. */
export function emailRecipient(settings: Partial<Omit<EmailRecipient, 'kind'>> = {}): EmailRecipient {
  const id = settings.id ?? 'managers';
  return {
    kind: 'email',
    id,
    name: id,
    to: ['manager@example.com'],
    events: { 'order.paid': true },
    enabled: true,
    whileDisabled: 'skip',
    retry: { interval: 5 * minute, duration: 3 * day },
    alerts: null,
    ...settings,
  };
}

/** An event as a storage is given it, with `fields` in the place of made-up ones. */
export function storedEvent(fields: Partial<StoredEvent> = {}): StoredEvent {
  const occurredAt = Date.UTC(2026, 0, 1);
  return {
    id: 'event-1',
    type: 'order.paid',
    version: '1',
    occurredAt,
    acceptedAt: occurredAt,
    data: '{"order":"A-1","total":12.5}',
    ...fields,
  };
}

/** An attempt as a transport is given it: the first at a recipient's first delivery, unless told otherwise. */
export function attemptAt<R extends Recipient>(
  recipient: R,
  { number = 1, sequence = 1, at = Date.UTC(2026, 0, 1), progress = null, event = {} }: AttemptFields = {},
): Attempt<R> {
  return { recipient, delivery: { sequence, event: storedEvent(event) }, number, at, progress };
}

/** What {@link attemptAt} can be told. */
export interface AttemptFields {
  readonly number?: number | undefined;
  readonly sequence?: number | undefined;
  readonly at?: number | undefined;
  readonly progress?: Json | undefined;
  readonly event?: Partial<StoredEvent> | undefined;
}
