import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { connect as connectTls } from 'node:tls';
import type { SMTPConnectionOptions } from 'nodemailer';
import { isLoopback, type SmtpSettings } from '../core/smtp-settings.ts';
import type { SmtpTimeouts } from './smtp-timeouts.ts';

/** Opens a connection to the relay; it can be used from `connect` on, with `secure` from `secureConnect` on. */
export function dial(settings: SmtpSettings): Socket {
  const { host, port } = settings;
  // All but the last address of a host get this long, and no second chance; the default of 250 ms is short for a slow link.
  const options = { host, port, autoSelectFamilyAttemptTimeout: 1_000 };
  return settings.secure ? connectTls({ ...options, ...tlsOptions(settings) }) : connectTcp(options);
}

/** How nodemailer speaks over a connection that {@link dial} has opened. */
export function conversation(settings: SmtpSettings, timeouts: SmtpTimeouts): SMTPConnectionOptions {
  const { host, secure, startTls, ca } = settings;
  return {
    host,
    name: clientName(hostname()),
    secure,
    secured: secure,
    requireTLS: !secure && startTls === 'required',
    // On loopback there is nobody to hide from, and the certificate of a relay there is seldom one that anybody signed.
    ignoreTLS: startTls === 'if-offered' && isLoopback(host) && ca === null,
    tls: tlsOptions(settings),
    connectionTimeout: timeouts.connect,
    greetingTimeout: timeouts.connect,
    socketTimeout: timeouts.reply,
    maxResponseSize: 65_536,
  };
}

/**
 * What we call ourselves (RFC 5321 §4.1.4): the machine's name where it is one of the DNS, and else an address, because
 * relays refuse anything else, and with it every mail.
 */
export function clientName(machine: string): string {
  return machine.length <= 255 &&
    /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/i.test(machine)
    ? machine
    : '[127.0.0.1]';
}

/**
 * Said aloud, so that NODE_TLS_REJECT_UNAUTHORIZED=0 does not win. The certificate must be for `host`, which is asked for
 * when it is a name.
 */
function tlsOptions({ host, ca }: SmtpSettings) {
  // The dot that ends a complete name is no part of it here (RFC 6066 §3); an address cannot be asked for.
  const name = isIP(host) === 0 && { servername: host.replace(/\.$/, '') };
  return { rejectUnauthorized: true, ...name, ...(ca !== null && { ca }) };
}
