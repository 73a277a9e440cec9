import { isIPv4 } from 'node:net';
import { checkBoolean, checkInteger, checkObject, refuse } from './check.ts';
import { parseAddresses } from './email-address.ts';

/** The relay, as a host gives it. */
export interface SmtpInput {
  /** Host name or IP address. */
  readonly host: string;
  /** Default: 465 with `secure`, otherwise 587. */
  readonly port?: number | undefined;
  /** TLS from the first byte. Default: `true` on port 465, otherwise `false`. */
  readonly secure?: boolean | undefined;
  /**
   * Without `secure`: whether the relay must offer STARTTLS (RFC 3207). Default: `required`, and `if-offered` for a relay on
   * loopback. With `auth`, only a relay on loopback may do without.
   */
  readonly startTls?: 'required' | 'if-offered' | undefined;
  readonly auth?: { readonly user: string; readonly pass: string } | null | undefined;
  /** PEM text of the certificate authorities to trust for the relay instead of the public ones. */
  readonly ca?: string | null | undefined;
  /** Sender of every mail, one address. */
  readonly from: string;
}

/** The relay, with every setting checked and every default filled in. Holds a password: never shown, stored or logged. */
export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly startTls: 'required' | 'if-offered';
  readonly auth: { readonly user: string; readonly pass: string } | null;
  /** `null` for the public roots. */
  readonly ca: string | null;
  readonly from: string;
}

/** Throws `ERR_CONFIG_SMTP` for the first setting that is wrong, never showing user or password. */
export function parseSmtp(input: unknown): SmtpSettings {
  const given = checkObject(input, 'smtp', ['host', 'port', 'secure', 'startTls', 'auth', 'ca', 'from']);
  const { host, ca } = given;
  if (typeof host !== 'string' || !/^[A-Za-z0-9_.:-]{1,253}$/.test(host)) {
    return refuse('ERR_CONFIG_SMTP', 'smtp.host', 'a host name or an IP address', host);
  }
  const port = checkInteger(given.port, 'smtp.port', [1, 65535], given.secure === true ? 465 : 587);
  const secure = checkBoolean(given.secure, 'smtp.secure', port === 465);
  if (secure && (port === 587 || port === 25)) {
    refuse(
      'ERR_CONFIG_SMTP',
      'smtp.secure',
      `false on port ${port}, where TLS begins with STARTTLS (RFC 8314 §3)`,
      secure,
    );
  }
  const auth = parseAuth(given.auth);
  if (ca !== undefined && ca !== null && (typeof ca !== 'string' || !ca.includes('-----BEGIN CERTIFICATE-----'))) {
    refuse('ERR_CONFIG_CA', 'smtp.ca', 'PEM text of one or more certificates');
  }
  const from = parseAddresses(given.from, 'smtp.from');
  if (from.length !== 1) refuse('ERR_CONFIG_EMAIL', 'smtp.from', 'one address', given.from);
  return Object.freeze({
    host,
    port,
    secure,
    startTls: parseStartTls(given.startTls, host, auth !== null && !secure),
    auth,
    ca: ca ?? null,
    from: from[0] as string,
  });
}

function parseStartTls(value: unknown, host: string, guardsPassword: boolean): 'required' | 'if-offered' {
  if (value === undefined) return isLoopback(host) ? 'if-offered' : 'required';
  if (value === 'required') return value;
  if (value === 'if-offered' && (!guardsPassword || isLoopback(host))) return value;
  const allowed = guardsPassword ? '"required", as a password is sent' : '"required" or "if-offered"';
  return refuse('ERR_CONFIG_SMTP', 'smtp.startTls', allowed, value);
}

/** Whether the relay is this machine itself, so that nothing crosses a network. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

function parseAuth(value: unknown): SmtpSettings['auth'] {
  if (value === undefined || value === null) return null;
  const { user, pass } = checkObject(value, 'smtp.auth', ['user', 'pass']);
  if (typeof user === 'string' && user !== '' && typeof pass === 'string') return Object.freeze({ user, pass });
  return refuse('ERR_CONFIG_SMTP', 'smtp.auth', 'an object with the texts user and pass');
}
