import type { Agent } from 'node:http';
import { isIP, type LookupFunction, Socket } from 'node:net';
import type { NetworkRule } from '../core/network-rules.ts';
import { codedError } from './coded-error.ts';
import type { NameLookup } from './name-lookup.ts';

/**
 * Keeps the agent from connecting to an address that is not allowed: refuses IP addresses given as host, for which
 * nothing is looked up, dials only the allowed ones of those that `find` has found for a name, and looks at what was really
 * dialled before the first byte goes out. A look-up ends with the connection it is for.
 */
export function guardConnections<Guarded extends Agent>(
  agent: Guarded,
  allows: NetworkRule,
  find: NameLookup,
): Guarded {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const host = options.host ?? '';
    if (isIP(host) !== 0 && !allows(host)) {
      (callback as ((error: Error) => void) | undefined)?.(blocked());
      return null;
    }
    const closed = new AbortController();
    const socket = connect({ ...options, lookup: lookupFor(find, allows, closed.signal) }, callback);
    socket?.once('close', () => closed.abort());
    // First in line: another listener starts TLS or writes the request.
    socket?.prependOnceListener('connect', () => {
      if (socket instanceof Socket && !allows(socket.remoteAddress ?? '')) socket.destroy(blocked());
    });
    return socket;
  };
  return agent;
}

/** Resolves names to allowed addresses only. What it lets through is what is dialled: nothing looks the name up again. */
export function lookupFor(find: NameLookup, allows: NetworkRule, closed: AbortSignal): LookupFunction {
  return (hostname, options, callback) => {
    const dial = (addresses: Awaited<ReturnType<NameLookup>>): void => {
      const allowed = addresses.filter(({ address }) => allows(address));
      const [first] = allowed;
      if (first === undefined) callback(addresses.length === 0 ? codedError('ENODATA') : blocked(), []);
      else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    };
    find(hostname, closed).then(dial, (error) => callback(error, []));
  };
}

function blocked(): Error {
  return codedError('ADDRESS_BLOCKED');
}
