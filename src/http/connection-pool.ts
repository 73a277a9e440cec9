import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import type { NetworkRule } from '../core/network-rules.ts';
import { guardConnections, guardLookup } from './connection-guard.ts';

/** Long enough for a burst of events; most servers wait longer before they close an idle connection. */
const idleMs = 15_000;

/** Connections to one host at a time; what goes beyond waits, within the time limit of its attempt. */
const maxConnections = 256;

/** For so many different CAs connections are kept; beyond it the one not used for longest goes. */
const maxAuthorities = 256;

/** Which connections a request may use: those of its scheme, and for TLS those verified with the same roots. */
export interface Route {
  readonly protocol: 'http:' | 'https:';
  /** PEM text that replaces the public roots; `null` for the public roots. */
  readonly ca: string | null;
}

/** Kept-alive connections shared by all recipients; but what one recipient's CA vouches for never serves another. */
export class ConnectionPool {
  readonly #allows: NetworkRule;
  readonly #lookup: LookupFunction;
  readonly #plain: http.Agent;
  readonly #publicRoots: http.Agent;
  /** By PEM text, the one used last at the end. */
  readonly #ownRoots = new Map<string, http.Agent>();

  constructor(allows: NetworkRule, lookup: LookupFunction) {
    this.#allows = allows;
    this.#lookup = guardLookup(lookup, allows);
    this.#plain = this.#createAgent({ protocol: 'http:', ca: null }, true);
    this.#publicRoots = this.#createAgent({ protocol: 'https:', ca: null }, true);
  }

  /** An agent that reuses connections. */
  shared(route: Route): http.Agent {
    if (route.protocol === 'http:') return this.#plain;
    if (route.ca === null) return this.#publicRoots;
    const agent = this.#ownRoots.get(route.ca) ?? this.#createAgent(route, true);
    this.#ownRoots.delete(route.ca);
    this.#ownRoots.set(route.ca, agent);
    if (this.#ownRoots.size > maxAuthorities) this.#retireOldest();
    return agent;
  }

  /** An agent that opens a new connection and closes it afterwards. */
  fresh(route: Route): http.Agent {
    return this.#createAgent(route, false);
  }

  /** Closes all connections of shared agents, also those in use. */
  close(): void {
    for (const agent of [this.#plain, this.#publicRoots, ...this.#ownRoots.values()]) agent.destroy();
    this.#ownRoots.clear();
  }

  #createAgent({ protocol, ca }: Route, keepAlive: boolean): http.Agent {
    const options = {
      keepAlive,
      timeout: idleMs,
      maxSockets: maxConnections,
      autoSelectFamily: true,
      lookup: this.#lookup,
    };
    if (protocol === 'http:') return guardConnections(new http.Agent(options), this.#allows);
    const trust = {
      ...(ca !== null && { ca }),
      // Said aloud, so that NODE_TLS_REJECT_UNAUTHORIZED=0 changes nothing.
      rejectUnauthorized: true,
      // A resumed session would bring back the verdict about a certificate that may have been replaced or have expired.
      maxCachedSessions: 0,
    };
    return guardConnections(new https.Agent({ ...options, ...trust }), this.#allows);
  }

  #retireOldest(): void {
    const [oldest] = this.#ownRoots;
    if (oldest === undefined) return;
    const [ca, agent] = oldest;
    this.#ownRoots.delete(ca);
    // Destroying it would cut requests under way; this way their connections close when they are done.
    agent.maxFreeSockets = 0;
    for (const socket of Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])) socket.destroy();
  }
}
