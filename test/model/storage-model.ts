import { strict as assert } from 'node:assert';
import type { QueuedDelivery } from '../../src/core/event.ts';
import type { QueueState } from '../../src/core/queue-state.ts';
import type {
  AppendResult,
  ClaimRequest,
  DroppedDelivery,
  Lease,
  LeaseRef,
  LeaseTimes,
  NewEntry,
  QueueStats,
  RecipientRecord,
  Settlement,
  StorageLimits,
} from '../../src/core/storage.ts';
import { IdModel } from './id-model.ts';
import { LeaseModel } from './lease-model.ts';

interface QueueModel {
  settings: string;
  readonly waiting: QueuedDelivery[];
  /** The sequence number of the last delivery that has joined. */
  last: number;
  state: QueueState | null;
}

/** What every storage has to be like: the contract of `QueueStorage` in a few arrays, without time, disk or processes. */
export class StorageModel {
  readonly ids: IdModel;
  readonly leases: LeaseModel;
  readonly #queues: Map<string, QueueModel>;
  /** Oldest first. */
  readonly #dropped: DroppedDelivery[];

  constructor(before?: StorageModel) {
    this.ids = new IdModel(before?.ids);
    this.leases = new LeaseModel(before?.leases);
    this.#queues = new Map(Array.from(before?.queues() ?? [], ([id, queue]) => [id, copyOf(queue)]));
    this.#dropped = before?.listDropped({ limit: Number.MAX_SAFE_INTEGER }).toReversed() ?? [];
  }

  queues = () => this.#queues.entries();

  get recipientIds(): readonly string[] {
    return [...this.#queues.keys()];
  }

  listRecipients(): readonly RecipientRecord[] {
    return Array.from(this.#queues, ([id, { settings }]) => ({ id, settings }));
  }

  saveRecipient({ id, settings }: RecipientRecord, replaced?: string): boolean {
    const queue = this.#queues.get(id);
    if (replaced !== undefined && queue?.settings !== replaced) return false;
    if (queue !== undefined) queue.settings = settings;
    else this.#queues.set(id, { settings, waiting: [], last: 0, state: null });
    return true;
  }

  removeRecipient(id: string): boolean {
    if ((this.#queues.get(id)?.waiting.length ?? 0) > 0) return false;
    this.#queues.delete(id);
    this.leases.remove(id);
    return true;
  }

  /** What an append of this one event may answer. */
  answersTo({ event, recipientIds }: NewEntry, limits: StorageLimits): readonly AppendResult[] {
    const known = this.#knownOf(recipientIds);
    const bytes = known.length > 0 ? Buffer.byteLength(event.data) : 0;
    const fits = this.#waiting + known.length <= limits.maxDeliveries && this.#bytes + bytes <= limits.maxBytes;
    return this.ids.recognise(event).map((recognition) => {
      if (recognition !== 'new') return { status: recognition };
      return fits || known.length === 0 ? { status: 'stored', recipientIds: known } : { status: 'backlog-full' };
    });
  }

  /** The event was stored. */
  append({ event, recipientIds }: NewEntry): void {
    const known = this.#knownOf(recipientIds);
    this.ids.add(event, known.length);
    for (const id of known) {
      const queue = this.#queue(id);
      queue.last += 1;
      queue.waiting.push({ sequence: queue.last, event });
    }
  }

  #knownOf(recipientIds: readonly string[]): readonly string[] {
    return [...new Set(recipientIds)].filter((id) => this.#queues.has(id));
  }

  get #waiting(): number {
    return [...this.#queues.values()].reduce((sum, { waiting }) => sum + waiting.length, 0);
  }

  get #bytes(): number {
    const events = new Set([...this.#queues.values()].flatMap(({ waiting }) => waiting.map(({ event }) => event)));
    return [...events].reduce((sum, { data }) => sum + Buffer.byteLength(data), 0);
  }

  /** Makes sure that these leases may be given, and gives them. */
  claim(request: ClaimRequest, leases: readonly Lease[], process: number): void {
    const claimable = this.leases.claimable(request, this.#knownOf(request.recipientIds ?? this.recipientIds));
    const ids = leases.map(({ recipientId }) => recipientId);
    assert.equal(new Set(ids).size, ids.length, `a claim took a queue twice: ${ids}`);
    const strangers = ids.filter((id) => !claimable.includes(id));
    assert.deepEqual(strangers, [], `a claim took what it may not take, of [${claimable}]`);
    assert.equal(ids.length, Math.min(request.limit, claimable.length), `a claim took ${ids.length} of [${claimable}]`);
    for (const lease of leases) {
      assert.deepEqual(lease.state, this.#queue(lease.recipientId).state);
      this.leases.take(lease, request, process);
    }
  }

  /** The ids of those that are lost. */
  renew(leases: readonly LeaseRef[], { expiresAt }: LeaseTimes): readonly string[] {
    return leases.filter((ref) => !this.leases.renew(ref, expiresAt)).map(({ recipientId }) => recipientId);
  }

  read(ref: LeaseRef, limit: number, maxBytes: number): readonly QueuedDelivery[] {
    if (!this.leases.isCurrent(ref)) return [];
    const { waiting } = this.#queue(ref.recipientId);
    let bytes = 0;
    const end = waiting.findIndex(({ event }, index) => {
      const isEnough = index >= limit || bytes >= maxBytes;
      bytes += Buffer.byteLength(event.data);
      return isEnough;
    });
    return end < 0 ? waiting : waiting.slice(0, end);
  }

  /** The sequence number of the last delivery that has left this recipient's queue. */
  settledOf(recipientId: string): number {
    const queue = this.#queues.get(recipientId);
    return queue === undefined ? 0 : queue.last - queue.waiting.length;
  }

  /** The sequence number of the last delivery that has joined it. */
  lastOf(recipientId: string): number {
    return this.#queues.get(recipientId)?.last ?? 0;
  }

  settle(settlement: Settlement): boolean {
    if (!this.leases.isCurrent(settlement)) return false;
    const { recipientId, through, dropped, state } = settlement;
    const settled = this.settledOf(recipientId);
    this.#dropped.push(...dropped.filter(({ sequence }) => sequence > settled));
    const queue = this.#queue(recipientId);
    for (const { event } of queue.waiting.splice(0, Math.max(0, through - settled))) this.ids.leave(event.id);
    if (state !== undefined) queue.state = state;
    return true;
  }

  stats(recipientId?: string): readonly QueueStats[] {
    const stats = Array.from(this.#queues, ([id, { waiting, state }]) => {
      return { recipientId: id, queued: waiting.length, oldestAt: waiting[0]?.event.acceptedAt ?? null, state };
    });
    return recipientId === undefined ? stats : stats.filter((one) => one.recipientId === recipientId);
  }

  listDropped({ recipientId, limit }: { readonly recipientId?: string; readonly limit: number }): DroppedDelivery[] {
    const newestFirst = this.#dropped.toReversed();
    return newestFirst.filter((one) => recipientId === undefined || one.recipientId === recipientId).slice(0, limit);
  }

  #queue(id: string): QueueModel {
    const queue = this.#queues.get(id);
    assert(queue, `there is no recipient ${id}`);
    return queue;
  }
}

function copyOf(queue: QueueModel): QueueModel {
  return { ...queue, waiting: [...queue.waiting] };
}
