import type { Agent, RequestOptions } from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { NetworkRule } from '../core/network-rules.ts';
import { addressOutside } from './check-host.ts';
import { codedError } from './coded-error.ts';
import { lookupFor } from './connection-guard.ts';
import type { NameLookup } from './name-lookup.ts';
import { type HttpProxy, openTunnel } from './proxy-tunnel.ts';

/** What a request says to the agent that makes its connection. */
interface Stoppable {
  readonly stop?: AbortSignal;
}

/** Options of a request with which a tunnel that is being opened for it ends when it does. */
export function stoppedBy(stop: AbortSignal): RequestOptions {
  const options: RequestOptions & Stoppable = { stop };
  return options;
}

/**
 * Lets the agent reach everything through tunnels of the proxy, and TLS begin inside of them. An IP address, or `localhost`,
 * outside the allowed networks is refused; other names are looked up by the proxy, which then has to judge their addresses.
 * The proxy's own address is trusted.
 */
export function tunnelConnections<Tunnelled extends Agent>(
  agent: Tunnelled,
  allows: NetworkRule,
  find: NameLookup,
  proxy: HttpProxy,
): Tunnelled {
  const isSecure = agent instanceof https.Agent;
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options: Parameters<typeof connect>[0] & Stoppable, callback) => {
    const { host = '', port = isSecure ? 443 : 80, stop = new AbortController().signal } = options;
    const settle = callback as (error: Error | null, connection?: ReturnType<typeof connect>) => void;
    if (addressOutside(host ?? '', allows) !== null) {
      settle(codedError('ADDRESS_BLOCKED'));
      return null;
    }
    const target = `${isIP(host ?? '') === 6 ? `[${host}]` : host}:${port}`;
    const lookup = lookupFor(find, () => true, stop);
    openTunnel(proxy, target, lookup, stop)
      .then((socket) => {
        const inside = { ...options, socket };
        settle(null, isSecure ? connect(inside) : socket);
      })
      .catch(settle);
    return null;
  };
  return agent;
}
