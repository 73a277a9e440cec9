import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { OutboundEventsError } from '../core/errors.ts';
import { busyTimeoutMs } from './database.ts';

/**
 * SQLite's log, `<file>-wal`: what is committed goes there first, and is carried over into the file itself from time to
 * time. Not while another program reads an older state of the file: until it has done, the log only grows.
 */
export class WriteAheadLog {
  readonly #database: DatabaseSync;
  readonly #file: string;

  constructor(database: DatabaseSync, file: string) {
    this.#database = database;
    this.#file = file;
  }

  /**
   * Why nothing should be added to the log now, if so: it is gone, or it has outgrown `limitBytes` and another program keeps it
   * from being carried over.
   */
  obstacle(limitBytes: number): OutboundEventsError | undefined {
    const log = statSync(`${this.#file}-wal`, { throwIfNoEntry: false });
    if (log === undefined) {
      return new OutboundEventsError(
        'ERR_STORAGE_FAILED',
        `${this.#file} or its -wal file was removed or renamed while in use, and what is accepted now would be lost; put it back, or start again`,
      );
    }
    if (log.size <= limitBytes || this.#carryOver()) return undefined;
    return new OutboundEventsError(
      'ERR_STORAGE_BUSY',
      `another program has been reading ${this.#file} for so long that its -wal file has outgrown the limit of the backlog; end what it does there`,
    );
  }

  #carryOver(): boolean {
    const row = this.#database.prepare('PRAGMA wal_checkpoint(PASSIVE)').get();
    return row?.log === row?.checkpointed;
  }

  /** Carries all over and gives the log's space back to the disk, as far as no other program is in the way. */
  empty(): void {
    this.#database.exec('PRAGMA busy_timeout = 0');
    try {
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } finally {
      this.#database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    }
  }
}
