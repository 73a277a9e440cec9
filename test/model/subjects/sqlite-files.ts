import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A disk that needs no flush, where there is one: nothing here cuts the power. */
const disk = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** The smallest that a storage takes for its own: it need not write a larger one for each file. */
const ballast = Buffer.alloc(64 * 1024, 1);

/** The file of one storage after the other, in a directory of its own. */
export class SqliteFiles {
  readonly #directory: string;
  #number = 0;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async make(): Promise<SqliteFiles> {
    return new SqliteFiles(await mkdtemp(join(disk, 'outbound-events-')));
  }

  get #path(): string {
    return join(this.#directory, `${this.#number}.db`);
  }

  /** The file as the next process finds it. */
  async next(): Promise<string> {
    await writeFile(`${this.#path}-ballast`, ballast, { flag: 'a' });
    return this.#path;
  }

  /** What a crash at this moment leaves is what the next process finds: the file and its log, and nothing of locks. */
  async crash(): Promise<void> {
    const before = this.#path;
    this.#number += 1;
    for (const end of ['', '-wal']) await copyFile(`${before}${end}`, `${this.#path}${end}`);
  }

  async remove(): Promise<void> {
    await rm(this.#directory, { recursive: true });
  }
}
