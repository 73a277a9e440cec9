import pRetry from 'p-retry';
import type { Clock } from '../core/clock.ts';
import { OutboundEventsError, toOwnError } from '../core/errors.ts';
import type { Tell } from '../core/lifecycle.ts';
import type { Recipient } from '../core/recipient.ts';
import type { Lease, LeaseRef, LeaseTimes, Presence, QueueStorage, Settlement } from '../core/storage.ts';
import type { Relay, RelayAnswer, Transport } from '../core/transport.ts';
import { AlertDesk } from './alert-desk.ts';
import { Batcher } from './batcher.ts';
import { dropHead } from './drop-head.ts';
import { QueueRunner, type RunnerContext } from './queue-runner.ts';
import { sendAttempt } from './send-attempt.ts';
import { Slots } from './slots.ts';
import { Spread } from './spread.ts';
import { unlessAborted } from './unless-aborted.ts';

const settlementsPerCommit = 500;
const confirmationsPerCall = 500;
/** How often it is looked for queues that others leave, and how soon what failed is tried again. */
const watchMs = 1_000;

export interface DispatcherContext {
  /** Whom its leases belong to: a name nobody else has. */
  readonly holder: string;
  readonly storage: QueueStorage<never>;
  readonly clock: Clock;
  readonly concurrency: number;
  /** How long a lease lasts without being renewed, ms. */
  readonly leaseDuration: number;
  readonly tell: Tell;
  /** By id; as it is at the moment. */
  readonly recipients: ReadonlyMap<string, Recipient>;
  readonly transport: Pick<Transport, 'send'>;
  readonly relay: Relay | null;
  readonly relayAnswered: (answer: RelayAnswer) => void;
}

/** Holds the leases, and runs a {@link QueueRunner} for each. */
export class Dispatcher {
  readonly #context: DispatcherContext;
  readonly #slots: Slots;
  readonly #alerts: AlertDesk | null;
  readonly #settlements: Batcher<Settlement, boolean>;
  readonly #confirmations: Batcher<LeaseRef, number | null>;
  readonly #spread = new Spread();
  readonly #runnerContext: RunnerContext;
  readonly #runners = new Map<string, QueueRunner>();
  readonly #removing = new Set<string>();
  readonly #giveUp = new AbortController();
  #cancelBeat = (): void => {};
  #cancelWatch = (): void => {};
  #lastTakeUp: Promise<void> = Promise.resolve();
  #announced = false;
  #phase: 'new' | 'running' | 'stopping' = 'new';

  constructor(context: DispatcherContext) {
    const { storage, clock, tell, relay, relayAnswered } = context;
    this.#context = context;
    this.#slots = new Slots(context.concurrency, clock);
    this.#alerts = relay && new AlertDesk({ relay, storage, clock, tell, relayAnswered });
    this.#settlements = new Batcher(async (settlements) => {
      try {
        return await storage.settle(settlements);
      } catch (error) {
        throw ownError(error);
      }
    }, settlementsPerCommit);
    this.#confirmations = new Batcher((leases) => this.#confirm(leases), confirmationsPerCall);
    this.#runnerContext = {
      storage: { read: (...call) => this.#unlessGivenUp(storage.read(...call)) },
      clock,
      tell,
      slots: this.#slots,
      settle: (settlement) => this.#settle(settlement),
      confirm: (lease) => this.#unlessGivenUp(this.#confirmations.add(lease)),
      send: async (attempt, signal) => {
        const result = await sendAttempt(context.transport, attempt, signal);
        if (result.relay !== undefined) relayAnswered(result.relay);
        return result;
      },
      changed: (runner) => this.#alerts?.changed(runner),
      lost: (runner) => {
        this.#forget(runner);
        this.#watch(watchMs);
      },
    };
  }

  /** Claims every known queue that nobody holds and begins to work on them. Rejects, and nothing has begun, when the storage does. */
  async start(): Promise<void> {
    this.#phase = 'running';
    try {
      await this.takeUp();
    } catch (error) {
      this.#phase = 'new';
      throw error;
    }
    this.#scheduleBeat();
  }

  /** Deliveries for these recipients may have been stored. */
  wake(recipientIds: readonly string[]): void {
    for (const id of recipientIds) this.#runners.get(id)?.wake();
  }

  /** Another process has given queues back: for whoever has not its share. */
  released(): void {
    this.takeUp().catch((error: unknown) => this.#report(error));
  }

  /** Claims the known queues that nobody works on, and begins to. Does nothing before `start` and after `stop`. */
  takeUp(): Promise<void> {
    // One after the other: claiming a queue again puts an end to the lease that was ours.
    const turn = this.#lastTakeUp.then(async () => {
      if (this.#phase !== 'running') return;
      const unclaimed = this.#unclaimed();
      if (unclaimed.length > 0) await this.#takeShareOf(unclaimed, await this.#announce());
    });
    this.#lastTakeUp = turn.catch(() => {});
    const watch = (): void => this.#watch(watchMs);
    turn.then(watch, watch);
    return turn;
  }

  #unclaimed(): readonly string[] {
    const isFree = (id: string): boolean => !this.#runners.has(id) && !this.#removing.has(id);
    return [...this.#context.recipients.keys()].filter(isFree);
  }

  async #takeShareOf(unclaimed: readonly string[], presence: Presence): Promise<void> {
    const known = this.#context.recipients.size;
    const { limit, beyond } = this.#spread.claimable(presence, known, this.#runners.size);
    if (limit === 0) return;
    const taken = await this.#claim(unclaimed, { limit });
    if (beyond) this.#spread.keep(taken.map(({ recipientId }) => recipientId));
  }

  /** Looks again after a while, as long as there are queues that others work on: they may leave them. */
  #watch(delayMs: number): void {
    this.#cancelWatch();
    if (this.#phase !== 'running' || this.#unclaimed().length === 0) return;
    this.#cancelWatch = this.#context.clock.setTimer(delayMs, () => {
      this.takeUp().catch((error: unknown) => this.#report(error));
    });
  }

  /** A recipient was added or changed. */
  async recipientSaved(recipient: Recipient): Promise<void> {
    const runner = this.#runners.get(recipient.id);
    if (runner !== undefined) runner.update(recipient);
    else await this.takeUp();
  }

  /** A recipient was removed by another process. */
  recipientGone(recipientId: string): void {
    const runner = this.#runners.get(recipientId);
    if (runner === undefined) return;
    this.#forget(runner);
    void runner.end();
  }

  /**
   * Ends the work on a queue, and removes its recipient from the storage. `false`, and the work goes on, when deliveries
   * wait and are not to be dropped.
   */
  async remove(recipientId: string, dropBacklog: boolean): Promise<boolean> {
    this.#removing.add(recipientId);
    try {
      if (dropBacklog) await this.#dropQueue(recipientId);
      // What was emitted meanwhile is dropped too, or keeps the recipient.
      while (!(await this.#context.storage.removeRecipient(recipientId))) {
        if (!dropBacklog) return false;
        await this.#dropQueue(recipientId);
      }
      const runner = this.#runners.get(recipientId);
      if (runner !== undefined) this.#forget(runner);
      await runner?.end();
      return true;
    } finally {
      this.#removing.delete(recipientId);
    }
  }

  /**
   * Starts nothing new and lets what is under way go on for `limitMs`; then aborts the rest, which will be repeated.
   */
  async stop(limitMs: number): Promise<void> {
    this.#phase = 'stopping';
    this.#slots.close();
    const runners = [...this.#runners.values()];
    const cancel = this.#context.clock.setTimer(limitMs, () => {
      for (const runner of runners) runner.abort();
      this.#alerts?.abort();
      this.#giveUp.abort(stopped());
    });
    await Promise.allSettled([this.#alerts?.end(), ...runners.map((runner) => runner.end())]);
    await this.#unlessGivenUp(this.#settlements.idle()).catch(() => {});
    cancel();
    this.#giveUp.abort(stopped());
    this.#cancelBeat();
    this.#cancelWatch();
    const leases = this.#leases();
    this.#runners.clear();
    if (!this.#announced) return;
    const { storage, holder, clock } = this.#context;
    const now = clock.steady();
    const leave = storage.release(leases).then(() => storage.announce(holder, { now, expiresAt: now }));
    await leave.catch((error: unknown) => this.#report(error));
  }

  #settle(settlement: Settlement): Promise<boolean> {
    return pRetry(() => this.#unlessGivenUp(this.#settlements.add(settlement)), {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: 50,
      maxTimeout: 10_000,
      signal: this.#giveUp.signal,
      onFailedAttempt: ({ error }) => this.#report(error),
    });
  }

  /** A storage that does not answer must not hold up `stop`. */
  #unlessGivenUp<Result>(result: Promise<Result>): Promise<Result> {
    return unlessAborted(result, this.#giveUp.signal);
  }

  async #dropQueue(recipientId: string): Promise<void> {
    const runner = this.#runners.get(recipientId);
    if (runner !== undefined) {
      await runner.end();
      this.#forget(runner);
    }
    const { storage, tell, clock } = this.#context;
    const times = this.#leaseTimes();
    const request = { ...times, holder: this.#context.holder, limit: 1, recipientIds: [recipientId], evenIfHeld: true };
    const [lease] = await storage.claim(request);
    const drop = { tell, reason: 'removed', error: null, now: clock.steady(), goes: () => true } as const;
    const settle = (settlement: Settlement): Promise<boolean> => this.#settle(settlement);
    if (lease === undefined || !(await dropHead({ ...drop, storage, settle, lease }))) {
      throw new OutboundEventsError('ERR_LEASE_LOST', `another process works on the queue of "${recipientId}"`);
    }
  }

  #announce(): Promise<Presence> {
    this.#announced = true;
    return this.#context.storage.announce(this.#context.holder, this.#leaseTimes());
  }

  async #claim(recipientIds: readonly string[], { limit }: { readonly limit: number }): Promise<readonly Lease[]> {
    const { storage, holder } = this.#context;
    const times = this.#leaseTimes();
    const leases = await storage.claim({ holder, limit, recipientIds, ...times });
    this.#adopt(leases, times.expiresAt);
    return leases;
  }

  #adopt(leases: readonly Lease[], expiresAt: number): void {
    for (const lease of leases) {
      const recipient = this.#context.recipients.get(lease.recipientId);
      if (recipient === undefined || this.#runners.has(recipient.id) || this.#phase === 'stopping') continue;
      const runner = new QueueRunner(this.#runnerContext, recipient, lease, expiresAt);
      this.#runners.set(lease.recipientId, runner);
      runner.wake();
      this.#alerts?.changed(runner);
    }
  }

  #scheduleBeat(delayMs = this.#context.leaseDuration / 2): void {
    this.#cancelBeat = this.#context.clock.setTimer(delayMs, () => {
      const next = (inMs?: number): void => {
        if (this.#phase === 'running') this.#scheduleBeat(inMs);
      };
      this.#beat().then(
        () => next(),
        (error: unknown) => {
          this.#report(error);
          next(watchMs);
        },
      );
    });
  }

  /** Keeps the leases, takes those that nobody has (any more), and leaves others their share. */
  async #beat(): Promise<void> {
    await this.#renew();
    await this.takeUp();
    const known = this.#context.recipients.size;
    const excess = this.#spread.excess(await this.#announce(), known, [...this.#runners.keys()]);
    for (const id of excess) void this.#giveBack(id).catch((error: unknown) => this.#report(error));
  }

  /** Once the attempt under way is recorded. */
  async #giveBack(recipientId: string): Promise<void> {
    const runner = this.#runners.get(recipientId);
    if (runner === undefined || this.#removing.has(recipientId)) return;
    await runner.end();
    if (this.#runners.get(recipientId) !== runner) return;
    this.#forget(runner);
    await this.#context.storage.release([runner.lease]);
    this.#watch(watchMs);
  }

  async #renew(): Promise<void> {
    const held = new Map(this.#runners);
    const times = this.#leaseTimes();
    const lost = await this.#context.storage.renew(this.#leases(), times);
    for (const [id, runner] of held) if (!lost.includes(id)) runner.renewed(times.expiresAt);
    for (const id of lost) {
      const runner = held.get(id);
      if (runner === undefined || this.#runners.get(id) !== runner) continue;
      this.#forget(runner);
      runner.abort();
      await runner.end();
    }
  }

  /** Until when each of the leases is good now; `null` for one that is lost. */
  async #confirm(leases: readonly LeaseRef[]): Promise<readonly (number | null)[]> {
    const times = this.#leaseTimes();
    const lost = new Set(await this.#context.storage.renew(leases, times));
    return leases.map(({ recipientId }) => (lost.has(recipientId) ? null : times.expiresAt));
  }

  #leases(): readonly LeaseRef[] {
    return Array.from(this.#runners.values(), ({ lease }) => lease);
  }

  #leaseTimes(): LeaseTimes {
    const now = this.#context.clock.steady();
    return { now, expiresAt: now + this.#context.leaseDuration };
  }

  #forget(runner: QueueRunner): void {
    this.#alerts?.forget(runner);
    if (this.#runners.get(runner.lease.recipientId) === runner) this.#runners.delete(runner.lease.recipientId);
  }

  #report(error: unknown): void {
    this.#context.tell('error', ownError(error));
  }
}

function ownError(error: unknown): OutboundEventsError {
  return toOwnError(error, 'ERR_STORAGE_FAILED', 'the storage failed');
}

function stopped(): OutboundEventsError {
  return new OutboundEventsError('ERR_STOPPED', 'stopped before it was recorded');
}
