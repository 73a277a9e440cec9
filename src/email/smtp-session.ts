import type { Socket } from 'node:net';
import SMTPConnection, { type SMTPConnectionSendInfo } from 'nodemailer/lib/smtp-connection';
import type { SmtpSettings } from '../core/smtp-settings.ts';
import { conversation, dial } from './relay-connection.ts';
import type { SmtpTrouble } from './smtp-failure.ts';
import type { SmtpTimeouts } from './smtp-timeouts.ts';

/** Who sends to whom. */
export interface Envelope {
  readonly from: string;
  readonly to: readonly string[];
}

/** What the relay replied about one mail, in its own words. */
export interface Transaction {
  /** Addresses it has taken responsibility for. */
  readonly accepted: readonly string[];
  readonly refused: readonly { readonly address: string; readonly response: string }[];
  /** To the mail itself; `null` when no address was left to send it to. */
  readonly response: string | null;
}

type Settle<T> = (resolve: (value: T) => void, reject: (trouble: unknown) => void) => void;

/**
 * One connection to the relay, dialled at once. Its steps reject with an error that is a {@link SmtpTrouble}, also when
 * the session comes to its end meanwhile.
 */
export class SmtpSession {
  readonly #settings: SmtpSettings;
  readonly #timeouts: SmtpTimeouts;
  readonly #socket: Socket;
  readonly #connection: SMTPConnection;
  readonly #end = Promise.withResolvers<never>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #limit: NodeJS.Timeout;

  constructor(settings: SmtpSettings, timeouts: SmtpTimeouts) {
    this.#settings = settings;
    this.#timeouts = timeouts;
    this.#end.promise.catch(() => {});
    this.#limit = this.#failAfter(timeouts.session, 'SESSION_TIMEOUT');
    this.#socket = dial(settings);
    this.#socket.on('error', ({ code }: NodeJS.ErrnoException) => this.#fail({ code: 'ESOCKET', originalCode: code }));
    this.#socket.once('close', () => this.#closed.resolve());
    this.#connection = new SMTPConnection({ ...conversation(settings, timeouts), connection: this.#socket });
    this.#connection.on('error', this.#end.reject);
    // Later, because nodemailer sometimes tells of the end before it tells of the reply that led to it.
    this.#connection.once('end', () => setImmediate(() => this.destroy()));
  }

  /** Resolves when nothing of the session is open any more. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Connects, greets and logs in. */
  async begin(): Promise<void> {
    const limit = this.#failAfter(this.#timeouts.connect, 'CONNECT_TIMEOUT');
    const ready = this.#settings.secure ? 'secureConnect' : 'connect';
    await this.#step((resolve) => this.#socket.once(ready, resolve)).finally(() => clearTimeout(limit));
    await this.#step<void>((resolve, reject) =>
      this.#connection.connect((error) => (error ? reject(error) : resolve())),
    );
    const { auth } = this.#settings;
    if (auth === null) return;
    // Nodemailer would go on without.
    if (!this.#connection.allowsAuth) throw errorWith({ code: 'ENOAUTH' });
    await this.#step<void>((resolve, reject) =>
      this.#connection.login({ ...auth }, (error) => (error ? reject(error) : resolve())),
    );
  }

  /** Hands one mail over. */
  async send({ from, to }: Envelope, mail: Buffer): Promise<Transaction> {
    try {
      const info = await this.#step<SMTPConnectionSendInfo>((resolve, reject) =>
        this.#connection.send({ from, to: [...to], size: mail.length }, mail, (error, sent) =>
          error ? reject(error) : resolve(sent),
        ),
      );
      return { accepted: info.accepted, refused: refusals(info), response: info.response };
    } catch (error) {
      const refused = refusals(error as Refusals);
      if (refused.length === 0) throw error;
      return { accepted: [], refused, response: null };
    }
  }

  /** Takes leave of the relay; nobody need wait for it. */
  quit(): void {
    clearTimeout(this.#limit);
    const limit = setTimeout(() => this.destroy(), this.#timeouts.quit);
    this.#socket.once('close', () => clearTimeout(limit));
    this.#connection.quit();
  }

  /** Ends the session wherever it is. */
  destroy(): void {
    clearTimeout(this.#limit);
    this.#end.reject(errorWith({ code: 'ECONNECTION' }));
    this.#connection.close();
    this.#socket.destroy();
  }

  #step<T>(settle: Settle<T>): Promise<T> {
    return Promise.race([this.#end.promise, new Promise<T>(settle)]);
  }

  #fail(trouble: SmtpTrouble): void {
    this.#end.reject(errorWith(trouble));
  }

  #failAfter(limitMs: number, timeoutType: string): NodeJS.Timeout {
    return setTimeout(() => this.#fail({ code: 'ETIMEDOUT', timeoutType }), limitMs);
  }
}

type Refusals = Pick<SMTPConnectionSendInfo, 'rejectedErrors'>;

function refusals({ rejectedErrors = [] }: Refusals): Transaction['refused'] {
  return rejectedErrors.map(({ recipient = '', response = '' }) => ({ address: recipient, response }));
}

function errorWith(trouble: SmtpTrouble): Error {
  return Object.assign(new Error('the session with the relay has failed'), trouble);
}
