import { describe, expect, it } from 'vitest';
import {
  certificatesIn,
  certificatesOf,
  checkNotAllExpired,
  expiringSoon,
  firstExpiry,
} from '../../src/core/certificates.ts';
import { emailRecipient, httpRecipient } from '../../src/testing.ts';
import { Authority } from '../support/certificates.ts';
import { refusal } from './refusal.ts';

const first = new Authority('first', { notAfter: '2027-01-01T00:00:00Z' });
const second = new Authority('second', { notAfter: '2028-01-01T00:00:00Z' });
const own = first.issue({ notAfter: '2026-06-01T00:00:00Z' }, 'appliance 7');
const tls = { ...httpRecipient().tls, ...own };
const bundle = `${first.pem}${second.pem}`;

describe('the certificates of a recipient', () => {
  it('are those of its CA and of its client certificate, with its chain', () => {
    const recipient = httpRecipient({ ca: bundle, tls: { ...tls, cert: `${own.cert}${first.pem}` } });
    expect(certificatesOf(recipient)).toEqual([
      { field: 'ca', subject: 'CN=first', expiresAt: Date.UTC(2027, 0) },
      { field: 'ca', subject: 'CN=second', expiresAt: Date.UTC(2028, 0) },
      { field: 'tls.cert', subject: 'CN=appliance 7', expiresAt: Date.UTC(2026, 5) },
      { field: 'tls.cert', subject: 'CN=first', expiresAt: Date.UTC(2027, 0) },
    ]);
    expect(firstExpiry(recipient)).toBe(Date.UTC(2026, 5));
  });

  it('are read once', () => {
    const recipient = httpRecipient({ ca: bundle });
    expect(certificatesOf(recipient)).toBe(certificatesOf(recipient));
  });

  it('are none where none is configured, or none can be read', () => {
    for (const recipient of [httpRecipient(), httpRecipient({ ca: 'no PEM' }), emailRecipient()]) {
      expect(certificatesOf(recipient)).toEqual([]);
      expect(firstExpiry(recipient)).toBe(null);
    }
    expect(certificatesIn(`-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n${second.pem}`, 'smtp.ca')).toEqual([
      { field: 'smtp.ca', subject: 'CN=second', expiresAt: Date.UTC(2028, 0) },
    ]);
  });

  it('have subjects on one line, of bearable length', () => {
    const name = `two\nlines \u2028${'x'.repeat(500)}`;
    const [certificate] = certificatesIn(new Authority(name).pem, 'ca');
    expect(certificate?.subject).toMatch(/^CN=two[^\p{Cc}\p{Zl}]{100,196}$/u);
  });
});

describe('a certificate is told of', () => {
  const certificates = certificatesOf(httpRecipient({ ca: bundle, tls }));
  const fields = (now: number, soon: number) =>
    expiringSoon(certificates, { now, soon }).map(({ field, subject }) => `${field} ${subject}`);

  it('when it expires soon', () => {
    expect(fields(Date.UTC(2026, 0), Date.UTC(2026, 4))).toEqual([]);
    expect(fields(Date.UTC(2026, 4), Date.UTC(2026, 6))).toEqual(['tls.cert CN=appliance 7']);
    expect(fields(Date.UTC(2026, 4), Date.UTC(2027, 6))).toEqual(['ca CN=first', 'tls.cert CN=appliance 7']);
  });

  it('when it has expired, unless another of the same setting is valid: bundles hold old ones for long', () => {
    expect(fields(Date.UTC(2027, 6), Date.UTC(2027, 7))).toEqual(['tls.cert CN=appliance 7']);
    expect(fields(Date.UTC(2028, 6), Date.UTC(2028, 7))).toHaveLength(3);
  });
});

describe('F84: a CA', () => {
  it('may hold certificates that have expired', () => {
    expect(() => checkNotAllExpired(httpRecipient({ ca: bundle }), Date.UTC(2027, 6))).not.toThrow();
    expect(() => checkNotAllExpired(httpRecipient({ ca: bundle }), Date.UTC(2028, 0))).not.toThrow();
  });

  it('may not hold those alone', () => {
    const { code, field, message } = refusal(() =>
      checkNotAllExpired(httpRecipient({ ca: bundle }), Date.UTC(2028, 1)),
    );
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_CA', field: 'ca' });
    expect(message).toBe(
      'ca holds only certificates that have expired, the last one on 2028-01-01; give one that is valid',
    );
  });

  it('is not judged by the client certificate', () => {
    expect(() => checkNotAllExpired(httpRecipient({ ca: null, tls }), Date.UTC(2030, 0))).not.toThrow();
  });
});
