import { describe, expect, it } from 'vitest';
import type { TlsSettings } from '../../src/core/recipient.ts';
import { checkClientCertificate } from '../../src/http/check-client-certificate.ts';
import { refusal, secret } from '../core/refusal.ts';
import { Authority, encrypted } from '../support/certificates.ts';

const authority = new Authority('root');
const { cert, key } = authority.issue({}, 'appliance 7');
const other = authority.issue();
const locked = encrypted(key, secret);
const olderLocked = key.replace('-----\n', '-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n');
const none: TlsSettings = { cert: null, key: null, passphrase: null, servername: null, minVersion: 'TLSv1.2' };

function check(settings: Partial<TlsSettings>): () => void {
  return () => checkClientCertificate({ ...none, ...settings }, 'tls');
}

describe('a client certificate is accepted', () => {
  it.each<[string, Partial<TlsSettings>]>([
    ['with its key', { cert, key }],
    ['with its chain', { cert: `${cert}${authority.pem}`, key }],
    ['with a key that the passphrase opens', { cert, key: locked, passphrase: secret }],
    ['with a passphrase that the key does not need', { cert, key, passphrase: secret }],
    ['that has expired: it is warned of', { ...authority.issue({ notAfter: '2021-01-01T00:00:00Z' }) }],
  ])('%s', (_, settings) => {
    expect(check(settings)).not.toThrow();
  });

  it('when there is none', () => {
    expect(check({})).not.toThrow();
    expect(check({ cert })).not.toThrow();
  });
});

describe('F84: a client certificate is refused', () => {
  it.each<[trouble: string, settings: Partial<TlsSettings>, field: string, problem: string]>([
    ['that is text', { cert: secret, key }, 'tls.cert', 'holds no certificate'],
    ['that is a path', { cert: `/etc/${secret}`, key }, 'tls.cert', 'looks like the path of a file'],
    ['that is a key', { cert: key, key }, 'tls.cert', 'holds a private key'],
    ['with something else', { cert: `${cert}-----BEGIN X509 CRL-----`, key }, 'tls.cert', 'holds something besides'],
    ['that is damaged', { cert: cert.slice(0, 100), key }, 'tls.cert', 'cannot be read at certificate 1 of 1'],
    [
      'with a damaged chain',
      { cert: `${cert}${authority.pem.slice(0, 100)}`, key },
      'tls.cert',
      'cannot be read at certificate 2 of 2',
    ],
    ['with text for a key', { cert, key: secret }, 'tls.key', 'holds no private key; give'],
    ['with a path for a key', { cert, key: `~/${secret}.key` }, 'tls.key', 'looks like the path of a file'],
    ['with a certificate for a key', { cert, key: cert }, 'tls.key', 'holds no private key, but something else'],
    ['with a damaged key', { cert, key: key.slice(0, 60) }, 'tls.key', 'cannot be read'],
    ['with the key of another', { cert, key: other.key }, 'tls.key', 'is not the key of tls.cert'],
    ['behind its authority', { cert: `${authority.pem}${cert}`, key }, 'tls.key', 'is not the key of tls.cert'],
    ['with a locked key and no passphrase', { cert, key: locked }, 'tls.passphrase', 'is missing'],
    ['with a key locked in the older way', { cert, key: olderLocked }, 'tls.passphrase', 'is missing'],
    ['with the wrong passphrase', { cert, key: locked, passphrase: 'x' }, 'tls.passphrase', 'does not open tls.key'],
  ])('%s', (_, settings, field, problem) => {
    const { code, message, field: at } = refusal(check(settings));
    expect({ code, at }).toEqual({ code: 'ERR_CONFIG_CERT', at: field });
    expect(message).toContain(`${field} ${problem}`);
  });
});
