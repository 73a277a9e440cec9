interface Timer {
  readonly dueAt: number;
  /** `null` once it is cancelled. */
  callback: (() => void) | null;
}

/** So many steps are made in one turn of the event loop, which costs more than a step. */
const stepsPerTurn = 256;

/** Time that passes only when everything that could be done without it is done. All of a simulation goes by it. */
export class VirtualTime {
  #now: number;
  /** The next one is the last. */
  readonly #timers: Timer[] = [];

  constructor(now: number) {
    this.#now = now;
  }

  get now(): number {
    return this.#now;
  }

  /** Calls back after so many milliseconds. Returns the cancellation. */
  after(delayMs: number, callback: () => void): () => void {
    const timer: Timer = { dueAt: this.#now + Math.max(0, delayMs), callback };
    this.#timers.splice(this.#placeFor(timer.dueAt), 0, timer);
    return () => {
      timer.callback = null;
    };
  }

  /** Resolves after so many milliseconds. */
  wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Has time pass until `isOver`, or until nothing is left to come. Timers of the same time fire in the order they were set. */
  async run(isOver: () => boolean): Promise<void> {
    await turn(1, () => {});
    let isDone = false;
    while (!isDone)
      await turn(stepsPerTurn, () => {
        isDone ||= isOver() || !this.#fireNext();
      });
  }

  #fireNext(): boolean {
    for (let timer = this.#timers.pop(); timer !== undefined; timer = this.#timers.pop()) {
      const { callback } = timer;
      if (callback === null) continue;
      this.#now = timer.dueAt;
      callback();
      return true;
    }
    return false;
  }

  /** Before all that are due at the same time or earlier, so that those fire first. */
  #placeFor(dueAt: number): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#timers[middle]?.dueAt ?? 0) > dueAt) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * Steps within one turn of the event loop, the last of which resolves it. Between two of them all promises go on that can:
 * Node.js sees to them after each callback, and there is no real input or output in a simulation.
 */
function turn(steps: number, step: () => void): Promise<void> {
  return new Promise((resolve) => {
    for (let number = 1; number <= steps; number += 1) setImmediate(step);
    setImmediate(resolve);
  });
}
