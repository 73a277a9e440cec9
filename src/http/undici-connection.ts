import type { Agent, AgentOptions } from 'node:http';
import { isIP, Socket } from 'node:net';
import { Client, type Dispatcher } from 'undici';
import { AnswerGate } from './answer-gate.ts';
import { codedError } from './coded-error.ts';
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
    this.#gate?.close();
    if (this.#socket !== null && this.isOpen) this.#use(this.#socket);
    this.dispatch(request, user);
  }

  /** Whether the request has been written whole. */
  get hasSent(): boolean {
    return this.#socket?.writableLength === 0;
  }

  /** What ended it; `null` when nothing has, or it has just closed. */
  get error(): NodeJS.ErrnoException | null {
    return this.#socket?.errored ?? null;
  }

  /** Breaks off what it does. */
  cut(): void {
    this.#socket?.destroy();
  }

  #use(socket: Socket): void {
    this.#socket = socket;
    if (this.#user !== null) this.#user.notes.connection = new ConnectionUse(socket, this.#isSecure);
  }

  #connect({ hostname, port }: Target, connected: Connected): void {
    const { options = {} } = this.#agent as { readonly options?: AgentOptions & { readonly servername?: string } };
    const target = {
      ...options,
      host: hostname,
      port: Number(port || (this.#isSecure ? 443 : 80)),
      ...(this.#isSecure && { servername: options.servername ?? (isIP(hostname) === 0 ? hostname : '') }),
      ...stoppedBy(this.#user?.stop ?? AbortSignal.abort()),
    };
    const made = (socket: Socket): void => {
      this.#gate = new AnswerGate(socket);
      this.#use(socket);
      whenItStands(socket, this.#isSecure, connected);
    };
    const socket = this.#agent.createConnection(target, (error, tunnel) => {
      if (error) connected(error, null);
      else if (tunnel instanceof Socket) made(tunnel);
    });
    if (socket instanceof Socket) made(socket);
  }
}

/** Calls back when the connection stands, with TLS if any, or has failed. */
function whenItStands(socket: Socket, isSecure: boolean, connected: Connected): void {
  const end = (error?: Error): void => {
    socket.off('error', end).off('close', closed).off(ready, stands);
    if (error === undefined) connected(null, socket);
    // More of them may follow.
    else connected(socket.on('error', () => {}) && error, null);
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
