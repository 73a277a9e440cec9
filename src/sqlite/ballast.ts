import { randomBytes } from 'node:crypto';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { regularFile } from './database-file.ts';

const largest = 8 * 1024 * 1024;
const smallest = 64 * 1024;

/**
 * A file that only takes up space, `<file>-ballast`. On a full disk SQLite cannot even delete; so when a delivery is to
 * be settled there, the ballast makes way, and SQLite can move on in its space. Events are accepted only while the
 * ballast is in place, so that they cannot take that space.
 *
 * On a small disk it is a quarter of what is free.
 */
export class Ballast {
  readonly #path: string;
  /** Once chosen it stays: a smaller one would let events take the space of the larger. */
  #size = 0;
  #inPlace = false;

  constructor(file: string) {
    this.#path = `${file}-ballast`;
    const found = regularFile(this.#path)?.size ?? 0;
    if (found < smallest) return;
    this.#size = found;
    this.#inPlace = true;
  }

  /** Bytes it takes, or last took; 0 when there never was room for it. */
  get size(): number {
    return this.#size;
  }

  /** Bytes that are free on the disk beside it; as many as one could want where the file system does not say. */
  bytesFree(): number {
    const { blocks, bavail, bsize } = statfsSync(dirname(this.#path));
    return blocks === 0 ? Number.POSITIVE_INFINITY : bavail * bsize;
  }

  /** Puts the ballast in place, if it is not. `false` when there is no room for it. */
  restore(): boolean {
    if (this.#inPlace) return true;
    const free = this.bytesFree();
    const size = this.#size || Math.min(largest, Math.floor(free / 4));
    if (size < smallest || size > free) return false;
    rmSync(this.#path, { force: true });
    try {
      // Random bytes, because a file system that compresses would make nothing of others.
      writeFileSync(this.#path, randomBytes(size), { mode: 0o600, flag: 'wx' });
    } catch {
      rmSync(this.#path, { force: true });
      return false;
    }
    this.#size = size;
    this.#inPlace = true;
    return true;
  }

  /** Gives the space back to the disk. `false` when there is none to give, or it cannot be given. */
  spend(): boolean {
    if (!this.#inPlace) return false;
    try {
      rmSync(this.#path, { force: true });
    } catch {
      return false;
    }
    this.#inPlace = false;
    return true;
  }
}
