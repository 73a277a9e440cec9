import { BlockList, type IPVersion, isIPv4, isIPv6 } from 'node:net';
import { refuse } from './check.ts';

/**
 * Where recipients may live: `'any'`, or one or a list of IP addresses, CIDR blocks, and the names `'public'`,
 * `'private'`, `'loopback'` and `'link-local'`.
 */
export type AllowedNetworks = string | readonly string[];

/** Whether a connection to this IP address may be made. An IPv4-mapped IPv6 address counts as its IPv4 address. */
export type NetworkRule = (address: string) => boolean;

const named: ReadonlyMap<string, readonly string[]> = new Map([
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7']],
  ['loopback', ['127.0.0.0/8', '::1']],
  ['link-local', ['169.254.0.0/16', 'fe80::/10']],
]);

/** What the registries hand out for the public internet … */
const unicast = ['0.0.0.0/0', '2000::/3'];
/** … and the parts of it that are for something else (IANA special-purpose address registries). */
const special = [
  ...[...named.values()].flat(),
  ...['0.0.0.0/8', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '198.18.0.0/15', '198.51.100.0/24'],
  ...['203.0.113.0/24', '224.0.0.0/3', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
];

/** Checks the option `allowedNetworks` and makes the rule of it. A wrong entry is an `ERR_CONFIG_VALUE` that names its place. */
export function networkRule(allowed: AllowedNetworks): NetworkRule {
  const field = 'allowedNetworks';
  if (allowed === 'any') return () => true;
  const entries: readonly unknown[] = typeof allowed === 'string' ? [allowed] : allowed;
  if (!Array.isArray(entries) || entries.length === 0) {
    return refuse('ERR_CONFIG_VALUE', field, '"any" or a list of networks', allowed);
  }
  const listed = noNetworks();
  for (const [index, entry] of entries.entries()) {
    if (typeof entry === 'string' && (entry === 'public' || addNetwork(listed, entry))) continue;
    const expected = 'an IP address, a CIDR block, "public", "private", "loopback" or "link-local"';
    refuse('ERR_CONFIG_VALUE', entry === allowed ? field : `${field}[${index}]`, expected, entry);
  }
  const publicNetworks = entries.includes('public') ? networksOf(unicast) : noNetworks();
  const exceptions = networksOf(special);
  return (address) => {
    const ip = parseAddress(address);
    if (ip === null) return false;
    const isIn = (networks: Networks): boolean => networks[ip.family].check(ip.address, ip.family);
    return isIn(listed) || (isIn(publicNetworks) && !isIn(exceptions));
  };
}

/** Apart, because a `BlockList` with both would take `::/0` for all of IPv4, too. */
type Networks = Readonly<Record<IPVersion, BlockList>>;

function noNetworks(): Networks {
  return { ipv4: new BlockList(), ipv6: new BlockList() };
}

function networksOf(entries: readonly string[]): Networks {
  const networks = noNetworks();
  for (const entry of entries) addNetwork(networks, entry);
  return networks;
}

/** `false` when the text is neither a name nor a network. */
function addNetwork(networks: Networks, entry: string): boolean {
  const known = named.get(entry);
  if (known !== undefined) return known.every((each) => addNetwork(networks, each));
  const [, address = '', length] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  const ip = parseAddress(address);
  // A mapped address would never match: what is checked against the list is its IPv4 address.
  if (ip === null || ip.address !== address) return false;
  const longest = ip.family === 'ipv4' ? 32 : 128;
  const prefix = Number(length ?? longest);
  if (prefix > longest) return false;
  networks[ip.family].addSubnet(address, prefix, ip.family);
  return true;
}

function parseAddress(text: string): { readonly address: string; readonly family: IPVersion } | null {
  const address = text.replace(/%.*$/s, '');
  if (isIPv4(address)) return { address, family: 'ipv4' };
  if (!isIPv6(address)) return null;
  const mapped = /^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/.exec(new URL(`http://[${address}]`).hostname);
  if (mapped === null) return { address, family: 'ipv6' };
  const bytes = mapped.slice(1).flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]);
  return { address: bytes.join('.'), family: 'ipv4' };
}
