import type { TlsSettings } from '../core/recipient.ts';

/** Which connections a request may use: those of its scheme, and for TLS those made with exactly the same settings. */
export interface Route {
  readonly protocol: 'http:' | 'https:';
  /** PEM text that replaces the public roots; `null` for the public roots. */
  readonly ca: string | null;
  readonly tls: TlsSettings;
}

/** For so many different TLS settings connections are kept; beyond it those not used for longest go. */
const maxSecure = 256;

/**
 * What keeps the connections of each route: shared by all recipients, but what one recipient's CA vouches for, or its
 * client certificate opened, never serves another.
 */
export class RouteCache<Kept> {
  readonly #make: (route: Route) => Kept;
  readonly #retire: (kept: Kept) => void;
  #plain: Kept | undefined;
  /** By TLS settings, the ones used last at the end. */
  readonly #secure = new Map<string, Kept>();

  /** @param retire ends what is no longer kept, once what is under way on it is done. */
  constructor(make: (route: Route) => Kept, retire: (kept: Kept) => void) {
    this.#make = make;
    this.#retire = retire;
  }

  get(route: Route): Kept {
    if (route.protocol === 'http:') {
      this.#plain ??= this.#make(route);
      return this.#plain;
    }
    const key = settingsKey(route);
    const kept = this.#secure.get(key) ?? this.#make(route);
    this.#secure.delete(key);
    this.#secure.set(key, kept);
    if (this.#secure.size > maxSecure) this.#retireOldest();
    return kept;
  }

  /** All there are, for the last time. */
  clear(): readonly Kept[] {
    const all = [...(this.#plain === undefined ? [] : [this.#plain]), ...this.#secure.values()];
    this.#plain = undefined;
    this.#secure.clear();
    return all;
  }

  #retireOldest(): void {
    const [oldest] = this.#secure;
    if (oldest === undefined) return;
    const [key, kept] = oldest;
    this.#secure.delete(key);
    this.#retire(kept);
  }
}

/** The latest key of each recipient's settings, which are never changed, only replaced: they may be long to write down. */
const keys = new WeakMap<TlsSettings, { readonly ca: string | null; readonly key: string }>();

/** The same for the same settings only, whatever is in them. */
function settingsKey({ ca, tls }: Route): string {
  const known = keys.get(tls);
  if (known !== undefined && known.ca === ca) return known.key;
  const key = JSON.stringify([ca, tls.cert, tls.key, tls.passphrase, tls.servername, tls.minVersion]);
  keys.set(tls, { ca, key });
  return key;
}
