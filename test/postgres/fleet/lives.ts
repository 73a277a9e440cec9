/** The lives of processes: one that goes on after an outage begins another one. */
export class Lives {
  /** When each of them ended. */
  readonly ends = new Map<number, number>();
  readonly #byMark = new Map<string, number>();
  #last = 0;

  /** The mark of a process that is about to start. */
  begin(): string {
    const mark = `life-${this.#last + 1}`;
    this.#begin(mark);
    return mark;
  }

  /** The life that a process is in. */
  of(mark: string | undefined): number {
    return this.#byMark.get(mark ?? '') ?? 0;
  }

  end(mark: string, at: number): void {
    this.ends.set(this.of(mark), at);
  }

  /** The process of a life that has ended goes on. */
  goOn(mark: string): void {
    this.#begin(mark);
  }

  #begin(mark: string): void {
    this.#last += 1;
    this.#byMark.set(mark, this.#last);
  }
}
