import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** The pages of a database, in bytes. Asking costs the same however many there are. */
export class Pages {
  readonly #count: StatementSync;
  readonly #free: StatementSync;
  readonly #size: number;

  constructor(database: DatabaseSync) {
    this.#count = database.prepare('PRAGMA page_count');
    this.#free = database.prepare('PRAGMA freelist_count');
    this.#size = Number(database.prepare('PRAGMA page_size').get()?.page_size);
  }

  /** Of pages that hold something. */
  bytesInUse(): number {
    return Number(this.#count.get()?.page_count) * this.#size - this.bytesUnused();
  }

  /** Of pages whose rows were deleted: they are used again before the file grows. */
  bytesUnused(): number {
    return Number(this.#free.get()?.freelist_count) * this.#size;
  }
}
