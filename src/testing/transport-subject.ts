import { strict as assert } from 'node:assert';
import type { Socket } from 'node:net';
import type { StoredEvent } from '../core/event.ts';
import type { HttpRecipient } from '../core/recipient.ts';
import type { SendResult, Transport } from '../core/transport.ts';
import { attemptAt, httpRecipient } from './builders.ts';
import { RawReceiver } from './raw-receiver.ts';
import { Receiver, type ReceiverAnswer } from './receiver.ts';
import type { Theme } from './test-runner.ts';
import { within } from './within.ts';

/** What a transport is tried with. */
export interface TransportMaker {
  /** Makes the transport of one test, which the suite closes. It must be allowed to connect to this machine. */
  readonly create: () => Transport<HttpRecipient> | Promise<Transport<HttpRecipient>>;
  /** Completes a recipient. Default: every setting as documented. */
  readonly recipient?: ((settings: RecipientSettings) => HttpRecipient) | undefined;
}

/** What the suite decides about a recipient; only 200 must count as delivered. */
export type RecipientSettings = Pick<HttpRecipient, 'id' | 'url' | 'timeout' | 'signingSecrets'>;

/** Tests of one theme of the transport contract. */
export type TransportTests = Theme<TransportSubject>;

/** A limit of an attempt that is meant to be reached. */
export const shortTimeoutMs = 300;

/** What an attempt may take beyond its limit, and what counts as at once, also on a busy machine. */
const graceMs = 2_000;

/** What one attempt is made with. */
export interface SendOptions {
  readonly timeoutMs?: number;
  readonly signingSecrets?: readonly string[];
  readonly number?: number;
  readonly sequence?: number;
  /** Wall clock when it begins, epoch ms. */
  readonly at?: number;
  readonly event?: Partial<StoredEvent>;
  readonly signal?: AbortSignal;
}

/** The transport under test, and receivers for it. */
export class TransportSubject {
  readonly #maker: TransportMaker;
  readonly #transports: Transport<HttpRecipient>[] = [];
  readonly #receivers: { close(): Promise<void> }[] = [];
  #first: Promise<Transport<HttpRecipient>> | undefined;

  constructor(maker: TransportMaker) {
    this.#maker = maker;
  }

  /** A transport of its own; {@link send} uses the first. */
  async createTransport(): Promise<Transport<HttpRecipient>> {
    const transport = await this.#maker.create();
    this.#transports.push(transport);
    return transport;
  }

  /** The first transport, made when it is first used. */
  async transport(): Promise<Transport<HttpRecipient>> {
    this.#first ??= this.createTransport();
    return this.#first;
  }

  /** A receiver that lives as long as the test. */
  async receiver(answer: ReceiverAnswer): Promise<Receiver> {
    const receiver = await Receiver.start(answer);
    this.#receivers.push(receiver);
    return receiver;
  }

  /** A receiver of bytes that lives as long as the test. */
  async rawReceiver(accept: (socket: Socket, count: number) => void): Promise<RawReceiver> {
    const receiver = await RawReceiver.start(accept);
    this.#receivers.push(receiver);
    return receiver;
  }

  /** A recipient with a whole minute for an attempt and no secrets, unless told otherwise. */
  recipient(url: string, timeoutMs = 60_000, signingSecrets: readonly string[] = []): HttpRecipient {
    const { recipient = httpRecipient } = this.#maker;
    return recipient({ id: 'crm', url, timeout: timeoutMs, signingSecrets });
  }

  /** One attempt. It fails the test when it rejects, or goes on for longer than it may. */
  async send(url: string, options: SendOptions = {}): Promise<SendResult> {
    return this.sendWith(await this.transport(), url, options);
  }

  /** One attempt with another transport. */
  async sendWith(
    transport: Transport<HttpRecipient>,
    url: string,
    { timeoutMs, signingSecrets, signal = new AbortController().signal, ...attempt }: SendOptions = {},
  ): Promise<SendResult> {
    const recipient = this.recipient(url, timeoutMs, signingSecrets);
    const sent = transport.send(attemptAt(recipient, attempt), { signal });
    return within(recipient.timeout + graceMs, sent, () => `the attempt went on beyond ${recipient.timeout} ms`);
  }

  /** Closes everything. */
  async close(): Promise<void> {
    const closing = this.#transports.map((transport) => soon(transport.close(), 'close() went on'));
    await Promise.allSettled(closing);
    await Promise.all(this.#receivers.map((receiver) => receiver.close()));
    await Promise.all(closing);
  }
}

/** What `work` resolves with; it has to come at once. */
export function soon<Value>(work: Promise<Value>, what: string): Promise<Value> {
  return within(graceMs, work, () => what);
}

/** Makes sure that an attempt failed, with one of these codes where they are given. */
export function assertFailed(result: SendResult, ...codes: readonly string[]): void {
  assert.equal(result.outcome, 'failed');
  const { code, message } = result.error;
  if (codes.length > 0) assert(codes.includes(code), `${code} (${message}) where ${codes.join(' or ')} was expected`);
  assert(message.length > 0 && !message.includes('\n'), `not a sentence: ${JSON.stringify(message)}`);
}

/** A URL of this machine where nobody listens. */
export async function deadUrl(): Promise<string> {
  const receiver = await Receiver.start(() => {});
  const { url } = receiver;
  await receiver.close();
  return url;
}
