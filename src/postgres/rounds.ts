/** Does something again and again, one at a time. */
export class Rounds {
  readonly #round: () => Promise<number>;
  #timer: NodeJS.Timeout | undefined;
  #underWay: Promise<void> | null = null;
  #isWanted = false;
  #isStopped = false;

  /** @param round never rejects; resolves with how long to wait until the next one, ms. */
  constructor(round: () => Promise<number>) {
    this.#round = round;
  }

  /** The next one begins now; when one is under way, after it. */
  wake(): void {
    if (this.#underWay === null) this.wakeIn(0);
    else this.#isWanted = true;
  }

  /** The next one begins after so long, whenever it was to. Not while one is under way. */
  wakeIn(waitMs: number): void {
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#underWay = this.#once();
    }, waitMs);
  }

  /** Resolves when the one under way has ended; there is no other. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#underWay;
  }

  async #once(): Promise<void> {
    this.#isWanted = false;
    const waitMs = await this.#round();
    this.#underWay = null;
    this.wakeIn(this.#isWanted ? 0 : waitMs);
  }
}
