import { createHmac, createPrivateKey, sign } from 'node:crypto';
import {
  Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  request,
} from 'node:http';
import type { Duplex } from 'node:stream';
import type { AttemptErrorCode } from '../../../src/core/attempt.ts';
import type { HttpRecipient } from '../../../src/core/recipient.ts';
import type { Attempt, SendResult, Transport } from '../../../src/core/transport.ts';
import { failed } from '../../../src/testing.ts';

export type HttpAttempt = Attempt<HttpRecipient>;

/** A transport as small as the contract allows. Bugs are put into it method by method. */
export class PlainTransport implements Transport<HttpRecipient> {
  readonly agent = new Agent({ keepAlive: true });
  #closed = false;

  check(_recipient: HttpRecipient): void {}

  async send(attempt: HttpAttempt, { signal }: { readonly signal: AbortSignal }): Promise<SendResult> {
    if (this.#closed || signal.aborted) return failed('ABORTED');
    const stop = new AbortController();
    const abort = (): void => stop.abort('ABORTED');
    const timer = setTimeout(() => stop.abort('TIMEOUT_RESPONSE'), this.timeLimit(attempt.recipient));
    this.follow(signal, abort);
    try {
      const { status, body, headers = {} } = await this.exchange(attempt, stop.signal);
      const result = this.judge(attempt, status, this.summary(body), headers);
      return result.outcome === 'failed' ? { ...result, retryAfterMs: this.waitAskedFor(status, headers) } : result;
    } catch (error) {
      const reason: unknown = stop.signal.reason;
      return this.failure(typeof reason === 'string' ? reason : String((error as NodeJS.ErrnoException).code));
    } finally {
      clearTimeout(timer);
      this.unfollow(signal, abort);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.agent.destroy();
  }

  timeLimit({ timeout }: HttpRecipient): number {
    return timeout;
  }

  follow(signal: AbortSignal, abort: () => void): void {
    signal.addEventListener('abort', abort);
  }

  unfollow(signal: AbortSignal, abort: () => void): void {
    signal.removeEventListener('abort', abort);
  }

  target({ recipient }: HttpAttempt): string {
    return recipient.url.slice(new URL(recipient.url).origin.length);
  }

  body({ delivery }: HttpAttempt): string {
    return delivery.event.data;
  }

  headers(attempt: HttpAttempt): Record<string, string> {
    const signatures = attempt.recipient.signingSecrets.map((secret) => this.sign(this.content(attempt), secret));
    return {
      'webhook-id': attempt.delivery.event.id,
      'webhook-timestamp': this.timestamp(attempt),
      'webhook-attempt': String(attempt.number),
      ...(signatures.length > 0 && { 'webhook-signature': signatures.join(' ') }),
    };
  }

  timestamp({ at }: HttpAttempt): string {
    return String(Math.floor(at / 1000));
  }

  content(attempt: HttpAttempt): Buffer {
    return Buffer.from(`${attempt.delivery.event.id}.${this.timestamp(attempt)}.${this.body(attempt)}`);
  }

  sign(content: Buffer, secret: string): string {
    const [kind, base64 = ''] = secret.split('_');
    const key = Buffer.from(base64, 'base64');
    if (kind === 'whsec') return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
    const d = key.subarray(0, 32).toString('base64url');
    const x = key.subarray(32).toString('base64url');
    const privateKey = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x }, format: 'jwk' });
    return `v1a,${sign(null, content, privateKey).toString('base64')}`;
  }

  judge(_attempt: HttpAttempt, status: number, text: string, { location }: IncomingHttpHeaders): SendResult {
    const response = { status, text };
    if (status === 200) return { outcome: 'delivered', response };
    if (status === 410) return { ...failed('HTTP_GONE'), response };
    return { ...failed(this.isRedirect(status, location) ? 'HTTP_REDIRECT' : status), response };
  }

  isRedirect(status: number, location: string | undefined): boolean {
    return status >= 300 && status < 400 && location !== undefined;
  }

  waitAskedFor(status: number, { date, 'retry-after': text = '' }: IncomingHttpHeaders): number | undefined {
    if (status !== 429 && status !== 503) return undefined;
    const until = / GMT$/.test(text) ? Date.parse(text) : Number.NaN;
    const wait = /^\d+$/.test(text) ? Number(text) * 1000 : until - Date.parse(date ?? '');
    return Number.isNaN(wait) ? undefined : wait;
  }

  failure(code: string): SendResult {
    return failed(codes[code] ?? (code.startsWith('HPE_') ? 'HTTP_MALFORMED' : (code as AttemptErrorCode)));
  }

  summary(body: Buffer): string {
    return body
      .toString()
      .slice(0, 500)
      .toWellFormed()
      .replaceAll(/\p{Cc}/gu, ' ');
  }

  async exchange(attempt: HttpAttempt, signal: AbortSignal): Promise<Exchange> {
    const response = await this.post(attempt, signal);
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of response) {
        chunks.push(chunk as Buffer);
        bytes += (chunk as Buffer).length;
        if (bytes > 65_536) break;
      }
    } catch (error) {
      const isMalformed = /^HPE_/.test((error as NodeJS.ErrnoException).code ?? '');
      throw Object.assign(new Error('cut'), { code: isMalformed ? 'HPE_BODY' : 'HTTP_TRUNCATED', cause: error });
    }
    return { status: response.statusCode ?? 0, body: Buffer.concat(chunks), headers: response.headers };
  }

  prepare(_sent: ClientRequest, _attempt: HttpAttempt): void {}

  options(): RequestOptions {
    return {};
  }

  upgraded(socket: Duplex): void {
    socket.destroy();
  }

  isHttp({ httpVersion }: IncomingMessage): boolean {
    return httpVersion === '1.1' || httpVersion === '1.0';
  }

  post(attempt: HttpAttempt, signal: AbortSignal): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const { hostname, port } = new URL(attempt.recipient.url);
    const { agent } = this;
    const headers = this.headers(attempt);
    const address = { method: 'POST', hostname, port, path: this.target(attempt) };
    const sent = request({ ...address, agent, headers, signal, ...this.options() }, (response) => {
      // What the parser finds in the body is told to the request only.
      sent.on('error', (error) => response.destroy(error));
      if (this.isHttp(response)) return resolve(response);
      sent.destroy(Object.assign(new Error(), { code: 'HPE_INVALID_VERSION' }));
    });
    sent.on('upgrade', (_response, socket) => {
      this.upgraded(socket);
      reject(Object.assign(new Error(), { code: 'HPE_UPGRADE' }));
    });
    this.prepare(sent, attempt);
    sent.on('error', reject).end(this.body(attempt));
    return promise;
  }
}

const codes: Readonly<Record<string, AttemptErrorCode>> = {
  ECONNREFUSED: 'CONNECT_REFUSED',
  ECONNRESET: 'CONNECT_RESET',
  EPIPE: 'CONNECT_RESET',
};

/** A transport with one bug. */
export interface BrokenTransport {
  readonly Broken: typeof PlainTransport;
  /** One of the tests that have to fail: `theme: name`. */
  readonly caughtBy: string;
}

/** Broken transports by their bug. */
export type BrokenTransports = Readonly<Record<string, BrokenTransport>>;

export interface Exchange {
  readonly status: number;
  readonly body: Buffer;
  readonly headers?: IncomingHttpHeaders;
}
