import { pemBlocks, readCertificate } from './certificate.ts';
import { OutboundEventsError } from './errors.ts';
import { onceForEach } from './once-for-each.ts';
import type { Recipient } from './recipient.ts';

/** A certificate of a recipient's or the relay's settings. */
export interface ConfiguredCertificate {
  /** The setting it is part of. */
  readonly field: 'ca' | 'tls.cert' | 'smtp.ca';
  /** Whom it is for, on one line: `CN=crm.example.com, O=Example`. */
  readonly subject: string;
  /** Epoch ms. */
  readonly expiresAt: number;
}

/**
 * The certificates in a recipient's settings that can be read; the public roots are none of them. Recipients are never
 * changed, only replaced, so that each one's are read once.
 */
export const certificatesOf = onceForEach((recipient: Recipient): readonly ConfiguredCertificate[] => {
  if (recipient.kind !== 'http') return [];
  return [...certificatesIn(recipient.ca, 'ca'), ...certificatesIn(recipient.tls.cert, 'tls.cert')];
});

/** The certificates in a PEM text that can be read; none for `null`. */
export function certificatesIn(
  pem: string | null,
  field: ConfiguredCertificate['field'],
): readonly ConfiguredCertificate[] {
  return pemBlocks(pem ?? '').flatMap(({ text }) => {
    const certificate = readCertificate(text);
    return certificate === null ? [] : [{ field, subject: certificate.subject, expiresAt: certificate.expiresAt }];
  });
}

/**
 * Those of one setting that expire before `soon`, as far as it matters: what has expired by `now` is told of only where
 * nothing in the same setting is valid any more. Bundles hold old ones for long.
 */
export function expiringSoon(
  certificates: readonly ConfiguredCertificate[],
  { now, soon }: { readonly now: number; readonly soon: number },
): readonly ConfiguredCertificate[] {
  const hasValid = (field: string): boolean =>
    certificates.some((each) => each.field === field && each.expiresAt >= now);
  return expiringBy(soon, certificates).filter(({ field, expiresAt }) => expiresAt >= now || !hasValid(field));
}

/** Those that will have expired at a time, epoch ms. */
function expiringBy(time: number, certificates: readonly ConfiguredCertificate[]): readonly ConfiguredCertificate[] {
  return certificates.filter(({ expiresAt }) => expiresAt < time);
}

/** When the first of a recipient's certificates expires, epoch ms; `null` when it has none. */
export function firstExpiry(recipient: Recipient): number | null {
  const certificates = certificatesOf(recipient);
  return certificates.length === 0 ? null : Math.min(...certificates.map(({ expiresAt }) => expiresAt));
}

/**
 * Throws `ERR_CONFIG_CA` when all authorities that the recipient trusts have expired: nothing could be delivered. While
 * one is left the others are no error: bundles hold old ones. `now` is the wall clock.
 */
export function checkNotAllExpired(recipient: Recipient, now: number): void {
  const authorities = certificatesOf(recipient).filter(({ field }) => field === 'ca');
  if (authorities.length === 0 || expiringBy(now, authorities).length < authorities.length) return;
  const last = new Date(Math.max(...authorities.map(({ expiresAt }) => expiresAt))).toISOString();
  const message = `ca holds only certificates that have expired, the last one on ${last.slice(0, 10)}; give one that is valid`;
  throw new OutboundEventsError('ERR_CONFIG_CA', message, { field: 'ca' });
}
