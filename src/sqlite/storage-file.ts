import type { DatabaseSync } from 'node:sqlite';
import { Ballast } from './ballast.ts';
import { checkDatabaseFile, createPrivately, regularFile } from './database-file.ts';
import { lockFile } from './lock-file.ts';
import { openDatabase } from './open-database.ts';
import { Pages } from './pages.ts';
import { sqliteVersionWarnings } from './sqlite-version.ts';
import { diskFull, storageError } from './storage-error.ts';
import { WriteAheadLog } from './write-ahead-log.ts';

/** The file of a storage, with all that lies beside it; ours alone until it is closed. */
export interface StorageFile {
  readonly path: string;
  readonly database: DatabaseSync;
  readonly pages: Pages;
  readonly log: WriteAheadLog;
  readonly ballast: Ballast;
  /** For the operator, one sentence each. */
  readonly warnings: readonly string[];
  close(): void;
}

/** Opens the file, or makes it. Throws one of our errors if that is not possible; a file that is not ours is then as it was. */
export function openStorageFile(path: string): StorageFile {
  try {
    regularFile(path);
    const unlock = lockFile(path);
    try {
      return openLocked(path, unlock);
    } catch (error) {
      unlock();
      throw error;
    }
  } catch (error) {
    throw storageError(error, path);
  }
}

function openLocked(path: string, unlock: () => void): StorageFile {
  createPrivately(path);
  const warnings = [...checkDatabaseFile(path), ...sqliteVersionWarnings(process.versions.sqlite ?? '')];
  const ballast = new Ballast(path);
  const { database, log } = openWithLog(path, ballast);
  if (ballast.restore()) {
    // Carrying the log over can make the file grow by as much as the log holds, and must succeed in the ballast's space.
    log.carryOverAt(ballast.size / 2);
  } else {
    warnings.push(diskFull(path));
  }
  const close = (): void => {
    try {
      database.close();
    } finally {
      unlock();
    }
  };
  return { path, database, pages: new Pages(database), log, ballast, warnings, close };
}

function openWithLog(path: string, ballast: Ballast): Pick<StorageFile, 'database' | 'log'> {
  try {
    return open(path);
  } catch (error) {
    // On a full disk SQLite lacks room even to begin; some of its complaints about that are of the disk as such.
    const { code } = storageError(error, path);
    if ((code !== 'ERR_STORAGE_FULL' && code !== 'ERR_STORAGE_IO') || !ballast.spend()) throw error;
    return open(path);
  }
}

function open(path: string): Pick<StorageFile, 'database' | 'log'> {
  const database = openDatabase(path);
  const log = new WriteAheadLog(database, path);
  try {
    // After a crash the log may hold what was never flushed. What is carried over is flushed.
    log.empty();
  } catch (error) {
    database.close();
    throw error;
  }
  return { database, log };
}
