import { type ErrorCode, isOutboundEventsError, OutboundEventsError } from '../core/errors.ts';

/** The error for whatever went wrong with `file`, in our own words. One of ours stays as it is. */
export function storageError(error: unknown, file: string): OutboundEventsError {
  if (isOutboundEventsError(error)) return error as OutboundEventsError;
  const resultCode = sqliteResultCode(error);
  if (resultCode !== undefined) return sqliteError(resultCode, file);
  const systemCode = systemErrorCode(error);
  if (systemCode !== undefined) return systemError(systemCode, file);
  // Thrown for texts that are not JSON and numbers that do not fit: neither was ever written.
  if (error instanceof SyntaxError || error instanceof RangeError) return corrupt(file, 'a value in it cannot be ours');
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new OutboundEventsError('ERR_STORAGE_FAILED', `the storage in ${file} failed: ${reason}`);
}

/** SQLite's extended result code; `undefined` for an error that is not SQLite's. */
function sqliteResultCode(error: unknown): number | undefined {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code : undefined;
}

function systemErrorCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'syscall' in error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

function sqliteError(resultCode: number, file: string): OutboundEventsError {
  const [code, problem] = meaningOfResult(resultCode & 0xff, file);
  return new OutboundEventsError(code, `${problem} (SQLite result ${resultCode})`);
}

/** @param primaryCode SQLite's result code without its extension. */
function meaningOfResult(primaryCode: number, file: string): readonly [ErrorCode, string] {
  switch (primaryCode) {
    case 5: // SQLITE_BUSY
    case 6: // SQLITE_LOCKED
      return ['ERR_STORAGE_BUSY', `another program keeps ${file} locked; end what it does there, then try again`];
    case 3: // SQLITE_PERM
    case 8: // SQLITE_READONLY
    case 14: // SQLITE_CANTOPEN
      return [
        'ERR_STORAGE_OPEN',
        `${file} cannot be opened for writing; see that this process may write to it and to its directory`,
      ];
    case 10: // SQLITE_IOERR
      return [
        'ERR_STORAGE_IO',
        `the disk failed under ${file}, and what has reached it is not certain; check the disk, then start again`,
      ];
    case 11: // SQLITE_CORRUPT
    case 26: // SQLITE_NOTADB
      return ['ERR_STORAGE_CORRUPT', damaged(file)];
    case 13: // SQLITE_FULL
      return ['ERR_STORAGE_FULL', diskFull(file)];
    default:
      return ['ERR_STORAGE_FAILED', `SQLite could not work on ${file}`];
  }
}

function systemError(code: string, file: string): OutboundEventsError {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return cannotOpen(file, 'its directory does not exist; create it first');
    case 'EACCES':
    case 'EPERM':
      return cannotOpen(file, 'this process may not read and write it, or may not create files in its directory');
    case 'EROFS':
      return cannotOpen(file, 'its file system is read-only; use another place, or mount it for writing');
    case 'ENOSPC':
    case 'EDQUOT':
      return new OutboundEventsError('ERR_STORAGE_FULL', diskFull(file));
    case 'EIO':
      return new OutboundEventsError('ERR_STORAGE_IO', `the disk failed under ${file}; check the disk`);
    default:
      return cannotOpen(file, `the operating system answered ${code}`);
  }
}

/** The error for a place that cannot hold the file. */
export function cannotOpen(file: string, reason: string): OutboundEventsError {
  return new OutboundEventsError('ERR_STORAGE_OPEN', `${file} cannot be opened: ${reason}`);
}

/** The error for a file that is not, or no longer, what we wrote. */
export function corrupt(file: string, finding: string): OutboundEventsError {
  return new OutboundEventsError('ERR_STORAGE_CORRUPT', `${damaged(file)} (${finding})`);
}

/** The error for a file that we did not write; or if we did, its beginning is gone. */
export function notOurs(file: string, finding: string): OutboundEventsError {
  return new OutboundEventsError(
    'ERR_STORAGE_CORRUPT',
    `${file} is not a file of outbound-events (${finding}); give another path, or if it was one, restore it from a backup`,
  );
}

function damaged(file: string): string {
  return `${file} is damaged; restore it from a backup, or move it and its -wal file away to begin with an empty one`;
}

/** For a write that found no room. */
export function diskFull(file: string): string {
  return `the disk that holds ${file} is full; free some space (what is stored is kept and goes on being delivered)`;
}
