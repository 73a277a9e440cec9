import type { Clock } from '../core/clock.ts';
import { type Duration, parseDuration } from '../core/duration.ts';

interface Timer {
  readonly dueAt: number;
  readonly callback: () => void;
}

/** Turns of the event loop after which work that waits for no time is taken to have come to rest. */
const turnsToRest = 5;

/**
 * A clock that stands still until it is told to move. No real time passes.
 *
 * Moving it lets work under way come to rest first: chains of promises, and a few turns of the event loop. Work that
 * takes longer (a real socket, a worker thread) has to be awaited by other means, such as `waitFor`.
 *
 * @example
 * const clock = new ManualClock();
 * await clock.advance('15m');
 */
export class ManualClock implements Clock {
  #steady: number;
  /** How far the wall clock is ahead. */
  #jumped = 0;
  readonly #timers = new Set<Timer>();

  /** `now`: what both times begin with, epoch ms. Default: the first moment of 2026. */
  constructor({ now = Date.UTC(2026, 0, 1) }: { readonly now?: number | undefined } = {}) {
    this.#steady = now;
  }

  now(): number {
    return this.#steady + this.#jumped;
  }

  steady(): number {
    return this.#steady;
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    const timer: Timer = { dueAt: this.#steady + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** Timers that are set: none should be left when what used the clock has stopped. */
  get pending(): number {
    return this.#timers.size;
  }

  /** When the next timer is due, by {@link steady}; `null` when none is set. */
  get nextDueAt(): number | null {
    return this.#nextTimer()?.dueAt ?? null;
  }

  /**
   * Lets time pass: milliseconds, or text such as `'15m'`. Timers fire at their time, in the order of their times, each
   * after the work of the one before has come to rest. `advance(0)` lets work come to rest and fires what is due now.
   */
  async advance(duration: Duration): Promise<void> {
    const end = this.#steady + parseDuration(duration, 'duration', 0, 0);
    await rest();
    for (let timer = this.#nextTimer(); timer !== undefined && timer.dueAt <= end; timer = this.#nextTimer()) {
      this.#timers.delete(timer);
      this.#moveTo(timer.dueAt);
      timer.callback();
      await rest();
    }
    this.#moveTo(end);
  }

  /** Sets the wall clock forward, or back with a negative number, as an operator or a time server would. No timer notices. */
  jump(ms: number): void {
    this.#jumped += ms;
  }

  /** Of timers due at the same time, the one that was set first. */
  #nextTimer(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (next === undefined || timer.dueAt < next.dueAt) next = timer;
    }
    return next;
  }

  /** Never back, so that calls of `advance` may overlap. */
  #moveTo(time: number): void {
    this.#steady = Math.max(this.#steady, time);
  }
}

async function rest(): Promise<void> {
  for (let turn = 0; turn < turnsToRest; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
