import { type ErrorCode, isOutboundEventsError, OutboundEventsError } from '../core/errors.ts';

/**
 * The SQLSTATE of an error that the server answered with; `undefined` for any other, such as a lost connection. Libraries
 * that a transaction of the host runs on may have it as the `cause` of their own.
 */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (!('code' in error) || !('severity' in error)) return sqlState(error.cause);
  return typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}

/** Whether the statement may have been carried out although its answer never came. */
function isOutcomeUnknown(error: unknown): boolean {
  const state = sqlState(error);
  // Connection exceptions, and servers that go down: the commit may have been made.
  return state === undefined || state.startsWith('08') || /^57P0[12]$/.test(state) || state === '40003';
}

/** Whether the statement was rolled back because of another's and may go well when it is run again. */
export function isTransient(error: unknown): boolean {
  const state = sqlState(error);
  return state === '40001' || state === '40P01';
}

/** The error of ours for what a statement was answered with. Nothing of it was carried out, unless it says so. */
export function statementError(error: unknown): OutboundEventsError {
  if (isOutboundEventsError(error)) return error;
  if (isOutcomeUnknown(error)) {
    return new OutboundEventsError(
      'ERR_OUTCOME_UNKNOWN',
      `the connection to PostgreSQL was lost before the answer came${nameOf(error)}; what was asked for may have happened`,
    );
  }
  const state = sqlState(error) ?? '';
  const [code, problem] = meaning(state);
  return new OutboundEventsError(code, `${problem} (SQLSTATE ${state})`);
}

/** The error of ours for a transaction of the host that could not be joined. Nothing was carried out. */
export function joinError(error: unknown): OutboundEventsError {
  if (sqlState(error) !== undefined) return statementError(error);
  // Not every library hands on what PostgreSQL said.
  return new OutboundEventsError(
    'ERR_TRANSACTION_MISSING',
    `the transaction cannot be joined${nameOf(error)}: see that it is open, and its connection not lost`,
  );
}

/** The error of ours for a connection that could not be had; nothing was carried out. */
export function connectionError(error: unknown): OutboundEventsError {
  const state = sqlState(error);
  const why = state === undefined ? nameOf(error) : ` (SQLSTATE ${state})`;
  return new OutboundEventsError(
    'ERR_STORAGE_UNAVAILABLE',
    `no connection to PostgreSQL can be had${why}; see that the server runs, that the pool may log in, and that it has a connection to spare`,
  );
}

/** Names such as ECONNREFUSED; texts of other libraries may hold anything. */
function nameOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^E[A-Z_]+$/.test(code) ? ` (${code})` : '';
}

function meaning(state: string): readonly [ErrorCode, string] {
  switch (state) {
    case '25006':
      return ['ERR_STORAGE_OPEN', 'the PostgreSQL server only reads: it is a standby, or transactions are read-only'];
    case '25P01':
      return [
        'ERR_TRANSACTION_MISSING',
        'the client has no open transaction to join: run BEGIN on it first, and pass that client, not the pool',
      ];
    case '25P02':
      return ['ERR_STORAGE_FAILED', 'the transaction has failed already and can only be rolled back'];
    case '40001':
    case '40P01':
    case '55P03':
    case '57014':
      return [
        'ERR_STORAGE_BUSY',
        'other statements in PostgreSQL were in the way for too long, or it was told to cancel',
      ];
    case '42501':
      return ['ERR_STORAGE_OPEN', 'the role that the pool logs in with may not use the schema or what is in it'];
    case '3F000':
    case '42P01':
    case '42883':
      return ['ERR_STORAGE_OPEN', 'the schema is not there or not complete; run migrate()'];
    case '53100':
      return [
        'ERR_STORAGE_FULL',
        'the disk of the PostgreSQL server is full; free some space (what is stored is kept)',
      ];
    case '58030':
      return ['ERR_STORAGE_IO', 'the disk failed under PostgreSQL, and what has reached it is not certain'];
    case 'XX001':
    case 'XX002':
      return ['ERR_STORAGE_CORRUPT', 'PostgreSQL found its files damaged; restore them from a backup'];
    default:
      return ['ERR_STORAGE_FAILED', 'PostgreSQL refused a statement'];
  }
}
