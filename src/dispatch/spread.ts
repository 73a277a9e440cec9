import { fairShare } from '../core/fair-share.ts';
import type { Presence } from '../core/storage.ts';

/**
 * How many queues this process works on, so that each process has its share. A queue that nobody else takes is taken
 * beyond the share, and kept: others may not know its recipient.
 */
export class Spread {
  #holders = 1;
  readonly #keepers = new Set<string>();
  #wasLeft = false;

  /** How many more queues to claim, of `known` that this process could work on, while it works on `held`. */
  claimable(presence: Presence, known: number, held: number): { readonly limit: number; readonly beyond: boolean } {
    this.#meet(presence);
    const room = fairShare(known, presence.holders) - held;
    const isLeft = presence.free > 0 && room <= 0;
    const beyond = isLeft && this.#wasLeft;
    this.#wasLeft = isLeft && !beyond;
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
