import { accessSync, closeSync, constants, lstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { refuse } from '../core/check.ts';
import { OutboundEventsError } from '../core/errors.ts';
import { applicationId, migrations } from './schema.ts';
import { cannotOpen, corrupt, notOurs } from './storage-error.ts';

/** The path of a file that was given in an option; as it is meant now, wherever the process may change to. */
export function checkPath(file: unknown, field: string): string {
  if (typeof file === 'string' && file.trim() !== '' && !file.includes('\0') && file !== ':memory:')
    return resolve(file);
  return refuse('ERR_CONFIG_VALUE', field, 'the path of a file', file);
}

// Closing any descriptor of a file drops all of a process's POSIX locks on it, SQLite's too. So a file that SQLite may
// have open is never opened here: existing ones are only looked at by name, until our lock says that nobody has them.

/** The file of this name, if there is one; only ever a regular file, never what a link points to. */
export function regularFile(path: string): Stats | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.isFile()) return found;
  if (found.isDirectory()) throw cannotOpen(path, 'it is a directory; give the path of a file in it');
  if (found.isSymbolicLink()) throw cannotOpen(path, 'it is a symbolic link; give the path of the file itself');
  throw cannotOpen(path, 'it is not a regular file');
}

/** Makes an empty file that only its owner may read and write, unless there is one already. */
export function createPrivately(path: string): void {
  if (regularFile(path) === undefined) closeSync(openSync(path, 'ax', 0o600));
}

/**
 * Makes sure, without changing a byte, that the file is empty or one of ours of a version we know. Nobody may have it
 * open: see above. Returns warnings.
 */
export function checkDatabaseFile(file: string): readonly string[] {
  accessSync(file, constants.R_OK | constants.W_OK);
  const { size, mode } = statSync(file);
  const logSize = regularFile(`${file}-wal`)?.size ?? 0;
  if (size > 0) checkHeader(file, readHeader(file), size, logSize);
  else if (logSize > 0) throw corrupt(file, 'it is empty, though its -wal file is not');
  const readers = mode & 0o077;
  return process.platform === 'win32' || readers === 0
    ? []
    : [`${file} holds event data, and others than its owner may access it; allow it to its owner only (chmod 600)`];
}

const headerLength = 100;

function readHeader(file: string): Buffer {
  const header = Buffer.alloc(headerLength);
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, header, 0, headerLength, 0);
  } finally {
    closeSync(descriptor);
  }
  return header;
}

/** SQLite's documented header; the application id and version are what `PRAGMA application_id` and `user_version` set. */
function checkHeader(file: string, header: Buffer, size: number, logSize: number): void {
  if (header.toString('latin1', 0, 16) !== 'SQLite format 3\0') throw notOurs(file, 'it is not a SQLite database');
  if (header.readUInt32BE(68) !== applicationId) throw notOurs(file, 'it is the database of another application');
  refuseNewer(file, header.readUInt32BE(60));
  // SQLite notices missing pages, but takes a part of one for the whole. A log may hold what a crash kept from the file.
  const pageSize = header.readUInt16BE(16);
  if (logSize === 0 && size % pageSize !== 0) throw corrupt(file, 'its end is cut off');
}

/** Refuses a file that a later release has written. */
export function refuseNewer(file: string, version: number): void {
  if (version <= migrations.length) return;
  throw new OutboundEventsError(
    'ERR_SCHEMA_NEWER',
    `${file} was written by a later release of outbound-events (schema ${version}; this one knows ${migrations.length}); use that release`,
  );
}
