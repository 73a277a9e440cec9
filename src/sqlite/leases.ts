import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ClaimRequest, Lease, LeaseRef, LeaseTimes, Presence } from '../core/storage.ts';
import { parseState } from './queues.ts';

/** Who may work on which queue. */
export class Leases {
  readonly #arrive: StatementSync;
  readonly #leave: StatementSync;
  readonly #presence: StatementSync;
  readonly #claimable: StatementSync;
  readonly #claimableOf: StatementSync;
  readonly #nextFence: StatementSync;
  readonly #take: StatementSync;
  readonly #extend: StatementSync;
  readonly #giveBack: StatementSync;
  readonly #current: StatementSync;
  readonly #remove: StatementSync;

  constructor(database: DatabaseSync) {
    this.#arrive = database.prepare('INSERT OR REPLACE INTO holders (holder, expires_at) VALUES (?, ?)');
    this.#leave = database.prepare('DELETE FROM holders WHERE expires_at <= ?');
    this.#presence = database.prepare(`
      SELECT (SELECT count(*) FROM holders) AS holders, count(*) AS free
      FROM recipients LEFT JOIN leases ON leases.recipient = recipients.key
      WHERE leases.fence IS NULL OR leases.expires_at <= ?`);
    // The holder's own come last: a claim that is limited first takes what nobody works on.
    const claimable = (recipients: string): StatementSync =>
      database.prepare(`
        SELECT recipients.key, recipients.id, recipients.state
        FROM ${recipients} LEFT JOIN leases ON leases.recipient = recipients.key
        WHERE :evenIfHeld OR leases.fence IS NULL OR leases.expires_at <= :now OR leases.holder = :holder
        ORDER BY leases.fence IS NOT NULL, recipients.key LIMIT :limit`);
    this.#claimable = claimable('recipients');
    this.#claimableOf = claimable(
      '(SELECT DISTINCT value FROM json_each(:ids)) AS wanted JOIN recipients ON recipients.id = wanted.value',
    );
    this.#nextFence = database.prepare('UPDATE fence SET last = last + 1 RETURNING last');
    this.#take = database.prepare(
      'INSERT OR REPLACE INTO leases (recipient, holder, fence, expires_at) VALUES (?, ?, ?, ?)',
    );
    const one = 'recipient = (SELECT key FROM recipients WHERE id = ?) AND fence = ?';
    this.#extend = database.prepare(`UPDATE leases SET expires_at = ? WHERE ${one}`);
    this.#giveBack = database.prepare(`DELETE FROM leases WHERE ${one}`);
    this.#current = database.prepare('SELECT fence FROM leases WHERE recipient = ?');
    this.#remove = database.prepare('DELETE FROM leases WHERE recipient = ?');
  }

  /** As `QueueStorage.announce`. */
  announce(holder: string, { now, expiresAt }: LeaseTimes): Presence {
    this.#arrive.run(holder, expiresAt);
    this.#leave.run(now);
    return this.#presence.get(now) as unknown as Presence;
  }

  /** As `QueueStorage.claim`. The fence of a claim is one number for all its leases. */
  claim({ holder, now, expiresAt, limit, recipientIds, evenIfHeld }: ClaimRequest): readonly Lease[] {
    const request = { now, holder, limit, evenIfHeld: evenIfHeld ? 1 : 0 };
    const free =
      recipientIds === undefined
        ? this.#claimable.all(request)
        : this.#claimableOf.all({ ...request, ids: JSON.stringify(recipientIds) });
    if (free.length === 0) return [];
    const { last: fence } = this.#nextFence.get() as { last: number };
    return (free as unknown as readonly ClaimableRow[]).map(({ key, id, state }) => {
      this.#take.run(key, holder, fence, expiresAt);
      return { recipientId: id, fence, state: parseState(state) };
    });
  }

  /** As `QueueStorage.renew`. */
  renew(leases: readonly LeaseRef[], { expiresAt }: LeaseTimes): readonly string[] {
    return leases
      .filter(({ recipientId, fence }) => this.#extend.run(expiresAt, recipientId, fence).changes === 0)
      .map(({ recipientId }) => recipientId);
  }

  /** As `QueueStorage.release`. */
  release(leases: readonly LeaseRef[]): void {
    for (const { recipientId, fence } of leases) this.#giveBack.run(recipientId, fence);
  }

  /** Whether `fence` is that of the lease the recipient's queue is under. */
  isCurrent(recipient: number, fence: number): boolean {
    return this.#current.get(recipient)?.fence === fence;
  }

  /** Ends the lease on the queue of a recipient that is removed. */
  remove(recipient: number): void {
    this.#remove.run(recipient);
  }
}

interface ClaimableRow {
  readonly key: number;
  readonly id: string;
  readonly state: string | null;
}
