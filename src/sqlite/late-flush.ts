import type { WriteAheadLog } from './write-ahead-log.ts';

/** A power cut takes back what was committed without a flush for no longer than this. */
const latestMs = 100;

type Log = Pick<WriteAheadLog, 'flush' | 'carryOverIfLong'>;

/** Flushes what was committed without, a little later and together. */
export class LateFlush {
  readonly #log: Log;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Something was committed without a flush. When the one that is to follow fails, this thread ends with its error. */
  plan(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#log.flush();
      this.#log.carryOverIfLong();
    }, latestMs);
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
