interface Waiting<Item, Result> {
  readonly item: Item;
  /** Of the items in the order they were added. */
  readonly number: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export interface BatcherLimits<Item> {
  /** Items that go together at most. */
  readonly largest: number;
  /** Calls under way at a time. Order is kept with one only. */
  readonly atATime: number;
  /** What the items of a batch may weigh together; a heavier one goes alone. Default: any weight. */
  readonly weight?: { readonly of: (item: Item) => number; readonly most: number };
  /**
   * What an item fails with, without a turn of its own, that was waiting already when a batch began that failed with
   * `error`; `null` when it is to have its turn. Default: each has its turn.
   */
  readonly spread?: (error: unknown) => unknown;
}

/**
 * Few calls under way at a time; what comes meanwhile goes together with the next. So many share one commit when there is
 * much to do, and nobody waits when there is little.
 */
export class Batcher<Item, Result> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #limits: BatcherLimits<Item>;
  #waiting: Waiting<Item, Result>[] = [];
  #added = 0;
  readonly #underWay = new Set<Promise<void>>();

  /** `run` gets the items of a batch and answers with one result for each, in order. */
  constructor(run: (items: readonly Item[]) => Promise<readonly Result[]>, limits: BatcherLimits<Item>) {
    this.#run = run;
    this.#limits = limits;
  }

  /** Rejects with what `run` rejected with for the batch the item was in. */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#added += 1;
      this.#waiting.push({ item, number: this.#added, resolve, reject });
      if (this.#underWay.size < this.#limits.atATime) this.#begin();
    });
  }

  /** Resolves when every item that was added has its answer. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #begin(): void {
    const line = this.#work().then(() => {
      this.#underWay.delete(line);
      // What came in this very moment.
      if (this.#waiting.length > 0) this.#begin();
    });
    this.#underWay.add(line);
  }

  async #work(): Promise<void> {
    // A turn for the callers of this same moment to come along.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#countNext());
      const last = this.#added;
      try {
        const results = await this.#run(batch.map(({ item }) => item));
        for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result);
      } catch (error) {
        for (const { reject } of batch) reject(error);
        const spread = this.#limits.spread?.(error) ?? null;
        if (spread !== null) for (const { reject } of this.#takeUpTo(last)) reject(spread);
      }
    }
  }

  /** Those of the items up to this number that are waiting still. */
  #takeUpTo(last: number): readonly Waiting<Item, Result>[] {
    return this.#waiting.splice(0, this.#waiting.filter(({ number }) => number <= last).length);
  }

  /** How many go together next. */
  #countNext(): number {
    const { largest, weight } = this.#limits;
    const most = Math.min(largest, this.#waiting.length);
    if (weight === undefined) return most;
    let left = weight.most;
    for (let count = 0; count < most; count += 1) {
      left -= weight.of((this.#waiting[count] as Waiting<Item, Result>).item);
      if (left < 0) return Math.max(1, count);
    }
    return most;
  }
}
