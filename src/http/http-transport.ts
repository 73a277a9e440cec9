import { ClientTransport, type HttpTransportOptions } from './client-transport.ts';
import { defaultLookup } from './default-lookup.ts';
import { GotClient } from './got-client.ts';
import type { NameLookup } from './name-lookup.ts';

/** The default transport for HTTP recipients: sends deliveries as POST by got. */
export class HttpTransport extends ClientTransport {
  /** @param names how names become addresses when the options do not say it: for tests. */
  constructor(options: HttpTransportOptions = {}, names: NameLookup = defaultLookup()) {
    super(options, names, (rules) => new GotClient(rules));
  }
}
