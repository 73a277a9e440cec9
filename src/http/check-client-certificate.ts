import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { looksLikePath, pemBlocks, readCertificate } from '../core/certificate.ts';
import { OutboundEventsError } from '../core/errors.ts';
import type { TlsSettings } from '../core/recipient.ts';

/**
 * Checks that the client certificate, with its chain, can be read, and that its key can, with the passphrase, and belongs
 * to it. `field` is the path of the settings. Errors show nothing of key and passphrase.
 */
export function checkClientCertificate({ cert, key, passphrase }: TlsSettings, field: string): void {
  if (cert === null || key === null) return;
  checkChain(cert, `${field}.cert`);
  const privateKey = readKey(key, passphrase, field);
  if (!new X509Certificate(cert).checkPrivateKey(privateKey)) {
    fail(`${field}.key`, `is not the key of ${field}.cert, the first certificate in it`);
  }
}

function checkChain(pem: string, field: string): void {
  const problem = problemOf(pem);
  if (problem !== null) fail(field, `${problem}; give the certificate, with its chain if any, as PEM text`);
}

function problemOf(pem: string): string | null {
  const blocks = pemBlocks(pem);
  const foreign = blocks.find(({ label }) => label !== 'CERTIFICATE');
  if (foreign !== undefined) {
    return /PRIVATE KEY/.test(foreign.label) ? 'holds a private key' : 'holds something besides certificates';
  }
  if (blocks.length === 0) return looksLikePath(pem) ? 'looks like the path of a file' : 'holds no certificate';
  const unreadable = blocks.findIndex(({ text }) => readCertificate(text) === null);
  return unreadable === -1 ? null : `cannot be read at certificate ${unreadable + 1} of ${blocks.length}`;
}

function readKey(key: string, passphrase: string | null, field: string): KeyObject {
  try {
    return createPrivateKey({ key, format: 'pem', ...(passphrase !== null && { passphrase }) });
  } catch {
    // In the label, or in the lines below it in the older form.
    if (/PRIVATE KEY-----/.test(key) && /ENCRYPTED/.test(key)) {
      return passphrase === null
        ? fail(`${field}.passphrase`, `is missing, as ${field}.key is encrypted`)
        : fail(`${field}.passphrase`, `does not open ${field}.key`);
    }
    return fail(`${field}.key`, `${keyProblemOf(key)}; give the private key as PEM text`);
  }
}

function keyProblemOf(key: string): string {
  const labels = pemBlocks(key).map(({ label }) => label);
  if (labels.some((label) => label.endsWith('PRIVATE KEY'))) return 'cannot be read';
  if (labels.length > 0) return 'holds no private key, but something else';
  return looksLikePath(key) ? 'looks like the path of a file' : 'holds no private key';
}

function fail(field: string, problem: string): never {
  throw new OutboundEventsError('ERR_CONFIG_CERT', `${field} ${problem}`, { field });
}
