import type { WriteAheadLog } from './write-ahead-log.ts';

/** A power cut takes back what was committed without a flush for about so long. */
const latestMs = 100;
/** So many commits without a flush, then one with: only after those does SQLite look whether its log is to be carried over. */
const mostCommits = 100;

/** Flushes what was committed without, a little later and together; what else can wait is done right before. */
export class LateFlush {
  readonly #log: Pick<WriteAheadLog, 'flush'>;
  readonly #before: () => void;
  #commits = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Pick<WriteAheadLog, 'flush'>, before: () => void) {
    this.#log = log;
    this.#before = before;
  }

  /** Whether the next commit is to be flushed, whatever it is. */
  get isDue(): boolean {
    return this.#commits >= mostCommits;
  }

  committed(isFlushed: boolean): void {
    this.#commits = isFlushed ? 0 : this.#commits + 1;
    if (!isFlushed) this.soon();
  }

  /** Something is there to be done before the next flush. When that fails, the thread ends with the error. */
  soon(): void {
    this.#timer ??= setTimeout(() => this.now(), latestMs);
  }

  /** Throws when the disk fails. */
  now(): void {
    this.#before();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#log.flush();
  }
}
