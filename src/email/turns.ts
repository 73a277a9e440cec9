/** Lets so many callers on at a time; the others wait in line. */
export class Turns {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs `use` in its turn, and resolves as it does; with `null`, and without running it, when `signal` aborts before. */
  async take<T>(signal: AbortSignal, use: () => Promise<T>): Promise<T | null> {
    if (this.#free > 0) this.#free--;
    else if (!(await this.#called(signal))) return null;
    try {
      return signal.aborted ? null : await use();
    } finally {
      this.#passOn();
    }
  }

  /** Waits in line; `false` when it was left before the turn came. */
  async #called(signal: AbortSignal): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const call = (): void => resolve(true);
    const leave = (): void => {
      if (this.#waiting.delete(call)) resolve(false);
    };
    this.#waiting.add(call);
    signal.addEventListener('abort', leave);
    if (signal.aborted) leave();
    return promise.finally(() => signal.removeEventListener('abort', leave));
  }

  #passOn(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free++;
    else {
      this.#waiting.delete(next);
      next();
    }
  }
}
