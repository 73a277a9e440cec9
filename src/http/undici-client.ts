import type { Agent } from 'node:http';
import type { Exchange, HttpClient, StopReason } from './exchange.ts';
import { ExchangeNotes } from './exchange-notes.ts';
import { type ConnectionRules, guardedAgent } from './guarded-agents.ts';
import type { OutgoingRequest } from './outgoing-request.ts';
import { type Route, RouteCache } from './route-cache.ts';
import { UndiciConnection } from './undici-connection.ts';
import { undiciExchange } from './undici-exchange.ts';
import { UndiciPool } from './undici-pool.ts';

/** What keeps the connections of one route. */
interface RoutePools {
  /** Makes them. */
  readonly agent: Agent;
  /** By host and port. One without connections is not among them. */
  readonly pools: Map<string, UndiciPool>;
}

/** undici, over connections that it keeps, each made and guarded by one of Node's own agents. */
export class UndiciClient implements HttpClient {
  readonly #rules: ConnectionRules;
  readonly #routes: RouteCache<RoutePools>;

  constructor(rules: ConnectionRules) {
    this.#rules = rules;
    this.#routes = new RouteCache(
      // It keeps no connection itself: `true` asks for probes of idle ones (TCP).
      (route) => ({ agent: guardedAgent(route, rules, true), pools: new Map() }),
      ({ pools }) => {
        for (const pool of pools.values()) pool.retire();
      },
    );
  }

  async exchange(request: OutgoingRequest, route: Route, stop: AbortSignal, fresh: boolean): Promise<Exchange> {
    const { origin } = request.target;
    const pools = this.#routes.get(route);
    if (stop.aborted) return stopped(stop);
    if (fresh) {
      const connection = new UndiciConnection(origin, guardedAgent(route, this.#rules, false));
      const exchange = await undiciExchange(request, connection, stop);
      connection.end();
      return exchange;
    }
    const pool = poolFor(origin, pools);
    const connection = await pool.take(stop);
    if (connection === null) return stopped(stop);
    const exchange = stop.aborted ? stopped(stop) : await undiciExchange(request, connection, stop);
    pool.giveBack(connection);
    return exchange;
  }

  close(): void {
    for (const { pools } of this.#routes.clear()) for (const pool of pools.values()) pool.close();
  }
}

function poolFor(origin: URL, { agent, pools }: RoutePools): UndiciPool {
  const known = pools.get(origin.host);
  if (known !== undefined) return known;
  const pool = new UndiciPool(
    () => new UndiciConnection(origin, agent),
    () => pools.delete(origin.host),
  );
  pools.set(origin.host, pool);
  return pool;
}

/** An exchange that was stopped before it had a connection. */
function stopped(stop: AbortSignal): Exchange {
  return new ExchangeNotes().result(stop.reason as StopReason);
}
