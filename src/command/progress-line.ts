import type { CopyProgress } from '../postgres.ts';

/** Where a command says what it does: `process.stdout`. */
export interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Shows how far a copy is: in one line that changes on a terminal, elsewhere in a line for each tenth. */
export class ProgressLine {
  readonly #output: Output;
  #shown = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  show({ copied, of }: CopyProgress): void {
    const percent = Math.floor((copied / of) * 100);
    const text = `${copied} of ${of} rows (${percent} %)`;
    if (this.#output.isTTY === true) this.#write(percent, `\r${text}`);
    else this.#write(percent - (percent % 10), `${text}\n`);
  }

  /** What comes next begins on a line of its own. */
  end(): void {
    if (this.#output.isTTY === true && this.#shown > 0) this.#output.write('\n');
  }

  /** Not twice for the same part. */
  #write(part: number, text: string): void {
    if (part === this.#shown) return;
    this.#shown = part;
    this.#output.write(text);
  }
}
