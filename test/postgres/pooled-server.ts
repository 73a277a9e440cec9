import { connect, type Socket } from 'node:net';
import { asksFor, MessageCutter, message } from './protocol.ts';
import type { DatabaseConfig } from './server.ts';

export interface PooledServerEvents {
  /** Between two transactions, with nothing under way. */
  readonly onFree: (server: PooledServer) => void;
  readonly onClose: (server: PooledServer) => void;
}

/** One connection of a pooler with the database, which clients are lent for a transaction. */
export class PooledServer {
  /** Whom it is lent to. */
  client: Socket | undefined;
  /** Its ParameterStatus messages, as each client is to have them when it connects. */
  readonly parameters: Buffer[] = [];
  /** Whether the database has taken the connection. */
  hasStarted = false;
  readonly #socket: Socket;
  /** How many ReadyForQuery are still to come. */
  #expected = 1;

  constructor({ host, port, user, database }: DatabaseConfig, { onFree, onClose }: PooledServerEvents) {
    const messages = new MessageCutter(true);
    this.#socket = connect({ port, host, noDelay: true })
      .on('error', () => {})
      .on('close', () => onClose(this))
      .on('data', (chunk: Buffer) => {
        for (const { type, bytes } of messages.take(chunk)) {
          if (!this.hasStarted && type === 'S') this.parameters.push(bytes);
          // What comes for nobody, a notification for instance, is lost.
          this.client?.write(bytes);
          if (type !== 'Z' || this.#hasMoreToDo(bytes)) continue;
          this.hasStarted = true;
          this.client = undefined;
          onFree(this);
        }
      });
    this.#socket.write(message('', asksFor.session, 'user', user, 'database', database, ''));
  }

  /** Passes on a message of its client. */
  take(type: string, bytes: Buffer): void {
    // Query, Sync and FunctionCall: each is answered by one ReadyForQuery at its end.
    if ('QSF'.includes(type)) this.#expected++;
    this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Of a ReadyForQuery: whether statements are to be done yet, or a transaction is open. */
  #hasMoreToDo(ready: Buffer): boolean {
    this.#expected--;
    return this.#expected > 0 || ready.toString('latin1', 5) !== 'I';
  }
}
