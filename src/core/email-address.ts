import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { refuse } from './check.ts';

const mostAddresses = 10;
const longestAddress = 254;
const longestLocalPart = 64;

const plainAddress = `a plain address such as "name@example.com", of at most ${longestAddress} characters`;

/**
 * The addresses of a comma-separated text or of a list of texts, as they go onto the wire: trimmed, the domain in lower
 * case and ASCII. Throws `ERR_CONFIG_EMAIL` unless there are 1 to 10, each plain, none twice.
 *
 * Plain is `local@domain` alone, the local part in ASCII or in letters and digits of any script (RFC 6531): no display
 * name, quotes, comment, group or IP address. What mail software reads in more than one way, or would rewrite, is refused
 * rather than repaired.
 */
export function parseAddresses(input: unknown, field: string): readonly string[] {
  const allowed = `1 to ${mostAddresses} addresses, as a list or separated by commas`;
  const given = typeof input === 'string' ? input.split(',', mostAddresses + 1) : input;
  if (!Array.isArray(given)) return refuse('ERR_CONFIG_EMAIL', field, allowed, given);
  if (given.length === 0 || given.length > mostAddresses || input === '') refuse('ERR_CONFIG_EMAIL', field, allowed);
  const addresses: string[] = [];
  // Array.from, because map would pass over holes.
  for (const [index, item] of Array.from(given).entries()) {
    const address = parseAddress(item, `${field}[${index}]`);
    if (addresses.includes(address)) refuse('ERR_CONFIG_EMAIL', `${field}[${index}]`, 'there only once', address);
    addresses.push(address);
  }
  return Object.freeze(addresses);
}

function parseAddress(input: unknown, field: string): string {
  const address = typeof input === 'string' && input.length <= 2 * longestAddress ? toWireForm(input.trim()) : null;
  if (address !== null && Buffer.byteLength(address) <= longestAddress) return address;
  return refuse('ERR_CONFIG_EMAIL', field, plainAddress, input);
}

/** RFC 5321 `Dot-string "@" Domain`, with the letters and digits of RFC 6531; `null` for everything else. */
function toWireForm(text: string): string | null {
  const at = text.lastIndexOf('@');
  const localPart = text.slice(0, Math.max(at, 0));
  const domain = asciiDomain(text.slice(at + 1));
  if (Buffer.byteLength(localPart) > longestLocalPart || !dotString.test(localPart)) return null;
  // Two ways to write the same text would be two addresses to us, and one to people.
  if (localPart !== localPart.normalize('NFKC')) return null;
  return domain === null ? null : `${localPart}@${domain}`;
}

const atom =
  "(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|(?![\\0-\\x7f]|\\p{Default_Ignorable_Code_Point})[\\p{L}\\p{N}\\p{M}])+";
const dotString = new RegExp(`^${atom}(?:\\.${atom})*$`, 'u');
const domainLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

function asciiDomain(text: string): string | null {
  if (unfitForDomain.test(text)) return null;
  const ascii = domainToASCII(text);
  // It reads `1` and `0x7f.1` as IPv4 addresses.
  if (isIP(ascii) !== 0) return null;
  return ascii.split('.').every((label) => domainLabel.test(label)) ? ascii : null;
}

/**
 * What `domainToASCII`, made for URLs, would decode, cut off or leave out without a word: ASCII that is in no host name,
 * and characters that show nothing.
 */
const unfitForDomain = /[^A-Za-z0-9.\-\u{80}-\u{10ffff}]|\p{Default_Ignorable_Code_Point}/u;
