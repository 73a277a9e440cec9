import { X509Certificate } from 'node:crypto';
import { OutboundEventsError } from '../core/errors.ts';

const block = /-----BEGIN ([^-\r\n]*)-----(?:[^-]*-----END \1-----)?/g;

/** Several times the size of all public roots together. */
const longestPem = 1_000_000;

/** Checks that the PEM text holds certificates only, each of which can be read. Node itself would take anything and fail much later. */
export function checkCa(pem: string): void {
  if (pem.length > longestPem) throw badCa(`is longer than ${longestPem} characters`);
  const blocks = Array.from(pem.matchAll(block), ([text, label]) => ({ text, label }));
  const foreign = blocks.find(({ label }) => label !== 'CERTIFICATE');
  if (foreign !== undefined) {
    const isKey = /PRIVATE KEY/.test(foreign.label ?? '');
    throw badCa(
      isKey ? 'holds a private key, which belongs to the receiver alone' : 'holds something besides certificates',
    );
  }
  if (blocks.length === 0) throw badCa('holds no certificate');
  for (const [index, { text }] of blocks.entries()) {
    if (!isCertificate(text)) throw badCa(`cannot be read at certificate ${index + 1} of ${blocks.length}`);
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

function badCa(problem: string): OutboundEventsError {
  const allowed = 'give one or more certificates as PEM text (-----BEGIN CERTIFICATE----- …)';
  return new OutboundEventsError('ERR_CONFIG_CA', `ca ${problem}; ${allowed}`, { field: 'ca' });
}
