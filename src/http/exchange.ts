import http, { type Agent, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import got from 'got';
import { ConnectionUse } from './connection-use.ts';
import { failureCode } from './failure-code.ts';
import type { OutgoingRequest } from './outgoing-request.ts';
import { stoppedBy } from './tunnelled-connections.ts';

/** What came of one request on one connection. */
export interface Exchange {
  /** Whether the request was given a connection, be it that it was still being made; through a proxy, once that has opened a tunnel. */
  readonly hasConnection: boolean;
  /** Whether there was a connection, with TLS if any, to send the request on. */
  readonly isConnected: boolean;
  /** The other side took the connection, but TLS was not set up with it. */
  readonly isInHandshake: boolean;
  /** The head of the answer; `null` when none came. */
  readonly head: ResponseHead | null;
  /** The beginning of the answer's body. */
  readonly body: Buffer;
  readonly ending: Ending;
  /** The connection was an idle one that the other side gave up before it answered anything: it may not have seen the request. */
  readonly isStale: boolean;
}

export interface ResponseHead {
  readonly status: number;
  /** Its `Retry-After`, as it was written. */
  readonly retryAfter: string | undefined;
  /** Its `Date`, as it was written. */
  readonly date: string | undefined;
  /** Whether it names another place to go to. */
  readonly hasLocation: boolean;
}

/**
 * - `complete`: the whole answer was read.
 * - `enough`: as much of it as is ever read.
 * - `aborted`, `timed-out`: ended from our side.
 * - a code: the connection or the answer broke; see {@link failureCode}.
 */
export type Ending = 'complete' | 'enough' | 'aborted' | 'timed-out' | { readonly code: string };

/** Why an exchange is ended early: the reason its signal aborts with. */
export type StopReason = 'aborted' | 'timed-out';

/** An answer's body is read up to here; what comes after cannot change what the status said. */
const maxBodyBytes = 65_536;

const client = got.extend({
  method: 'POST',
  retry: { limit: 0 },
  followRedirect: false,
  throwHttpErrors: false,
  decompress: false,
});

/** Sends the request and reads its answer. Never rejects; ends at once when `stop` aborts, with its reason, a {@link StopReason}. */
export function exchange(request: OutgoingRequest, agent: Agent, stop: AbortSignal): Promise<Exchange> {
  const { target, headers, body } = request;
  const isSecure = target.protocol === 'https:';
  return new Promise((resolve) => {
    let connection: ConnectionUse | null = null;
    let response: IncomingMessage | null = null;
    let bytes = 0;
    const chunks: Buffer[] = [];

    /** Opens the request itself, because got would write path and query anew from the URL. */
    const open = (url: URL, options: RequestOptions): ClientRequest => {
      const native = (isSecure ? https : http).request(url, {
        ...options,
        ...stoppedBy(stop),
        agent,
        path: target.path,
      });
      native.once('socket', (socket) => {
        connection = new ConnectionUse(socket, isSecure);
      });
      native.once('upgrade', (answer, socket) => {
        socket.destroy();
        response = answer;
        settle('complete');
      });
      return native;
    };

    const settle = (ending: Ending): void => {
      const hasConnection = connection !== null;
      const isConnected = connection?.isConnected ?? false;
      const isInHandshake = connection?.isInHandshake ?? false;
      const isStale = typeof ending === 'object' && (connection?.wasClosed(ending.code) ?? false);
      const head = response && headOf(response);
      const body = Buffer.concat(chunks, Math.min(bytes, maxBodyBytes));
      resolve({ hasConnection, isConnected, isInHandshake, head, body, ending, isStale });
      // What may still come on its connection would be taken for the next answer.
      if (ending !== 'complete') stream.destroy();
    };

    const stream = client.stream(target.origin, { headers: { ...headers }, body, request: open });
    stream.on('response', (answer) => {
      if (isHttp1(answer)) response = answer;
      else settle({ code: 'HPE_INVALID_VERSION' });
    });
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= maxBodyBytes) settle('enough');
    });
    stream.on('end', () => {
      // Node takes a reset, too, for the end of such an answer.
      const isCutShort = connection?.hasFailed === true && response !== null && lastsUntilEnd(response);
      settle(isCutShort ? { code: 'ECONNRESET' } : 'complete');
    });
    stream.on('error', (error: NodeJS.ErrnoException) => settle({ code: failureCode(error, connection) }));
    const onStop = (): void => settle(stop.reason as StopReason);
    if (stop.aborted) onStop();
    else stop.addEventListener('abort', onStop, { once: true });
  });
}

function headOf({ statusCode = 0, headers }: IncomingMessage): ResponseHead {
  const { location, date, 'retry-after': retryAfter } = headers;
  return { status: statusCode, retryAfter, date, hasLocation: location !== undefined };
}

/** The parser takes other versions too, which are not written like this. */
function isHttp1({ httpVersion }: IncomingMessage): boolean {
  return httpVersion === '1.1' || httpVersion === '1.0';
}

/** Whether only the end of its connection ends the answer: it has no length, and its last coding is not chunks (RFC 9112 §6.3). */
function lastsUntilEnd({ headers }: IncomingMessage): boolean {
  const coding = headers['transfer-encoding'];
  if (coding === undefined) return headers['content-length'] === undefined;
  return coding.split(',').at(-1)?.trim().toLowerCase() !== 'chunked';
}
