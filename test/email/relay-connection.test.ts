import { expect, it } from 'vitest';
import type { SmtpSettings } from '../../src/core/smtp-settings.ts';
import { clientName, conversation } from '../../src/email/relay-connection.ts';
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

it('F57: the relay has ten minutes for each answer (RFC 5321 §4.5.3.2.6), and the mail longer', () => {
  expect(conversation(smtpSettings({ port: 25 }), defaultTimeouts).socketTimeout).toBe(600_000);
  expect(defaultTimeouts.mail).toBeGreaterThan(600_000);
});

it.each([
  ['host.example.com', 'host.example.com'],
  ['Host-1.example.com', 'Host-1.example.com'],
  ['host', '[127.0.0.1]'],
  ['', '[127.0.0.1]'],
  ['my_host.example.com', '[127.0.0.1]'],
  ['büro.example.com', '[127.0.0.1]'],
  ['192.0.2.1', '[127.0.0.1]'],
  ['host.example.com\r\nMAIL FROM:<a@x.test>', '[127.0.0.1]'],
  ['host.example.com SIZE', '[127.0.0.1]'],
  [`${'a.'.repeat(127)}com`, '[127.0.0.1]'],
])('S12: on a machine called %j we are %s to the relay', (machine, name) => {
  expect(clientName(machine)).toBe(name);
});
