import { describe, expect, it } from 'vitest';
import { HttpTransport } from '../../src/http.ts';
import { httpRecipient } from '../../src/testing/builders.ts';
import { Authority } from '../support/certificates.ts';

const authority = new Authority('first root');
const first = authority.pem;
const second = new Authority('second root').pem;
const { key } = authority.issue();
const damaged = first.replace(/^M.{40}/m, (line) => line.split('').reverse().join(''));
const cut = first.slice(0, first.indexOf('-----END'));

function check(ca: string): void {
  new HttpTransport().check(httpRecipient({ ca }));
}

describe('a CA is accepted', () => {
  it('with one certificate', () => {
    expect(() => check(first)).not.toThrow();
  });

  it('with several, and with text around them', () => {
    expect(() => check(`# First root\n${first}\nSecond root - 2026\n======\n${second}`)).not.toThrow();
  });

  it('with the line ends of any system', () => {
    expect(() => check(first.replaceAll('\n', '\r\n'))).not.toThrow();
  });

  it('that is expired: it may still be part of a bundle', () => {
    expect(() => check(authority.issue({ notAfter: '2021-01-01T00:00:00Z' }).cert)).not.toThrow();
  });
});

describe('a CA is refused', () => {
  it.each([
    ['without a certificate', '', 'holds no certificate'],
    ['that is a file name', '/etc/ssl/root.pem', 'holds no certificate'],
    ['without the lines around the certificate', first.replace(/-----.*-----/g, ''), 'holds no certificate'],
    ['with a damaged certificate', damaged, 'cannot be read at certificate 1 of 1'],
    ['that is cut off', cut, 'cannot be read at certificate 1 of 1'],
    ['that is cut off before another', `${cut}${second}`, 'cannot be read at certificate 1 of 2'],
    ['with a damaged certificate after a good one', `${first}${damaged}`, 'cannot be read at certificate 2 of 2'],
    ['with an empty certificate', '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----', 'certificate 1 of 1'],
    ['that is too long', `${first}${' '.repeat(1_000_000)}`, 'is longer than 1000000 characters'],
    ['with a private key', key, 'holds a private key'],
    ['with a private key behind a certificate', `${first}${key}`, 'holds a private key'],
    [
      'with something else',
      '-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----',
      'holds something besides certificates',
    ],
  ])('%s', (_, ca, problem) => {
    expect(() => check(ca)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_CA', field: 'ca', message: expect.stringContaining(problem) }),
    );
  });

  it('with words on what is allowed, and without showing what was given', () => {
    expect(() => check(key)).toThrow(
      'ca holds a private key, which belongs to the receiver alone; give one or more certificates as PEM text (-----BEGIN CERTIFICATE----- …)',
    );
  });
});

it('a recipient without a CA has nothing to check', () => {
  expect(() => new HttpTransport().check(httpRecipient())).not.toThrow();
});
