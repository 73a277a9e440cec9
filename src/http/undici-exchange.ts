import { type Dispatcher, errors } from 'undici';
import type { Ending, Exchange, StopReason } from './exchange.ts';
import { ExchangeNotes } from './exchange-notes.ts';
import type { OutgoingRequest } from './outgoing-request.ts';
import type { ConnectionUser, UndiciConnection } from './undici-connection.ts';

/** Sends the request by undici, and reads its answer. Never rejects; ends at once when `stop` aborts. */
export function undiciExchange(
  request: OutgoingRequest,
  connection: UndiciConnection,
  stop: AbortSignal,
): Promise<Exchange> {
  const { target, headers, body } = request;
  return new Promise((resolve) => {
    const user = new ExchangeHandler(connection, stop, resolve);
    connection.send({ path: target.path, method: 'POST', headers, body }, user);
  });
}

class ExchangeHandler implements ConnectionUser {
  readonly notes = new ExchangeNotes();
  readonly stop: AbortSignal;
  readonly #connection: UndiciConnection;
  readonly #resolve: (exchange: Exchange) => void;
  readonly #onStop = (): void => this.#settle(this.stop.reason as StopReason);
  #isSettled = false;

  constructor(connection: UndiciConnection, stop: AbortSignal, resolve: (exchange: Exchange) => void) {
    this.#connection = connection;
    this.stop = stop;
    this.#resolve = resolve;
    if (stop.aborted) this.#onStop();
    else stop.addEventListener('abort', this.#onStop, { once: true });
  }

  onRequestStart(): void {
    if (this.#isSettled) this.#connection.cut();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    this.notes.answered(status, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#isSettled && this.notes.read(chunk)) this.#settle('enough');
  }

  onResponseEnd(): void {
    const { over } = this.notes;
    // What came with its last bytes is looked at in this same turn, and may show that they were not the last.
    queueMicrotask(() => {
      const { error } = this.#connection;
      if (error !== null && !(error instanceof errors.InformationalError)) this.#fail(error);
      else this.#settle(over);
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#fail(error);
  }

  #fail(error: NodeJS.ErrnoException): void {
    if (error.code === 'UPGRADED') this.notes.answered(101, {});
    this.#settle(error.code === 'UPGRADED' ? 'complete' : this.notes.brokenBy(this.#plain(error)));
  }

  /** What the system or Node's own client would say instead of undici. */
  #plain(error: NodeJS.ErrnoException): NodeJS.ErrnoException {
    const renamed = (code: string) => Object.assign(new Error(error.message), { code });
    if (error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError)
      return renamed('HPE_INVALID');
    if (error instanceof errors.ResponseContentLengthMismatchError)
      return renamed(this.notes.hasHead ? 'ECONNRESET' : 'HPE_INVALID');
    if (error instanceof errors.SocketError)
      return renamed(error.message.startsWith('bad ') ? 'HPE_UNEXPECTED' : 'ECONNRESET');
    return error;
  }

  #settle(ending: Ending): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.stop.removeEventListener('abort', this.#onStop);
    this.#resolve(this.notes.result(ending));
    // What may still come on its connection would be taken for the next answer.
    if (ending !== 'complete' || !this.#connection.hasSent) this.#connection.cut();
  }
}

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2];
