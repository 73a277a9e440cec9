import type { Clock } from './clock.ts';

/** How often the other clock is asked: the answer that came fastest says most. */
const questions = 5;
/** It is followed anew when it is so far from where it should be, beyond what an answer may be late. */
const toleranceMs = 100;

/**
 * A host's clock whose `steady` goes by a clock that several processes share, so that what one of them has stored means
 * the same to the others. `now` stays the host's own: it is for people to read.
 */
export class SharedClock implements Clock {
  readonly #own: Clock;
  #aheadMs = 0;

  constructor(own: Clock) {
    this.#own = own;
  }

  now(): number {
    return this.#own.now();
  }

  steady(): number {
    return this.#own.steady() + this.#aheadMs;
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    return this.#own.setTimer(delayMs, callback);
  }

  /**
   * From now on it goes by the clock that `ask` reads (epoch ms), as exactly as half the time of an answer; `false`, and it
   * is as it was, where there is none (`null`). Rejects as `ask` does.
   */
  async follow(ask: () => Promise<number | null>): Promise<boolean> {
    let shortestMs = Number.POSITIVE_INFINITY;
    let aheadMs = 0;
    for (let question = 0; question < questions; question += 1) {
      const askedAt = this.#own.steady();
      const time = await ask();
      if (time === null) return false;
      const tookMs = this.#own.steady() - askedAt;
      if (tookMs >= shortestMs) continue;
      shortestMs = tookMs;
      aheadMs = Math.round(time - askedAt - tookMs / 2);
    }
    this.#aheadMs = aheadMs;
    return true;
  }

  /** Follows it anew where one of the two has jumped, or stood still: while the machine was suspended ours does. */
  async keepUp(ask: () => Promise<number | null>): Promise<void> {
    const askedAt = this.steady();
    const time = await ask();
    if (time === null) return;
    const answeredAt = this.steady();
    const isOff = time < askedAt - toleranceMs || time > answeredAt + toleranceMs;
    if (isOff) await this.follow(ask);
  }
}
