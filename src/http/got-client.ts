import type { Agent } from 'node:http';
import type { Exchange, HttpClient } from './exchange.ts';
import { gotExchange } from './got-exchange.ts';
import { type ConnectionRules, guardedAgent } from './guarded-agents.ts';
import { guardIdle } from './idle-guard.ts';
import type { OutgoingRequest } from './outgoing-request.ts';
import { type Route, RouteCache } from './route-cache.ts';

/** got, over kept-alive connections of Node's own agents. */
export class GotClient implements HttpClient {
  readonly #rules: ConnectionRules;
  readonly #agents: RouteCache<Agent>;

  constructor(rules: ConnectionRules) {
    this.#rules = rules;
    this.#agents = new RouteCache((route) => this.#agent(route, true), retire);
  }

  exchange(request: OutgoingRequest, route: Route, stop: AbortSignal, fresh: boolean): Promise<Exchange> {
    const agent = fresh ? this.#agent(route, false) : this.#agents.get(route);
    return gotExchange(request, agent, stop);
  }

  close(): void {
    for (const agent of this.#agents.clear()) agent.destroy();
  }

  #agent(route: Route, keepAlive: boolean): Agent {
    return guardIdle(guardedAgent(route, this.#rules, keepAlive));
  }
}

/** Destroying it would cut requests under way; this way their connections close when they are done. */
function retire(agent: Agent): void {
  agent.maxFreeSockets = 0;
  for (const socket of Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])) socket.destroy();
}
