import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { DatabaseConfig } from './server.ts';

/** What is held back: what clients send, what the server answers, or both. */
export type Held = 'requests' | 'answers' | 'both';

/**
 * A network between clients and a database, which can fall silent without closing anything. It forwards until it is told
 * otherwise.
 */
export class BlackHole {
  /** The database, by way of this. */
  readonly config: DatabaseConfig;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #held: Held | undefined;

  private constructor(server: Server, target: DatabaseConfig) {
    this.#server = server;
    this.config = { ...target, port: (server.address() as AddressInfo).port };
    server.on('connection', (client: Socket) => {
      const connection: Connection = {
        client,
        isForgotten: false,
        server: connect({ port: target.port, host: target.host, noDelay: true }),
      };
      this.#connections.add(connection);
      const close = () => {
        if (connection.isForgotten) return;
        this.#connections.delete(connection);
        connection.client.destroy();
        connection.server.destroy();
      };
      for (const socket of [connection.client, connection.server]) socket.on('error', () => {}).on('close', close);
      this.#apply(connection);
    });
  }

  static async start(target: DatabaseConfig): Promise<BlackHole> {
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new BlackHole(server, target);
  }

  /**
   * From now on bytes are kept, and connections stay open: nobody is told. New connections are taken, and nothing comes of
   * them.
   */
  hold(what: Held = 'both'): void {
    this.#held = what;
    for (const connection of this.#connections) this.#apply(connection);
  }

  /**
   * As a router that forgets the connections there are: nothing comes of them any more, and the server is not told when
   * their clients give them up. New ones work.
   */
  forget(): void {
    for (const connection of this.#connections) {
      connection.isForgotten = true;
      this.#apply(connection);
    }
  }

  /** Breaks all connections there are, with whatever is held back. */
  cut(): void {
    for (const { client, server } of this.#connections) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /** Breaks all connections, and takes no more. */
  async refuse(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }

  /** Forwards again, what was held back first. */
  async goOn(): Promise<void> {
    this.#held = undefined;
    for (const connection of this.#connections) this.#apply(connection);
    if (this.#server.listening) return;
    this.#server.listen(this.config.port, this.config.host);
    await once(this.#server, 'listening');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.refuse();
  }

  #apply({ client, server, isForgotten }: Connection): void {
    forward(client, server, !isForgotten && (this.#held === undefined || this.#held === 'answers'));
    forward(server, client, !isForgotten && (this.#held === undefined || this.#held === 'requests'));
  }
}

interface Connection {
  isForgotten: boolean;
  readonly client: Socket;
  readonly server: Socket;
}

/** A socket that is not read tells of no end, so neither does the other one. */
function forward(from: Socket, to: Socket, flows: boolean): void {
  from.unpipe(to);
  if (flows) from.pipe(to);
}
