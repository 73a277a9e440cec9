import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * A server that closes an idle connection does it unasked, so that shows one round trip after the request at the latest.
 * One that closes later has had the request, and may have acted on it.
 */
const longestRoundTripMs = 1_000;

/** With TLS 1.3 the verdict on a client certificate comes after the handshake, one way later. */
const longestVerdictMs = 500;

/** How an idle connection shows that the other side has closed it. */
const closedCodes: readonly string[] = ['ECONNRESET', 'EPIPE'];

/** Those that a request was given before. */
const used = new WeakSet<Socket>();

/** The connection a request was given: made for it, or kept alive from an earlier one. */
export class ConnectionUse {
  readonly #socket: Socket;
  readonly #isReused: boolean;
  readonly #bytesBefore: number;
  #isDialled: boolean;
  readonly #since = performance.now();
  #isConnected: boolean;
  #connectedAt = Number.POSITIVE_INFINITY;
  #wasAskedForCertificate = false;

  /** Made at the moment the request gets the socket. */
  constructor(socket: Socket, isSecure: boolean) {
    this.#socket = socket;
    this.#isReused = used.has(socket);
    used.add(socket);
    this.#bytesBefore = socket.bytesRead;
    this.#isDialled = !socket.connecting;
    // A tunnel stands when its request gets it; TLS inside of it does not.
    this.#isConnected = this.#isReused || (!isSecure && !socket.connecting);
    if (this.#isConnected) return;
    socket.once('connect', () => {
      this.#isDialled = true;
    });
    if (socket instanceof TLSSocket) this.#watchHandshake(socket);
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      this.#isConnected = true;
      this.#connectedAt = performance.now();
    });
  }

  /** Whether the request could be sent on it. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Whether the other side has taken the connection, but TLS does not stand yet. */
  get isInHandshake(): boolean {
    return this.#isDialled && !this.#isConnected;
  }

  /** Whether it stands for so short a time, if at all, that its end may be the other side's verdict on the handshake. */
  get isYoung(): boolean {
    return performance.now() - this.#connectedAt <= longestVerdictMs;
  }

  /** Whether it was made for this request. */
  get isNew(): boolean {
    return !this.#isReused;
  }

  /** Whether the other side has asked for a client certificate, as it may do while TLS is set up. */
  get wasAskedForCertificate(): boolean {
    return this.#wasAskedForCertificate;
  }

  /** Whether it ended with an error, such as a reset. */
  get hasFailed(): boolean {
    return this.#socket.errored !== null;
  }

  /** Whether the failure with this code only shows that the other side had closed the idle connection. */
  wasClosed(code: string): boolean {
    const isAtOnce = performance.now() - this.#since <= longestRoundTripMs;
    return isAtOnce && this.#isReused && this.#socket.bytesRead === this.#bytesBefore && closedCodes.includes(code);
  }

  #watchHandshake(socket: TLSSocket): void {
    const look = (): void => {
      // Servers send these with the question for a certificate, and only then.
      const algorithms: readonly string[] | null = socket.getSharedSigalgs();
      this.#wasAskedForCertificate ||= algorithms !== null && algorithms.length > 0;
    };
    socket.once('secureConnect', () => {
      // Until TLS 1.2 what we answer is judged before it.
      if (socket.getProtocol() === 'TLSv1.3') look();
    });
    // When its error or its end is told, it no longer knows.
    const destroy = socket.destroy.bind(socket);
    socket.destroy = (error) => {
      if (!this.#isConnected) look();
      return destroy(error);
    };
  }
}
