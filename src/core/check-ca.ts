import { X509Certificate } from 'node:crypto';
import { OutboundEventsError } from './errors.ts';

const block = /-----BEGIN ([^-\r\n]*)-----(?:[^-]*-----END \1-----)?/g;

/** Characters a CA may have: several times the size of all public roots together. */
export const longestPem = 1_000_000;

/** Checks that the PEM text holds certificates only, each of which can be read. Node itself would take anything and fail much later. */
export function checkCa(pem: string, field: string): void {
  const problem = problemOf(pem);
  if (problem === null) return;
  const allowed = 'give one or more certificates as PEM text (-----BEGIN CERTIFICATE----- …)';
  throw new OutboundEventsError('ERR_CONFIG_CA', `${field} ${problem}; ${allowed}`, { field });
}

function problemOf(pem: string): string | null {
  if (pem.length > longestPem) return `is longer than ${longestPem} characters`;
  const blocks = Array.from(pem.matchAll(block), ([text, label]) => ({ text, label: String(label) }));
  const foreign = blocks.find(({ label }) => label !== 'CERTIFICATE');
  if (foreign !== undefined) {
    const isKey = /PRIVATE KEY/.test(foreign.label);
    return isKey ? 'holds a private key, which belongs to the server alone' : 'holds something besides certificates';
  }
  if (blocks.length === 0) return 'holds no certificate';
  const unreadable = blocks.findIndex(({ text }) => !isCertificate(text));
  return unreadable === -1 ? null : `cannot be read at certificate ${unreadable + 1} of ${blocks.length}`;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
