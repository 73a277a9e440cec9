import type { Agent } from 'node:http';
import { isIP, type LookupFunction, Socket } from 'node:net';
import type { NetworkRule } from '../core/network-rules.ts';

/** Resolves names to allowed addresses only. What it lets through is what is dialled: nothing looks the name up again. */
export function guardLookup(lookup: LookupFunction, allows: NetworkRule): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found, family = 0) => {
      if (error !== null) return callback(error, []);
      const addresses = typeof found === 'string' ? [{ address: found, family }] : found;
      const allowed = addresses.filter(({ address }) => allows(address));
      const [first] = allowed;
      if (first === undefined) callback(addresses.length === 0 ? systemError('ENODATA') : blocked(), []);
      else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

/**
 * Keeps the agent from connecting to an address that is not allowed: refuses IP addresses given as host, for which
 * nothing is looked up, and looks at what was really dialled before the first byte goes out.
 */
export function guardConnections<Guarded extends Agent>(agent: Guarded, allows: NetworkRule): Guarded {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const host = options.host ?? '';
    if (isIP(host) !== 0 && !allows(host)) {
      (callback as ((error: Error) => void) | undefined)?.(blocked());
      return null;
    }
    const socket = connect(options, callback);
    // First in line: another listener starts TLS or writes the request.
    socket?.prependOnceListener('connect', () => {
      if (socket instanceof Socket && !allows(socket.remoteAddress ?? '')) socket.destroy(blocked());
    });
    return socket;
  };
  return agent;
}

function blocked(): Error {
  return systemError('ADDRESS_BLOCKED');
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}
