/** Events forgotten are looked for after so many new ones, among so many. */
const eventsPerStep = 256;
const visitsPerStep = 1_024;

/** What the function `forget` takes. */
export interface ForgetInput {
  readonly after: number;
  readonly before: number;
  readonly visits: number;
}

/** Forgets outdated events now and then, some at a time, beside the other calls. */
export class Forgetting {
  readonly #step: (input: ForgetInput) => Promise<number>;
  #visited = 0;
  #due = 0;

  /** @param step forgets some; resolves with where the next step begins. */
  constructor(step: (input: ForgetInput) => Promise<number>) {
    this.#step = step;
  }

  /** To be told of every new event; those accepted before `before` may go. */
  added(count: number, before: number): void {
    this.#due += count;
    if (this.#due < eventsPerStep) return;
    this.#due = 0;
    this.#step({ after: this.#visited, before, visits: visitsPerStep }).then(
      (visited) => {
        this.#visited = visited;
      },
      // It is tried again with the next events.
      () => {},
    );
  }
}
