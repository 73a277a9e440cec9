import { describe, expect, it } from 'vitest';
import { checkCa } from '../../src/core/check-ca.ts';
import { HttpTransport } from '../../src/http.ts';
import { httpRecipient } from '../../src/testing.ts';
import { Authority } from '../support/certificates.ts';
import { refusal, secret } from './refusal.ts';

const authority = new Authority('first root');
const first = authority.pem;
const second = new Authority('second root').pem;
const { key } = authority.issue();
const damaged = first.replace(/^M.{40}/m, (line) => line.split('').reverse().join(''));
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

  it('that is expired: it may still be part of a bundle', () => {
    expect(() => checkCa(authority.issue({ notAfter: '2021-01-01T00:00:00Z' }).cert, 'ca')).not.toThrow();
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
    [
      'with an empty certificate',
      '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----',
      'cannot be read at certificate 1 of 1',
    ],
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
