import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate with its private key, as PEM text. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** Names and IPv4 addresses it is for. Default: `localhost` and `127.0.0.1`. */
  readonly hosts?: readonly string[];
  readonly notBefore?: string;
  readonly notAfter?: string;
  /** What alone it may be used for. Default: anything. */
  readonly usage?: 'server' | 'client';
  /** Its key is RSA with so many bits. Default: P-256. */
  readonly rsaBits?: number;
}

/** A certificate authority made for one test run: no fixture to expire, no private key in the repository. */
export class Authority {
  readonly #keys = keyPair();
  readonly #name: string;
  /** Its own certificate: what a recipient is given as `ca`. */
  readonly pem: string;

  /** `parent`: who vouches for it. Default: itself. */
  constructor(name: string, options: Pick<CertificateOptions, 'notBefore' | 'notAfter'> = {}, parent?: Authority) {
    this.#name = name;
    const signer = parent ?? this;
    this.pem = certificate(name, this.#keys.publicKey, signer.#name, signer.#keys.privateKey, {
      ...options,
      isAuthority: true,
    });
  }

  /** An authority that this one vouches for. */
  intermediate(name: string, options: Pick<CertificateOptions, 'notBefore' | 'notAfter'> = {}): Authority {
    return new Authority(name, options, this);
  }

  issue(options: CertificateOptions = {}, subject = 'server'): Certificate {
    const { publicKey, privateKey } = keyPair(options.rsaBits);
    return {
      cert: certificate(subject, publicKey, this.#name, this.#keys.privateKey, options),
      key: pem(privateKey),
    };
  }
}

/** A server's certificate that nobody vouches for. */
export function selfSigned(options: CertificateOptions = {}): Certificate {
  const { publicKey, privateKey } = keyPair();
  return { cert: certificate('self-signed', publicKey, 'self-signed', privateKey, options), key: pem(privateKey) };
}

/** The same private key, to be opened with the passphrase only. */
export function encrypted(key: string, passphrase: string): string {
  const options = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase } as const;
  return createPrivateKey(key).export(options).toString();
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function keyPair(rsaBits?: number) {
  return rsaBits === undefined
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : generateKeyPairSync('rsa', { modulusLength: rsaBits });
}

/** RFC 5280 §4.2.1.12. */
const purposes = { server: oid(1, 3, 6, 1, 5, 5, 7, 3, 1), client: oid(1, 3, 6, 1, 5, 5, 7, 3, 2) };

/** RFC 5280 §4.1, version 3, signed with ECDSA and SHA-256. */
function certificate(
  subject: string,
  publicKey: KeyObject,
  issuer: string,
  issuerKey: KeyObject,
  {
    hosts = ['localhost', '127.0.0.1'],
    notBefore = '2020-01-01T00:00:00Z',
    notAfter = '2099-01-01T00:00:00Z',
    usage,
    isAuthority = false,
  }: CertificateOptions & { readonly isAuthority?: boolean },
): string {
  const algorithm = sequence(oid(1, 2, 840, 10045, 4, 3, 2));
  const basicConstraints = sequence(...(isAuthority ? [der(0x01, Buffer.of(0xff))] : []));
  const names = hosts.map((host) =>
    isIP(host) === 4 ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host)),
  );
  const extensions = [
    extension(oid(2, 5, 29, 19), basicConstraints),
    ...(isAuthority ? [] : [extension(oid(2, 5, 29, 17), sequence(...names))]),
    ...(usage === undefined ? [] : [extension(oid(2, 5, 29, 37), sequence(purposes[usage]))]),
  ];
  const content = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(15)])),
    algorithm,
    commonName(issuer),
    sequence(time(notBefore), time(notAfter)),
    commonName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = der(0x03, Buffer.concat([Buffer.of(0), sign('sha256', content, issuerKey)]));
  const lines = sequence(content, algorithm, signature)
    .toString('base64')
    .match(/.{1,64}/g)
    ?.join('\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

function extension(id: Buffer, value: Buffer): Buffer {
  return sequence(id, der(0x04, value));
}

/** An empty one for ''. */
function commonName(name: string): Buffer {
  if (name === '') return sequence();
  return sequence(der(0x31, sequence(oid(2, 5, 4, 3), der(0x0c, Buffer.from(name)))));
}

/** UTCTime up to 2049, GeneralizedTime after it. */
function time(iso: string): Buffer {
  const digits = new Date(iso).toISOString().replace(/\.\d+|[-:T]/g, '');
  return digits < '2050' ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
}

function oid(first: number, second: number, ...rest: readonly number[]): Buffer {
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return der(0x06, Buffer.from(bytes));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function der(tag: number, content: Buffer): Buffer {
  const size = content.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}
