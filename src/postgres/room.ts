/** Deliveries and bytes. */
export interface Room {
  readonly deliveries: number;
  readonly bytes: number;
}

/** How long a count of what waits is good for, and how much of the room it found may be used meanwhile. */
const goodMs = 1_000;
const share = 16;

/** What may be accepted without counting: that costs the more, the more recipients there are. */
export class UncountedRoom {
  #left: Room = { deliveries: 0, bytes: 0 };
  #until = Number.NEGATIVE_INFINITY;

  /** Whether what waits must be counted before so much is accepted. */
  mustCount({ deliveries, bytes }: Room): boolean {
    if (performance.now() > this.#until) return true;
    this.#left = { deliveries: this.#left.deliveries - deliveries, bytes: this.#left.bytes - bytes };
    return this.#left.deliveries < 0 || this.#left.bytes < 0;
  }

  /** To be told what a count has found, and what was accepted right after it at the most. */
  counted(room: Room, { deliveries, bytes }: Room): void {
    this.#left = { deliveries: (room.deliveries - deliveries) / share, bytes: (room.bytes - bytes) / share };
    this.#until = performance.now() + goodMs;
  }
}
