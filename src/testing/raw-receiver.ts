import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** A TCP server on this machine that knows nothing of HTTP: what it does with a connection is up to the test. */
export class RawReceiver {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #connections = 0;

  private constructor(accept: (socket: Socket, count: number) => void) {
    // Nothing is read before somebody asks for it.
    this.#server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
      this.#connections += 1;
      this.#open.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => this.#open.delete(socket));
      accept(socket, this.#connections);
    });
  }

  /** Starts one on a free port. `accept` gets each connection, paused, and its number from 1 on. */
  static async start(accept: (socket: Socket, count: number) => void): Promise<RawReceiver> {
    const receiver = new RawReceiver(accept);
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  /** Connections made so far. */
  get connections(): number {
    return this.#connections;
  }

  /** Cuts every connection and stops listening. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
    await closed;
  }
}
