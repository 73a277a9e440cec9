import { Batcher } from '../core/batcher.ts';
import type { Clock } from '../core/clock.ts';
import type { Lease, LeaseRef, LeaseTimes, Presence, QueueStorage } from '../core/storage.ts';
import { type LeaseEnd, leaseEnd } from './lease-end.ts';
import { Spread } from './spread.ts';

const confirmationBatches = { largest: 500, atATime: 1 };
/** How often it is looked for queues that others leave, and how soon what failed is tried again. */
const watchMs = 1_000;
/** For giving everything back at the end: others see soon enough that this process is gone. */
const farewellMs = 1_000;

export interface LeaseKeeperContext {
  /** Whom the leases belong to: a name nobody else has. */
  readonly holder: string;
  readonly storage: Pick<QueueStorage<never>, 'announce' | 'claim' | 'renew' | 'release'>;
  readonly clock: Clock;
  /** How long a lease lasts without being renewed, ms. */
  readonly leaseDuration: number;
  /** How many queues there are to work on. */
  readonly countKnown: () => number;
  /** The leases that are held. */
  readonly held: () => readonly LeaseRef[];
  /** The queues that could be worked on here, and are not. */
  readonly unclaimed: () => readonly string[];
  /** These are ours until then. */
  readonly taken: (leases: readonly Lease[], end: LeaseEnd) => void;
  readonly renewed: (leases: readonly LeaseRef[], end: LeaseEnd) => void;
  /** Others have them now. Resolves when the work on them has ended. */
  readonly lost: (leases: readonly LeaseRef[]) => Promise<void>;
  /** To leave a queue to others. Resolves with its lease when the work on it has ended; `null` when it is not to be left. */
  readonly leave: (recipientId: string) => Promise<LeaseRef | null>;
  readonly report: (error: unknown) => void;
}

/** Takes the leases of queues, as many as this process's share, keeps them, and gives them back. */
export class LeaseKeeper {
  readonly #context: LeaseKeeperContext;
  readonly #confirmations: Batcher<LeaseRef, LeaseEnd | null>;
  readonly #spread = new Spread();
  #cancelBeat = (): void => {};
  #cancelWatch = (): void => {};
  #lastTakeUp: Promise<void> = Promise.resolve();
  /** One that has not begun yet. */
  #nextTakeUp: Promise<void> | null = null;
  #isSharing = false;
  /** Renewals that were asked for, and the latest of them that was answered. */
  #renewals = 0;
  #latestRenewal = 0;
  /** What is under way: `leave` waits for it, so that nothing is claimed or asked for afterwards. */
  readonly #errands = new Set<Promise<unknown>>();
  /** Claimed for nothing, as no more was to be taken meanwhile. */
  readonly #unused: LeaseRef[] = [];
  #announced = false;
  #phase: 'new' | 'running' | 'keeping' | 'left' = 'new';

  constructor(context: LeaseKeeperContext) {
    this.#context = context;
    this.#confirmations = new Batcher((leases) => this.#confirm(leases), confirmationBatches);
  }

  /** Rejects, and nothing has begun, when the storage does. */
  async start(): Promise<void> {
    this.#phase = 'running';
    try {
      await this.takeUp();
    } catch (error) {
      if (this.#phase === 'running') this.#phase = 'new';
      this.#cancelWatch();
      throw error;
    }
    this.#scheduleBeat();
  }

  /** Claims queues that nobody works on, up to the share. Does nothing before `start` and after `stop`. */
  takeUp(): Promise<void> {
    if (this.#nextTakeUp !== null) return this.#nextTakeUp;
    // One after the other: claiming a queue again puts an end to the lease that was ours.
    const turn = this.#lastTakeUp.then(async () => {
      this.#nextTakeUp = null;
      if (this.#phase !== 'running') return;
      const unclaimed = this.#context.unclaimed();
      if (unclaimed.length > 0) await this.#takeShareOf(unclaimed, await this.#announce());
    });
    this.#nextTakeUp = turn;
    this.#lastTakeUp = turn.catch(() => {});
    this.#awaitAtLeave(turn);
    const watch = (): void => this.watch();
    turn.then(watch, watch);
    return turn;
  }

  /** Looks again after a while, as long as there are queues that others work on: they may leave them. */
  watch(): void {
    this.#cancelWatch();
    if (this.#phase !== 'running' || this.#context.unclaimed().length === 0) return;
    this.#cancelWatch = this.#context.clock.setTimer(watchMs, () => {
      this.takeUp().catch(this.#report);
    });
  }

  /** Asks whether a lease is ours still. Resolves with until when it is; with `null` when it is lost. */
  confirm(lease: LeaseRef): Promise<LeaseEnd | null> {
    return this.#confirmations.add(lease);
  }

  /** The times of a lease that is taken or renewed now. */
  times(): LeaseTimes {
    const now = this.#context.clock.steady();
    return { now, expiresAt: now + this.#context.leaseDuration };
  }

  /** Takes no more. What is held is kept until `leave`: attempts under way may take longer than a lease. */
  takeNoMore(): void {
    if (this.#phase === 'running') this.#phase = 'keeping';
    this.#cancelWatch();
  }

  /** Gives these back once nothing is under way, and leaves. Does not wait long for a storage that does not answer. */
  async leave(leases: readonly LeaseRef[]): Promise<void> {
    this.#phase = 'left';
    this.#cancelBeat();
    if (!this.#announced) return;
    const { storage, holder, clock, report } = this.#context;
    let isLate = false;
    const giveBack = async (): Promise<void> => {
      await Promise.allSettled(this.#errands);
      if (!isLate) await storage.release([...leases, ...this.#unused]);
      const now = clock.steady();
      if (!isLate) await storage.announce(holder, { now, expiresAt: now });
    };
    const late = Promise.withResolvers<void>();
    const cancel = clock.setTimer(farewellMs, () => {
      isLate = true;
      late.resolve();
    });
    // The storage is closed when it is late: nothing more is asked of it, and nobody told what it answers.
    const givenBack = giveBack().catch((error: unknown) => {
      if (!isLate) report(error);
    });
    await Promise.race([givenBack, late.promise]);
    cancel();
  }

  #endOfNow(): LeaseEnd {
    return leaseEnd(this.#context.clock, this.#context.leaseDuration);
  }

  #awaitAtLeave(errand: Promise<unknown>): void {
    this.#errands.add(errand);
    const done = (): boolean => this.#errands.delete(errand);
    errand.then(done, done);
  }

  async #takeShareOf(unclaimed: readonly string[], presence: Presence): Promise<void> {
    if (this.#phase !== 'running') return;
    const { storage, holder, countKnown, held, taken } = this.#context;
    const { limit, beyond } = this.#spread.claimable(presence, countKnown(), held().length);
    if (limit === 0) return;
    const end = this.#endOfNow();
    const leases = await storage.claim({ holder, limit, recipientIds: unclaimed, ...this.times() });
    if (this.#phase !== 'running') {
      this.#unused.push(...leases);
      return;
    }
    taken(leases, end);
    if (beyond) this.#spread.keep(leases.map(({ recipientId }) => recipientId));
  }

  #announce(): Promise<Presence> {
    this.#announced = true;
    return this.#context.storage.announce(this.#context.holder, this.times());
  }

  #scheduleBeat(delayMs = this.#context.leaseDuration / 2): void {
    this.#cancelBeat();
    if (this.#phase === 'left') return;
    this.#cancelBeat = this.#context.clock.setTimer(delayMs, () => this.#beat());
  }

  #beat(): void {
    // Asked again in time, should this answer not come before the leases run out.
    this.#scheduleBeat(this.#context.leaseDuration / 8);
    const renewed = this.#renew();
    this.#awaitAtLeave(renewed);
    renewed.then(
      (isLatest) => {
        if (isLatest) this.#scheduleBeat();
        this.#share();
      },
      (error: unknown) => {
        this.#report(error);
        this.#scheduleBeat(watchMs);
      },
    );
  }

  /** Beside the beat: however long it takes, leases are renewed in time. */
  #share(): void {
    if (this.#isSharing || this.#phase !== 'running') return;
    this.#isSharing = true;
    const share = this.#takeAndLeave()
      .catch(this.#report)
      .finally(() => {
        this.#isSharing = false;
      });
    this.#awaitAtLeave(share);
  }

  /** Takes the queues that nobody has (any more), and leaves others their share. */
  async #takeAndLeave(): Promise<void> {
    await this.takeUp();
    if (this.#phase !== 'running') return;
    const { countKnown, held } = this.#context;
    const presence = await this.#announce();
    if (this.#phase !== 'running') return;
    const ids = held().map(({ recipientId }) => recipientId);
    const excess = this.#spread.excess(presence, countKnown(), ids);
    for (const id of excess) this.#awaitAtLeave(this.#giveBack(id).catch(this.#report));
  }

  async #giveBack(recipientId: string): Promise<void> {
    const lease = await this.#context.leave(recipientId);
    if (lease === null) return;
    await this.#context.storage.release([lease]);
    this.watch();
  }

  /** Resolves with whether no renewal that was asked for later was answered before. */
  async #renew(): Promise<boolean> {
    const { storage, held, renewed, lost } = this.#context;
    const leases = held();
    const end = this.#endOfNow();
    this.#renewals += 1;
    const number = this.#renewals;
    const lostIds = new Set(await storage.renew(leases, this.times()));
    const isLost = ({ recipientId }: LeaseRef): boolean => lostIds.has(recipientId);
    const isLatest = number > this.#latestRenewal;
    if (isLatest) {
      this.#latestRenewal = number;
      renewed(
        leases.filter((lease) => !isLost(lease)),
        end,
      );
    }
    this.#awaitAtLeave(lost(leases.filter(isLost)));
    return isLatest;
  }

  /** What is under way when this process leaves goes on for nobody. */
  readonly #report = (error: unknown): void => {
    if (this.#phase !== 'left') this.#context.report(error);
  };

  async #confirm(leases: readonly LeaseRef[]): Promise<readonly (LeaseEnd | null)[]> {
    const end = this.#endOfNow();
    const lost = new Set(await this.#context.storage.renew(leases, this.times()));
    return leases.map(({ recipientId }) => (lost.has(recipientId) ? null : end));
  }
}
