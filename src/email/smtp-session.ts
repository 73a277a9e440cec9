import type { Socket } from 'node:net';
import SMTPConnection, { type SMTPConnectionSendInfo } from 'nodemailer/lib/smtp-connection';
import type { SmtpSettings } from '../core/smtp-settings.ts';
import { commandLog } from './command-log.ts';
import { isAscii } from './is-ascii.ts';
import { conversation, dial } from './relay-connection.ts';
import { type RelayOffers, readOffers } from './relay-offers.ts';
import { ReplyWatch } from './reply-watch.ts';
import { utf8Refusal } from './smtp-reply.ts';
import type { SmtpTimeouts } from './smtp-timeouts.ts';
import { contentOf, type Envelope, type Refusals, refusals, type Transaction } from './smtp-transaction.ts';
import { errorWith, type SmtpPhase, type SmtpTrouble } from './smtp-trouble.ts';

/** Commands of a login; `AUTH LOGIN` takes three, and a relay that goes on asking takes any number. */
const mostLoginSteps = 4;

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
  #phase: SmtpPhase = 'connect';
  #loginSteps = 0;
  #offers: RelayOffers = { utf8: false, login: 'none', size: null };
  readonly #replies = new ReplyWatch((line) => this.#fail({ code: 'ENONSENSE', response: line }));

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
      logger: commandLog((command) => this.#beginCommand(command)),
    });
    this.#connection.on('error', (error) => this.#fail(error));
    // Later, because nodemailer sometimes tells of the end before it tells of the reply that led to it.
    this.#connection.once('end', () => setImmediate(() => this.destroy()));
  }

  /** Resolves when nothing of the session is open any more. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** How far it has come, with the latest mail if there is one. */
  get phase(): SmtpPhase {
    return this.#phase;
  }

  /** Connects, greets and logs in. */
  async begin(): Promise<void> {
    this.#limitTo(this.#timeouts.connect, 'CONNECT_TIMEOUT');
    await this.#step<void>((resolve) => this.#socket.once('connect', () => resolve()));
    if (this.#settings.secure) {
      this.#phase = 'handshake';
      await this.#step<void>((resolve) => this.#socket.once('secureConnect', () => resolve()));
    }
    this.#phase = 'greeting';
    this.#limitTo(this.#timeouts.mail, 'MAIL_TIMEOUT');
    await this.#step<void>((resolve, reject) =>
      this.#connection.connect((error) => (error ? reject(error) : resolve())),
    );
    // The reply to the last EHLO, that within TLS if there is any.
    this.#offers = readOffers(String(this.#connection.lastServerResponse));
    const { auth } = this.#settings;
    if (auth !== null) await this.#logIn(auth);
  }

  async #logIn(auth: NonNullable<SmtpSettings['auth']>): Promise<void> {
    // Nodemailer would go on without, or send the password to one that cannot take it.
    if (this.#offers.login === 'none') throw errorWith({ code: 'ENOAUTH' });
    if (this.#offers.login === 'unusable') throw errorWith({ code: 'EAUTH' });
    this.#loginSteps = mostLoginSteps;
    await this.#step<void>((resolve, reject) =>
      this.#connection.login({ ...auth }, (error) => (error ? reject(error) : resolve())),
    );
    this.#loginSteps = 0;
  }

  /** Hands one mail over. After a reply to the mail itself, the session is ready for the next. */
  async send({ from, to }: Envelope, mail: Buffer): Promise<Transaction> {
    if (this.#offers.utf8) return this.#hand({ from, to }, mail);
    if (!isAscii(from)) throw errorWith({ code: 'EUTF8' });
    // Nodemailer would send them all the same (RFC 6531 §3.2 forbids it).
    const unfit = to.filter((address) => !isAscii(address));
    const refused = unfit.map((address) => ({ address, response: utf8Refusal }));
    if (unfit.length === to.length) return { accepted: [], refused, response: null };
    const handed = await this.#hand({ from, to: to.filter(isAscii) }, mail);
    return { ...handed, refused: [...refused, ...handed.refused] };
  }

  async #hand({ from, to }: Envelope, mail: Buffer): Promise<Transaction> {
    const { size } = this.#offers;
    if (size !== null && size > 0 && mail.length > size) throw errorWith({ code: 'EMESSAGE' });
    this.#limitTo(this.#timeouts.mail, 'MAIL_TIMEOUT');
    this.#phase = 'session';
    // Told a size, nodemailer looks for a limit of its own, in all that the relay has said.
    const envelope = { from, to: [...to], ...(size !== null && { size: mail.length }) };
    const content = contentOf(mail);
    content.once('resume', () => this.#beginMail()).once('end', () => this.#endMail());
    try {
      const info = await this.#step<SMTPConnectionSendInfo>((resolve, reject) =>
        this.#connection.send(envelope, content, (error, sent) => (error ? reject(error) : resolve(sent))),
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

  #beginCommand(command: string): void {
    if (command === 'STARTTLS') this.#phase = 'handshake';
    else if (this.#phase === 'greeting' || this.#phase === 'handshake') this.#phase = 'session';
    this.#replies.sending(this.#connection._socket || this.#socket);
    if (this.#loginSteps === 0) return;
    this.#loginSteps -= 1;
    if (this.#loginSteps === 0) this.#fail({ code: 'EAUTH', response: String(this.#connection.lastServerResponse) });
  }

  #beginMail(): void {
    this.#phase = 'mail';
    this.#replies.beginMail();
    // Nodemailer takes any 2xx and 3xx for a go-ahead: then the mail would be read as commands (RFC 5321 §4.1.1.4).
    const reply = String(this.#connection.lastServerResponse);
    if (!reply.startsWith('354')) this.#fail({ code: 'ENONSENSE', response: reply });
  }

  #endMail(): void {
    this.#phase = 'dot';
    this.#replies.endMail();
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
