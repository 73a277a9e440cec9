import { DatabaseSync } from 'node:sqlite';
import { OutboundEventsError } from '../core/errors.ts';
import { createPrivately } from './database-file.ts';
import { storageError } from './storage-error.ts';

/**
 * Takes the one lock on `file` there is, for this thread, or throws ERR_STORAGE_LOCKED at once. It is a lock of the
 * operating system on `<file>-lock`, held by SQLite, which knows how to do that everywhere: it ends with the process,
 * however that ends, and so is never stale. Returns the way to give it back.
 */
export function lockFile(file: string): () => void {
  const path = `${file}-lock`;
  createPrivately(path);
  const lock = new DatabaseSync(path);
  try {
    // Nothing is ever written to it, so no journal of it is needed either, for which a full disk had no room.
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    const reason = storageError(error, path);
    throw reason.code === 'ERR_STORAGE_BUSY' ? locked(file) : reason;
  }
  return () => lock.close();
}

function locked(file: string): OutboundEventsError {
  return new OutboundEventsError(
    'ERR_STORAGE_LOCKED',
    `${file} is in use by another storage, in this process or another; one at a time may have it`,
  );
}
