interface Link<T> {
  readonly value: T;
  next: Link<T> | null;
}

/** A line: adding at its end and taking from its head cost the same at any length, and what was taken is let go. */
export class Fifo<T> {
  #head: Link<T> | null = null;
  #tail: Link<T> | null = null;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The value at the head, left where it is. */
  peek(): T | undefined {
    return this.#head?.value;
  }

  push(value: T): void {
    const link: Link<T> = { value, next: null };
    if (this.#tail === null) this.#head = link;
    else this.#tail.next = link;
    this.#tail = link;
    this.#length += 1;
  }

  /** Takes the value at the head. */
  shift(): T | undefined {
    const head = this.#head;
    if (head === null) return undefined;
    this.#head = head.next;
    if (this.#head === null) this.#tail = null;
    this.#length -= 1;
    return head.value;
  }

  /** From the head on. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let link = this.#head; link !== null; link = link.next) yield link.value;
  }
}
