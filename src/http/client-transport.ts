import type { LookupFunction } from 'node:net';
import { checkObject, refuse } from '../core/check.ts';
import { systemClock } from '../core/clock.ts';
import { type AllowedNetworks, type NetworkRule, networkRule } from '../core/network-rules.ts';
import { parseProxy } from '../core/proxy-settings.ts';
import type { HttpRecipient } from '../core/recipient.ts';
import { parseSource } from '../core/source.ts';
import type { Attempt, SendResult, Transport } from '../core/transport.ts';
import { checkHost } from './check-host.ts';
import { checkTls } from './check-tls.ts';
import type { Exchange, HttpClient, StopReason } from './exchange.ts';
import type { ConnectionRules } from './guarded-agents.ts';
import { judgeExchange } from './judge-exchange.ts';
import { hostsOwnLookup, type NameLookup } from './name-lookup.ts';
import { type OutgoingRequest, outgoingRequest } from './outgoing-request.ts';
import { proxyAt } from './proxy-tunnel.ts';
import type { Route } from './route-cache.ts';

export interface HttpTransportOptions {
  /** Where connections may go, checked on the address that is dialled. Default: `'public'`. */
  readonly allowedNetworks?: AllowedNetworks | undefined;
  /**
   * How names become addresses, with the signature of `lookup` of `node:dns`. Default: by the system's hosts file and its
   * DNS servers, so that slow ones hold up nobody else.
   */
  readonly lookup?: LookupFunction | undefined;
  /**
   * The HTTP proxy that everything goes through, in tunnels: `'http://user:pass@proxy.example.com:3128'`, or https. Names are
   * then looked up, and their addresses judged, by the proxy. Default: none; proxy settings of the environment are not used.
   */
  readonly proxy?: string | undefined;
  /** Where the events come from, as CloudEvents tell it: an absolute URI, or a path. Default: `/outbound-events`. */
  readonly source?: string | undefined;
}

/**
 * Sends deliveries as HTTP POST. Redirects are not followed, nothing is retried but a request that met a connection the
 * server had just closed, and proxy settings of the environment are not used.
 */
export abstract class ClientTransport implements Transport<HttpRecipient> {
  readonly #allows: NetworkRule;
  readonly #isProxied: boolean;
  readonly #client: HttpClient;
  readonly #source: string;
  /** One for each attempt under way. */
  readonly #stops = new Set<AbortController>();
  #isClosed = false;

  constructor(options: HttpTransportOptions, names: NameLookup, makeClient: (rules: ConnectionRules) => HttpClient) {
    checkObject(options, '', ['allowedNetworks', 'lookup', 'proxy', 'source']);
    const { allowedNetworks = 'public', lookup } = options;
    if (lookup !== undefined && typeof lookup !== 'function')
      refuse('ERR_CONFIG_VALUE', 'lookup', 'a function like lookup of node:dns', lookup);
    this.#source = parseSource(options.source, 'source');
    this.#allows = networkRule(allowedNetworks);
    const proxy = parseProxy(options.proxy, 'proxy');
    this.#isProxied = proxy !== null;
    this.#client = makeClient({
      allows: this.#allows,
      find: lookup === undefined ? names : hostsOwnLookup(lookup),
      proxy: proxy === null ? null : proxyAt(proxy),
    });
  }

  /**
   * Throws `ERR_CONFIG_URL` for a URL that leads outside the allowed networks, `ERR_CONFIG_CA` or `ERR_CONFIG_CERT` for
   * certificates and keys that cannot be used.
   */
  check(recipient: HttpRecipient): void {
    checkHost(recipient.url, this.#allows);
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
      const first = await this.#exchange(request, route, stop.signal, false);
      // A server may close an idle connection at the very moment it is used again; that says nothing about its health.
      if (!first.isStale) return judge(first);
      const second = await this.#exchange(request, route, stop.signal, true);
      return { ...judge(second), resent: true };
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
    this.#client.close();
  }

  async #exchange(request: OutgoingRequest, route: Route, stop: AbortSignal, fresh: boolean): Promise<Exchange> {
    const result = await this.#client.exchange(request, route, stop, fresh);
    const isWithoutTunnel = this.#isProxied && result.ending === 'timed-out' && !result.hasConnection;
    return isWithoutTunnel ? { ...result, ending: { code: 'PROXY_TIMEOUT' } } : result;
  }
}
