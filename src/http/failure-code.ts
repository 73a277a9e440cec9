import { errorCode } from './coded-error.ts';
import type { ConnectionUse } from './connection-use.ts';

/** How OpenSSL writes what went wrong into the message of an error that has only `EPROTO` for a code. */
const openSslReason = /:error:[0-9A-F]+:SSL routines:[^:]*:([^:]+):/;

/**
 * The code of what ended an exchange, as the system, TLS or the HTTP parser call it; or one of ours, where they cannot
 * tell: `TLS_CUT` for a connection that was closed during the handshake, `TLS_CLIENT_CERTIFICATE` when that came of a
 * client certificate.
 */
export function failureCode(error: Error, use: ConnectionUse | null): string {
  const code = errorCode(error);
  const [, reason] = (code === 'EPROTO' && openSslReason.exec(error.message)) || [];
  const exact = (reason === undefined ? code : `ERR_SSL_${reason}`).toUpperCase().replace(/[ /]/g, '_');
  if (use === null || !use.isNew) return exact;
  const isClosed = exact === 'ECONNRESET' || exact === 'EPIPE';
  // Servers refuse a client certificate by a general alert (TLS 1.2) or by closing, with TLS 1.3 after the handshake; what
  // is closed later than at once may have been closed for anything.
  const isRefusal = (isClosed && use.isYoung) || /_ALERT_HANDSHAKE_FAILURE$/.test(exact);
  if (use.wasAskedForCertificate && isRefusal) {
    return 'TLS_CLIENT_CERTIFICATE';
  }
  return isClosed && use.isInHandshake ? 'TLS_CUT' : exact;
}
