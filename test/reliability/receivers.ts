import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { systemClock } from '../../src/index.ts';
import type { ObservedRequest } from './history.ts';
import { markHeader } from './marking-transport.ts';

/** How a receiver answers one request. */
export interface PlannedAnswer {
  readonly status: number;
  readonly delayMs: number;
}

export interface ReceiversOptions {
  /** Which life a request comes from that bears this mark, or none. */
  readonly lifeOf: (mark: string | undefined) => number;
  readonly answer: (recipientId: string) => PlannedAnswer;
  /** A request has begun. */
  readonly began: (request: ObservedRequest) => void;
  /** Its answer has just been written. */
  readonly answered: (request: ObservedRequest) => void;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Receivers of all recipients, on one port of this machine. Each request is noted from its beginning on. */
export class Receivers {
  readonly #options: ReceiversOptions;
  readonly #requests: Writable<ObservedRequest>[] = [];
  readonly #byRecipient = new Map<string, Writable<ObservedRequest>[]>();
  readonly #connections = new Set<Socket>();
  readonly #server = createServer((request, response) => this.#receive(request, response));

  constructor(options: ReceiversOptions) {
    this.#options = options;
    // Connections end with the process that made them, and never before.
    this.#server.keepAliveTimeout = 0;
    this.#server.on('connection', (socket: Socket) => {
      this.#connections.add(socket);
      socket.once('close', () => this.#connections.delete(socket));
    });
  }

  /** All so far, in the order they began. */
  get requests(): readonly ObservedRequest[] {
    return this.#requests;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  url(recipientId: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${recipientId}`;
  }

  /** A process has told what became of an attempt. */
  recorded(attempt: Pick<ObservedRequest, 'recipientId' | 'eventId' | 'attempt'>): void {
    const toSame = this.#byRecipient.get(attempt.recipientId);
    const request = toSame?.findLast(({ eventId }) => eventId === attempt.eventId);
    if (request?.attempt === attempt.attempt) request.isRecorded = true;
  }

  /** Resolves when nothing can come any more of a process that has ended. */
  async quiet(): Promise<void> {
    await Promise.all(
      Array.from(this.#connections, (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))),
    );
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const { url = '', headers } = request;
    const recipientId = url.slice(1);
    const noted: Writable<ObservedRequest> = {
      recipientId,
      sequence: Number(headers['webhook-sequence']),
      eventId: String(headers['webhook-id']),
      attempt: Number(headers['webhook-attempt']),
      life: this.#options.lifeOf(headers[markHeader]?.toString()),
      beganAt: systemClock.steady(),
      body: null,
      answer: null,
      isRecorded: false,
    };
    this.#requests.push(noted);
    const toSame = this.#byRecipient.get(recipientId);
    if (toSame === undefined) this.#byRecipient.set(recipientId, [noted]);
    else toSame.push(noted);
    this.#options.began(noted);
    const body = createHash('sha256');
    request.on('error', () => {});
    request.on('data', (chunk: Buffer) => body.update(chunk));
    request.on('end', () => {
      noted.body = body.digest('hex');
      const { status, delayMs } = this.#options.answer(recipientId);
      setTimeout(() => {
        if (response.socket?.writable !== true) return;
        noted.answer = { status, at: systemClock.steady() };
        response.writeHead(status).end();
        this.#options.answered(noted);
      }, delayMs);
    });
  }
}
