import type { LookupAddress } from 'node:dns';
import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';

/** Where this system keeps its hosts file. */
function systemFile(): string {
  if (process.platform !== 'win32') return '/etc/hosts';
  return join(process.env.SystemRoot ?? 'C:\\Windows', 'System32', 'drivers', 'etc', 'hosts');
}

/**
 * The names that the system's hosts file gives addresses. Read when it is first asked, and again whenever the file has
 * changed; at once, because what reads in the background waits behind others' slow look-ups.
 */
export class HostsFile {
  readonly #path: string;
  #version = '';
  #names: ReadonlyMap<string, readonly LookupAddress[]> = new Map();

  constructor(path: string = systemFile()) {
    this.#path = path;
  }

  /** Its addresses, in the order of the file; none when the file does not name it or cannot be read. */
  addressesOf(hostname: string): readonly LookupAddress[] {
    this.#refresh();
    return this.#names.get(hostname.toLowerCase().replace(/\.$/, '')) ?? [];
  }

  #refresh(): void {
    try {
      const { ino, mtimeMs, size } = statSync(this.#path);
      const version = `${ino} ${mtimeMs} ${size}`;
      if (version === this.#version) return;
      this.#names = parseHosts(readFileSync(this.#path, 'utf8'));
      this.#version = version;
    } catch {
      this.#names = new Map();
      this.#version = '';
    }
  }
}

/** By name in lower case. Lines that are not `address name…` are passed over. */
export function parseHosts(text: string): ReadonlyMap<string, readonly LookupAddress[]> {
  const names = new Map<string, LookupAddress[]>();
  for (const line of text.split(/\r\n|\r|\n/)) {
    const [address = '', ...given] = line.replace(/#.*$/, '').trim().split(/\s+/);
    const family = isIP(address);
    if (family === 0) continue;
    for (const name of given.map((each) => each.toLowerCase())) {
      const addresses = names.get(name) ?? [];
      if (!addresses.some((known) => known.address === address)) addresses.push({ address, family });
      names.set(name, addresses);
    }
  }
  return names;
}
