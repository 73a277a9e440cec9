import { ClientTransport, type HttpTransportOptions } from './client-transport.ts';
import { defaultLookup } from './default-lookup.ts';
import type { NameLookup } from './name-lookup.ts';
import { UndiciClient } from './undici-client.ts';

/** Sends deliveries as `HttpTransport` does, by undici: several times as many with the same processor. */
export class UndiciTransport extends ClientTransport {
  /** @param names how names become addresses when the options do not say it: for tests. */
  constructor(options: HttpTransportOptions = {}, names: NameLookup = defaultLookup()) {
    super(options, names, (rules) => new UndiciClient(rules));
  }
}
