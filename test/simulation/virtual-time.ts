interface Timer {
  readonly dueAt: number;
  readonly callback: () => void;
}

/** Time that passes only when everything that could be done without it is done. All of a simulation goes by it. */
export class VirtualTime {
  #now: number;
  readonly #timers = new Set<Timer>();

  constructor(now: number) {
    this.#now = now;
  }

  get now(): number {
    return this.#now;
  }

  /** Calls back after so many milliseconds. Returns the cancellation. */
  after(delayMs: number, callback: () => void): () => void {
    const timer: Timer = { dueAt: this.#now + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** Resolves after so many milliseconds. */
  wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Has time pass until `isOver`, or until nothing is left to come. Timers of the same time fire in the order they were set. */
  async run(isOver: () => boolean): Promise<void> {
    await rest();
    for (let timer = this.#next(); timer !== undefined && !isOver(); timer = this.#next()) {
      this.#timers.delete(timer);
      this.#now = timer.dueAt;
      timer.callback();
      await rest();
    }
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.dueAt < next.dueAt) next = timer;
    return next;
  }
}

/** All promises that can go on have gone on after it: there is no real input or output in a simulation. */
function rest(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
