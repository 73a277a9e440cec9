import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { PooledServer } from './pooled-server.ts';
import { asksFor, MessageCutter, message, type ProtocolMessage } from './protocol.ts';
import type { DatabaseConfig } from './server.ts';

/**
 * A pooler as PgBouncer is in its mode `transaction`: a client has a connection with the database for a transaction, and
 * another one, or the same, for the next. What belongs to a session (LISTEN, advisory locks, prepared statements, SET)
 * stays with the connection. It asks for no password.
 */
export class TransactionPooler {
  /** The database, by way of this. */
  readonly config: DatabaseConfig;
  readonly #listener: Server;
  readonly #target: DatabaseConfig;
  readonly #size: number;
  readonly #servers = new Set<PooledServer>();
  /** Those that are lent to nobody. The one that was given back last is lent first. */
  readonly #free: PooledServer[] = [];
  /** Those that want to be lent one, in the order they came. */
  readonly #waiting = new Set<Client>();
  readonly #sockets = new Set<Socket>();
  #parameters: readonly Buffer[] = [];

  private constructor(listener: Server, target: DatabaseConfig, size: number) {
    this.config = { ...target, port: (listener.address() as AddressInfo).port };
    this.#listener = listener;
    this.#target = target;
    this.#size = size;
    listener.on('connection', (socket: Socket) => this.#serve(socket));
  }

  /** @param size how many connections with the database it has at most; it opens them when they are needed. */
  static async start(target: DatabaseConfig, size: number): Promise<TransactionPooler> {
    const listener = createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const pooler = new TransactionPooler(listener, target, size);
    await pooler.#open();
    if (pooler.#free.length === 0) throw new Error('the database takes no connection');
    return pooler;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#listener, 'close');
    this.#listener.close();
    for (const socket of this.#sockets) socket.destroy();
    for (const server of this.#servers) server.close();
    await closed;
  }

  #serve(socket: Socket): void {
    const client: Client = { socket, unsent: [], server: undefined };
    const messages = new MessageCutter(false);
    this.#sockets.add(socket);
    socket
      .on('error', () => {})
      .on('close', () => this.#leave(client))
      .on('data', (chunk: Buffer) => {
        for (const each of messages.take(chunk)) {
          if (messages.isTyped) this.#pass(client, each);
          else messages.isTyped = this.#greet(socket, each);
        }
      });
  }

  /** The answer to a message that a client begins with. Whether the session has begun. */
  #greet(socket: Socket, { bytes }: ProtocolMessage): boolean {
    const code = bytes.readInt32BE(4);
    if (code === asksFor.ssl || code === asksFor.gss) socket.write('N');
    else if (code !== asksFor.session) socket.destroy();
    else {
      socket.write(Buffer.concat([message('R', 0), ...this.#parameters, message('K', 1, 1)]));
      socket.write(Buffer.from([0x5a, 0, 0, 0, 5, 0x49]));
    }
    return code === asksFor.session;
  }

  #pass(client: Client, each: ProtocolMessage): void {
    if (each.type === 'X') {
      client.socket.end();
      return;
    }
    client.unsent.push(each);
    if (client.server?.client === client.socket) flush(client, client.server);
    else {
      this.#waiting.add(client);
      this.#lend();
    }
  }

  #lend(): void {
    for (const client of this.#waiting) {
      const server = this.#free.pop();
      if (server === undefined) {
        if (this.#servers.size < this.#size) void this.#open();
        return;
      }
      this.#waiting.delete(client);
      server.client = client.socket;
      client.server = server;
      flush(client, server);
    }
  }

  /** A transaction that its client has left is not to be the next one's. */
  #leave(client: Client): void {
    this.#sockets.delete(client.socket);
    this.#waiting.delete(client);
    if (client.server?.client === client.socket) client.server.close();
  }

  /** Resolves when the connection can be used, or is closed. */
  #open(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const server = new PooledServer(this.#target, {
      onFree: () => {
        this.#parameters = server.parameters;
        this.#free.push(server);
        this.#lend();
        resolve();
      },
      onClose: () => {
        this.#servers.delete(server);
        this.#free.splice(0, this.#free.length, ...this.#free.filter((each) => each !== server));
        server.client?.destroy();
        // Another may be opened in its place, unless the database takes none.
        if (server.hasStarted) this.#lend();
        else for (const { socket } of this.#waiting) socket.destroy();
        resolve();
      },
    });
    this.#servers.add(server);
    return promise;
  }
}

interface Client {
  readonly socket: Socket;
  /** What it said since it wants to be lent a connection. */
  readonly unsent: ProtocolMessage[];
  /** The one it was lent last. */
  server: PooledServer | undefined;
}

function flush({ unsent }: Client, server: PooledServer): void {
  for (const { type, bytes } of unsent.splice(0)) server.take(type, bytes);
}
