import type { Agent } from 'node:http';
import type { Exchange, HttpClient, StopReason } from './exchange.ts';
import { ExchangeNotes } from './exchange-notes.ts';
import { type ConnectionRules, guardedAgent } from './guarded-agents.ts';
import type { OutgoingRequest } from './outgoing-request.ts';
import { type Route, RouteCache } from './route-cache.ts';
import { UndiciConnection } from './undici-connection.ts';
import { undiciExchange } from './undici-exchange.ts';
import { UndiciPool } from './undici-pool.ts';

/** The connections of one route, and what makes them. */
interface Kept {
  readonly agent: Agent;
  readonly pools: Map<string, UndiciPool>;
}

/** undici, over connections that it keeps, each made and guarded by one of Node's own agents. */
export class UndiciClient implements HttpClient {
  readonly #rules: ConnectionRules;
  readonly #routes: RouteCache<Kept>;

  constructor(rules: ConnectionRules) {
    this.#rules = rules;
    this.#routes = new RouteCache(
      (route) => ({ agent: guardedAgent(route, rules, true), pools: new Map() }),
      ({ pools }) => {
        for (const pool of pools.values()) pool.retire();
      },
    );
  }

  async exchange(request: OutgoingRequest, route: Route, stop: AbortSignal, fresh: boolean): Promise<Exchange> {
    const { origin } = request.target;
    if (fresh) {
      const connection = new UndiciConnection(origin, guardedAgent(route, this.#rules, false));
      const exchange = await undiciExchange(request, connection, stop);
      void connection.destroy();
      return exchange;
    }
    const { agent, pools } = this.#routes.get(route);
    const pool = pools.get(origin.host) ?? new UndiciPool(origin, agent);
    pools.set(origin.host, pool);
    const connection = await pool.take(stop);
    if (connection === null) return new ExchangeNotes().result(stop.reason as StopReason);
    const exchange = await undiciExchange(request, connection, stop);
    pool.giveBack(connection);
    return exchange;
  }

  close(): void {
    for (const { pools } of this.#routes.clear()) for (const pool of pools.values()) pool.close();
  }
}
