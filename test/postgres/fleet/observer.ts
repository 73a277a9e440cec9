import type { History, ObservedDrop } from '../../reliability/history.ts';
import type { Report } from '../../reliability/host-messages.ts';
import { type LoadRecipient, latencyMs } from '../../reliability/load.ts';
import { Receivers } from '../../reliability/receivers.ts';
import { SeededRandom } from '../../reliability/seeded-random.ts';
import { Emission } from './emission.ts';
import { Lives } from './lives.ts';

export interface ObserverOptions {
  /** Decides over events, answers and their delays. */
  readonly seed: number;
  readonly recipients: readonly LoadRecipient[];
  /** How many are emitted; with `Infinity`, until the emission is closed. */
  readonly events: number;
  /** How a recipient answers. */
  readonly status: (recipientId: string, random: SeededRandom) => number;
}

/** Sees what processes emit, tell and send. */
export class Observer {
  readonly lives = new Lives();
  readonly emission: Emission;
  readonly receivers: Receivers;
  readonly #recipients: readonly LoadRecipient[];
  readonly #trouble = Promise.withResolvers<never>();
  #deliveries = 0;
  #awaited = { count: Number.POSITIVE_INFINITY, reached: (): void => {} };
  #drops: readonly ObservedDrop[] = [];

  /** @param delivered is called when a delivery has had its 200. */
  constructor({ seed, recipients, events, status }: ObserverOptions, delivered: () => void) {
    this.#recipients = recipients;
    this.emission = new Emission(recipients, events, new SeededRandom(seed));
    const chances = new Map(recipients.map(({ id }, index) => [id, new SeededRandom(seed + index + 1)]));
    this.receivers = new Receivers({
      lifeOf: (mark) => this.lives.of(mark),
      answer: (recipientId) => {
        const random = chances.get(recipientId) as SeededRandom;
        return { status: status(recipientId, random), delayMs: latencyMs(random) };
      },
      began: () => {},
      answered: ({ answer }) => {
        if (answer?.status !== 200) return;
        this.#deliveries += 1;
        this.#notice();
        delivered();
      },
    });
    this.#trouble.promise.catch(() => {});
  }

  /** How many deliveries have had their 200, repetitions included. */
  get deliveries(): number {
    return this.#deliveries;
  }

  /** Resolves when so many deliveries have had their 200, repetitions included. */
  async answered(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#awaited = { count, reached: resolve };
    this.#notice();
    await this.unlessTrouble(promise);
  }

  /** As `result`, but rejects as soon as a process tells of what never should be, or ends by itself. */
  unlessTrouble<Result>(result: Promise<Result>): Promise<Result> {
    return Promise.race([result, this.#trouble.promise]);
  }

  hear(report: Report): void {
    switch (report.kind) {
      case 'acknowledged':
        this.emission.acknowledged(report.id);
        break;
      case 'recorded':
        this.receivers.recorded(report);
        break;
      case 'trouble':
        this.#trouble.reject(new Error(report.what));
        break;
      case 'finished':
        this.#drops = report.dropped.map(({ droppedAt, ...drop }) => ({ ...drop, at: droppedAt }));
        break;
      case 'starting':
      case 'started':
      case 'alert':
        break;
    }
  }

  /** How far it has come. */
  describe(): object {
    const unacknowledged = this.emission.emits.filter(({ acknowledged }) => !acknowledged).length;
    const latest = this.receivers.requests.slice(-5);
    return { deliveries: this.#deliveries, awaited: this.#awaited.count, unacknowledged, latest };
  }

  /** All that was seen. */
  history(): History {
    return {
      recipients: this.#recipients.map(({ id, retry }) => ({ id, retryIntervalMs: Number(retry?.interval) })),
      emits: this.emission.emits,
      requests: this.receivers.requests,
      drops: this.#drops,
      ends: this.lives.ends,
      // Each process compares its clock with that of the database, as exactly as answers are fast.
      toleranceMs: 50,
    };
  }

  #notice(): void {
    if (this.#deliveries >= this.#awaited.count) this.#awaited.reached();
  }
}
