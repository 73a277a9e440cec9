import { onceForEach } from '../core/once-for-each.ts';
import type { HttpRecipient } from '../core/recipient.ts';
import { percentDecoded } from './request-target.ts';

/** Shorter ones are numbers and words that stand in any text. */
const shortest = 6;

const secretsOf = onceForEach(findSecrets);

/** The text without what the recipient's settings hold of secrets: a receiver may answer with the request it got. */
export function withoutSecrets(text: string, recipient: HttpRecipient): string {
  return secretsOf(recipient).reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}

/** Values of headers, credentials, parts of path and query, in the forms receivers write them down in; the longest first. */
function findSecrets({ url, headers, signingSecrets }: HttpRecipient): readonly string[] {
  const { username, password, pathname, search } = new URL(url);
  const values = Object.values(headers).flatMap((value) => [value, ...value.split(/[ ;,=]+/)]);
  const credentials = Buffer.from([username, password].map(percentDecoded).join(':')).toString('base64');
  const parts = [
    username,
    password,
    ...pathname.split('/'),
    ...search.split('&').map((field) => field.slice(field.indexOf('=') + 1)),
  ];
  const secrets = [...values, ...parts, ...parts.map(percentDecoded), credentials, ...signingSecrets];
  const distinct = new Set(secrets.filter(({ length }) => length >= shortest).flatMap(writtenForms));
  return [...distinct].sort((one, other) => other.length - one.length);
}

/** As it is, and as JSON (with slashes escaped, as PHP does), HTML and URLs have it. */
function writtenForms(secret: string): readonly string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const html = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return [
    ...[
      secret,
      json,
      json.replaceAll('/', '\\/'),
      json.replaceAll('+', '\\u002B'),
      encodeURIComponent(secret.toWellFormed()),
    ],
    ...[html, html.replaceAll('"', '&quot;'), html.replaceAll('"', '&#34;').replaceAll("'", '&#39;')],
  ];
}
