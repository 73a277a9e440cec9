import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A whole request, as it came. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query, byte for byte. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What a receiver does with a request. Writing to `response.socket` answers with any bytes. */
export type ReceiverAnswer = (response: ServerResponse, request: ReceivedRequest) => void;

/** An HTTP server on this machine that records what it is sent, and answers as it is told. */
export class Receiver {
  readonly #server: Server;
  readonly #requests: ReceivedRequest[] = [];
  readonly #open = new Set<Socket>();
  readonly #changes = new EventEmitter();
  #connections = 0;

  private constructor(answer: ReceiverAnswer) {
    this.#server = createServer((request, response) => void this.#receive(request, response, answer));
    this.#server.on('connection', (socket: Socket) => {
      this.#connections += 1;
      this.#open.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        this.#open.delete(socket);
        this.#changes.emit('change');
      });
      this.#changes.emit('change');
    });
  }

  /** Starts one on a free port. */
  static async start(answer: ReceiverAnswer): Promise<Receiver> {
    const receiver = new Receiver(answer);
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  /** Where it listens, with a path. */
  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/hook`;
  }

  /** The requests that were received whole. */
  get requests(): readonly ReceivedRequest[] {
    return [...this.#requests];
  }

  /** Connections made so far. */
  get connections(): number {
    return this.#connections;
  }

  /** Resolves when so many requests were received. */
  async received(count: number): Promise<void> {
    await this.#until(() => this.#requests.length >= count);
  }

  /** Resolves when no connection is open. */
  async disconnected(): Promise<void> {
    await this.#until(() => this.#open.size === 0);
  }

  /** Cuts every connection and stops listening. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  async #receive(message: IncomingMessage, response: ServerResponse, answer: ReceiverAnswer): Promise<void> {
    const body = await buffer(message).catch(() => undefined);
    if (body === undefined) return;
    const { method = '', url: target = '' } = message;
    const headers: Record<string, string> = {};
    for (let index = 0; index + 1 < message.rawHeaders.length; index += 2) {
      headers[message.rawHeaders[index]?.toLowerCase() ?? ''] = message.rawHeaders[index + 1] ?? '';
    }
    const request = { method, target, headers, body };
    this.#requests.push(request);
    this.#changes.emit('change');
    answer(response, request);
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) await once(this.#changes, 'change');
  }
}

/** Answers with a status and a text. */
export function answering(status: number, text = 'ok', headers: Readonly<Record<string, string>> = {}): ReceiverAnswer {
  return (response) => {
    response.writeHead(status, headers).end(text);
  };
}

/** Answers with bytes as they are, and leaves the connection open. */
export function answeringRaw(...chunks: readonly (string | Buffer)[]): ReceiverAnswer {
  return (response) => {
    for (const chunk of chunks) response.socket?.write(chunk);
  };
}
