import { type IPVersion, isIPv4, isIPv6 } from 'node:net';

export interface IpAddress {
  readonly address: string;
  readonly family: IPVersion;
}

/** The IP address that the text is, without its zone; an IPv4-mapped IPv6 address as its IPv4 address. `null` for any other text. */
export function parseAddress(text: string): IpAddress | null {
  const address = text.replace(/%.*$/s, '');
  if (isIPv4(address)) return { address, family: 'ipv4' };
  if (!isIPv6(address)) return null;
  const [zeros, [marker = 0, ...last]] = [groupsOf(address).slice(0, 5), groupsOf(address).slice(5)];
  if (zeros.some((group) => group !== 0) || marker !== 0xffff) return { address, family: 'ipv6' };
  return { address: last.flatMap((group) => [group >> 8, group & 255]).join('.'), family: 'ipv4' };
}

/** Whether it ends as the addresses of ISATAP tunnels do (RFC 5214): with an IPv4 address that may be anything. */
export function isIsatap({ address, family }: IpAddress): boolean {
  if (family === 'ipv4') return false;
  const [first, second] = groupsOf(address).slice(4);
  return (first === 0 || first === 0x200) && second === 0x5efe;
}

/** The eight numbers of an IPv6 address. */
function groupsOf(address: string): readonly number[] {
  // The URL class writes each of them in hexadecimal, and the longest run of zeros as `::`.
  const { hostname } = new URL(`http://[${address}]`);
  const [head = [], tail = []] = hostname
    .slice(1, -1)
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16));
}
