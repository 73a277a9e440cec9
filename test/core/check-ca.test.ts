import { describe, expect, it } from 'vitest';
import { checkCa } from '../../src/core/check-ca.ts';
import { HttpTransport } from '../../src/http.ts';
import { httpRecipient } from '../../src/testing.ts';
import { Authority, selfSigned } from '../support/certificates.ts';
import { refusal, secret } from './refusal.ts';

const authority = new Authority('first root');
const first = authority.pem;
const second = new Authority('second root').pem;
const { key } = authority.issue();
const damaged = first.replace(/^M.{40}/m, (line) => line.split('').reverse().join(''));
const between = authority.intermediate('between').pem;
const leaf = authority.issue().cert;
const unknownKey = withUnknownKey(first);
const cut = first.slice(0, first.indexOf('-----END'));

describe('a CA is accepted', () => {
  it('with one certificate', () => {
    expect(() => checkCa(first, 'ca')).not.toThrow();
  });

  it('with several, and with text around them', () => {
    expect(() => checkCa(`# First root\n${first}\nSecond root - 2026\n======\n${second}`, 'ca')).not.toThrow();
  });

  it('with the line ends of any system', () => {
    expect(() => checkCa(first.replaceAll('\n', '\r\n'), 'ca')).not.toThrow();
  });

  it('of a million characters', () => {
    expect(() => checkCa(first.padEnd(1_000_000, '\n'), 'ca')).not.toThrow();
  });

  it('F84: that is expired: it may still be part of a bundle', () => {
    expect(() => checkCa(new Authority('old root', { notAfter: '2021-01-01T00:00:00Z' }).pem, 'ca')).not.toThrow();
  });

  it('F84: that is a server’s own certificate, when nobody else has signed it', () => {
    expect(() => checkCa(selfSigned().cert, 'ca')).not.toThrow();
  });

  it('with an authority that another one in it has issued', () => {
    expect(() => checkCa(`${between}${first}`, 'ca')).not.toThrow();
  });
});

describe('F84: a CA is refused', () => {
  it.each([
    ['without a certificate', '', 'holds no certificate'],
    ['that is a word', 'root', 'holds no certificate'],
    ['that is the path of a file', '/etc/ssl/certs/root', 'looks like the path of a file'],
    ['that is a relative path', '../root.txt\n', 'looks like the path of a file'],
    ['that is a path on Windows', 'C:\\certs\\root', 'looks like the path of a file'],
    ['that is a file name', 'our root.crt', 'looks like the path of a file'],
    ['that is a file URL', 'file:///root', 'looks like the path of a file'],
    ['without the lines around the certificate', first.replace(/-----.*-----/g, ''), 'holds no certificate'],
    ['with a damaged certificate', damaged, 'cannot be read at certificate 1 of 1'],
    ['that is cut off', cut, 'cannot be read at certificate 1 of 1'],
    ['that is cut off before another', `${cut}${second}`, 'cannot be read at certificate 1 of 2'],
    ['with a damaged certificate after a good one', `${first}${damaged}`, 'cannot be read at certificate 2 of 2'],
    [
      'with an empty certificate',
      '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----',
      'cannot be read at certificate 1 of 1',
    ],
    [
      'that is of a server',
      leaf,
      'holds what is not the certificate of an authority at certificate 1 of 1 (CN=server)',
    ],
    [
      'that is of a server, after a good one',
      `${first}${leaf}`,
      'holds what is not the certificate of an authority at certificate 2 of 2',
    ],
    [
      'without a subject',
      authority.issue({}, '').cert,
      'holds what is not the certificate of an authority at certificate 1 of 1 (no subject)',
    ],
    [
      'that has the name of its authority',
      authority.issue({}, 'first root').cert,
      'holds what is not the certificate of an',
    ],
    [
      'with an authority, but not the one that issued it',
      between,
      'lacks the root, the authority that has issued the one given (CN=between)',
    ],
    ['with a key of a kind that nobody knows', unknownKey, 'cannot be read at certificate 1 of 1'],
    ['that is too long', `${first}${' '.repeat(1_000_000)}`, 'is longer than 1000000 characters'],
    ['with a private key', key, 'holds a private key'],
    ['with a private key behind a certificate', `${first}${key}`, 'holds a private key'],
    [
      'with something else',
      '-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----',
      'holds something besides certificates',
    ],
  ])('%s', (_, ca, problem) => {
    const { code, field, message } = refusal(() => checkCa(ca, 'smtp.ca'));
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_CA', field: 'smtp.ca' });
    expect(message).toContain(`smtp.ca ${problem}`);
  });

  it('with words on what is allowed, and without showing what was given', () => {
    expect(refusal(() => checkCa(key, 'ca')).message).toBe(
      'ca holds a private key, which belongs to the server alone; give one or more certificates as PEM text (-----BEGIN CERTIFICATE----- …)',
    );
    expect(refusal(() => checkCa(`-----BEGIN ${secret}-----\n${secret}`, 'ca')).message).toContain(
      'holds something besides',
    );
  });
});

describe('HttpTransport', () => {
  it('checks the CA of a recipient', () => {
    expect(refusal(() => new HttpTransport().check(httpRecipient({ ca: damaged })))).toMatchObject({
      code: 'ERR_CONFIG_CA',
      field: 'ca',
    });
    expect(() => new HttpTransport().check(httpRecipient({ ca: first }))).not.toThrow();
  });

  it('has nothing to check without one', () => {
    expect(() => new HttpTransport().check(httpRecipient())).not.toThrow();
  });
});

/** Changes the kind of the key: the last number of id-ecPublicKey (RFC 5480 §2.1.1). */
function withUnknownKey(pem: string): string {
  const der = Buffer.from(pem.replace(/-----.*-----/g, ''), 'base64');
  const at = der.indexOf(Buffer.from('2a8648ce3d0201', 'hex'));
  der[at + 6] = 9;
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
}
