import { expect, it } from 'vitest';
import type { SmtpSettings } from '../../src/core/smtp-settings.ts';
import { conversation } from '../../src/email/relay-connection.ts';
import { defaultTimeouts } from '../../src/email/smtp-timeouts.ts';
import { smtpSettings } from './sending.ts';

const pem = '-----BEGIN CERTIFICATE-----';

it.each<[Partial<SmtpSettings>, 'required' | 'if offered' | 'never']>([
  [{ host: 'relay.test', startTls: 'required' }, 'required'],
  [{ host: 'relay.test', startTls: 'if-offered' }, 'if offered'],
  [{ host: 'localhost', startTls: 'required' }, 'required'],
  [{ host: 'localhost', startTls: 'required', ca: pem }, 'required'],
  [{ host: 'localhost', startTls: 'if-offered', ca: pem }, 'if offered'],
  [{ host: 'localhost', startTls: 'if-offered' }, 'never'],
  [{ host: '::1', startTls: 'if-offered' }, 'never'],
  [{ host: 'relay.test', startTls: 'required', secure: true }, 'if offered'],
])('with %j STARTTLS is spoken: %s', (settings, spoken) => {
  const options = conversation(smtpSettings({ port: 25, ...settings }), defaultTimeouts);
  expect(options).toMatchObject({
    requireTLS: spoken === 'required',
    ignoreTLS: spoken === 'never',
    secured: settings.secure ?? false,
    tls: { rejectUnauthorized: true },
  });
});

it.each([
  ['relay.test', 'relay.test'],
  ['relay.test.', 'relay.test'],
  ['192.0.2.1', undefined],
  ['2001:db8::1', undefined],
])('S16: with %s as host TLS asks for the name %s', (host, servername) => {
  expect(conversation(smtpSettings({ port: 25, host }), defaultTimeouts).tls?.servername).toBe(servername);
});
