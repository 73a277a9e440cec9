/**
 * Every code an {@link OutboundEventsError} can carry. Codes are stable across versions; messages are for people
 * and may change. `docs/errors.md` has a section for each.
 */
export type ErrorCode =
  // Options and recipients
  | 'ERR_CONFIG_CA'
  | 'ERR_CONFIG_CERT'
  | 'ERR_CONFIG_DURATION'
  | 'ERR_CONFIG_EMAIL'
  | 'ERR_CONFIG_EVENTS'
  | 'ERR_CONFIG_HEADER'
  | 'ERR_CONFIG_ID'
  | 'ERR_CONFIG_SECRET'
  | 'ERR_CONFIG_SMTP'
  | 'ERR_CONFIG_UNKNOWN_OPTION'
  | 'ERR_CONFIG_URL'
  | 'ERR_CONFIG_VALUE'
  | 'ERR_TEMPLATE'
  | 'ERR_RECIPIENT_BACKLOG'
  | 'ERR_RECIPIENT_NAME_TAKEN'
  | 'ERR_RECIPIENT_UNKNOWN'
  | 'ERR_SECRET_KEY'
  // Events
  | 'ERR_EVENT_ID'
  | 'ERR_EVENT_ID_REUSED'
  | 'ERR_EVENT_INVALID'
  | 'ERR_EVENT_NOT_JSON'
  | 'ERR_EVENT_TOO_LARGE'
  | 'ERR_EVENT_UNKNOWN'
  // Storage
  | 'ERR_BACKLOG_FULL'
  | 'ERR_COPY_DIFFERS'
  | 'ERR_COPY_TARGET'
  | 'ERR_LEASE_LOST'
  | 'ERR_OUTCOME_UNKNOWN'
  | 'ERR_SCHEMA_NEWER'
  | 'ERR_STORAGE_BUSY'
  | 'ERR_STORAGE_CLOSED'
  | 'ERR_STORAGE_CORRUPT'
  | 'ERR_STORAGE_FAILED'
  | 'ERR_STORAGE_FULL'
  | 'ERR_STORAGE_IO'
  | 'ERR_STORAGE_LOCKED'
  | 'ERR_STORAGE_OPEN'
  | 'ERR_STORAGE_UNAVAILABLE'
  | 'ERR_STORAGE_WARNING'
  | 'ERR_TRANSACTION_MISSING'
  | 'ERR_TRANSACTION_UNSUPPORTED'
  // Life cycle
  | 'ERR_ALERT_FAILED'
  | 'ERR_LISTENER'
  | 'ERR_NODE_VERSION'
  | 'ERR_STOPPED'
  | 'ERR_TRANSPORT_FAILED'
  | 'ERR_TRANSPORT_MISSING';

const brand = Symbol.for('outbound-events.error');

/** What an error can say besides its code and message. */
export interface ErrorDetails {
  /** The option, recipient field or part of the event's data that is wrong, as a path: `retry.interval`, `data.items[2].n`. */
  readonly field?: string | undefined;
  /** What a listener of the host threw; nothing else is ever a cause. */
  readonly cause?: unknown;
}

/**
 * The only error this library throws, rejects with, or reports. Holds no secret: no payload (but for what a host's own
 * schema says of it), no header, no credentials, no object of a dependency.
 */
export class OutboundEventsError extends Error {
  /** Stable; see {@link ErrorCode}. */
  readonly code: ErrorCode;
  /** The field at fault, where there is one. */
  readonly field: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.field = details.field;
  }
}

Object.defineProperties(OutboundEventsError.prototype, {
  name: { value: 'OutboundEventsError', configurable: true, writable: true },
  // Two copies of the package in one process must recognise each other's errors; `instanceof` would not.
  [brand]: { value: true },
});

/** The error as one of ours. What is not ours is not shown: it could hold anything. */
export function toOwnError(error: unknown, code: ErrorCode, message: string): OutboundEventsError {
  return isOutboundEventsError(error) ? error : new OutboundEventsError(code, message);
}

/** Whether `value` is an {@link OutboundEventsError}, also one of another copy of this package. */
export function isOutboundEventsError(value: unknown): value is OutboundEventsError {
  return typeof value === 'object' && value !== null && brand in value;
}
