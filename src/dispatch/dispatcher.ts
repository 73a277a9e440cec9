import pRetry from 'p-retry';
import type { Clock } from '../core/clock.ts';
import { isOutboundEventsError, OutboundEventsError } from '../core/errors.ts';
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
  readonly #giveUp = new AbortController();
  #stopListening = (): void => {};
  #cancelBeat = (): void => {};
  #beat: Promise<void> = Promise.resolve();
  #lastTakeUp: Promise<void> = Promise.resolve();
  #phase: 'new' | 'running' | 'stopping' = 'new';

  constructor(context: DispatcherContext) {
    const { storage, clock, tell, relay, relayAnswered } = context;
    this.#context = context;
    this.#slots = new Slots(context.concurrency);
    this.#alerts = relay && new AlertDesk({ relay, storage, clock, tell, relayAnswered });
    this.#settlements = new Batcher((settlements) => storage.settle(settlements), settlementsPerCommit);
    this.#runnerContext = {
      storage,
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
      await this.#takeUp();
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

  /** A recipient was added or changed. */
  async recipientSaved(recipient: Recipient): Promise<void> {
    const runner = this.#runners.get(recipient.id);
    if (runner !== undefined) runner.update(recipient);
    else if (this.#phase === 'running') await this.#takeUp();
  }

  /** Ends the work on a queue and drops all that waits in it. `false` when somebody else holds its lease. */
  async dropQueue(recipientId: string): Promise<boolean> {
    const runner = this.#runners.get(recipientId);
    if (runner !== undefined) {
      this.#forget(runner);
      await runner.end();
    }
    const [lease] = await this.#claim([recipientId]);
    if (lease === undefined) return false;
    const { storage, tell, clock } = this.#context;
    const settle = (settlement: Settlement): Promise<boolean> => this.#settle(settlement);
    const goes = (): boolean => true;
    return dropHead({ storage, settle, tell, lease, goes, reason: 'removed', error: null, now: clock.steady() });
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
    await this.#settlements.idle();
    cancel();
    this.#giveUp.abort(stopped());
    this.#cancelBeat();
    await this.#beat;
    const leases = this.#leases();
    this.#runners.clear();
    if (leases.length > 0) await this.#context.storage.release(leases).catch((error: unknown) => this.#report(error));
  }

  #settle(settlement: Settlement): Promise<boolean> {
    return pRetry(() => this.#settlements.add(settlement), {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: 50,
      maxTimeout: 10_000,
      signal: this.#giveUp.signal,
      onFailedAttempt: ({ error }) => this.#report(error),
    });
  }

  /** One after the other: claiming a queue again puts an end to the lease that was ours. */
  #takeUp(): Promise<void> {
    const turn = this.#lastTakeUp.then(async () => {
      const unclaimed = [...this.#context.recipients.keys()].filter((id) => !this.#runners.has(id));
      if (unclaimed.length > 0) this.#adopt(await this.#claim(unclaimed));
    });
    this.#lastTakeUp = turn.catch(() => {});
    return turn;
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
      this.#beat = this.#renew()
        .catch((error: unknown) => this.#report(error))
        .finally(() => {
          if (this.#phase === 'running') this.#scheduleBeat();
        });
    });
  }

  /** Keeps the leases, and takes those that nobody has (any more). */
  async #renew(): Promise<void> {
    const lost = await this.#context.storage.renew(this.#leases(), this.#leaseTimes());
    for (const id of lost) {
      const runner = this.#runners.get(id);
      if (runner === undefined) continue;
      this.#forget(runner);
      runner.abort();
      await runner.end();
    }
    if (this.#phase === 'running') await this.#takeUp();
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
    const own = isOutboundEventsError(error)
      ? error
      : new OutboundEventsError('ERR_STORAGE_FAILED', 'the storage failed');
    this.#context.tell('error', own);
  }
}

function stopped(): OutboundEventsError {
  return new OutboundEventsError('ERR_STOPPED', 'stopped before it was recorded');
}
