/** When it is looked for the first time, and how long the pauses grow. */
const firstMs = 50;
const longestMs = 800;

export interface StagedWatchContext {
  /** Puts into the queues what is committed; resolves with those of the transactions that have ended. */
  readonly ended: (transactions: readonly string[]) => Promise<readonly string[]>;
  /** Is told to which recipients events may have come. */
  readonly tell: (recipientIds: readonly string[]) => void;
}

/**
 * Finds out when transactions of the host that events were emitted in have ended, by looking: a message within their
 * commits would make all commits of the database wait for each other.
 */
export class StagedWatch {
  readonly #context: StagedWatchContext;
  /** Of each transaction that may be open, the recipients of its events. */
  readonly #open = new Map<string, Set<string>>();
  #pauseMs = firstMs;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | null = null;
  #closed = false;

  constructor(context: StagedWatchContext) {
    this.#context = context;
  }

  /** To be told of every event that was emitted within a transaction. */
  staged(transaction: string, recipientIds: readonly string[]): void {
    this.#open.set(transaction, new Set([...(this.#open.get(transaction) ?? []), ...recipientIds]));
    // One that has looked often in vain waits for long.
    if (this.#pauseMs > firstMs) clearTimeout(this.#timer);
    if (this.#pauseMs > firstMs || this.#timer === undefined) this.#schedule(firstMs);
  }

  /** Looks a last time: what was committed just now is told at once. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#looking;
    await this.#look();
  }

  #schedule(pauseMs: number): void {
    this.#pauseMs = pauseMs;
    if (this.#closed || this.#looking !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#pauseMs = Math.min(2 * pauseMs, longestMs);
      this.#looking = this.#look().then(() => {
        this.#looking = null;
        if (this.#open.size > 0) this.#schedule(this.#pauseMs);
      });
    }, pauseMs);
  }

  async #look(): Promise<void> {
    if (this.#open.size === 0) return;
    // What fails is looked for again.
    const ended = await this.#context.ended([...this.#open.keys()]).catch(() => []);
    const told = new Set(ended.flatMap((transaction) => [...(this.#open.get(transaction) ?? [])]));
    for (const transaction of ended) this.#open.delete(transaction);
    if (told.size > 0) this.#context.tell([...told]);
  }
}
