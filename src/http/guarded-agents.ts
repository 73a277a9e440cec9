import http from 'node:http';
import https from 'node:https';
import type { NetworkRule } from '../core/network-rules.ts';
import { guardConnections } from './connection-guard.ts';
import type { NameLookup } from './name-lookup.ts';
import type { HttpProxy } from './proxy-tunnel.ts';
import type { Route } from './route-cache.ts';
import { tunnelConnections } from './tunnelled-connections.ts';

/** Long enough for a burst of events; most servers wait longer before they close an idle connection. */
export const idleMs = 15_000;

/** Connections to one host at a time; what goes beyond waits, within the time limit of its attempt. */
export const maxConnections = 256;

/** How long an address has to answer before the next one of its name is tried; the last has as long as the attempt. */
const nextAddressMs = 1_000;

/** Where connections may go, and how they come about. */
export interface ConnectionRules {
  readonly allows: NetworkRule;
  readonly find: NameLookup;
  /** What all connections go through; `null` when they go to the receivers themselves. */
  readonly proxy: HttpProxy | null;
}

/** An agent whose connections are made for this route and by these rules. */
export function guardedAgent(route: Route, rules: ConnectionRules, keepAlive: boolean): http.Agent {
  const options = {
    keepAlive,
    timeout: idleMs,
    maxSockets: maxConnections,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: nextAddressMs,
  };
  const agent =
    route.protocol === 'http:' ? new http.Agent(options) : new https.Agent({ ...options, ...tlsOptions(route) });
  const { allows, find, proxy } = rules;
  return proxy === null ? guardConnections(agent, allows, find) : tunnelConnections(agent, allows, find, proxy);
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
