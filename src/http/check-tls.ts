import { createSecureContext } from 'node:tls';
import { checkCa } from '../core/check-ca.ts';
import { OutboundEventsError } from '../core/errors.ts';
import type { HttpRecipient } from '../core/recipient.ts';
import { checkClientCertificate } from './check-client-certificate.ts';

/** Throws `ERR_CONFIG_CA` or `ERR_CONFIG_CERT` for certificates and keys with which no connection could be made. */
export function checkTls({ ca, tls }: HttpRecipient): void {
  if (ca !== null) checkCa(ca, 'ca');
  checkClientCertificate(tls, 'tls');
  if (tls.cert === null || tls.key === null) return;
  try {
    createSecureContext({
      cert: tls.cert,
      key: tls.key,
      ...(tls.passphrase !== null && { passphrase: tls.passphrase }),
    });
  } catch {
    const message = 'tls.cert cannot be used for TLS, as with a key that is too small; give a stronger one';
    throw new OutboundEventsError('ERR_CONFIG_CERT', message, { field: 'tls.cert' });
  }
}
