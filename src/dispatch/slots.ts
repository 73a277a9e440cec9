import type { Clock } from '../core/clock.ts';

/** An attempt that takes longer hangs: others need not wait until it is over. */
const hangingMs = 1_000;

/** So many times the cap may hang besides. */
const hangingFactor = 9;

/** Somebody who wants to make an attempt. */
export interface SlotUser {
  /** Whether it belongs to a failing recipient. Asked when it lines up. */
  readonly failing: boolean;
  /** Called when its turn has come; it calls `release` once it is done. */
  begin(release: () => void): void;
}

/**
 * The cap on attempts under way. Who waited longest begins first, in two lines: failing recipients use at most half of
 * the slots, so that however many of them hang until their time limit, the healthy ones go on. Where healthy ones begin
 * to hang, many at once, their slots go to others after a second.
 */
export class Slots {
  readonly #limit: number;
  readonly #limitFailing: number;
  readonly #clock: Pick<Clock, 'setTimer'>;
  readonly #healthy = new Set<SlotUser>();
  readonly #failing = new Set<SlotUser>();
  #used = 0;
  #usedFailing = 0;
  /** Attempts whose slot went to others. */
  #hanging = 0;
  #failingNext = false;
  #closed = false;

  constructor(limit: number, clock: Pick<Clock, 'setTimer'>) {
    this.#limit = limit;
    this.#clock = clock;
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
    let holds: 'slot' | 'no slot' | 'nothing' = 'slot';
    const cancel = failing
      ? () => {}
      : this.#clock.setTimer(hangingMs, () => {
          if (this.#hanging >= this.#limit * hangingFactor) return;
          holds = 'no slot';
          this.#hanging++;
          this.#used--;
          this.#fill();
        });
    user.begin(() => {
      if (holds === 'nothing') return;
      cancel();
      if (holds === 'no slot') this.#hanging--;
      else this.#used--;
      holds = 'nothing';
      if (failing) this.#usedFailing--;
      this.#fill();
    });
  }
}

function first<Item>(line: ReadonlySet<Item>): Item | undefined {
  return line.values().next().value;
}
