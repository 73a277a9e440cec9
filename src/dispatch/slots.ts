import type { Clock } from '../core/clock.ts';

/** An attempt that takes longer hangs: others need not wait until it is over. */
const hangingMs = 1_000;

/** So many times the cap may hang besides. */
const hangingFactor = 9;

/** Somebody who wants to make an attempt. */
export interface SlotUser {
  /** Whether it belongs to a failing recipient. Asked when it lines up. */
  readonly failing: boolean;
  /** Called when its turn has come; it calls `release` once it needs the slot no more. Calls after the first do nothing. */
  begin(release: () => void): void;
}

/** An attempt under way that was begun for a healthy recipient. */
interface HealthyAttempt {
  readonly begunAt: number;
  /** Whether its slot went to others. */
  hangs: boolean;
}

/**
 * The cap on attempts under way. Who waited longest begins first, in two lines: failing recipients use at most half of
 * the slots, so that however many of them hang until their time limit, the healthy ones go on. Where healthy ones begin
 * to hang, many at once, their slots go to those in line after a second.
 */
export class Slots {
  readonly #limit: number;
  readonly #limitFailing: number;
  readonly #clock: Pick<Clock, 'steady' | 'setTimer'>;
  readonly #healthy = new Set<SlotUser>();
  readonly #failing = new Set<SlotUser>();
  #used = 0;
  #usedFailing = 0;
  /** Those that hold a slot, the oldest first. */
  readonly #begun = new Set<HealthyAttempt>();
  #hanging = 0;
  /** Stops waiting for the oldest to hang; `null` while nobody is in line for its slot. */
  #cancelWatch: (() => void) | null = null;
  #failingNext = false;
  #closed = false;

  constructor(limit: number, clock: Pick<Clock, 'steady' | 'setTimer'>) {
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

  /** Whether nobody begins any more. */
  get isClosed(): boolean {
    return this.#closed;
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
    this.#cancelWatch?.();
  }

  #fill(): void {
    while (!this.#closed && this.#used < this.#limit) {
      const healthy = first(this.#healthy);
      const failing = this.#usedFailing < this.#limitFailing ? first(this.#failing) : undefined;
      // With both lines waiting they take turns.
      this.#failingNext = healthy === undefined || (failing !== undefined && !this.#failingNext);
      const user = this.#failingNext ? failing : healthy;
      if (user === undefined) return;
      this.leave(user);
      if (this.#failingNext) this.#beginFailing(user);
      else this.#beginHealthy(user);
    }
    this.#watchOldest();
  }

  #beginHealthy(user: SlotUser): void {
    const attempt: HealthyAttempt = { begunAt: this.#clock.steady(), hangs: false };
    this.#begun.add(attempt);
    this.#begin(user, () => {
      this.#begun.delete(attempt);
      if (attempt.hangs) this.#hanging--;
      else this.#used--;
    });
  }

  #beginFailing(user: SlotUser): void {
    this.#usedFailing++;
    this.#begin(user, () => {
      this.#used--;
      this.#usedFailing--;
    });
  }

  #begin(user: SlotUser, giveBack: () => void): void {
    this.#used++;
    let isHeld = true;
    user.begin(() => {
      if (!isHeld) return;
      isHeld = false;
      giveBack();
      this.#fill();
    });
  }

  /** One timer for all, and only while somebody is in line. */
  #watchOldest(): void {
    const isWaitedFor = this.#healthy.size + this.#failing.size > 0;
    const oldest = first(this.#begun);
    if (this.#closed || this.#cancelWatch !== null || !isWaitedFor || !this.#moreMayHang) return;
    if (oldest === undefined) return;
    const waitMs = Math.max(0, oldest.begunAt + hangingMs - this.#clock.steady());
    this.#cancelWatch = this.#clock.setTimer(waitMs, () => {
      this.#cancelWatch = null;
      this.#takeFromHanging();
      this.#fill();
    });
  }

  get #moreMayHang(): boolean {
    return this.#hanging < this.#limit * hangingFactor;
  }

  #takeFromHanging(): void {
    const latest = this.#clock.steady() - hangingMs;
    for (const attempt of this.#begun) {
      if (attempt.begunAt > latest || !this.#moreMayHang) return;
      attempt.hangs = true;
      this.#begun.delete(attempt);
      this.#hanging++;
      this.#used--;
    }
  }
}

function first<Item>(line: ReadonlySet<Item>): Item | undefined {
  return line.values().next().value;
}
