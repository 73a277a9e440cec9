import { fairShare } from '../core/fair-share.ts';
import type { Presence } from '../core/storage.ts';

/** Checks in a row that find a queue left by all others, before it is taken beyond the share. */
const patience = 5;

/**
 * How many queues this process works on, so that each process has its share. A queue that nobody else takes is taken
 * beyond the share, and kept: others may not know its recipient.
 */
export class Spread {
  #holders = 1;
  readonly #keepers = new Set<string>();
  #left = 0;

  /** How many more queues to claim, of `known` that this process could work on, while it works on `held`. */
  claimable(presence: Presence, known: number, held: number): { readonly limit: number; readonly beyond: boolean } {
    this.#meet(presence);
    const room = fairShare(known, presence.holders) - held;
    this.#left = presence.free > 0 && room <= 0 ? this.#left + 1 : 0;
    const beyond = this.#left >= patience;
    if (beyond) this.#left = 0;
    if (presence.free === 0) return { limit: 0, beyond: false };
    return beyond ? { limit: known, beyond } : { limit: Math.max(0, room), beyond };
  }

  /** These were taken beyond the share: they are not given back before others come or go. */
  keep(recipientIds: readonly string[]): void {
    for (const id of recipientIds) this.#keepers.add(id);
  }

  /** Which of the queues that are worked on to leave to others. */
  excess(presence: Presence, known: number, held: readonly string[]): readonly string[] {
    this.#meet(presence);
    const count = Math.max(0, held.length - fairShare(known, presence.holders));
    return held.filter((id) => !this.#keepers.has(id)).slice(0, count);
  }

  #meet({ holders }: Presence): void {
    if (holders !== this.#holders) this.#keepers.clear();
    this.#holders = holders;
  }
}
