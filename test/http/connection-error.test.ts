import { describe, expect, it } from 'vitest';
import { connectionError } from '../../src/http/connection-error.ts';

describe('why no answer came', () => {
  it.each([
    ['ECONNREFUSED', 'CONNECT_REFUSED', 'crm.example.com:443 refused the connection'],
    ['ECONNRESET', 'CONNECT_RESET', 'crm.example.com:443 closed the connection without an answer'],
    ['EPIPE', 'CONNECT_RESET', 'crm.example.com:443 closed the connection without an answer'],
    ['EHOSTUNREACH', 'CONNECT_FAILED', 'crm.example.com:443 cannot be reached'],
    ['ENETUNREACH', 'CONNECT_FAILED', 'crm.example.com:443 cannot be reached'],
    ['ADDRESS_BLOCKED', 'ADDRESS_BLOCKED', 'crm.example.com:443 is at an address outside the allowed networks'],
    ['ENOTFOUND', 'DNS_NOT_FOUND', 'crm.example.com:443 has a name that does not exist'],
    ['ENODATA', 'DNS_NOT_FOUND', 'crm.example.com:443 has a name that does not exist'],
    ['EAI_AGAIN', 'DNS_FAILED', 'crm.example.com:443 has a name that could not be looked up'],
    ['EAI_FAIL', 'DNS_FAILED', 'crm.example.com:443 has a name that could not be looked up'],
    ['ESERVFAIL', 'DNS_FAILED', 'crm.example.com:443 has a name that could not be looked up'],
    ['ETIMEOUT', 'DNS_FAILED', 'crm.example.com:443 has a name that could not be looked up'],
    ['EREFUSED', 'DNS_FAILED', 'crm.example.com:443 has a name that could not be looked up'],
    ['CERT_HAS_EXPIRED', 'TLS_CERTIFICATE', 'crm.example.com:443 has a certificate that has expired'],
    ['CERT_NOT_YET_VALID', 'TLS_CERTIFICATE', 'crm.example.com:443 has a certificate that is not yet valid'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'TLS_CERTIFICATE', 'crm.example.com:443 has a self-signed certificate'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'TLS_CERTIFICATE', 'crm.example.com:443 has a certificate of an unknown authority'],
    ['UNABLE_TO_GET_ISSUER_CERT', 'TLS_CERTIFICATE', 'crm.example.com:443 has a certificate of an unknown authority'],
    [
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'TLS_CERTIFICATE',
      'crm.example.com:443 has a certificate of an unknown authority',
    ],
    [
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'TLS_CERTIFICATE',
      'crm.example.com:443 has a certificate of an unknown authority',
    ],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'TLS_CERTIFICATE', 'crm.example.com:443 has a certificate for another host'],
    ['CERT_REVOKED', 'TLS_CERTIFICATE', 'crm.example.com:443 has a certificate that was revoked'],
    ['CERT_SIGNATURE_FAILURE', 'TLS_CERTIFICATE', 'crm.example.com:443 has a certificate that cannot be verified'],
    ['INVALID_PURPOSE', 'TLS_CERTIFICATE', 'crm.example.com:443 has a certificate that cannot be verified'],
    ['EPROTO', 'TLS_FAILED', 'crm.example.com:443 does not speak TLS with us'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'TLS_FAILED', 'crm.example.com:443 does not speak TLS with us'],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'TLS_FAILED', 'crm.example.com:443 does not speak TLS with us'],
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
