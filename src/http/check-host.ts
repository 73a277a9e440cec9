import { isIP } from 'node:net';
import { OutboundEventsError } from '../core/errors.ts';
import { describeAddress, type NetworkRule } from '../core/network-rules.ts';

/**
 * Refuses, with `ERR_CONFIG_URL`, a URL that can be seen to lead outside the allowed networks without asking anybody: its
 * host is an IP address, however it is written, or `localhost`. Shows nothing of the URL but the host.
 */
export function checkHost(text: string, allows: NetworkRule): void {
  const { hostname } = new URL(text);
  if (/^https?:\/\/(?:[^/?#]*@)?unix:(?:[/?#]|$)/i.test(text)) {
    throw new OutboundEventsError('ERR_CONFIG_URL', 'url must be that of a host; Unix sockets are not supported', {
      field: 'url',
    });
  }
  const outside = addressOutside(hostname, allows);
  if (outside === null) return;
  const { kind, entry } = describeAddress(outside);
  const host = isIP(bare(hostname)) === 0 ? hostname : outside;
  const message = `url must be inside the allowed networks; ${host} is ${kind}: add "${entry}" to allowedNetworks to allow it`;
  throw new OutboundEventsError('ERR_CONFIG_URL', message, { field: 'url' });
}

/** The address that the host is known for and that is not allowed; `null` when there is none, and for names to be looked up. */
export function addressOutside(hostname: string, allows: NetworkRule): string | null {
  const host = bare(hostname);
  const known = isIP(host) !== 0 ? [host] : isLocalhost(host) ? ['127.0.0.1', '::1'] : [];
  const [first] = known;
  return first === undefined || known.some((address) => allows(address)) ? null : first;
}

/** Names that mean this machine, whatever a resolver says (RFC 6761 §6.3). */
function isLocalhost(host: string): boolean {
  return /^(?:.+\.)?localhost\.?$/i.test(host);
}

/** The URL class puts IPv6 addresses into brackets. */
function bare(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}
