import type { Clock } from '../../src/core/clock.ts';
import type { VirtualTime } from './virtual-time.ts';

/** One life of a process: it may stand still for a while, and ends. What would reach it afterwards never does. */
export class SimulatedProcess implements Clock {
  readonly #time: VirtualTime;
  /** How far its clock is ahead of the true time. */
  readonly #aheadMs: number;
  /** How far its wall clock was set since. */
  #jumpedMs = 0;
  #state: 'runs' | 'stands still' | 'has ended' = 'runs';
  #held: (() => void)[] = [];

  constructor(time: VirtualTime, aheadMs: number) {
    this.#time = time;
    this.#aheadMs = aheadMs;
  }

  get runs(): boolean {
    return this.#state === 'runs';
  }

  now(): number {
    return this.steady() + this.#jumpedMs;
  }

  steady(): number {
    return this.#time.now + this.#aheadMs;
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    let isCancelled = false;
    const cancel = this.#time.after(delayMs, () => {
      this.reach(() => {
        if (!isCancelled) callback();
      });
    });
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  jump(ms: number): void {
    this.#jumpedMs += ms;
  }

  /** Something from outside: at once, when it goes on, or never. */
  reach(callback: () => void): void {
    if (this.#state === 'runs') callback();
    if (this.#state === 'stands still') this.#held.push(callback);
  }

  pause(): void {
    if (this.#state === 'runs') this.#state = 'stands still';
  }

  goOn(): void {
    if (this.#state !== 'stands still') return;
    this.#state = 'runs';
    const held = this.#held;
    this.#held = [];
    for (const callback of held) callback();
  }

  end(): void {
    this.#state = 'has ended';
    this.#held = [];
  }
}
