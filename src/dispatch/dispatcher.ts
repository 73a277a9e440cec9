import pRetry from 'p-retry';
import type { Clock } from '../core/clock.ts';
import { OutboundEventsError, toOwnError } from '../core/errors.ts';
import type { Tell } from '../core/lifecycle.ts';
import type { Recipient } from '../core/recipient.ts';
import type { Lease, LeaseRef, LeaseTimes, QueueStorage, Settlement } from '../core/storage.ts';
import type { Relay, RelayAnswer, Transport } from '../core/transport.ts';
import { AlertDesk } from './alert-desk.ts';
import { Batcher } from './batcher.ts';
import { dropHead } from './drop-head.ts';
import { QueueRunner, type RunnerContext } from './queue-runner.ts';
import { sendAttempt } from './send-attempt.ts';
import { Slots } from './slots.ts';
import { unlessAborted } from './unless-aborted.ts';

const leaseMs = 30_000;
const settlementsPerCommit = 500;

export interface DispatcherContext {
  /** Whom its leases belong to: a name nobody else has. */
  readonly holder: string;
  readonly storage: QueueStorage<never>;
  readonly clock: Clock;
  readonly concurrency: number;
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
  readonly #runnerContext: RunnerContext;
  readonly #runners = new Map<string, QueueRunner>();
  readonly #removing = new Set<string>();
  readonly #giveUp = new AbortController();
  #stopListening = (): void => {};
  #cancelBeat = (): void => {};
  #lastTakeUp: Promise<void> = Promise.resolve();
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
    this.#runnerContext = {
      storage: { read: (...call) => this.#unlessGivenUp(storage.read(...call)) },
      clock,
      tell,
      slots: this.#slots,
      settle: (settlement) => this.#settle(settlement),
      send: async (attempt, signal) => {
        const result = await sendAttempt(context.transport, attempt, signal);
        if (result.relay !== undefined) relayAnswered(result.relay);
        return result;
      },
      changed: (runner) => this.#alerts?.changed(runner),
      lost: (runner) => this.#forget(runner),
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
    this.#stopListening = this.#context.storage.listen((recipientIds) => this.wake(recipientIds));
    this.#scheduleBeat();
  }

  /** Deliveries for these recipients may have been stored. */
  wake(recipientIds: readonly string[]): void {
    for (const id of recipientIds) this.#runners.get(id)?.wake();
  }

  /** Claims the known queues that nobody works on, and begins to. Does nothing before `start` and after `stop`. */
  takeUp(): Promise<void> {
    // One after the other: claiming a queue again puts an end to the lease that was ours.
    const turn = this.#lastTakeUp.then(async () => {
      if (this.#phase !== 'running') return;
      const isFree = (id: string): boolean => !this.#runners.has(id) && !this.#removing.has(id);
      const unclaimed = [...this.#context.recipients.keys()].filter(isFree);
      if (unclaimed.length > 0) this.#adopt(await this.#claim(unclaimed));
    });
    this.#lastTakeUp = turn.catch(() => {});
    return turn;
  }

  /** A recipient was added or changed. */
  async recipientSaved(recipient: Recipient): Promise<void> {
    const runner = this.#runners.get(recipient.id);
    if (runner !== undefined) runner.update(recipient);
    else await this.takeUp();
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
    this.#stopListening();
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
    const leases = this.#leases();
    this.#runners.clear();
    if (leases.length > 0) await this.#context.storage.release(leases).catch((error: unknown) => this.#report(error));
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
    const [lease] = await this.#claim([recipientId]);
    const drop = { tell, reason: 'removed', error: null, now: clock.steady(), goes: () => true } as const;
    const settle = (settlement: Settlement): Promise<boolean> => this.#settle(settlement);
    if (lease === undefined || !(await dropHead({ ...drop, storage, settle, lease }))) {
      throw new OutboundEventsError('ERR_LEASE_LOST', `another process works on the queue of "${recipientId}"`);
    }
  }

  #claim(recipientIds: readonly string[]): Promise<readonly Lease[]> {
    const { storage, holder } = this.#context;
    return storage.claim({ holder, limit: recipientIds.length, recipientIds, ...this.#leaseTimes() });
  }

  #adopt(leases: readonly Lease[]): void {
    for (const lease of leases) {
      const recipient = this.#context.recipients.get(lease.recipientId);
      if (recipient === undefined || this.#runners.has(recipient.id) || this.#phase === 'stopping') continue;
      const runner = new QueueRunner(this.#runnerContext, recipient, lease);
      this.#runners.set(lease.recipientId, runner);
      runner.wake();
      this.#alerts?.changed(runner);
    }
  }

  #scheduleBeat(): void {
    this.#cancelBeat = this.#context.clock.setTimer(leaseMs / 2, () => {
      void this.#renew()
        .catch((error: unknown) => this.#report(error))
        .finally(() => {
          if (this.#phase === 'running') this.#scheduleBeat();
        });
    });
  }

  /** Keeps the leases, and takes those that nobody has (any more). */
  async #renew(): Promise<void> {
    const held = new Map(this.#runners);
    const lost = await this.#context.storage.renew(this.#leases(), this.#leaseTimes());
    for (const id of lost) {
      const runner = held.get(id);
      if (runner === undefined || this.#runners.get(id) !== runner) continue;
      this.#forget(runner);
      runner.abort();
      await runner.end();
    }
    await this.takeUp();
  }

  #leases(): readonly LeaseRef[] {
    return Array.from(this.#runners.values(), ({ lease }) => lease);
  }

  #leaseTimes(): LeaseTimes {
    const now = this.#context.clock.steady();
    return { now, expiresAt: now + leaseMs };
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
