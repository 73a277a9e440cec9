/**
 * Tells other processes to whose queues something was appended, after the commit and apart from it: messages within a
 * commit would make all commits of the database wait for each other. Who misses one finds out by looking.
 */
export class Teller {
  readonly #send: (recipientIds: readonly string[]) => Promise<unknown>;
  /** Recipients whose queues are worked on here: nobody else need be told what is appended to them. */
  readonly #held = new Set<string>();
  #toTell = new Set<string>();
  #telling: Promise<void> | null = null;

  constructor(send: (recipientIds: readonly string[]) => Promise<unknown>) {
    this.#send = send;
  }

  /** Queues are worked on here from now on. */
  holds(recipientIds: readonly string[]): void {
    for (const id of recipientIds) this.#held.add(id);
  }

  holdsNoLonger(recipientIds: readonly string[]): void {
    for (const id of recipientIds) this.#held.delete(id);
  }

  tell(recipientIds: readonly string[]): void {
    for (const id of recipientIds) if (!this.#held.has(id)) this.#toTell.add(id);
    if (this.#toTell.size > 0) this.#telling ??= this.#tellAll();
  }

  /** Resolves when all is told. */
  async idle(): Promise<void> {
    await this.#telling;
  }

  async #tellAll(): Promise<void> {
    while (this.#toTell.size > 0) {
      const ids = [...this.#toTell];
      this.#toTell = new Set();
      await this.#send(ids).catch(() => {});
    }
    this.#telling = null;
  }
}
