import { expect, it, test } from 'vitest';
import { parseTls } from '../../src/core/tls-settings.ts';
import { refusal, secret } from './refusal.ts';

const none = { cert: null, key: null, passphrase: null, servername: null, minVersion: 'TLSv1.2' };

it('is TLS 1.2 or newer without a client certificate, unless told otherwise', () => {
  for (const nothing of [undefined, null, {}, none]) expect(parseTls(nothing, 'tls')).toEqual(none);
});

it('is kept as it is given', () => {
  const given = { cert: 'C', key: secret, passphrase: secret, servername: 'crm.internal', minVersion: 'TLSv1.3' };
  expect(parseTls(given, 'tls')).toEqual(given);
});

test.each<[unknown, string, string]>([
  [secret, 'ERR_CONFIG_VALUE', 'tls'],
  [{ certificate: secret }, 'ERR_CONFIG_UNKNOWN_OPTION', 'tls.certificate'],
  [{ rejectUnauthorized: false }, 'ERR_CONFIG_UNKNOWN_OPTION', 'tls.rejectUnauthorized'],
  [{ cert: 5 }, 'ERR_CONFIG_CERT', 'tls.cert'],
  [{ cert: ' ', key: secret }, 'ERR_CONFIG_CERT', 'tls.cert'],
  [{ cert: 'C', key: [secret] }, 'ERR_CONFIG_CERT', 'tls.key'],
  [{ cert: 'C', key: secret.repeat(1_000_000) }, 'ERR_CONFIG_CERT', 'tls.key'],
  [{ cert: 'C' }, 'ERR_CONFIG_CERT', 'tls.key'],
  [{ key: secret }, 'ERR_CONFIG_CERT', 'tls.cert'],
  [{ passphrase: 5 }, 'ERR_CONFIG_VALUE', 'tls.passphrase'],
  [{ servername: '' }, 'ERR_CONFIG_VALUE', 'tls.servername'],
  [{ servername: '127.0.0.1' }, 'ERR_CONFIG_VALUE', 'tls.servername'],
  [{ servername: 'a b' }, 'ERR_CONFIG_VALUE', 'tls.servername'],
  [{ servername: 'crm.internal:443' }, 'ERR_CONFIG_VALUE', 'tls.servername'],
  [{ servername: 7 }, 'ERR_CONFIG_VALUE', 'tls.servername'],
  [{ minVersion: 'TLSv1.1' }, 'ERR_CONFIG_VALUE', 'tls.minVersion'],
  [{ minVersion: 'SSLv3' }, 'ERR_CONFIG_VALUE', 'tls.minVersion'],
])('%j is refused, and not shown', (value, code, field) => {
  expect(refusal(() => parseTls(value, 'tls'))).toMatchObject({ code, field });
});
