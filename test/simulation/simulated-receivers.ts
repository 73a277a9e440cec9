import type { HttpRecipient } from '../../src/core/recipient.ts';
import type { Attempt, SendResult, Transport } from '../../src/core/transport.ts';
import { delivered, failed } from '../../src/testing.ts';
import type { ObservedRequest } from '../reliability/history.ts';
import type { SeededRandom } from '../reliability/seeded-random.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Chances of 100, each for one attempt. */
export interface ReceiverFaults {
  readonly refuses: number;
  /** The receiver has it, and its answer is lost. */
  readonly answerLost: number;
  readonly slow: number;
}

const noFaults: ReceiverFaults = { refuses: 0, answerLost: 0, slow: 0 };

/** When a receiver answers nobody, epoch ms. */
export interface Outage {
  readonly from: number;
  readonly to: number;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

interface Life {
  readonly process: SimulatedProcess;
  readonly number: number;
}

/** The receivers of all recipients. Each request is noted from its beginning on. */
export class SimulatedReceivers {
  readonly requests: Writable<ObservedRequest>[] = [];
  /** Attempts of who did not hold the lease. */
  readonly unheld: string[] = [];
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #faults: ReceiverFaults;
  readonly #isCalm: () => boolean;
  readonly #outages: ReadonlyMap<string, readonly Outage[]>;
  readonly #began: (process: SimulatedProcess) => void;
  readonly #isHeldBy: (process: SimulatedProcess, recipientId: string) => boolean;

  constructor(context: {
    readonly time: VirtualTime;
    readonly random: SeededRandom;
    readonly faults: ReceiverFaults;
    /** From when on nothing goes wrong. */
    readonly isCalm: () => boolean;
    readonly outages: ReadonlyMap<string, readonly Outage[]>;
    readonly isHeldBy: (process: SimulatedProcess, recipientId: string) => boolean;
    /** A process has begun an attempt. */
    readonly began: (process: SimulatedProcess) => void;
  }) {
    this.#time = context.time;
    this.#random = context.random;
    this.#faults = context.faults;
    this.#isCalm = context.isCalm;
    this.#outages = context.outages;
    this.#isHeldBy = context.isHeldBy;
    this.#began = context.began;
  }

  /** The transport of one life of a process. */
  connect(life: Life): Transport<HttpRecipient> {
    return {
      check: () => {},
      close: async () => {},
      send: (attempt, { signal }) => this.#send(life, attempt, signal),
    };
  }

  /** A process has told what became of an attempt. */
  recorded(attempt: Pick<ObservedRequest, 'recipientId' | 'eventId' | 'attempt'>): void {
    const request = this.requests.findLast(
      ({ recipientId, eventId }) => recipientId === attempt.recipientId && eventId === attempt.eventId,
    );
    if (request?.attempt === attempt.attempt) request.isRecorded = true;
  }

  #send({ process, number }: Life, attempt: Attempt<HttpRecipient>, signal: AbortSignal): Promise<SendResult> {
    const { recipient, delivery } = attempt;
    const request: Writable<ObservedRequest> = {
      recipientId: recipient.id,
      sequence: delivery.sequence,
      eventId: delivery.event.id,
      attempt: attempt.number,
      life: number,
      beganAt: this.#time.now,
      body: delivery.event.data,
      answer: null,
      isRecorded: false,
    };
    this.requests.push(request);
    if (!this.#isHeldBy(process, recipient.id)) this.unheld.push(`${recipient.id} ${delivery.event.id}`);
    const result = Promise.withResolvers<SendResult>();
    const { answer, tookMs } = this.#answer(recipient.id);
    this.#time.after(tookMs, () => {
      const status = answer.response?.status ?? null;
      if (status !== null) request.answer = { status, at: this.#time.now };
      process.reach(() => result.resolve(answer));
    });
    signal.addEventListener('abort', () => result.resolve(failed('ABORTED')), { once: true });
    this.#began(process);
    return result.promise;
  }

  #answer(recipientId: string): { readonly answer: SendResult; readonly tookMs: number } {
    const isOut = this.#outages.get(recipientId)?.some(({ from, to }) => from <= this.#time.now && this.#time.now < to);
    const { refuses, answerLost, slow } = this.#isCalm() ? noFaults : this.#faults;
    const [refused, lost, isSlow] = [refuses, answerLost, slow].map((chance) => this.#random.percent(chance));
    const tookMs = isSlow ? this.#random.between(5_000, 30_000) : this.#random.between(1, 100);
    if (isOut === true) return this.#random.percent(50) ? { answer: failed(503), tookMs } : silent(30_000);
    if (refused === true) return { answer: failed(500), tookMs };
    if (lost === true) return silent(tookMs);
    return { answer: delivered(), tookMs };
  }
}

function silent(tookMs: number): { readonly answer: SendResult; readonly tookMs: number } {
  return { answer: failed('CONNECT_RESET'), tookMs };
}
