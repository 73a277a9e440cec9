import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { checkObject, refuse } from '../core/check.ts';
import { systemClock } from '../core/clock.ts';
import { type AllowedNetworks, networkRule } from '../core/network-rules.ts';
import type { HttpRecipient } from '../core/recipient.ts';
import { parseSource } from '../core/source.ts';
import type { Attempt, SendResult, Transport } from '../core/transport.ts';
import { checkTls } from './check-tls.ts';
import { ConnectionPool } from './connection-pool.ts';
import { type Exchange, exchange, type StopReason } from './exchange.ts';
import { judgeExchange } from './judge-exchange.ts';
import { outgoingRequest } from './outgoing-request.ts';

export interface HttpTransportOptions {
  /** Where connections may go, checked on the address that is dialled. Default: `'any'`. */
  readonly allowedNetworks?: AllowedNetworks | undefined;
  /** How names become addresses, with the signature of `lookup` of `node:dns`, which is the default. */
  readonly lookup?: LookupFunction | undefined;
  /** Where the events come from, as CloudEvents tell it: an absolute URI, or a path. Default: `/outbound-events`. */
  readonly source?: string | undefined;
}

/**
 * Sends deliveries as HTTP POST. Redirects are not followed, nothing is retried but a request that met a connection the
 * server had just closed, and proxy settings of the environment are not used.
 */
export class HttpTransport implements Transport<HttpRecipient> {
  readonly #connections: ConnectionPool;
  readonly #source: string;
  /** One for each attempt under way. */
  readonly #stops = new Set<AbortController>();
  #isClosed = false;

  constructor(options: HttpTransportOptions = {}) {
    checkObject(options, '', ['allowedNetworks', 'lookup', 'source']);
    const { allowedNetworks = 'any', lookup = systemLookup } = options;
    if (typeof lookup !== 'function')
      refuse('ERR_CONFIG_VALUE', 'lookup', 'a function like lookup of node:dns', lookup);
    this.#source = parseSource(options.source, 'source');
    this.#connections = new ConnectionPool(networkRule(allowedNetworks), lookup);
  }

  /** Throws `ERR_CONFIG_CA` or `ERR_CONFIG_CERT` for certificates and keys that cannot be used. */
  check(recipient: HttpRecipient): void {
    checkTls(recipient);
  }

  async send(attempt: Attempt<HttpRecipient>, { signal }: { readonly signal: AbortSignal }): Promise<SendResult> {
    const { recipient } = attempt;
    const request = outgoingRequest(attempt, { source: this.#source });
    const stop = new AbortController();
    const abort = (): void => stop.abort('aborted' satisfies StopReason);
    const cancelTimer = systemClock.setTimer(recipient.timeout, () => stop.abort('timed-out' satisfies StopReason));
    signal.addEventListener('abort', abort);
    this.#stops.add(stop);
    if (signal.aborted || this.#isClosed) abort();
    try {
      const route = { protocol: request.target.protocol, ca: recipient.ca, tls: recipient.tls };
      const judge = (result: Exchange): SendResult => judgeExchange(result, recipient, request.target.host, attempt.at);
      const first = await exchange(request, this.#connections.shared(route), stop.signal);
      // A server may close an idle connection at the very moment it is used again; that says nothing about its health.
      if (!first.isStale) return judge(first);
      return { ...judge(await exchange(request, this.#connections.fresh(route), stop.signal)), resent: true };
    } finally {
      cancelTimer();
      signal.removeEventListener('abort', abort);
      this.#stops.delete(stop);
    }
  }

  /** Breaks off attempts under way and closes all connections. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const stop of this.#stops) stop.abort('aborted' satisfies StopReason);
    this.#connections.close();
  }
}
