import { defineEvents, event } from '../../src/core/catalog.ts';
import { parseEmailRecipient, parseHttpRecipient } from '../../src/core/parse-recipient.ts';
import type { EmailRecipient, HttpRecipient } from '../../src/core/recipient.ts';
import { secret } from './refusal.ts';

export const catalog = defineEvents({
  paid: event(),
  sent: event({ channels: ['http'] }),
  lost: event({ channels: ['email'] }),
});
/** An HTTP recipient from the least that is needed, with `settings` in its place. */
export function http(settings: object = {}): HttpRecipient {
  return parseHttpRecipient({ name: 'CRM', url: 'https://crm.example.com/hook', events: '*', ...settings }, catalog);
}

/** The same for an email recipient. */
export function email(settings: object = {}): EmailRecipient {
  return parseEmailRecipient({ name: 'Managers', to: 'a@example.com', events: { paid: true }, ...settings }, catalog);
}

/** Every setting, with secrets in the places of secrets. */
export const fullHttp = {
  kind: 'http',
  id: 'crm',
  name: 'CRM',
  url: `https://user:${secret}@crm.example.com/${secret}?token=${secret}`,
  events: ['paid', 'sen*'],
  enabled: false,
  whileDisabled: 'queue',
  format: 'json',
  ca: [`-----BEGIN CERTIFICATE-----\n${secret}\n-----END CERTIFICATE-----`, secret],
  headers: { 'X-Token': `Bearer ${secret}`, 'x-key': secret },
  timeout: '5s',
  success: [200, 204],
  tls: { cert: 'CERT', key: secret, passphrase: secret, servername: 'crm.internal', minVersion: 'TLSv1.3' },
  signingSecrets: [`whsec_${Buffer.from(`${secret}${'x'.repeat(24)}`).toString('base64')}`],
  maxRetryAfter: '2h',
  onRejected: 'skip',
  rejection: { attempts: 5, statuses: [400, 500] },
  retry: { interval: '2m', duration: '1d' },
  alerts: { to: ['ops@example.com', 'lead@example.com'], after: 0, resendEvery: '1h', recovered: true },
};
/** The same for an email recipient. */
export const fullEmail = {
  kind: 'email',
  id: 'managers',
  name: 'Managers',
  to: ['a@example.com', 'b@example.com'],
  events: { paid: { subject: 'S', text: 'T', html: '<p>' }, lost: true },
  enabled: true,
  whileDisabled: 'skip',
  retry: { interval: 1000, duration: 2000 },
  alerts: null,
};
