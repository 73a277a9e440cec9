import { isIP } from 'node:net';
import { longestPem } from './certificate.ts';
import { checkObject, checkOneOf, refuse } from './check.ts';
import type { TlsSettings } from './recipient.ts';

const keys = ['cert', 'key', 'passphrase', 'servername', 'minVersion'];

const hostName = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_][a-z0-9_-]{0,62})*$/i;

/** The shape of the TLS settings; what is in certificate and key is for the transport to judge. Errors show none of it. */
export function parseTls(value: unknown, field: string): TlsSettings {
  const given = value === undefined || value === null ? {} : checkObject(value, field, keys);
  const cert = parseText(given.cert, `${field}.cert`, 'ERR_CONFIG_CERT', 'PEM text of a certificate');
  const key = parseText(given.key, `${field}.key`, 'ERR_CONFIG_CERT', 'PEM text of a private key');
  if ((cert === null) !== (key === null)) {
    const missing = cert === null ? 'cert' : 'key';
    refuse('ERR_CONFIG_CERT', `${field}.${missing}`, 'given, as a certificate and its key go together');
  }
  return Object.freeze({
    cert,
    key,
    passphrase: parseText(given.passphrase, `${field}.passphrase`, 'ERR_CONFIG_VALUE', 'text'),
    servername: parseServername(given.servername, `${field}.servername`),
    minVersion: checkOneOf(given.minVersion, `${field}.minVersion`, ['TLSv1.2', 'TLSv1.3'], 'TLSv1.2'),
  });
}

function parseText(
  value: unknown,
  field: string,
  code: 'ERR_CONFIG_CERT' | 'ERR_CONFIG_VALUE',
  what: string,
): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' && value.trim() !== '' && value.length <= longestPem) return value;
  return refuse(code, field, `${what}, of at most ${longestPem} characters`);
}

function parseServername(value: unknown, field: string): string | null {
  if (value === undefined || value === null) return null;
  // RFC 6066 §3: a name, never an address.
  if (typeof value === 'string' && hostName.test(value) && isIP(value) === 0) return value;
  return refuse('ERR_CONFIG_VALUE', field, 'a host name', value);
}
