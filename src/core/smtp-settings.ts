import { isIP, isIPv4 } from 'node:net';
import { inspect } from 'node:util';
import { checkBoolean, checkInteger, checkObject, refuse, refuseKind } from './check.ts';
import { checkCa } from './check-ca.ts';
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
   * loopback, where STARTTLS is only used when `ca` is given: certificates there are seldom signed by anybody. With
   * `auth`, only a relay on loopback may do without.
   */
  readonly startTls?: 'required' | 'if-offered' | undefined;
  readonly auth?: { readonly user: string; readonly pass: string } | null | undefined;
  /** PEM text of the certificate authorities to trust for the relay instead of the public ones. */
  readonly ca?: string | null | undefined;
  /** Sender of every mail, one address. */
  readonly from: string;
  /**
   * Connections that mails of events may use at a time, 1 to 10: relays put a client off that opens many. Alerts and
   * probes have one besides. Default: 2.
   */
  readonly maxConnections?: number | undefined;
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
  readonly maxConnections: number;
}

const keys = ['host', 'port', 'secure', 'startTls', 'auth', 'ca', 'from', 'maxConnections'];

/** Throws the coded error of the first setting that is wrong, never showing user or password. */
export function parseSmtp(input: unknown): SmtpSettings {
  const given = checkObject(input, 'smtp', keys);
  const host = parseHost(given.host);
  const port = parsePort(given.port, given.secure === true ? 465 : 587);
  const secure = checkBoolean(given.secure, 'smtp.secure', port === 465);
  if (secure && (port === 587 || port === 25)) {
    const allowed = `false on port ${port}, where TLS begins with STARTTLS (RFC 8314 §3)`;
    refuse('ERR_CONFIG_SMTP', 'smtp.secure', allowed, secure);
  }
  const auth = parseAuth(given.auth);
  const settings: SmtpSettings = {
    host,
    port,
    secure,
    startTls: parseStartTls(given.startTls, host, auth !== null && !secure),
    auth,
    ca: parseCa(given.ca),
    from: parseFrom(given.from),
    maxConnections: checkInteger(given.maxConnections, 'smtp.maxConnections', [1, 10], 2),
  };
  return Object.freeze(hidePassword(settings));
}

/** The same settings, which do not show the password when they are logged. */
function hidePassword(settings: SmtpSettings): SmtpSettings {
  const shown = { ...settings, auth: settings.auth && { user: settings.auth.user, pass: '***' } };
  return Object.defineProperty(settings, inspect.custom, { value: () => shown });
}

const hostName = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_][a-z0-9_-]{0,62})*\.?$/i;

function parseHost(value: unknown): string {
  if (typeof value === 'string' && (hostName.test(value) || isIP(value) !== 0)) return value;
  // Not shown: hosts are given as URLs too, with a password.
  return refuseKind('ERR_CONFIG_SMTP', 'smtp.host', 'a host name or an IP address, without a port', value);
}

function parsePort(value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65_535) return Number(value);
  return refuse('ERR_CONFIG_SMTP', 'smtp.port', 'a whole number from 1 to 65535', value);
}

function parseCa(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') return refuse('ERR_CONFIG_CA', 'smtp.ca', 'PEM text', value);
  checkCa(value, 'smtp.ca');
  return value;
}

function parseFrom(value: unknown): string {
  const [from, ...others] = parseAddresses(value, 'smtp.from');
  if (from !== undefined && others.length === 0) return from;
  return refuse('ERR_CONFIG_EMAIL', 'smtp.from', 'one address', value);
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
  if (isCredential(user) && isCredential(pass)) return Object.freeze({ user, pass });
  return refuse('ERR_CONFIG_SMTP', 'smtp.auth', 'an object with the texts user and pass, not empty and without NUL');
}

/** Fit for every way to log in: PLAIN has NUL between the two (RFC 4616). */
function isCredential(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !value.includes('\0');
}
