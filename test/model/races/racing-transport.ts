import type { Attempt, SendResult, Transport } from '../../../src/core/transport.ts';
import { delivered, failed } from '../../../src/testing.ts';
import type { Ledger } from './ledger.ts';
import type { Scheduler } from './scheduler.ts';

/** A transport of one process: an attempt is answered when the scheduler says so, or never if it was aborted before. */
export class RacingTransport implements Transport {
  /** The next answers: whether the receiver takes the delivery. Then it takes every one. */
  readonly answers: boolean[] = [];
  /** What may have changed, and so must hold, whenever an attempt begins. */
  mustHold: (attempt: Attempt) => void = () => {};
  readonly #scheduler: Scheduler;
  readonly #ledger: Ledger;
  readonly #process: number;

  constructor(scheduler: Scheduler, ledger: Ledger, process: number) {
    this.#scheduler = scheduler;
    this.#ledger = ledger;
    this.#process = process;
  }

  check(): void {}

  async send(attempt: Attempt, { signal }: { readonly signal: AbortSignal }): Promise<SendResult> {
    this.mustHold(attempt);
    this.#ledger.attemptBegins(this.#process, attempt);
    const end = (taken: boolean): void => this.#ledger.attemptEnds(this.#process, attempt, taken);
    signal.addEventListener('abort', () => end(false));
    await this.#scheduler.turn(this.#process);
    if (signal.aborted) return failed('ABORTED');
    const taken = this.answers.shift() ?? true;
    end(taken);
    return taken ? delivered() : failed(500);
  }

  async close(): Promise<void> {}
}
