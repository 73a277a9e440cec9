import { errorCode } from './coded-error.ts';
import { type DnsSettings, dnsSettings, queryDns } from './dns-query.ts';
import { HostsFile } from './hosts-file.ts';
import type { NameLookup } from './name-lookup.ts';
import { systemNames } from './system-names.ts';

/** Parts of the look-up that tests put in the place of the system's. */
export interface LookupParts {
  readonly hosts?: HostsFile | undefined;
  readonly dns?: DnsSettings | undefined;
  readonly system?: NameLookup | undefined;
}

/**
 * How names become addresses: by the hosts file; else by the DNS; and only for what the DNS does not know, by the system's
 * own look-up, of which few run at a time. So names that nobody answers for hold up nobody else. Nothing is remembered.
 */
export function defaultLookup({
  hosts = new HostsFile(),
  dns = dnsSettings,
  system = systemNames.lookup,
}: LookupParts = {}): NameLookup {
  return async (hostname, signal) => {
    const listed = hosts.addressesOf(hostname);
    if (listed.length > 0) return listed;
    if (isLocalName(hostname)) return system(hostname, signal);
    try {
      return await queryDns(hostname, dns, signal);
    } catch (error) {
      if (!['ENOTFOUND', 'ENODATA'].includes(errorCode(error))) throw error;
      return system(hostname, signal).catch(() => Promise.reject(error));
    }
  };
}

/** A name that the DNS of the internet does not have: of one part, or of mDNS or this machine (RFC 6762, RFC 6761). */
function isLocalName(hostname: string): boolean {
  return /^[^.]+\.?$|\.(?:local|localhost)\.?$/i.test(hostname);
}
