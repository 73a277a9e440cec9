import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { SMTPConnectionOptions } from 'nodemailer';
import SMTPConnection, { type SMTPConnectionSendInfo } from 'nodemailer/lib/smtp-connection';
import type { SmtpSettings } from '../core/smtp-settings.ts';
import { isAscii } from './is-ascii.ts';
import { conversation, dial } from './relay-connection.ts';
import { ReplyWatch } from './reply-watch.ts';
import type { SmtpTrouble } from './smtp-failure.ts';
import { utf8Refusal } from './smtp-reply.ts';
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

type Settle<T> = (resolve: (value: T) => void, reject: (trouble: Error) => void) => void;

/**
 * One connection to the relay, dialled at once, for one mail after another. Its steps reject with an error that is a
 * {@link SmtpTrouble}, also when the session comes to its end meanwhile.
 */
export class SmtpSession {
  readonly #settings: SmtpSettings;
  readonly #timeouts: SmtpTimeouts;
  readonly #socket: Socket;
  readonly #connection: SMTPConnection;
  readonly #closed = Promise.withResolvers<void>();
  #limit: NodeJS.Timeout | undefined;
  /** Why there can be no further step. */
  #end: Error | undefined;
  /** Rejects the step under way. */
  #interrupt: (end: Error) => void = () => {};
  #content: Readable | undefined;
  #takesUtf8 = false;
  readonly #replies = new ReplyWatch((line) => this.#fail({ code: 'EPROTOCOL', response: line }));

  constructor(settings: SmtpSettings, timeouts: SmtpTimeouts) {
    this.#settings = settings;
    this.#timeouts = timeouts;
    this.#socket = dial(settings);
    this.#socket.on('error', ({ code }: NodeJS.ErrnoException) => this.#fail({ code: 'ESOCKET', originalCode: code }));
    this.#socket.once('close', () => this.#closed.resolve());
    this.#replies.watch(this.#socket);
    this.#connection = new SMTPConnection({
      ...conversation(settings, timeouts),
      connection: this.#socket,
      transactionLog: true,
      logger: commandLog(() => this.#replies.sending(this.#connection._socket || this.#socket)),
    });
    this.#connection.on('error', (error) => this.#fail(error));
    // Later, because nodemailer sometimes tells of the end before it tells of the reply that led to it.
    this.#connection.once('end', () => setImmediate(() => this.destroy()));
  }

  /** Resolves when nothing of the session is open any more. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Whether any of the latest mail, besides its envelope, may have gone out. */
  get hasBegunMail(): boolean {
    return this.#content?.readableDidRead ?? false;
  }

  /** Connects, greets and logs in. */
  async begin(): Promise<void> {
    this.#limitTo(this.#timeouts.connect, 'CONNECT_TIMEOUT');
    await this.#step<void>((resolve) =>
      this.#socket.once(this.#settings.secure ? 'secureConnect' : 'connect', () => resolve()),
    );
    this.#limitTo(this.#timeouts.mail, 'MAIL_TIMEOUT');
    await this.#step<void>((resolve, reject) =>
      this.#connection.connect((error) => (error ? reject(error) : resolve())),
    );
    // What it said to the last EHLO, that within TLS if there is any.
    this.#takesUtf8 = /^250[ -]SMTPUTF8\b/im.test(String(this.#connection.lastServerResponse));
    const { auth } = this.#settings;
    if (auth === null) return;
    // Nodemailer would go on without.
    if (!this.#connection.allowsAuth) throw errorWith({ code: 'ENOAUTH' });
    await this.#step<void>((resolve, reject) =>
      this.#connection.login({ ...auth }, (error) => (error ? reject(error) : resolve())),
    );
  }

  /** Hands one mail over. After a reply to the mail itself, the session is ready for the next. */
  async send({ from, to }: Envelope, mail: Buffer): Promise<Transaction> {
    if (this.#takesUtf8) return this.#hand({ from, to }, mail);
    if (!isAscii(from)) throw errorWith({ code: 'EUTF8' });
    // Nodemailer would send them all the same (RFC 6531 §3.2 forbids it).
    const unfit = to.filter((address) => !isAscii(address));
    const refused = unfit.map((address) => ({ address, response: utf8Refusal }));
    if (unfit.length === to.length) return { accepted: [], refused, response: null };
    const handed = await this.#hand({ from, to: to.filter(isAscii) }, mail);
    return { ...handed, refused: [...refused, ...handed.refused] };
  }

  async #hand({ from, to }: Envelope, mail: Buffer): Promise<Transaction> {
    this.#limitTo(this.#timeouts.mail, 'MAIL_TIMEOUT');
    const content = Readable.from([mail]);
    this.#content = content;
    content.once('resume', () => this.#beginMail()).once('end', () => this.#replies.endMail());
    try {
      const info = await this.#step<SMTPConnectionSendInfo>((resolve, reject) =>
        this.#connection.send({ from, to: [...to], size: mail.length }, content, (error, sent) =>
          error ? reject(error) : resolve(sent),
        ),
      );
      return { accepted: info.accepted, refused: refusals(info), response: info.response };
    } catch (error) {
      const refused = refusals(error as Refusals);
      if (refused.length === 0) throw error;
      return { accepted: [], refused, response: null };
    } finally {
      clearTimeout(this.#limit);
    }
  }

  #beginMail(): void {
    this.#replies.beginMail();
    // Nodemailer takes 2xx for a go-ahead too: then the mail would be read as commands (RFC 5321 §4.1.1.4).
    const reply = String(this.#connection.lastServerResponse);
    if (!reply.startsWith('3')) this.#fail({ code: 'EPROTOCOL', response: reply });
  }

  /** Takes leave of the relay; nobody need wait for it. */
  quit(): void {
    clearTimeout(this.#limit);
    this.#limit = setTimeout(() => this.destroy(), this.#timeouts.quit);
    this.#connection.quit();
  }

  /** Ends the session wherever it is. */
  destroy(): void {
    clearTimeout(this.#limit);
    this.#fail({ code: 'ECONNECTION' });
    this.#connection.close();
    this.#socket.destroy();
  }

  #step<T>(settle: Settle<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#interrupt = reject;
      if (this.#end === undefined) settle(resolve, reject);
      else reject(this.#end);
    });
  }

  #fail(trouble: SmtpTrouble): void {
    this.#end ??= errorWith(trouble);
    this.#interrupt(this.#end);
  }

  #limitTo(limitMs: number, timeoutType: string): void {
    clearTimeout(this.#limit);
    this.#limit = setTimeout(() => this.#fail({ code: 'ETIMEDOUT', timeoutType }), limitMs);
  }
}

type Refusals = Pick<SMTPConnectionSendInfo, 'rejectedErrors'>;

function refusals({ rejectedErrors = [] }: Refusals): Transaction['refused'] {
  return rejectedErrors.map(({ recipient = '', response = '' }) => ({ address: recipient, response }));
}

/** Calls back for each command, before it is sent. What it says is not kept. */
function commandLog(onCommand: () => void): SMTPConnectionOptions['logger'] {
  const ignore = (): void => {};
  const debug = (entry: { readonly tnx?: unknown }): void => {
    if (entry.tnx === 'client') onCommand();
  };
  return { level: ignore, trace: ignore, debug, info: ignore, warn: ignore, error: ignore, fatal: ignore };
}

function errorWith({ code, originalCode, command, response, timeoutType }: SmtpTrouble): Error {
  const trouble: SmtpTrouble = { code, originalCode, command, response, timeoutType };
  return Object.assign(new Error('the session with the relay has failed'), trouble);
}
