import { type Certificate, longestPem, looksLikePath, pemBlocks, readCertificate } from './certificate.ts';
import { OutboundEventsError } from './errors.ts';

/**
 * Checks that the PEM text holds certificates of authorities, each of which can be read, and that something can be
 * verified with them. Node itself would take anything and fail much later. Whether they have expired is not looked at.
 */
export function checkCa(pem: string, field: string): void {
  const problem = problemOf(pem);
  if (problem === null) return;
  const allowed = 'give one or more certificates as PEM text (-----BEGIN CERTIFICATE----- …)';
  throw new OutboundEventsError('ERR_CONFIG_CA', `${field} ${problem}; ${allowed}`, { field });
}

function problemOf(pem: string): string | null {
  if (pem.length > longestPem) return `is longer than ${longestPem} characters`;
  const blocks = pemBlocks(pem);
  const foreign = blocks.find(({ label }) => label !== 'CERTIFICATE');
  if (foreign !== undefined) {
    const isKey = /PRIVATE KEY/.test(foreign.label);
    return isKey ? 'holds a private key, which belongs to the server alone' : 'holds something besides certificates';
  }
  if (blocks.length === 0) return looksLikePath(pem) ? 'looks like the path of a file' : 'holds no certificate';
  const certificates: Certificate[] = [];
  for (const { text } of blocks) {
    const certificate = readCertificate(text);
    const place = `at certificate ${certificates.length + 1} of ${blocks.length}`;
    if (certificate === null) return `cannot be read ${place}`;
    // A server's own certificate is taken for that server when nobody else has signed it, and otherwise for nothing.
    if (!certificate.isAuthority && !certificate.isSelfSigned) {
      return `holds what is not the certificate of an authority ${place} (${certificate.subject})`;
    }
    certificates.push(certificate);
  }
  // Every chain is followed up to a certificate that is signed by itself.
  if (certificates.some(({ isSelfSigned }) => isSelfSigned)) return null;
  const subjects = certificates.map(({ subject }) => subject).join(' / ');
  return `lacks the root, the authority that has issued the one given (${subjects.slice(0, 200)})`;
}
