import type { Socket } from 'node:net';

/** How an idle connection shows that the other side has closed it. */
const closedCodes: readonly string[] = ['ECONNRESET', 'EPIPE'];

/** The connection a request was given: made for it, or kept alive from an earlier one. */
export class ConnectionUse {
  readonly #socket: Socket;
  readonly #isReused: boolean;
  readonly #bytesBefore: number;
  #isConnected: boolean;

  /** Made at the moment the request gets the socket. */
  constructor(socket: Socket, isSecure: boolean) {
    this.#socket = socket;
    this.#isReused = !socket.connecting;
    this.#bytesBefore = socket.bytesRead;
    this.#isConnected = this.#isReused;
    if (this.#isConnected) return;
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      this.#isConnected = true;
    });
  }

  /** Whether the request could be sent on it. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Whether it ended with an error, such as a reset. */
  get hasFailed(): boolean {
    return this.#socket.errored !== null;
  }

  /** Whether the failure with this code only shows that the other side had closed the idle connection. */
  wasClosed(code: string): boolean {
    return this.#isReused && this.#socket.bytesRead === this.#bytesBefore && closedCodes.includes(code);
  }
}
