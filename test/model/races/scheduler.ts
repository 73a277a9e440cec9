/** Turns of the event loop after which what goes on by itself has come to rest. */
const turnsToRest = 2;

/** Decides what happens next: everything that waits for its turn waits until it is picked. */
export class Scheduler {
  readonly #waiting: { readonly owner: number; readonly begin: () => void }[] = [];

  /** Resolves when it is picked. `owner` is the process it belongs to. */
  turn(owner: number): Promise<void> {
    return new Promise((begin) => {
      this.#waiting.push({ owner, begin });
    });
  }

  /** How many wait, of all or of one process. */
  waiting(owner?: number): number {
    return this.#waiting.filter((one) => owner === undefined || one.owner === owner).length;
  }

  /** Lets one go on, counted round, and all that follows from it come to rest. */
  async pick(number: number): Promise<void> {
    const [picked] = this.#waiting.splice(number % Math.max(1, this.#waiting.length), 1);
    picked?.begin();
    await rest();
  }

  /** Lets one after the other go on, in the order they came, until none waits. */
  async pickAll(): Promise<void> {
    await rest();
    while (this.#waiting.length > 0) await this.pick(0);
  }
}

async function rest(): Promise<void> {
  for (let turn = 0; turn < turnsToRest; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
