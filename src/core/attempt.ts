/** What became of an attempt that did not succeed. Stable across versions; `docs/errors.md` has a section for each. */
export type AttemptErrorCode =
  | 'ABORTED'
  | 'ADDRESS_BLOCKED'
  | 'CONNECT_FAILED'
  | 'CONNECT_REFUSED'
  | 'CONNECT_RESET'
  | 'DNS_FAILED'
  | 'DNS_NOT_FOUND'
  | 'DNS_TIMEOUT'
  | 'HTTP_GONE'
  | 'HTTP_MALFORMED'
  | 'HTTP_REDIRECT'
  | 'HTTP_STATUS'
  | 'HTTP_TRUNCATED'
  | 'PROXY_FAILED'
  | 'SMTP_ADDRESSES'
  | 'SMTP_AUTH'
  | 'SMTP_CERTIFICATE'
  | 'SMTP_CONNECT'
  | 'SMTP_CUT'
  | 'SMTP_MAIL'
  | 'SMTP_REPLY'
  | 'SMTP_SENDER'
  | 'SMTP_SIZE'
  | 'SMTP_TIMEOUT'
  | 'SMTP_TLS'
  | 'SMTP_TLS_REQUIRED'
  | 'SMTP_UTF8_UNSUPPORTED'
  | 'TEMPLATE_ERROR'
  | 'TIMEOUT_CONNECT'
  | 'TIMEOUT_RESPONSE'
  | 'TIMEOUT_TLS'
  | 'TLS_CERTIFICATE'
  | 'TLS_CLIENT_CERTIFICATE'
  | 'TLS_CUT'
  | 'TLS_EXPIRED'
  | 'TLS_FAILED'
  | 'TLS_NOT_SPOKEN'
  | 'TLS_NOT_YET_VALID'
  | 'TLS_REVOKED'
  | 'TLS_SELF_SIGNED'
  | 'TLS_UNKNOWN_CA'
  | 'TLS_UNKNOWN_NAME'
  | 'TLS_VERSION'
  | 'TLS_WRONG_HOST'
  | 'TRANSPORT_THREW';

/** Why an attempt failed: plain data that is stored, shown in `status()` and written into alerts. Holds no secret. */
export interface AttemptError {
  readonly code: AttemptErrorCode;
  /** One sentence for people, such as `answered 204; only 200 counts`. */
  readonly message: string;
}

/** The beginning of what the other side answered, for logs and status. */
export interface ResponseSummary {
  /** HTTP status or SMTP reply code; `null` when there was none. */
  readonly status: number | null;
  /** At most 500 characters, control characters replaced. */
  readonly text: string;
}

/** One email address that was given up for one delivery, because the relay refused it for good (5xx). */
export interface RefusedAddress {
  readonly address: string;
  /** The relay's words. */
  readonly message: string;
}
