import http from 'node:http';
import https from 'node:https';
import type { NetworkRule } from '../core/network-rules.ts';
import type { TlsSettings } from '../core/recipient.ts';
import { guardConnections } from './connection-guard.ts';
import { guardIdle } from './idle-guard.ts';
import type { NameLookup } from './name-lookup.ts';
import type { HttpProxy } from './proxy-tunnel.ts';
import { tunnelConnections } from './tunnelled-connections.ts';

/** Long enough for a burst of events; most servers wait longer before they close an idle connection. */
const idleMs = 15_000;

/** Connections to one host at a time; what goes beyond waits, within the time limit of its attempt. */
const maxConnections = 256;

/** How long an address has to answer before the next one of its name is tried; the last has as long as the attempt. */
const nextAddressMs = 1_000;

/** For so many different TLS settings connections are kept; beyond it those not used for longest go. */
const maxSecure = 256;

/** Which connections a request may use: those of its scheme, and for TLS those made with exactly the same settings. */
export interface Route {
  readonly protocol: 'http:' | 'https:';
  /** PEM text that replaces the public roots; `null` for the public roots. */
  readonly ca: string | null;
  readonly tls: TlsSettings;
}

/**
 * Kept-alive connections shared by all recipients; but what one recipient's CA vouches for, or its client certificate
 * opened, never serves another.
 */
export class ConnectionPool {
  readonly #allows: NetworkRule;
  readonly #find: NameLookup;
  readonly #proxy: HttpProxy | null;
  readonly #plain: http.Agent;
  /** By TLS settings, the ones used last at the end. */
  readonly #secure = new Map<string, http.Agent>();

  /** @param proxy what all connections go through; `null` when they go to the receivers themselves. */
  constructor(allows: NetworkRule, find: NameLookup, proxy: HttpProxy | null) {
    this.#allows = allows;
    this.#find = find;
    this.#proxy = proxy;
    this.#plain = this.#guard(new http.Agent(this.#options(true)));
  }

  /** An agent that reuses connections. */
  shared(route: Route): http.Agent {
    if (route.protocol === 'http:') return this.#plain;
    const key = settingsKey(route);
    const agent = this.#secure.get(key) ?? this.#createAgent(route, true);
    this.#secure.delete(key);
    this.#secure.set(key, agent);
    if (this.#secure.size > maxSecure) this.#retireOldest();
    return agent;
  }

  /** An agent that opens a new connection and closes it afterwards. */
  fresh(route: Route): http.Agent {
    return this.#createAgent(route, false);
  }

  /** Closes all connections of shared agents, also those in use. */
  close(): void {
    for (const agent of [this.#plain, ...this.#secure.values()]) agent.destroy();
    this.#secure.clear();
  }

  #createAgent(route: Route, keepAlive: boolean): http.Agent {
    const options = this.#options(keepAlive);
    const agent =
      route.protocol === 'http:' ? new http.Agent(options) : new https.Agent({ ...options, ...tlsOptions(route) });
    return this.#guard(agent);
  }

  #guard(agent: http.Agent): http.Agent {
    const guarded =
      this.#proxy === null
        ? guardConnections(agent, this.#allows, this.#find)
        : tunnelConnections(agent, this.#allows, this.#find, this.#proxy);
    return guardIdle(guarded);
  }

  #options(keepAlive: boolean): http.AgentOptions & { readonly autoSelectFamilyAttemptTimeout: number } {
    return {
      keepAlive,
      timeout: idleMs,
      maxSockets: maxConnections,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: nextAddressMs,
    };
  }

  #retireOldest(): void {
    const [oldest] = this.#secure;
    if (oldest === undefined) return;
    const [key, agent] = oldest;
    this.#secure.delete(key);
    // Destroying it would cut requests under way; this way their connections close when they are done.
    agent.maxFreeSockets = 0;
    for (const socket of Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])) socket.destroy();
  }
}

/** The latest key of each recipient's settings, which are never changed, only replaced: they may be long to write down. */
const keys = new WeakMap<TlsSettings, { readonly ca: string | null; readonly key: string }>();

/** The same for the same settings only, whatever is in them. */
function settingsKey({ ca, tls }: Route): string {
  const known = keys.get(tls);
  if (known !== undefined && known.ca === ca) return known.key;
  const key = JSON.stringify([ca, tls.cert, tls.key, tls.passphrase, tls.servername, tls.minVersion]);
  keys.set(tls, { ca, key });
  return key;
}

function tlsOptions({ ca, tls }: Route): https.AgentOptions {
  const { cert, key, passphrase, servername, minVersion } = tls;
  return {
    ...(ca !== null && { ca }),
    ...(cert !== null && { cert }),
    ...(key !== null && { key }),
    ...(passphrase !== null && { passphrase }),
    ...(servername !== null && { servername }),
    minVersion,
    // Said aloud, so that NODE_TLS_REJECT_UNAUTHORIZED=0 changes nothing.
    rejectUnauthorized: true,
    // A resumed session would bring back the verdict about a certificate that may have been replaced or have expired.
    maxCachedSessions: 0,
  };
}
