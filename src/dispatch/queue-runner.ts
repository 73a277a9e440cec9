import { afterAlert, type DueAlert } from '../core/alert.ts';
import type { AttemptError } from '../core/attempt.ts';
import { type Clock, wallTime } from '../core/clock.ts';
import { toOwnError } from '../core/errors.ts';
import type { QueuedDelivery } from '../core/event.ts';
import type { DeliveryRef, Tell } from '../core/lifecycle.ts';
import { type QueueState, restoreQueueState } from '../core/queue-state.ts';
import type { Recipient } from '../core/recipient.ts';
import { decideSettlement, isExpired, type Verdict, withDrops } from '../core/settlement.ts';
import type { Lease, LeaseRef, QueueStorage, Settlement } from '../core/storage.ts';
import type { Attempt, SendResult } from '../core/transport.ts';
import { dropHead, droppedDelivery } from './drop-head.ts';
import { isOver, type LeaseEnd } from './lease-end.ts';
import type { Slots, SlotUser } from './slots.ts';

/** Deliveries fetched at a time, or bytes of their data; the last may go beyond. */
const fetched: Amount = { deliveries: 32, bytes: 256 * 1024 };

/** The same where others stand in line: what is not sent at once lies about until the next turn, for each of them. */
const fetchedInCrowd: Amount = { deliveries: 4, bytes: 4 * 1024 };

/** The wait after the storage could not be read. */
const storageTroubleMs = 1_000;

/** What all runners share. */
export interface RunnerContext {
  readonly storage: Pick<QueueStorage, 'read'>;
  /** Records, trying again while the storage hiccups; rejects only once everything stops. `false` when the lease is lost. */
  readonly settle: (settlement: Settlement) => Promise<boolean>;
  /** Renews a lease that may have run out: until when it is good, or `null` when it is lost. */
  readonly confirm: (lease: LeaseRef) => Promise<LeaseEnd | null>;
  /** Makes an attempt; never rejects. */
  readonly send: (attempt: Attempt, signal: AbortSignal) => Promise<SendResult>;
  readonly clock: Clock;
  readonly slots: Slots;
  readonly tell: Tell;
  /** The state or the recipient has changed: alerts may be due at another time. */
  readonly changed: (runner: QueueRunner) => void;
  /** Somebody else works on this queue now. */
  readonly lost: (runner: QueueRunner) => void;
}

/**
 * - `idle`: nothing waits that could be sent, or the recipient is disabled.
 * - `waiting`: until the next attempt is due.
 * - `lined-up`: for a slot.
 * - `working`: fetches and sends, with a slot, and records.
 * - `ended`: for good.
 *
 * Every change goes through `#next`, which picks the phase from what is true at that moment.
 */
type Phase =
  | { readonly kind: 'idle' | 'lined-up' | 'working' | 'ended' }
  | { readonly kind: 'waiting'; readonly cancel: () => void };

/** Works on one recipient's queue, one delivery at a time, for as long as the lease is ours. */
export class QueueRunner implements SlotUser {
  readonly #context: RunnerContext;
  readonly #lease: LeaseRef;
  readonly #ending = new AbortController();
  #recipient: Recipient;
  #state: QueueState;
  #phase: Phase = { kind: 'idle' };
  /** The head of the queue, as far as it was fetched. */
  #fetched: QueuedDelivery[] = [];
  /** Whether the storage may hold more than what was fetched. */
  #mayHoldMore = true;
  #leaseEnd: LeaseEnd;
  /** Not before this time, `steady`. */
  #notBefore: number;
  #work: Promise<void> = Promise.resolve();
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(context: RunnerContext, recipient: Recipient, lease: Lease, end: LeaseEnd) {
    this.#context = context;
    this.#recipient = recipient;
    this.#lease = { recipientId: lease.recipientId, fence: lease.fence };
    this.#leaseEnd = end;
    this.#state = restoreQueueState(lease.state, recipient, context.clock.steady());
    this.#notBefore = this.#state.failing?.nextAttemptAt ?? 0;
  }

  get recipient(): Recipient {
    return this.#recipient;
  }

  get lease(): LeaseRef {
    return this.#lease;
  }

  get state(): QueueState {
    return this.#state;
  }

  get failing(): boolean {
    return this.#state.failing !== null;
  }

  /** The lease is good until then. */
  renewed(end: LeaseEnd): void {
    this.#leaseEnd = end;
  }

  /** Deliveries may have been appended. */
  wake(): void {
    this.#mayHoldMore = true;
    if (this.#phase.kind === 'idle') this.#next();
  }

  /** New settings hold from the next attempt on, which is made at once: whoever mends a recipient wants to see it work. */
  update(recipient: Recipient): void {
    this.#recipient = recipient;
    this.#notBefore = 0;
    if (this.#phase.kind !== 'working') this.#next();
    this.#context.changed(this);
  }

  /** Takes up no further delivery. Resolves once the one under way is recorded. */
  async end(): Promise<void> {
    this.#leavePhase();
    this.#phase = { kind: 'ended' };
    await this.#work;
    await this.#lastChange;
  }

  /** Breaks off the attempt under way; it is not recorded and will be repeated. */
  abort(): void {
    this.#ending.abort();
  }

  /** Notes that the relay took the mail. */
  async alertSent(alert: DueAlert): Promise<void> {
    await this.#change(async () => {
      const state = afterAlert(this.#recipient.alerts, this.#state, alert, this.#context.clock.steady());
      if (state !== this.#state) await this.#record({ through: 0, dropped: [] }, state);
    });
  }

  begin(release: () => void): void {
    this.#phase = { kind: 'working' };
    this.#work = this.#workOnHead(release).finally(() => {
      release();
      this.#next();
    });
  }

  #next(): void {
    this.#leavePhase();
    if (this.#phase.kind === 'ended') return;
    const { clock, slots } = this.#context;
    const waitMs = this.#notBefore - clock.steady();
    if (!this.#recipient.enabled || (this.#fetched.length === 0 && !this.#mayHoldMore)) {
      this.#phase = { kind: 'idle' };
    } else if (waitMs > 0) {
      // What waits long need not be held in memory meanwhile.
      this.#fetched = [];
      this.#mayHoldMore = true;
      this.#phase = { kind: 'waiting', cancel: clock.setTimer(waitMs, () => this.#next()) };
    } else {
      this.#phase = { kind: 'lined-up' };
      slots.lineUp(this);
    }
  }

  #leavePhase(): void {
    if (this.#phase.kind === 'waiting') this.#phase.cancel();
    if (this.#phase.kind === 'lined-up') this.#context.slots.leave(this);
  }

  async #workOnHead(release: () => void): Promise<void> {
    try {
      const delivery = await this.#head();
      if (delivery === undefined) return;
      await this.#confirmLease();
      if (this.#mayAttempt()) await this.#attempt(delivery, release);
    } catch (error) {
      if (this.#phase.kind !== 'working') return;
      this.#context.tell('error', toOwnError(error, 'ERR_STORAGE_FAILED', 'the storage failed'));
      this.#fetched = [];
      this.#mayHoldMore = true;
      this.#notBefore = this.#context.clock.steady() + storageTroubleMs;
    }
  }

  /** Makes sure that nobody else works on the queue, or ends: after a pause of this process somebody may. */
  async #confirmLease(): Promise<void> {
    // The answer may take so long that the lease has run out again.
    while (this.#phase.kind === 'working' && isOver(this.#leaseEnd, this.#context.clock)) {
      const end = await this.#context.confirm(this.#lease);
      if (end === null) this.#lose();
      else this.#leaseEnd = end;
    }
  }

  /** Whether nothing was said against it while the storage was asked. */
  #mayAttempt(): boolean {
    return this.#phase.kind === 'working' && this.#recipient.enabled && !this.#context.slots.isClosed;
  }

  async #head(): Promise<QueuedDelivery | undefined> {
    if (this.#fetched.length === 0) {
      this.#mayHoldMore = false;
      const { storage, slots } = this.#context;
      const most = slots.isCrowded ? fetchedInCrowd : fetched;
      this.#fetched = [...(await storage.read(this.#lease, most.deliveries, most.bytes))];
      if (comesTo(this.#fetched, most)) this.#mayHoldMore = true;
    }
    return this.#fetched[0];
  }

  async #attempt(delivery: QueuedDelivery, release: () => void): Promise<void> {
    const tried = this.#state.head?.sequence === delivery.sequence ? this.#state.head : null;
    const number = (tried?.attempts ?? 0) + 1;
    const at = this.#context.clock.now();
    const attempt = { recipient: this.#recipient, delivery, number, at, progress: tried?.progress ?? null };
    const { signal } = this.#ending;
    const result = await this.#context.send(attempt, signal);
    // Others need not wait until it is recorded; what a failure brings, such as drops, is bounded by the slots.
    if (result.outcome === 'delivered') release();
    if (signal.aborted && result.outcome !== 'delivered') return;
    await this.#change(() => this.#settle(attempt, result));
  }

  async #settle(attempt: Attempt, result: SendResult): Promise<void> {
    const { delivery, number } = attempt;
    const now = this.#context.clock.steady();
    const { recipientId } = this.#lease;
    const verdict = decideSettlement({ policy: this.#recipient, state: this.#state, delivery, number, result, now });
    const dropped = verdict.kind === 'drop' ? [droppedDelivery(recipientId, delivery, { ...verdict, now })] : [];
    const through = verdict.kind === 'retry' ? 0 : delivery.sequence;
    const before = this.#state;
    if (!(await this.#record({ through, dropped }, verdict.state))) return;
    if (through > 0) this.#fetched.shift();
    // Settings that changed during the attempt are tried at once too.
    const unchanged = attempt.recipient === this.#recipient;
    this.#notBefore = unchanged ? (verdict.state.failing?.nextAttemptAt ?? 0) : 0;
    this.#report(attempt, result, verdict, before);
    for (const item of dropped) this.#context.tell('dropped', { ...item, ...answerOf(attempt, result) });
    if (verdict.kind === 'drop' && verdict.reason === 'expired') await this.#dropExpired(verdict.error, now);
  }

  /** With the delivery that was dropped go all others at the head that are past their limit too. */
  async #dropExpired(error: AttemptError, now: number): Promise<void> {
    this.#fetched = [];
    this.#mayHoldMore = true;
    const { storage, tell } = this.#context;
    const goes = (delivery: QueuedDelivery): boolean => isExpired(delivery, this.#recipient.retry, now);
    const settle = ({ through, dropped }: Settlement): Promise<boolean> =>
      this.#record({ through, dropped }, withDrops(this.#state, dropped.length));
    await dropHead({ storage, settle, tell, lease: this.#lease, goes, reason: 'expired', error, now });
  }

  #report(attempt: Attempt, result: SendResult, verdict: Verdict, before: QueueState): void {
    const { tell, clock } = this.#context;
    const { recipientId } = this.#lease;
    const { sequence, event } = attempt.delivery;
    const { id: eventId, type, occurredAt } = event;
    const ref: DeliveryRef = { recipientId, eventId, type, sequence, occurredAt };
    const answer = answerOf(attempt, result);
    const at = (time: number): number => wallTime(clock, time);
    if (verdict.kind === 'delivered') tell('delivered', { ...ref, ...answer });
    if (verdict.kind === 'retry') {
      const nextAttemptAt = Math.max(this.#notBefore, clock.steady());
      tell('retrying', { ...ref, ...answer, error: { ...verdict.failing.error }, nextAttemptAt: at(nextAttemptAt) });
    }
    const { failing } = verdict.state;
    if (failing !== null && before.failing === null) {
      tell('recipient:failing', { recipientId, since: at(failing.since), error: { ...failing.error } });
    }
    if (failing === null && before.failing !== null) {
      const { since, attempts } = before.failing;
      tell('recipient:recovered', { recipientId, since: at(since), attempts, at: clock.now() });
    }
  }

  /** Records a settlement and, if it changed, the state. `false` when the lease was lost. */
  async #record(settled: Pick<Settlement, 'through' | 'dropped'>, state: QueueState): Promise<boolean> {
    const changed = state !== this.#state;
    const recorded = await this.#context.settle({ ...this.#lease, ...settled, state: changed ? state : undefined });
    if (!recorded) {
      this.#lose();
      return false;
    }
    this.#state = state;
    if (changed) this.#context.changed(this);
    return true;
  }

  /** Changes of the state come one after the other, each made from what the one before left. */
  #change(make: () => Promise<void>): Promise<void> {
    const change = this.#lastChange.then(make);
    this.#lastChange = change.catch(() => {});
    return change;
  }

  #lose(): void {
    this.#leavePhase();
    this.#phase = { kind: 'ended' };
    this.#ending.abort();
    this.#context.lost(this);
  }
}

function answerOf({ number }: Attempt, result: SendResult) {
  const { response = null, resent = false, refused = [] } = result;
  return { attempt: number, response, resent, refused };
}

/** Of deliveries read at a time. */
interface Amount {
  readonly deliveries: number;
  /** Of their data. */
  readonly bytes: number;
}

/** Whether so much was read that more may wait. */
function comesTo(read: readonly QueuedDelivery[], { deliveries, bytes }: Amount): boolean {
  return read.length >= deliveries || read.reduce((sum, { event }) => sum + Buffer.byteLength(event.data), 0) >= bytes;
}
