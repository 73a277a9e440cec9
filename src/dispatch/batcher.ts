interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One call under way at a time; what comes meanwhile goes together with the next. So many share one commit when there is
 * much to do, and nobody waits when there is little. Order is kept.
 */
export class Batcher<Item, Result> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #largest: number;
  #waiting: Waiting<Item, Result>[] = [];
  #draining: Promise<void> | null = null;

  /** `run` gets up to `largest` items and answers with one result for each, in order. */
  constructor(run: (items: readonly Item[]) => Promise<readonly Result[]>, largest: number) {
    this.#run = run;
    this.#largest = largest;
  }

  /** Rejects with what `run` rejected with for the batch the item was in. */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  /** Resolves when every item that was added has its answer. */
  async idle(): Promise<void> {
    await this.#draining;
  }

  async #drain(): Promise<void> {
    // A turn for the callers of this same moment to come along.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#largest);
      try {
        const results = await this.#run(batch.map(({ item }) => item));
        for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#draining = null;
  }
}
