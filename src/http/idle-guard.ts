import type { Agent } from 'node:http';
import type { Duplex } from 'node:stream';

/** Closes a kept connection on which something comes unasked, as newer versions of Node do themselves; older ones pass over it. */
export function guardIdle<Guarded extends Agent>(agent: Guarded): Guarded {
  const keep = agent.keepSocketAlive.bind(agent);
  const reuse = agent.reuseSocket.bind(agent);
  agent.keepSocketAlive = (socket) => {
    socket.on('data', closeConnection).resume();
    // What it says is left out of its type: whether the connection is kept.
    return keep(socket);
  };
  agent.reuseSocket = (socket, request) => {
    socket.off('data', closeConnection);
    reuse(socket, request);
  };
  return agent;
}

function closeConnection(this: Duplex): void {
  this.destroy();
}
