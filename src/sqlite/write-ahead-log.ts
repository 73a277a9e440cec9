import { closeSync, fdatasyncSync, openSync, statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { OutboundEventsError } from '../core/errors.ts';
import { withoutWaiting } from './open-database.ts';

/** SQLite's defaults. */
const pageBytes = 4096;
const carriedOverAt = 1_000;

/**
 * SQLite's log, `<file>-wal`: what is committed goes there first, and is carried over into the file itself from time to
 * time. Not while another program reads an older state of the file: until it has done, the log only grows.
 */
export class WriteAheadLog {
  readonly #database: DatabaseSync;
  readonly #path: string;
  /** Pages. */
  #carryOverAt = carriedOverAt;
  #flushesCommits = true;
  /** Whether something was committed that may not be on the disk yet; before a crash, too. */
  #isBehind = true;
  #isTorn = false;

  /** Of a database with `synchronous = FULL`. */
  constructor(database: DatabaseSync, file: string) {
    this.#database = database;
    this.#path = `${file}-wal`;
  }

  /** From now on, has it carried over when it has come to about so many bytes. */
  carryOverAt(bytes: number): void {
    this.#carryOverAt = Math.ceil(bytes / pageBytes);
    this.#database.exec(`PRAGMA wal_autocheckpoint = ${this.#carryOverAt}`);
  }

  /**
   * Whether what is committed from now on is to be on the disk when the commit returns. What is not is there after the
   * next commit that is and writes something, or after {@link flush}. Not within a transaction. Throws when it
   * {@link isTorn}.
   */
  flushCommits(yes: boolean): void {
    if (this.#isTorn) throw torn();
    if (yes !== this.#flushesCommits) {
      // To carry over is to flush, and SQLite does not tell when that fails by itself: so only what is flushed before.
      this.#database.exec(`
        PRAGMA synchronous = ${yes ? 'FULL' : 'NORMAL'};
        PRAGMA wal_autocheckpoint = ${yes ? this.#carryOverAt : 0}`);
      this.#flushesCommits = yes;
    }
    this.#isBehind ||= !yes;
  }

  /** The disk has failed under a commit. */
  commitFailed(): void {
    this.#isTorn = true;
  }

  /**
   * Whether something that was to be flushed may be missing on the disk for ever: the system may have given it up, and does
   * not say so twice. Behind a gap in the log nothing counts. Only opening the file again tells what there is.
   */
  get isTorn(): boolean {
    return this.#isTorn;
  }

  /** Whatever was committed is on the disk when this returns. */
  flush(): void {
    if (!this.#isBehind || this.size() === undefined) return;
    try {
      // SQLite has no locks on its log, which would end with this descriptor.
      const descriptor = openSync(this.#path, 'r+');
      try {
        fdatasyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
    } catch (error) {
      this.#isTorn = true;
      throw error;
    }
    this.#isBehind = false;
  }

  /** Bytes it takes on the disk; `undefined` when somebody has removed it. */
  size(): number | undefined {
    return statSync(this.#path, { throwIfNoEntry: false })?.size;
  }

  /** Carries it over. `false` when another program kept a part from being. */
  carryOver(): boolean {
    this.flush();
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
    this.flush();
    withoutWaiting(this.#database, () => this.#database.exec(`PRAGMA wal_checkpoint(${mode})`));
  }
}

function torn(): OutboundEventsError {
  return new OutboundEventsError('ERR_STORAGE_IO', 'the disk failed just before; the next call looks at what is on it');
}
