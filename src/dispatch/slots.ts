/** Somebody who wants to make an attempt. */
export interface SlotUser {
  /** Whether it belongs to a failing recipient. Asked when it lines up. */
  readonly failing: boolean;
  /** Called when its turn has come; it calls `release` once it is done. */
  begin(release: () => void): void;
}

/**
 * The cap on attempts under way. Who waited longest begins first, in two lines: failing recipients use at most half of
 * the slots, so that however many of them hang until their time limit, the healthy ones go on.
 */
export class Slots {
  readonly #limit: number;
  readonly #limitFailing: number;
  readonly #healthy = new Set<SlotUser>();
  readonly #failing = new Set<SlotUser>();
  #used = 0;
  #usedFailing = 0;
  #failingNext = false;
  #closed = false;

  constructor(limit: number) {
    this.#limit = limit;
    this.#limitFailing = Math.max(1, Math.floor(limit / 2));
  }

  lineUp(user: SlotUser): void {
    (user.failing ? this.#failing : this.#healthy).add(user);
    this.#fill();
  }

  /** Whether healthy recipients wait in line. */
  get isCrowded(): boolean {
    return this.#healthy.size > 0;
  }

  leave(user: SlotUser): void {
    this.#healthy.delete(user);
    this.#failing.delete(user);
  }

  /** Nobody begins any more. */
  close(): void {
    this.#closed = true;
    this.#healthy.clear();
    this.#failing.clear();
  }

  #fill(): void {
    while (!this.#closed && this.#used < this.#limit) {
      const healthy = first(this.#healthy);
      const failing = this.#usedFailing < this.#limitFailing ? first(this.#failing) : undefined;
      // With both lines waiting they take turns.
      this.#failingNext = healthy === undefined || (failing !== undefined && !this.#failingNext);
      const user = this.#failingNext ? failing : healthy;
      if (user === undefined) return;
      this.#begin(user, this.#failingNext);
    }
  }

  #begin(user: SlotUser, failing: boolean): void {
    this.leave(user);
    this.#used++;
    if (failing) this.#usedFailing++;
    let held = true;
    user.begin(() => {
      if (!held) return;
      held = false;
      this.#used--;
      if (failing) this.#usedFailing--;
      this.#fill();
    });
  }
}

function first<Item>(line: ReadonlySet<Item>): Item | undefined {
  return line.values().next().value;
}
