import { createServer as createTcpServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { AttemptErrorCode } from '../../src/core/attempt.ts';
import type { TlsSettings } from '../../src/core/recipient.ts';
import { Authority, type Certificate, selfSigned } from '../support/certificates.ts';
import { answerText, httpTransport, listening } from './receivers.ts';
import { send } from './sending.ts';

const authority = new Authority('root');
const ca = authority.pem;
const past = { notAfter: '2021-01-01T00:00:00Z' };
const future = { notBefore: '2098-01-01T00:00:00Z' };
const tls: TlsSettings = { cert: null, key: null, passphrase: null, servername: null, minVersion: 'TLSv1.2' };
const payload = 'canary-4711';

/** A server, and all that came to it: with TLS, what could be read. */
interface Zookeeper {
  readonly url: string;
  readonly received: () => string;
}

async function serve(server: ReturnType<typeof createTcpServer>, event: string, answer: (socket: Socket) => void) {
  const chunks: Buffer[] = [];
  server.on(event, (socket: Socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => chunks.push(chunk));
    answer(socket);
  });
  server.on('tlsClientError', () => {});
  const received = (): string => Buffer.concat(chunks).toString('latin1');
  return { url: `https://${await listening(server)}/`, received };
}

function secure(options: TlsOptions): Promise<Zookeeper> {
  const answer = (socket: Socket): void => void socket.once('data', () => socket.end(answerText(200)));
  return serve(createTlsServer(options), 'secureConnection', answer);
}

/** Without TLS of its own. What it receives is the beginning of a handshake. */
function raw(answer: (socket: Socket) => void): Promise<Zookeeper> {
  return serve(createTcpServer(), 'connection', answer);
}

/** Refuses the handshake (RFC 8446 §6.2). */
function alert(description: number): Promise<Zookeeper> {
  return raw((socket) => socket.once('data', () => socket.end(Buffer.of(21, 3, 3, 0, 2, 2, description))));
}

function asking(version: 'TLSv1.2' | 'TLSv1.3'): Promise<Zookeeper> {
  const versions = { minVersion: version, maxVersion: version };
  return secure({ ...authority.issue(), ...versions, ca, requestCert: true, rejectUnauthorized: true });
}

const strangers = new Authority('strangers').issue();
const expiredClient = authority.issue(past);
const weak = authority.issue({ rsaBits: 1024 });

/** The certificates from the receiver's own to the last one it shows. */
function chain(own: Certificate, ...others: readonly Authority[]): Certificate {
  return { cert: own.cert + others.map(({ pem }) => pem).join(''), key: own.key };
}

const between = authority.intermediate('between');
const expiredBetween = authority.intermediate('expired between', past);
const expiredRoot = new Authority('expired root', past);

interface Settings {
  readonly ca?: string | null;
  readonly tls?: Partial<TlsSettings>;
  readonly timeout?: number;
}

type Row = [trouble: string, code: AttemptErrorCode, sentence: string, zoo: () => Promise<Zookeeper>, Settings?];

const rows: readonly Row[] = [
  ['expired', 'TLS_EXPIRED', 'has a certificate that has expired', () => secure(authority.issue(past))],
  [
    'with an expired intermediate',
    'TLS_EXPIRED',
    'has a certificate that has expired, or one of its authorities has',
    () => secure(chain(expiredBetween.issue(), expiredBetween)),
  ],
  [
    'with an expired root',
    'TLS_EXPIRED',
    'or one of its authorities has',
    () => secure(expiredRoot.issue()),
    { ca: expiredRoot.pem },
  ],
  [
    'not yet valid',
    'TLS_NOT_YET_VALID',
    'has a certificate that is not yet valid',
    () => secure(authority.issue(future)),
  ],
  [
    'for another host',
    'TLS_WRONG_HOST',
    'has a certificate for another host',
    () => secure(authority.issue({ hosts: ['elsewhere.example'] })),
  ],
  [
    'for the host, where another name is wanted',
    'TLS_WRONG_HOST',
    'has a certificate for another host',
    () => secure(authority.issue()),
    { tls: { servername: 'crm.internal' } },
  ],
  ['self-signed', 'TLS_SELF_SIGNED', 'has a self-signed certificate', () => secure(selfSigned()), { ca: null }],
  ['self-signed, where a CA is given', 'TLS_SELF_SIGNED', 'has a self-signed certificate', () => secure(selfSigned())],
  [
    'of an authority that is not public',
    'TLS_UNKNOWN_CA',
    'of an unknown authority',
    () => secure(authority.issue()),
    { ca: null },
  ],
  ['of another authority', 'TLS_UNKNOWN_CA', 'of an unknown authority', () => secure(new Authority('other').issue())],
  [
    'of another authority, shown with its root',
    'TLS_UNKNOWN_CA',
    'of an unknown authority',
    () => {
      const other = new Authority('other');
      return secure(chain(other.issue(), other));
    },
  ],
  [
    'without the intermediate that issued it',
    'TLS_UNKNOWN_CA',
    'or shows it without its chain',
    () => secure(between.issue()),
  ],
  [
    'of another authority with the same name',
    'TLS_CERTIFICATE',
    'has a certificate that cannot be verified (CERT_SIGNATURE_FAILURE)',
    () => secure(new Authority('root').issue()),
  ],
  [
    'for clients only',
    'TLS_CERTIFICATE',
    'has a certificate that cannot be verified (INVALID_PURPOSE)',
    () => secure(authority.issue({ usage: 'client' })),
  ],
  [
    'with a key that is too small',
    'TLS_CERTIFICATE',
    'has a certificate that cannot be verified',
    () => secure({ ...weak, ciphers: 'ALL:@SECLEVEL=0' }),
  ],
  [
    'good, from a server that speaks only TLS 1.1',
    'TLS_VERSION',
    'does not speak a version of TLS that is allowed',
    () => secure({ ...authority.issue(), minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }),
  ],
  [
    'good, from a server that speaks an older version than the recipient allows',
    'TLS_VERSION',
    'does not speak a version of TLS that is allowed',
    () => secure({ ...authority.issue(), maxVersion: 'TLSv1.2' }),
    { tls: { minVersion: 'TLSv1.3' } },
  ],
  [
    'none, but plain HTTP',
    'TLS_NOT_SPOKEN',
    'does not speak TLS, but perhaps plain HTTP (ERR_SSL_WRONG_VERSION_NUMBER)',
    () => raw((socket) => socket.once('data', () => socket.end(answerText(400)))),
  ],
  [
    'none, but the greeting of another protocol',
    'TLS_NOT_SPOKEN',
    'does not speak TLS',
    () => raw((socket) => socket.write('220 mail.example.com ESMTP\r\n')),
  ],
  [
    'none: the handshake never ends',
    'TIMEOUT_TLS',
    'did not finish the TLS handshake within 500 ms',
    () => raw(() => {}),
    { timeout: 500 },
  ],
  [
    'none: the connection is closed at once',
    'TLS_CUT',
    'closed the connection during',
    () => raw((socket) => socket.end()),
  ],
  [
    'none: the connection is closed during the handshake',
    'TLS_CUT',
    'closed the connection during the TLS handshake',
    () => raw((socket) => socket.once('data', () => socket.end())),
  ],
  [
    'none: the connection is reset during the handshake',
    'TLS_CUT',
    'closed the connection during the TLS handshake',
    () => raw((socket) => socket.once('data', () => socket.resetAndDestroy())),
  ],
  [
    'none, as the name is unknown there',
    'TLS_UNKNOWN_NAME',
    'does not know the name it was asked for',
    () => alert(112),
  ],
  ['none, as no cipher suits', 'TLS_FAILED', 'and we could not agree on TLS', () => alert(40)],
  ...(['TLSv1.2', 'TLSv1.3'] as const).flatMap((version): Row[] => [
    [
      `good, but a client certificate is wanted over ${version}, and we have none`,
      'TLS_CLIENT_CERTIFICATE',
      'asks for a client certificate',
      () => asking(version),
    ],
    [
      `good, but another client certificate is wanted over ${version}`,
      'TLS_CLIENT_CERTIFICATE',
      'asks for a client certificate, or for another than it was shown',
      () => asking(version),
      { tls: strangers },
    ],
    [
      `good, but a client certificate is wanted over ${version} that has not expired`,
      'TLS_CLIENT_CERTIFICATE',
      'asks for a client certificate, or for another than it was shown',
      () => asking(version),
      { tls: expiredClient },
    ],
  ]),
];

describe('F45: nothing of the request is read by a receiver whose certificate is', () => {
  it.each(rows)('%s: %s', async (_, code, sentence, zoo, settings = {}) => {
    const { url, received } = await zoo();
    const recipient = { ca, ...settings, url, headers: { 'x-token': payload }, tls: { ...tls, ...settings.tls } };
    const result = await send(httpTransport(), recipient, { event: { data: JSON.stringify({ payload }) } });
    expect(result).toEqual({ outcome: 'failed', error: { code, message: expect.stringContaining(sentence) } });
    expect(received()).not.toContain(payload);
    expect(received()).not.toContain('POST');
  });

  it('F45: while all is well when it is good, also behind an intermediate that is shown', async () => {
    for (const certificate of [authority.issue(), chain(between.issue(), between)]) {
      const { url, received } = await secure(certificate);
      const event = { data: JSON.stringify({ payload }) };
      expect((await send(httpTransport(), { url, ca }, { event })).outcome).toBe('delivered');
      expect(received()).toContain(payload);
    }
  });
});
