import { systemClock } from '../core/clock.ts';
import { codedError, errorCode } from './coded-error.ts';
import { type DnsSettings, dnsSettings, queryDns } from './dns-query.ts';
import { HostsFile } from './hosts-file.ts';
import type { NameLookup } from './name-lookup.ts';
import { systemNames } from './system-names.ts';

/** Parts of the look-up that tests put in the place of the system's. */
export interface LookupParts {
  readonly hosts?: HostsFile | undefined;
  readonly dns?: DnsSettings | undefined;
  readonly system?: NameLookup | undefined;
  readonly systemLimits?: SystemLimits | undefined;
}

/** How long the system's own look-up, with its line, is waited for, ms. */
export interface SystemLimits {
  /** For names that it alone knows. */
  readonly local: number;
  /** For names that the DNS has denied already. */
  readonly denied: number;
}

/**
 * How names become addresses: by the hosts file; else by the DNS; and only for what the DNS does not know, by the system's
 * own look-up, of which few run at a time. So names that nobody answers for hold up nobody else. Nothing is remembered.
 */
export function defaultLookup({
  hosts = new HostsFile(),
  dns = dnsSettings,
  system = systemNames.lookup,
  systemLimits = { local: 4_000, denied: 1_000 },
}: LookupParts = {}): NameLookup {
  return async (hostname, signal) => {
    const listed = hosts.addressesOf(hostname);
    if (listed.length > 0) return listed;
    if (isLocalName(hostname)) return within(systemLimits.local, system, hostname, signal);
    try {
      return await queryDns(hostname, dns, signal);
    } catch (error) {
      if (!['ENOTFOUND', 'ENODATA'].includes(errorCode(error))) throw error;
      return within(systemLimits.denied, system, hostname, signal).catch(() => Promise.reject(error));
    }
  };
}

/** Ends the look-up with `ETIMEOUT` after so long. */
async function within(limitMs: number, lookup: NameLookup, hostname: string, signal: AbortSignal) {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  const cancelTimer = systemClock.setTimer(limitMs, end);
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  try {
    return await lookup(hostname, ended.signal);
  } catch (error) {
    throw ended.signal.aborted ? codedError('ETIMEOUT') : error;
  } finally {
    cancelTimer();
    signal.removeEventListener('abort', end);
  }
}

/** A name that the DNS of the internet does not have: of one part, or of mDNS or this machine (RFC 6762, RFC 6761). */
function isLocalName(hostname: string): boolean {
  return /^[^.]+\.?$|\.(?:local|localhost)\.?$/i.test(hostname);
}
