import { describe, expect, it } from 'vitest';
import { connectionError } from '../../src/http/connection-error.ts';

const host = 'crm.example.com:443';

describe('why no answer came', () => {
  it.each([
    ['ECONNREFUSED', 'CONNECT_REFUSED', 'crm.example.com:443 refused the connection'],
    ['ECONNRESET', 'CONNECT_RESET', 'crm.example.com:443 closed the connection without an answer'],
    ['EPIPE', 'CONNECT_RESET', 'crm.example.com:443 closed the connection without an answer'],
    ['EHOSTUNREACH', 'CONNECT_FAILED', 'crm.example.com:443 cannot be reached'],
    ['ENETUNREACH', 'CONNECT_FAILED', 'crm.example.com:443 cannot be reached'],
    ['ADDRESS_BLOCKED', 'ADDRESS_BLOCKED', 'crm.example.com:443 is at an address outside the allowed networks'],
    ['TLS_CUT', 'TLS_CUT', `${host} closed the connection during the TLS handshake`],
    [
      'TLS_CLIENT_CERTIFICATE',
      'TLS_CLIENT_CERTIFICATE',
      `${host} asks for a client certificate, or for another than it was shown`,
    ],
    ['ENOTFOUND', 'DNS_NOT_FOUND', 'crm.example.com:443 has a name that does not exist'],
    ['ENODATA', 'DNS_NOT_FOUND', 'crm.example.com:443 has a name that does not exist'],
    ['EAI_AGAIN', 'DNS_FAILED', 'crm.example.com:443 has a name that could not be looked up'],
    ['EAI_FAIL', 'DNS_FAILED', 'crm.example.com:443 has a name that could not be looked up'],
    ['ESERVFAIL', 'DNS_FAILED', 'crm.example.com:443 has a name that could not be looked up'],
    ['ETIMEOUT', 'DNS_TIMEOUT', 'crm.example.com:443 has a name for which no DNS server answered in time'],
    ['DNS_UNREACHABLE', 'DNS_FAILED', 'crm.example.com:443 has a name that could not be looked up'],
    ['EREFUSED', 'DNS_FAILED', 'crm.example.com:443 has a name that could not be looked up'],
    ['PROXY_CONNECT', 'PROXY_FAILED', `${host} cannot be reached: no connection to the proxy`],
    ['PROXY_STATUS_407', 'PROXY_FAILED', `${host} cannot be reached: the proxy asks for other credentials`],
    ['PROXY_STATUS_504', 'PROXY_FAILED', `${host} cannot be reached: the proxy opened no way to it`],
    ['CERT_HAS_EXPIRED', 'TLS_EXPIRED', `${host} has a certificate that has expired, or one of its authorities has`],
    ['CERT_NOT_YET_VALID', 'TLS_NOT_YET_VALID', `${host} has a certificate that is not yet valid`],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'TLS_SELF_SIGNED', `${host} has a self-signed certificate`],
    [
      'SELF_SIGNED_CERT_IN_CHAIN',
      'TLS_UNKNOWN_CA',
      `${host} has a certificate of an unknown authority, or shows it without its chain`,
    ],
    [
      'UNABLE_TO_GET_ISSUER_CERT',
      'TLS_UNKNOWN_CA',
      `${host} has a certificate of an unknown authority, or shows it without its chain`,
    ],
    [
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'TLS_UNKNOWN_CA',
      `${host} has a certificate of an unknown authority, or shows it without its chain`,
    ],
    [
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'TLS_UNKNOWN_CA',
      `${host} has a certificate of an unknown authority, or shows it without its chain`,
    ],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'TLS_WRONG_HOST', `${host} has a certificate for another host`],
    ['CERT_REVOKED', 'TLS_REVOKED', `${host} has a certificate that was revoked`],
    ['CERT_SIGNATURE_FAILURE', 'TLS_CERTIFICATE', `${host} has a certificate that cannot be verified`],
    ['INVALID_PURPOSE', 'TLS_CERTIFICATE', `${host} has a certificate that cannot be verified`],
    ['INVALID_CA', 'TLS_CERTIFICATE', `${host} has a certificate that cannot be verified`],
    ['UNSPECIFIED', 'TLS_CERTIFICATE', `${host} has a certificate that cannot be verified`],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'TLS_VERSION', `${host} does not speak a version of TLS that is allowed`],
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'TLS_VERSION', `${host} does not speak a version of TLS that is allowed`],
    [
      'ERR_SSL_TLSV1_ALERT_INAPPROPRIATE_FALLBACK',
      'TLS_VERSION',
      `${host} does not speak a version of TLS that is allowed`,
    ],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'TLS_NOT_SPOKEN', `${host} does not speak TLS, but perhaps plain HTTP`],
    ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'TLS_NOT_SPOKEN', `${host} does not speak TLS, but perhaps plain HTTP`],
    [
      'ERR_SSL_SSL_TLS_ALERT_BAD_CERTIFICATE',
      'TLS_CLIENT_CERTIFICATE',
      `${host} asks for a client certificate, or for another than it was shown`,
    ],
    [
      'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED',
      'TLS_CLIENT_CERTIFICATE',
      `${host} asks for a client certificate, or for another than it was shown`,
    ],
    [
      'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
      'TLS_CLIENT_CERTIFICATE',
      `${host} asks for a client certificate, or for another than it was shown`,
    ],
    [
      'ERR_SSL_TLSV1_ALERT_ACCESS_DENIED',
      'TLS_CLIENT_CERTIFICATE',
      `${host} asks for a client certificate, or for another than it was shown`,
    ],
    [
      'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      'TLS_CLIENT_CERTIFICATE',
      `${host} asks for a client certificate, or for another than it was shown`,
    ],
    ['ERR_SSL_TLSV1_UNRECOGNIZED_NAME', 'TLS_UNKNOWN_NAME', `${host} does not know the name it was asked for`],
    ['EPROTO', 'TLS_FAILED', `${host} and we could not agree on TLS`],
    ['ERR_SSL_SSL_TLS_ALERT_HANDSHAKE_FAILURE', 'TLS_FAILED', `${host} and we could not agree on TLS`],
    ['ERR_TLS_HANDSHAKE_TIMEOUT', 'TLS_FAILED', `${host} and we could not agree on TLS`],
    ['HPE_INVALID_CONSTANT', 'HTTP_MALFORMED', 'crm.example.com:443 sent what is not an HTTP response'],
    ['HPE_HEADER_OVERFLOW', 'HTTP_MALFORMED', 'crm.example.com:443 sent what is not an HTTP response'],
    ['EMFILE', 'CONNECT_FAILED', 'crm.example.com:443 could not be sent the request'],
    ['ERR_GOT_REQUEST_ERROR', 'CONNECT_FAILED', 'crm.example.com:443 could not be sent the request'],
  ])('%s is %s', (code, meaning, sentence) => {
    expect(connectionError(code, 'crm.example.com:443')).toEqual({ code: meaning, message: `${sentence} (${code})` });
  });

  it.each(['', 'secret token', 'https://user:secret@crm.example.com/', 'A'.repeat(100)])(
    'is told without the code when that is no code: %j',
    (code) => {
      expect(connectionError(code, 'crm.example.com:443')).toEqual({
        code: 'CONNECT_FAILED',
        message: 'crm.example.com:443 could not be sent the request',
      });
    },
  );
});
