import type { AttemptError, AttemptErrorCode } from '../core/attempt.ts';

/** What the codes of the system, of TLS and of the HTTP parser mean, the first that fits. Each sentence goes on from `host:port`. */
const meanings: readonly (readonly [codes: RegExp, meaning: AttemptErrorCode, sentence: string])[] = [
  [/^ADDRESS_BLOCKED$/, 'ADDRESS_BLOCKED', 'is at an address outside the allowed networks'],
  [/^PROXY_CONNECT$/, 'PROXY_FAILED', 'cannot be reached: no connection to the proxy'],
  [/^PROXY_TLS$/, 'PROXY_FAILED', 'cannot be reached: no trusted TLS connection to the proxy'],
  [/^PROXY_CLOSED$/, 'PROXY_FAILED', 'cannot be reached: the proxy closed the connection'],
  [/^PROXY_MALFORMED$/, 'PROXY_FAILED', 'cannot be reached: the proxy sent what is not an HTTP response'],
  [/^PROXY_TIMEOUT$/, 'PROXY_FAILED', 'cannot be reached: the proxy opened no way to it in time'],
  [/^PROXY_STATUS_407$/, 'PROXY_FAILED', 'cannot be reached: the proxy asks for other credentials'],
  [/^PROXY_STATUS_\d+$/, 'PROXY_FAILED', 'cannot be reached: the proxy opened no way to it'],
  [/^ECONNREFUSED$/, 'CONNECT_REFUSED', 'refused the connection'],
  [/^(ECONNRESET|EPIPE|ERR_STREAM_PREMATURE_CLOSE)$/, 'CONNECT_RESET', 'closed the connection without an answer'],
  [/^(ENOTFOUND|ENODATA|EAI_NODATA|EAI_NONAME)$/, 'DNS_NOT_FOUND', 'has a name that does not exist'],
  [/^ETIMEOUT$/, 'DNS_TIMEOUT', 'has a name for which no DNS server answered in time'],
  [
    /^(EAI_.*|ESERVFAIL|EREFUSED|EFORMERR|EBADRESP|EBADNAME|ENOTIMP|ECANCELLED|DNS_UNREACHABLE)$/,
    'DNS_FAILED',
    'has a name that could not be looked up',
  ],
  [/^CERT_HAS_EXPIRED$/, 'TLS_EXPIRED', 'has a certificate that has expired, or one of its authorities has'],
  [/^CERT_NOT_YET_VALID$/, 'TLS_NOT_YET_VALID', 'has a certificate that is not yet valid'],
  [/^DEPTH_ZERO_SELF_SIGNED_CERT$/, 'TLS_SELF_SIGNED', 'has a self-signed certificate'],
  [/^(ERR_TLS_CERT_ALTNAME_.*|HOSTNAME_MISMATCH)$/, 'TLS_WRONG_HOST', 'has a certificate for another host'],
  [/^CERT_REVOKED$/, 'TLS_REVOKED', 'has a certificate that was revoked'],
  [
    /^(SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE|CERT_UNTRUSTED|CERT_REJECTED)$/,
    'TLS_UNKNOWN_CA',
    'has a certificate of an unknown authority, or shows it without its chain',
  ],
  [
    /^(CERT_.*|CRL_.*|UNABLE_TO_.*|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|ERROR_IN_CERT_.*|UNSPECIFIED)$/,
    'TLS_CERTIFICATE',
    'has a certificate that cannot be verified',
  ],
  [/^TLS_CUT$/, 'TLS_CUT', 'closed the connection during the TLS handshake'],
  [
    /^TLS_CLIENT_CERTIFICATE$|^ERR_SSL_.*_ALERT_((BAD|UNSUPPORTED)_CERTIFICATE|CERTIFICATE_(REVOKED|EXPIRED|UNKNOWN|REQUIRED)|UNKNOWN_CA|ACCESS_DENIED)$/,
    'TLS_CLIENT_CERTIFICATE',
    'asks for a client certificate, or for another than it was shown',
  ],
  [/^ERR_SSL_.*_UNRECOGNIZED_NAME$/, 'TLS_UNKNOWN_NAME', 'does not know the name it was asked for'],
  [
    /^ERR_SSL_.*(PROTOCOL_VERSION|INAPPROPRIATE_FALLBACK|UNSUPPORTED_PROTOCOL|WRONG_SSL_VERSION|VERSION_TOO_LOW)$/,
    'TLS_VERSION',
    'does not speak a version of TLS that is allowed',
  ],
  [
    /^ERR_SSL_(WRONG_VERSION_NUMBER|HTTP_REQUEST|HTTPS_PROXY_REQUEST|PACKET_LENGTH_TOO_LONG)$/,
    'TLS_NOT_SPOKEN',
    'does not speak TLS, but perhaps plain HTTP',
  ],
  [/^(EPROTO|ERR_SSL_.*|ERR_TLS_.*|ERR_OSSL_.*)$/, 'TLS_FAILED', 'and we could not agree on TLS'],
  [/^HPE_/, 'HTTP_MALFORMED', 'sent what is not an HTTP response'],
  [/^(EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN)$/, 'CONNECT_FAILED', 'cannot be reached'],
];

/**
 * Why no answer came, from the code the failure had. Only known codes and words of our own are shown, and of the URL
 * only `host`.
 */
export function connectionError(code: string, host: string): AttemptError {
  const [, meaning, sentence] = meanings.find(([codes]) => codes.test(code)) ?? [
    undefined,
    'CONNECT_FAILED' as const,
    'could not be sent the request',
  ];
  const shown = /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? ` (${code})` : '';
  return { code: meaning, message: `${host} ${sentence}${shown}` };
}
