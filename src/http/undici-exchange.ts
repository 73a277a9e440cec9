import { type Dispatcher, errors } from 'undici';
import { codedError, errorCode } from './coded-error.ts';
import type { Ending, Exchange, StopReason } from './exchange.ts';
import { type AnswerHeaders, ExchangeNotes } from './exchange-notes.ts';
import type { OutgoingRequest } from './outgoing-request.ts';
import type { ConnectionUser, UndiciConnection } from './undici-connection.ts';

/** Sends the request by undici, and reads its answer. Never rejects; ends at once when `stop` aborts, which it has not yet. */
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
    stop.addEventListener('abort', this.#onStop, { once: true });
  }

  onRequestStart(): void {
    // It was stopped while its connection was still being made.
    if (this.#isSettled) this.#connection.cut();
    else this.#connection.begin();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    this.notes.answered(status, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#isSettled && this.notes.read(chunk)) this.#settle('enough');
  }

  onResponseEnd(): void {
    const { over } = this.notes;
    // What came with its last bytes is parsed in this same turn, and may show that they were not the last.
    queueMicrotask(() => this.#settle(this.#connection.finish() ? { code: 'HPE_UNEXPECTED' } : over));
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#fail(error);
  }

  #fail(error: Error): void {
    const isUpgraded = errorCode(error) === 'UPGRADED';
    if (isUpgraded) this.notes.answered(101, {});
    this.#settle(isUpgraded ? 'complete' : this.notes.brokenBy(this.#plain(error)));
  }

  /** What the system or Node's own client would say instead of undici. */
  #plain(error: Error): Error {
    if (error instanceof errors.HeadersOverflowError) return codedError('HPE_HEADER_OVERFLOW');
    if (error instanceof errors.HTTPParserError) {
      // Not all versions give a code. This one: the connection ended, as it was to, but in the middle of the framing.
      if (/\bEOF state\b/.test(error.message)) return codedError('ECONNRESET');
      return codedError(error.code ?? 'HPE_INVALID');
    }
    if (error instanceof errors.ResponseContentLengthMismatchError)
      return codedError(this.notes.hasHead ? 'ECONNRESET' : 'HPE_INVALID_CONTENT_LENGTH');
    if (error instanceof errors.SocketError) return codedError('ECONNRESET');
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
