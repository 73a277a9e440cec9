import { X509Certificate } from 'node:crypto';

/** Characters a PEM text may have: several times the size of all public roots together. */
export const longestPem = 1_000_000;

/** A part of a PEM text, from `-----BEGIN label-----` to `-----END label-----`; the first line alone when it is cut off. */
export interface PemBlock {
  readonly label: string;
  readonly text: string;
}

const block = /-----BEGIN ([^-\r\n]*)-----(?:[^-]*-----END \1-----)?/g;

/** All parts of a PEM text, in its order. */
export function pemBlocks(pem: string): readonly PemBlock[] {
  return Array.from(pem.matchAll(block), ([text, label]) => ({ text, label: String(label) }));
}

/** What is read of a certificate. Times are epoch ms. */
export interface Certificate {
  /** Whom it is for, on one line: `CN=crm.example.com, O=Example`. */
  readonly subject: string;
  /** Whether it may vouch for others. */
  readonly isAuthority: boolean;
  /** Whether its own key has signed it, as that of a root has. */
  readonly isSelfSigned: boolean;
  readonly expiresAt: number;
}

/** Reads one certificate; `null` when that cannot be done. */
export function readCertificate(pem: string): Certificate | null {
  try {
    const certificate = new X509Certificate(pem);
    return {
      subject: onOneLine(certificate.subject),
      isAuthority: certificate.ca,
      isSelfSigned: certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey),
      expiresAt: certificate.validToDate.getTime(),
    };
  } catch {
    return null;
  }
}

const longestSubject = 200;

function onOneLine(subject: string | undefined): string {
  const line = (subject ?? 'no subject').replace(/\n/g, ', ').replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ');
  return line.slice(0, longestSubject).toWellFormed();
}

/** Whether the text is rather the name of a file in which certificates or keys are kept. */
export function looksLikePath(text: string): boolean {
  return /^(?:(?:[a-z]:|~|\.{1,2})?[/\\]|file:)[^\r\n]{1,500}$|^[^\r\n]{1,500}\.(?:pem|crt|cer|der|key|p12|pfx)$/i.test(
    text.trim(),
  );
}
