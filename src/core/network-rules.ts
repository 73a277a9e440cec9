import { BlockList, type IPVersion } from 'node:net';
import { refuse } from './check.ts';
import { isIsatap, parseAddress } from './ip-address.ts';
import { lazy } from './lazy.ts';
import { cloudMetadata, namedNetworks, specialNetworks, unicast } from './special-networks.ts';

/**
 * Where recipients may live: `'any'`, or one or a list of IP addresses, CIDR blocks, and the names `'public'`,
 * `'private'`, `'loopback'` and `'link-local'`. No name lets in what clouds tell their machines (169.254.169.254 and
 * its like); the address itself does.
 */
export type AllowedNetworks = string | readonly string[];

/** Whether a connection to this IP address may be made. An IPv4-mapped IPv6 address counts as its IPv4 address. */
export type NetworkRule = (address: string) => boolean;

/** Checks the option `allowedNetworks` and makes the rule of it. A wrong entry is an `ERR_CONFIG_VALUE` that names its place. */
export function networkRule(allowed: AllowedNetworks): NetworkRule {
  const field = 'allowedNetworks';
  if (allowed === 'any') return () => true;
  const entries: readonly unknown[] = typeof allowed === 'string' ? [allowed] : allowed;
  if (!Array.isArray(entries) || entries.length === 0) {
    return refuse('ERR_CONFIG_VALUE', field, '"any" or a list of networks', allowed);
  }
  const listed = new Networks();
  const named = new Networks();
  for (const [index, entry] of entries.entries()) {
    if (entry === 'public') continue;
    const networks = namedNetworks.get(entry);
    if (networks !== undefined) named.addAll(networks);
    else if (typeof entry !== 'string' || !listed.add(entry)) {
      const expected = 'an IP address, a CIDR block, "public", "private", "loopback" or "link-local"';
      refuse('ERR_CONFIG_VALUE', entry === allowed ? field : `${field}[${index}]`, expected, entry);
    }
  }
  const isPublicListed = entries.includes('public');
  return (address) => {
    if (listed.has(address)) return true;
    if (isUnnamed(address)) return false;
    return named.has(address) || (isPublicListed && isPublic(address));
  };
}

/** What an IP address is, and the entry of `allowedNetworks` that would let it in: for messages. */
export function describeAddress(address: string): { readonly kind: string; readonly entry: string } {
  const ip = parseAddress(address);
  if (ip === null) return { kind: 'no IP address', entry: address };
  const entry = ip.address;
  const { metadata, byKind } = known();
  if (metadata.has(address)) return { kind: 'cloud metadata', entry };
  if (isUnnamed(address)) return { kind: 'a way to an IPv4 address', entry };
  if (isPublic(address)) return { kind: 'public', entry: 'public' };
  const [kind = 'not handed out'] = [...byKind.keys()].filter((each) => byKind.get(each)?.has(address));
  return { kind, entry: namedNetworks.has(kind) ? kind : entry };
}

/** Addresses and CIDR blocks of both families. */
class Networks {
  /** Apart, because a `BlockList` with both would take `::/0` for all of IPv4, too. */
  readonly #lists: Readonly<Record<IPVersion, BlockList>> = { ipv4: new BlockList(), ipv6: new BlockList() };

  /** `false` when the text is no network. */
  add(entry: string): boolean {
    const [, address = '', length] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
    const ip = parseAddress(address);
    // A mapped address would never match: what is checked against the list is its IPv4 address.
    if (ip === null || ip.address !== address) return false;
    const longest = ip.family === 'ipv4' ? 32 : 128;
    const prefix = Number(length ?? longest);
    if (prefix > longest) return false;
    this.#lists[ip.family].addSubnet(address, prefix, ip.family);
    return true;
  }

  addAll(entries: readonly string[]): this {
    for (const entry of entries) this.add(entry);
    return this;
  }

  has(address: string): boolean {
    const ip = parseAddress(address);
    return ip !== null && this.#lists[ip.family].check(ip.address, ip.family);
  }
}

/** The networks everybody knows: made when first asked for, not while the host imports this. */
const known = lazy(() => ({
  metadata: new Networks().addAll(cloudMetadata),
  internet: new Networks().addAll(unicast),
  byKind: new Map(
    [...namedNetworks, ...specialNetworks].map(([kind, entries]) => [kind, new Networks().addAll(entries)]),
  ),
}));

function isPublic(address: string): boolean {
  const { internet, byKind } = known();
  return internet.has(address) && ![...byKind.values()].some((networks) => networks.has(address));
}

/** Whether only an entry for the address itself can let it in, whatever network it lies in. */
function isUnnamed(address: string): boolean {
  const ip = parseAddress(address);
  return ip === null || known().metadata.has(address) || isIsatap(ip);
}
