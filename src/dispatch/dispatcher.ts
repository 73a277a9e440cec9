import { Batcher } from '../core/batcher.ts';
import type { Clock } from '../core/clock.ts';
import { OutboundEventsError, toOwnError } from '../core/errors.ts';
import type { Tell } from '../core/lifecycle.ts';
import type { Recipient } from '../core/recipient.ts';
import type { Lease, LeaseRef, QueueStorage, Settlement } from '../core/storage.ts';
import type { Relay, RelayAnswer, Transport } from '../core/transport.ts';
import { AlertDesk } from './alert-desk.ts';
import { dropHead } from './drop-head.ts';
import type { LeaseEnd } from './lease-end.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { QueueRunner, type RunnerContext } from './queue-runner.ts';
import { sendAttempt } from './send-attempt.ts';
import { Slots } from './slots.ts';
import { unlessAborted } from './unless-aborted.ts';

/** Two: while one is being committed, what it set free is sent, and what that brings can be committed too. */
const settlementBatches = { largest: 500, atATime: 2 };

/** Not with the package, whose import it would make longer. */
const loadRetry = () => import('p-retry');

/** How often a queue is taken again from another process that removes its recipient, too. */
const removals = 10;

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

/** Runs a {@link QueueRunner} for each queue that this process works on. */
export class Dispatcher {
  readonly #context: DispatcherContext;
  readonly #slots: Slots;
  readonly #alerts: AlertDesk | null;
  readonly #settlements: Batcher<Settlement, boolean>;
  readonly #leases: LeaseKeeper;
  readonly #runnerContext: RunnerContext;
  readonly #runners = new Map<string, QueueRunner>();
  readonly #removing = new Set<string>();
  readonly #giveUp = new AbortController();

  constructor(context: DispatcherContext) {
    const { storage, clock, tell, relay, relayAnswered } = context;
    this.#context = context;
    this.#slots = new Slots(context.concurrency, clock);
    const stats = (id?: string) => this.#unlessGivenUp(storage.stats(id));
    this.#alerts = relay && new AlertDesk({ relay, storage: { stats }, clock, tell, relayAnswered });
    this.#settlements = new Batcher(async (settlements) => {
      try {
        return await storage.settle(settlements);
      } catch (error) {
        throw ownError(error);
      }
    }, settlementBatches);
    this.#leases = new LeaseKeeper({
      ...context,
      countKnown: () => context.recipients.size,
      held: () => Array.from(this.#runners.values(), ({ lease }) => lease),
      unclaimed: () => this.#unclaimed(),
      taken: (leases, end) => this.#adopt(leases, end),
      renewed: (leases, end) => {
        for (const lease of leases) this.#runnerOf(lease)?.renewed(end);
      },
      lost: (leases) => this.#lose(leases),
      leave: (recipientId) => this.#leave(recipientId),
      report: (error) => this.#report(error),
    });
    this.#runnerContext = {
      storage: { read: (...call) => this.#unlessGivenUp(storage.read(...call)) },
      clock,
      tell,
      slots: this.#slots,
      settle: (settlement) => this.#settle(settlement),
      confirm: (lease) => this.#unlessGivenUp(this.#leases.confirm(lease)),
      send: async (attempt, signal) => {
        const result = await sendAttempt(context.transport, attempt, signal);
        if (result.relay !== undefined) relayAnswered(result.relay);
        return result;
      },
      changed: (runner) => this.#alerts?.changed(runner),
      lost: (runner) => {
        this.#forget(runner);
        this.#leases.watch();
      },
    };
  }

  /** Claims this process's share of the queues and begins to work on them. Rejects, and nothing has begun, when the storage does. */
  start(): Promise<void> {
    // Before it is needed, as the disk may be what fails then; but nobody waits for it.
    loadRetry().catch(() => {});
    return this.#leases.start();
  }

  /** Deliveries for these recipients may have been stored. */
  wake(recipientIds: readonly string[]): void {
    for (const id of recipientIds) this.#runners.get(id)?.wake();
  }

  /** Another process has given queues back: for whoever has not its share. */
  released(): void {
    void this.takeUp();
  }

  /** Claims known queues that nobody works on, and begins to; what keeps it from that is told. Does nothing before `start` and after `stop`. */
  async takeUp(): Promise<void> {
    await this.#leases.takeUp().catch((error: unknown) => this.#report(error));
  }

  /** A recipient was added or changed. */
  async recipientSaved(recipient: Recipient): Promise<void> {
    const runner = this.#runners.get(recipient.id);
    if (runner !== undefined) runner.update(recipient);
    else await this.takeUp();
  }

  /** A recipient was removed by another process, or cannot be worked on here any more. */
  recipientGone(recipientId: string): void {
    const runner = this.#runners.get(recipientId);
    if (runner === undefined) return;
    this.#forget(runner);
    void runner.end().then(() => this.#giveBack([runner.lease]));
  }

  /**
   * Ends the work on a queue, and removes its recipient from the storage. `false`, and the work goes on, when deliveries
   * wait and are not to be dropped.
   */
  async remove(recipientId: string, dropBacklog: boolean): Promise<boolean> {
    const taken: LeaseRef[] = [];
    this.#removing.add(recipientId);
    try {
      if (dropBacklog) await this.#dropQueue(recipientId, taken);
      // What was emitted meanwhile is dropped too, or keeps the recipient.
      for (let number = 1; !(await this.#context.storage.removeRecipient(recipientId)); number += 1) {
        if (!dropBacklog) return false;
        if (!(await this.#dropQueue(recipientId, taken)) && number >= removals) {
          throw new OutboundEventsError('ERR_LEASE_LOST', `another process works on the queue of "${recipientId}"`);
        }
      }
      const runner = this.#runners.get(recipientId);
      if (runner !== undefined) this.#forget(runner);
      await runner?.end();
      return true;
    } catch (error) {
      // It goes on being worked on, by whoever takes it first.
      await this.#giveBack(taken);
      throw error;
    } finally {
      this.#removing.delete(recipientId);
    }
  }

  /** From now on no attempt is begun, and no mail. {@link stop} is to follow. */
  beginNoMore(): void {
    this.#slots.close();
    void this.#alerts?.end();
  }

  /**
   * Starts nothing new and lets what is under way go on for `limitMs`; then aborts the rest, which will be repeated.
   */
  async stop(limitMs: number): Promise<void> {
    this.#leases.takeNoMore();
    this.beginNoMore();
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
    const leases = runners.map(({ lease }) => lease);
    this.#runners.clear();
    await this.#leases.leave(leases);
  }

  /** Again and again while the storage fails. */
  #settle(settlement: Settlement): Promise<boolean> {
    const settle = (): Promise<boolean> => this.#unlessGivenUp(this.#settlements.add(settlement));
    const first = settle();
    return first.catch(async () => {
      const { default: pRetry } = await loadRetry();
      return pRetry((attempt) => (attempt === 1 ? first : settle()), {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: 50,
        maxTimeout: 10_000,
        signal: this.#giveUp.signal,
        onFailedAttempt: ({ error }) => this.#report(error),
      });
    });
  }

  /** A storage that does not answer must not hold up `stop`. */
  #unlessGivenUp<Result>(result: Promise<Result>): Promise<Result> {
    return unlessAborted(result, this.#giveUp.signal);
  }

  /**
   * `false` when another process took the queue on the way: to remove the recipient, too, or to work on it. The lease that
   * it needs is added to those `taken`.
   */
  async #dropQueue(recipientId: string, taken: LeaseRef[]): Promise<boolean> {
    const runner = this.#runners.get(recipientId);
    if (runner !== undefined) {
      await runner.end();
      this.#forget(runner);
    }
    const { storage, tell, clock } = this.#context;
    const request = {
      ...this.#leases.times(),
      holder: this.#context.holder,
      limit: 1,
      recipientIds: [recipientId],
      evenIfHeld: true,
    };
    const [lease] = await storage.claim(request);
    const drop = { tell, reason: 'removed', error: null, now: clock.steady(), goes: () => true } as const;
    const settle = (settlement: Settlement): Promise<boolean> => this.#settle(settlement);
    // Nothing to claim: the recipient is gone.
    if (lease === undefined) return true;
    taken.push(lease);
    return dropHead({ ...drop, storage, settle, lease });
  }

  /** One that cannot be given back runs out by itself. */
  async #giveBack(leases: readonly LeaseRef[]): Promise<void> {
    await this.#unlessGivenUp(this.#context.storage.release(leases)).catch(() => {});
  }

  #unclaimed(): readonly string[] {
    const isFree = (id: string): boolean => !this.#runners.has(id) && !this.#removing.has(id);
    return [...this.#context.recipients.keys()].filter(isFree);
  }

  /** Queues that are ours now. */
  #adopt(leases: readonly Lease[], end: LeaseEnd): void {
    for (const lease of leases) {
      const recipient = this.#context.recipients.get(lease.recipientId);
      if (recipient === undefined || this.#runners.has(recipient.id)) continue;
      const runner = new QueueRunner(this.#runnerContext, recipient, lease, end);
      this.#runners.set(lease.recipientId, runner);
      runner.wake();
      this.#alerts?.changed(runner);
    }
  }

  #runnerOf({ recipientId, fence }: LeaseRef): QueueRunner | undefined {
    const runner = this.#runners.get(recipientId);
    return runner?.lease.fence === fence ? runner : undefined;
  }

  async #lose(leases: readonly LeaseRef[]): Promise<void> {
    for (const lease of leases) {
      const runner = this.#runnerOf(lease);
      if (runner === undefined) continue;
      this.#forget(runner);
      runner.abort();
      await runner.end();
    }
  }

  /** Once the attempt under way is recorded, and the mail. */
  async #leave(recipientId: string): Promise<LeaseRef | null> {
    const runner = this.#runners.get(recipientId);
    if (runner === undefined || this.#removing.has(recipientId)) return null;
    await runner.end();
    await this.#alerts?.leave(runner);
    if (this.#runners.get(recipientId) !== runner) return null;
    this.#forget(runner);
    return runner.lease;
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
