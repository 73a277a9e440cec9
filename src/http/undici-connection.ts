import type { Agent, AgentOptions } from 'node:http';
import { isIP, Socket } from 'node:net';
import { Client, type Dispatcher, errors } from 'undici';
import { AnswerGate } from './answer-gate.ts';
import { codedError, errorCode } from './coded-error.ts';
import { ConnectionUse } from './connection-use.ts';
import type { ExchangeNotes } from './exchange-notes.ts';
import { idleMs } from './guarded-agents.ts';
import { stoppedBy } from './tunnelled-connections.ts';

/** A request that learns about its connection. */
export interface ConnectionUser extends Dispatcher.DispatchHandler {
  readonly notes: ExchangeNotes;
  /** Ends the tunnel that is being opened for it. */
  readonly stop: AbortSignal;
}

interface Target {
  readonly hostname: string;
  readonly port?: string | null;
}

type Connected = (...result: [error: Error, socket: null] | [error: null, socket: Socket]) => void;

/** Attempts have their own time limit. */
const options = {
  pipelining: 1,
  allowH2: false,
  headersTimeout: 0,
  bodyTimeout: 0,
  keepAliveTimeout: idleMs,
  keepAliveMaxTimeout: idleMs,
} as const;

/** A client of undici: one connection, with one request at a time. Made by an agent, which guards it, but does not keep it. */
export class UndiciConnection extends Client {
  readonly #agent: Agent;
  readonly #isSecure: boolean;
  #socket: Socket | null = null;
  #gate: AnswerGate | null = null;
  #user: ConnectionUser | null = null;

  constructor(origin: URL, agent: Agent) {
    super(origin, {
      ...options,
      connect: ((target: Target, connected: Connected) => this.#connect(target, connected)) as NonNullable<
        Client.Options['connect']
      >,
    });
    this.#agent = agent;
    this.#isSecure = origin.protocol === 'https:';
  }

  /** Whether another request can be sent on it. */
  get isOpen(): boolean {
    return this.#socket !== null && !this.#socket.destroyed;
  }

  /** Sends a request on it; the one before is over. */
  send(request: Dispatcher.DispatchOptions, user: ConnectionUser): void {
    this.#user = user;
    if (this.#socket !== null && this.isOpen) this.#use(this.#socket);
    this.dispatch(request, user);
  }

  /** The request is about to be written. */
  begin(): void {
    this.#gate?.close();
  }

  /** Whether the request has been written whole. */
  get hasSent(): boolean {
    return this.#socket?.writableLength === 0;
  }

  /** The answer is over. Returns whether more came with its end, which is not one more answer. */
  finish(): boolean {
    const hasMore = this.#socket?.errored instanceof errors.SocketError && this.#gate?.showsAnother === false;
    this.#gate?.forget();
    return hasMore;
  }

  /** Breaks off what it does. */
  cut(): void {
    this.#socket?.destroy();
  }

  /** Closes it, whatever it does, for good. */
  end(): void {
    this.cut();
    void this.destroy();
  }

  #use(socket: Socket): void {
    this.#socket = socket;
    if (this.#user !== null) this.#user.notes.connection = new ConnectionUse(socket, this.#isSecure);
  }

  #connect({ hostname, port }: Target, connected: Connected): void {
    // The one it was given has ended before the request was written.
    if (this.#user !== null) this.#user.notes.connection = null;
    const { options = {} } = this.#agent as { readonly options?: AgentOptions & { readonly servername?: string } };
    const target = {
      ...options,
      host: hostname,
      port: Number(port || (this.#isSecure ? 443 : 80)),
      ...(this.#isSecure && { servername: options.servername ?? (isIP(hostname) === 0 ? hostname : '') }),
      ...stoppedBy(this.#user?.stop ?? AbortSignal.abort()),
    };
    const made = (socket: Socket): void => {
      if (this.destroyed) socket.destroy();
      this.#gate = new AnswerGate(socket);
      this.#use(socket);
      whenItStands(socket, this.#isSecure, connected);
    };
    const socket = this.#agent.createConnection(target, (error, tunnel) => {
      if (error) connected(foreign(error), null);
      else if (tunnel instanceof Socket) made(tunnel);
    });
    if (socket instanceof Socket) made(socket);
  }
}

/** Calls back when the connection stands, with TLS if any, or has failed. */
function whenItStands(socket: Socket, isSecure: boolean, connected: Connected): void {
  const end = (error?: Error): void => {
    socket.off('error', end).off('close', closed).off(ready, stands);
    if (error === undefined) {
      connected(null, socket);
    } else {
      // More of them may follow.
      socket.on('error', () => {});
      connected(foreign(error), null);
    }
  };
  const closed = (): void => end(codedError('ECONNRESET'));
  // The guard may have destroyed it in this very moment; then its error is still to come.
  const stands = (): void => {
    if (!socket.destroyed) end();
  };
  const ready = isSecure ? 'secureConnect' : 'connect';
  if (!isSecure && !socket.connecting) connected(null, socket);
  else socket.on('error', end).on('close', closed).on(ready, stands);
}

/** An error that undici takes for none of its own, which would have it connect again: a host's look-up may use undici, too. */
function foreign(error: Error): Error {
  return errorCode(error).startsWith('UND_') ? codedError('CONNECT_FAILED') : error;
}
