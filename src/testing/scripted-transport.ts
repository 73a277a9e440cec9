import type { Clock } from '../core/clock.ts';
import { OutboundEventsError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import type { Recipient } from '../core/recipient.ts';
import type { Attempt, SendResult, Transport } from '../core/transport.ts';
import { delivered, failed } from './send-results.ts';

/** What becomes of an attempt; throwing is allowed, as a transport may throw. */
export type Answer = (attempt: Attempt) => SendResult | Promise<SendResult>;

/** One attempt that was asked of a {@link ScriptedTransport}. */
export interface RecordedAttempt {
  readonly recipientId: string;
  readonly eventId: string;
  readonly type: string;
  readonly sequence: number;
  /** 1 for the first attempt at this delivery. */
  readonly number: number;
  /** When it began, by the `steady` time of the transport's clock; `null` without a clock. */
  readonly at: number | null;
  readonly data: Json;
  /** What the previous attempt had left. */
  readonly progress: Json;
  /** What became of it; `null` while it is open, and when its answer threw. */
  readonly result: SendResult | null;
}

/** Says when attempts begin, and what they answer where no script does. */
export interface ScriptedTransportOptions {
  readonly clock?: Clock | undefined;
  /** Default: everything is delivered. */
  readonly otherwise?: Answer | undefined;
}

/**
 * A transport without a network, for recipients of either kind: records every attempt, and answers as it is told.
 *
 * @example
 * const transport = new ScriptedTransport().answer('crm', failed(500), failed('TIMEOUT_RESPONSE'), delivered());
 * …
 * assert.deepEqual(transport.attempts.map((attempt) => attempt.number), [1, 2, 3]);
 */
export class ScriptedTransport<R extends Recipient = Recipient> implements Transport<R> {
  readonly #clock: Clock | undefined;
  readonly #otherwise: Answer;
  readonly #attempts: RecordedAttempt[] = [];
  readonly #queuedAnswers = new Map<string, SendResult[]>();
  readonly #standingAnswers = new Map<string, Answer>();
  readonly #holds = new Map<string, Promise<void>>();
  readonly #refusals = new Map<string, OutboundEventsError>();
  #closed = false;

  constructor({ clock, otherwise = () => delivered() }: ScriptedTransportOptions = {}) {
    this.#clock = clock;
    this.#otherwise = otherwise;
  }

  /** Every attempt so far, in the order they began. */
  get attempts(): readonly RecordedAttempt[] {
    return [...this.#attempts];
  }

  /** Every attempt at one recipient so far, in the order they began. */
  attemptsAt(recipientId: string): readonly RecordedAttempt[] {
    return this.#attempts.filter((attempt) => attempt.recipientId === recipientId);
  }

  /** Answers the recipient's next attempts with these, one each, before any other answer is asked for. */
  answer(recipientId: string, ...results: readonly SendResult[]): this {
    const queued = this.#queuedAnswers.get(recipientId) ?? [];
    this.#queuedAnswers.set(recipientId, [...queued, ...results]);
    return this;
  }

  /** Answers all the recipient's attempts with this from now on, after what {@link answer} has queued. */
  answerWith(recipientId: string, answer: Answer): this {
    this.#standingAnswers.set(recipientId, answer);
    return this;
  }

  /** Keeps the recipient's attempts open from now on, until the function it returns is called or their signal aborts. */
  hold(recipientId: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#holds.set(recipientId, promise);
    return resolve;
  }

  /** Makes {@link check} throw this for the recipient from now on. */
  refuse(recipientId: string, error: OutboundEventsError): this {
    this.#refusals.set(recipientId, error);
    return this;
  }

  /** Whether it was closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Accepts every recipient that was not {@link refuse | refused}. */
  check(recipient: R): void {
    const refusal = this.#refusals.get(recipient.id);
    if (refusal !== undefined) throw refusal;
  }

  async send(attempt: Attempt<R>, { signal }: { readonly signal: AbortSignal }): Promise<SendResult> {
    if (this.#closed)
      throw new OutboundEventsError('ERR_STOPPED', 'an attempt was made after the transport was closed');
    const recorded = { ...record(attempt, this.#clock?.steady() ?? null), result: null as SendResult | null };
    this.#attempts.push(recorded);
    recorded.result = await untilAborted(signal, this.#answerFor(attempt, signal));
    return recorded.result;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  async #answerFor(attempt: Attempt, signal: AbortSignal): Promise<SendResult> {
    const { id } = attempt.recipient;
    await this.#holds.get(id);
    // An attempt that has ended takes no answer away from the next one.
    if (signal.aborted) return abortedResult;
    return this.#queuedAnswers.get(id)?.shift() ?? (this.#standingAnswers.get(id) ?? this.#otherwise)(attempt);
  }
}

const abortedResult = failed('ABORTED', 'the attempt was ended');

function record(
  { recipient, delivery, number, progress }: Attempt,
  at: number | null,
): Omit<RecordedAttempt, 'result'> {
  const { sequence, event } = delivery;
  return {
    recipientId: recipient.id,
    eventId: event.id,
    type: event.type,
    sequence,
    number,
    at,
    data: JSON.parse(event.data) as Json,
    progress,
  };
}

async function untilAborted(signal: AbortSignal, answer: Promise<SendResult>): Promise<SendResult> {
  const aborted = Promise.withResolvers<SendResult>();
  const abort = (): void => aborted.resolve(abortedResult);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([aborted.promise, answer]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
