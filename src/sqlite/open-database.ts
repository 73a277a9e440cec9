import { DatabaseSync } from 'node:sqlite';
import { refuseNewer } from './database-file.ts';
import { applicationId, migrations, temporaryTables } from './schema.ts';
import { cannotOpen, notOurs } from './storage-error.ts';

/** How long a call waits for another program's lock on the file. The worker waits, the host goes on. */
const busyTimeoutMs = 5_000;

/** Has a step done, or fail, without waiting for another program's lock. */
export function withoutWaiting<Result>(database: DatabaseSync, step: () => Result): Result {
  database.exec('PRAGMA busy_timeout = 0');
  try {
    return step();
  } finally {
    database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  }
}

/** Past this the log is cut back after it has been carried over; other programs' long reads can make it grow. */
const logLimitBytes = 16 * 1024 * 1024;

/** Opens the file as a database of ours, of the current schema version, so that a commit is on the disk when it returns. */
export function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    configure(database, file);
    migrate(database, file);
    database.exec(temporaryTables);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

function configure(database: DatabaseSync, file: string): void {
  database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  if (pragma(database, 'page_count') === 0) {
    // Before the log exists, so that it is in the file itself, where a look at its header finds it.
    database.exec(`PRAGMA application_id = ${applicationId}`);
  } else if (pragma(database, 'application_id') !== applicationId) {
    throw notOurs(file, 'it is the database of another application');
  }
  database.exec('PRAGMA journal_mode = WAL');
  // Asked apart: the answer to the above comes before the disk can fail it.
  if (pragma(database, 'journal_mode') !== 'wal') {
    throw cannotOpen(file, 'its file system cannot share memory between processes; use a local disk');
  }
  // After journal_mode, which may have set it to NORMAL: with that a power cut takes back what was committed.
  database.exec(`
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
    PRAGMA journal_size_limit = ${logLimitBytes};
    PRAGMA temp_store = MEMORY;
    PRAGMA cell_size_check = ON;
  `);
}

function migrate(database: DatabaseSync, file: string): void {
  const version = Number(pragma(database, 'user_version'));
  refuseNewer(file, version);
  for (const [index, migration] of migrations.entries()) {
    if (index >= version) {
      database.exec(`BEGIN IMMEDIATE; ${migration}; PRAGMA user_version = ${index + 1}; COMMIT`);
    }
  }
}

function pragma(database: DatabaseSync, nameAndValue: string): unknown {
  const row = database.prepare(`PRAGMA ${nameAndValue}`).get();
  return row && Object.values(row)[0];
}
