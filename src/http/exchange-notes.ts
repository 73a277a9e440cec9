import type { ConnectionUse } from './connection-use.ts';
import type { Ending, Exchange, ResponseHead } from './exchange.ts';
import { failureCode } from './failure-code.ts';

/** An answer's body is read up to here; what comes after cannot change what the status said. */
const maxBodyBytes = 65_536;

/** By lower-case name; a list for one that came more than once, unless that was put together already. */
export type AnswerHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What is noted about an exchange while it goes on. */
export class ExchangeNotes {
  /** The connection the request was given. */
  connection: ConnectionUse | null = null;
  #head: ResponseHead | null = null;
  #lastsUntilEnd = false;
  #bytes = 0;
  readonly #chunks: Buffer[] = [];

  /** The head of the answer has come. */
  answered(status: number, headers: AnswerHeaders): void {
    const { location, date, 'retry-after': retryAfter } = headers;
    this.#head = { status, retryAfter: first(retryAfter), date: first(date), hasLocation: location !== undefined };
    this.#lastsUntilEnd = lastsUntilEnd(headers);
  }

  get hasHead(): boolean {
    return this.#head !== null;
  }

  /** Keeps a part of the answer's body. Returns whether that is as much of it as is ever read. */
  read(chunk: Buffer): boolean {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    return this.#bytes >= maxBodyBytes;
  }

  /** How an answer ended that is over: parsers take a reset, too, for the end of one that lasts until the connection ends. */
  get over(): Ending {
    return this.connection?.hasFailed === true && this.#lastsUntilEnd ? { code: 'ECONNRESET' } : 'complete';
  }

  /** How an exchange ended that this error broke. */
  brokenBy(error: Error): Ending {
    return { code: failureCode(error, this.connection) };
  }

  result(ending: Ending): Exchange {
    const { connection } = this;
    return {
      hasConnection: connection !== null,
      isConnected: connection?.isConnected ?? false,
      isInHandshake: connection?.isInHandshake ?? false,
      isStale: typeof ending === 'object' && (connection?.wasClosed(ending.code) ?? false),
      head: this.#head,
      body: Buffer.concat(this.#chunks, Math.min(this.#bytes, maxBodyBytes)),
      ending,
    };
  }
}

/** Whether only the end of its connection ends the answer: it has no length, and its last coding is not chunks (RFC 9112 §6.3). */
function lastsUntilEnd(headers: AnswerHeaders): boolean {
  const coding = headers['transfer-encoding'];
  if (coding === undefined) return headers['content-length'] === undefined;
  return String(coding).split(',').at(-1)?.trim().toLowerCase() !== 'chunked';
}

function first(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}
