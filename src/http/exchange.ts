import type { OutgoingRequest } from './outgoing-request.ts';
import type { Route } from './route-cache.ts';

/** The HTTP library that sends requests, over connections it keeps. */
export interface HttpClient {
  /**
   * Sends the request and reads its answer. Never rejects; ends at once when `stop` aborts, with its reason, a
   * {@link StopReason}.
   *
   * @param fresh whether to use a connection that is made for it and closed afterwards.
   */
  exchange(request: OutgoingRequest, route: Route, stop: AbortSignal, fresh: boolean): Promise<Exchange>;
  /** Closes all connections, also those in use. */
  close(): void;
}

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
