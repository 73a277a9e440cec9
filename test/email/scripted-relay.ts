import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { RelayScript, RelayState, TakenMail } from './relay-script.ts';
import { ScriptedSession } from './scripted-session.ts';

/** A relay of which every byte is known: the commands it was sent, and the mails it took. */
export class ScriptedRelay implements RelayState {
  /** May be changed at any time. */
  script: RelayScript;
  /** Every line the client sent outside of mails. */
  readonly commands: string[] = [];
  readonly mails: TakenMail[] = [];
  /** All mails that came to their final dot, taken or not, as they were on the wire. */
  readonly brought: string[] = [];
  /** All bytes that ever came. */
  received = '';
  /** Bytes of a reply that are written at a time. */
  chunk = Number.POSITIVE_INFINITY;
  /** Connections open now, and the most there ever were at a time. */
  open = 0;
  mostOpen = 0;
  /** Connections there have been. */
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #wake = Promise.withResolvers<void>();

  private constructor(script: RelayScript) {
    this.script = script;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(script: RelayScript = {}): Promise<ScriptedRelay> {
    const relay = new ScriptedRelay(script);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  get dots(): number {
    return this.brought.length;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resolves as soon as something has happened that makes `isSo` true. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await this.#wake.promise;
  }

  /** Gives the reply that was held back with `silence`, on all connections. */
  say(reply: string): void {
    for (const socket of this.#sockets) this.#write(socket, `${reply}\r\n`);
  }

  /** Closes all connections, as a relay does that has had enough of waiting. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #happened(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  #write(socket: Socket, reply: string): void {
    socket.setNoDelay();
    for (let at = 0; at < reply.length; at += this.chunk) socket.write(reply.slice(at, at + this.chunk));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    this.open++;
    this.connections++;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.open--;
      this.#happened();
    });
    const session = new ScriptedSession(this, (reaction) => {
      if (reaction === 'drop') socket.destroy();
      else if (reaction === 'standstill') socket.pause();
      else if (reaction !== 'silence') this.#write(socket, `${reaction}\r\n`);
    });
    socket.setEncoding('latin1').on('data', (bytes: string) => {
      this.received += bytes;
      session.receive(bytes);
      this.#happened();
    });
    this.#happened();
  }
}
