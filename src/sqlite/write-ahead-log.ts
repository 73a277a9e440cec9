import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { busyTimeoutMs } from './open-database.ts';

/** SQLite's default. */
const pageBytes = 4096;

/**
 * SQLite's log, `<file>-wal`: what is committed goes there first, and is carried over into the file itself from time to
 * time. Not while another program reads an older state of the file: until it has done, the log only grows.
 */
export class WriteAheadLog {
  readonly #database: DatabaseSync;
  readonly #path: string;

  constructor(database: DatabaseSync, file: string) {
    this.#database = database;
    this.#path = `${file}-wal`;
  }

  /** From now on, has it carried over when it has come to about so many bytes. */
  carryOverAt(bytes: number): void {
    this.#database.exec(`PRAGMA wal_autocheckpoint = ${Math.ceil(bytes / pageBytes)}`);
  }

  /** Bytes it takes on the disk; `undefined` when somebody has removed it. */
  size(): number | undefined {
    return statSync(this.#path, { throwIfNoEntry: false })?.size;
  }

  /** Carries it over. `false` when another program kept a part from being. */
  carryOver(): boolean {
    const done = this.#database.prepare('PRAGMA wal_checkpoint(PASSIVE)').get();
    return done?.log === done?.checkpointed;
  }

  /** Carries it over, so that it begins anew in the space it has, as far as no other program is in the way. */
  restart(): void {
    this.#carryOverNow('RESTART');
  }

  /** Carries it over and gives its space back to the disk, as far as no other program is in the way. */
  empty(): void {
    this.#carryOverNow('TRUNCATE');
  }

  #carryOverNow(mode: 'RESTART' | 'TRUNCATE'): void {
    this.#database.exec('PRAGMA busy_timeout = 0');
    try {
      this.#database.exec(`PRAGMA wal_checkpoint(${mode})`);
    } finally {
      this.#database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    }
  }
}
