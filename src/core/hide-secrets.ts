import { inspect } from 'node:util';
import type { HttpRecipient } from './recipient.ts';

const hidden = '***';

/**
 * The same recipient, which shows no secret when it is logged: `util.inspect`, and so `console.log`, has `***` in the
 * places of header values, credentials, paths and queries of the URL, keys and signing secrets. `JSON.stringify` has them all.
 */
export function hideSecrets(recipient: HttpRecipient): HttpRecipient {
  return Object.defineProperty(recipient, inspect.custom, { value: () => shown(recipient) });
}

function shown(recipient: HttpRecipient): object {
  const { headers, signingSecrets, tls } = recipient;
  const { origin } = new URL(recipient.url);
  return {
    ...recipient,
    url: `${origin}/${hidden}`,
    headers: Object.fromEntries(Object.keys(headers).map((name) => [name, hidden])),
    tls: { ...tls, key: tls.key && hidden, passphrase: tls.passphrase && hidden },
    signingSecrets: signingSecrets.map(() => hidden),
  };
}
