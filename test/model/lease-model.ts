import { strict as assert } from 'node:assert';
import type { ClaimRequest, Lease, LeaseRef, Presence } from '../../src/core/storage.ts';

/** Who may work on one queue. */
export interface ModelLease {
  readonly holder: string;
  readonly fence: number;
  readonly expiresAt: number;
  /** The number of the process that took it: it ends with that. */
  readonly process: number;
}

/** The leases and the holders. Time is the caller's. */
export class LeaseModel {
  readonly #current: Map<string, ModelLease>;
  /** The last fence of each recipient, also of removed ones. */
  readonly #fences: Map<string, number>;
  /** Leases that ended with their process: whether their fence is still good, nobody says. */
  readonly #ended: Map<string, number>;
  readonly #holders: Map<string, { readonly until: number; readonly process: number }>;

  constructor(before?: LeaseModel) {
    this.#current = new Map(before?.all());
    this.#fences = new Map(before?.fences());
    this.#ended = new Map(before?.ended());
    this.#holders = new Map(before?.holders());
  }

  all = () => this.#current.entries();
  fences = () => this.#fences.entries();
  ended = () => this.#ended.entries();
  holders = () => this.#holders.entries();

  isCurrent({ recipientId, fence }: LeaseRef): boolean {
    return this.#current.get(recipientId)?.fence === fence;
  }

  isUncertain({ recipientId, fence }: LeaseRef): boolean {
    return this.#ended.get(recipientId) === fence;
  }

  /** Whether another process has the lease: nobody renews what is not his. */
  isAnothers({ recipientId, fence }: LeaseRef, process: number): boolean {
    const lease = this.#current.get(recipientId);
    return lease?.fence === fence && lease.process !== process;
  }

  /** The leases that are held, run out or not. */
  get refs(): readonly LeaseRef[] {
    return Array.from(this.#current, ([recipientId, { fence }]) => ({ recipientId, fence }));
  }

  /** Which of these queues a request may take. */
  claimable({ holder, now, evenIfHeld = false }: ClaimRequest, recipientIds: readonly string[]): readonly string[] {
    return recipientIds.filter((id) => {
      const lease = this.#current.get(id);
      return evenIfHeld || lease === undefined || lease.expiresAt <= now || lease.holder === holder;
    });
  }

  take({ recipientId, fence }: Lease, { holder, expiresAt }: ClaimRequest, process: number): void {
    const last = this.#fences.get(recipientId) ?? 0;
    assert(fence > last, `${recipientId} was given the fence ${fence} after ${last}`);
    this.#fences.set(recipientId, fence);
    this.#ended.delete(recipientId);
    this.#current.set(recipientId, { holder, fence, expiresAt, process });
  }

  renew(ref: LeaseRef, expiresAt: number): boolean {
    const lease = this.#current.get(ref.recipientId);
    if (lease?.fence !== ref.fence) return false;
    this.#current.set(ref.recipientId, { ...lease, expiresAt });
    return true;
  }

  release(ref: LeaseRef): void {
    if (this.isCurrent(ref)) this.#current.delete(ref.recipientId);
  }

  /** A recipient was removed. */
  remove(recipientId: string): void {
    this.#current.delete(recipientId);
    this.#ended.delete(recipientId);
  }

  announce(holder: string, now: number, until: number, process: number): void {
    if (until > now) this.#holders.set(holder, { until, process });
    else this.#holders.delete(holder);
  }

  presence(now: number, recipientIds: readonly string[]): Presence {
    const free = recipientIds.filter((id) => (this.#current.get(id)?.expiresAt ?? now) <= now);
    return { holders: [...this.#holders.values()].filter(({ until }) => until > now).length, free: free.length };
  }

  /** What it took is free from now on. */
  endProcess(process: number): void {
    for (const [recipientId, lease] of this.#current) {
      if (lease.process !== process) continue;
      this.#current.delete(recipientId);
      this.#ended.set(recipientId, lease.fence);
    }
    for (const [holder, presence] of this.#holders) if (presence.process === process) this.#holders.delete(holder);
  }
}
