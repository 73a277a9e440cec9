import type { HttpRecipient } from '../core/recipient.ts';
import { percentDecoded } from './request-target.ts';

/** Shorter ones are numbers and words that stand in any text. */
const shortest = 6;

const known = new WeakMap<HttpRecipient, readonly string[]>();

/** The text without what the recipient's settings hold of secrets: a receiver may answer with the request it got. */
export function withoutSecrets(text: string, recipient: HttpRecipient): string {
  const secrets = known.get(recipient) ?? secretsOf(recipient);
  known.set(recipient, secrets);
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}

/** Values of headers, credentials, parts of path and query, as they are and decoded; the longest first. */
function secretsOf({ url, headers, signingSecrets }: HttpRecipient): readonly string[] {
  const { username, password, pathname, search } = new URL(url);
  const values = Object.values(headers).flatMap((value) => [value, ...value.split(' ')]);
  const credentials = [username, password].map(percentDecoded).join(':');
  const parts = [username, password, ...pathname.split('/'), ...search.split(/[?&=]/)];
  const secrets = [...values, ...parts, ...parts.map(percentDecoded), base64(credentials), ...signingSecrets];
  const distinct = new Set(secrets.filter(({ length }) => length >= shortest));
  return [...distinct].sort((one, other) => other.length - one.length);
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
