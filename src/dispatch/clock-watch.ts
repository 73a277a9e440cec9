import type { SharedClock } from '../core/shared-clock.ts';

/** Has a clock keep up with the one that the processes over a storage share, as long as the host runs. */
export class ClockWatch {
  readonly #clock: SharedClock;
  readonly #ask: () => Promise<number | null>;
  readonly #everyMs: number;
  #cancel = (): void => {};
  #isStopped = false;

  /** @param ask what the storage's clock says; `null` where there is none to keep up with. */
  constructor(clock: SharedClock, ask: () => Promise<number | null>, everyMs: number) {
    this.#clock = clock;
    this.#ask = ask;
    this.#everyMs = everyMs;
  }

  /** Rejects, and has not begun, when the storage does. */
  async start(): Promise<void> {
    if (await this.#clock.follow(this.#ask)) this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #schedule(): void {
    this.#cancel();
    if (this.#isStopped) return;
    this.#cancel = this.#clock.setTimer(this.#everyMs, () => {
      const schedule = (): void => this.#schedule();
      // What cannot be asked now is asked the next time.
      this.#clock.keepUp(this.#ask).then(schedule, schedule);
    });
  }
}
