import type { SmtpSettings } from '../core/smtp-settings.ts';
import type { AddressReplies } from './judge-addresses.ts';
import { classifyTrouble, type SmtpFailure, type SmtpTrouble } from './smtp-failure.ts';
import { readReply, type SmtpReply, secretsOf } from './smtp-reply.ts';
import { type Envelope, SmtpSession } from './smtp-session.ts';
import type { SmtpTimeouts } from './smtp-timeouts.ts';

/** What a session with the relay came to. */
export type SmtpResult<T> =
  | { readonly status: 'done'; readonly value: T }
  | { readonly status: 'failed'; readonly failure: SmtpFailure }
  | { readonly status: 'aborted' };

/** Speaks with the relay, over one connection for each mail. Never rejects for what the relay or the network does. */
export class SmtpClient {
  readonly #settings: SmtpSettings;
  readonly #timeouts: SmtpTimeouts;
  readonly #secrets: readonly string[];
  readonly #sessions = new Set<SmtpSession>();

  constructor(settings: SmtpSettings, timeouts: SmtpTimeouts) {
    this.#settings = settings;
    this.#timeouts = timeouts;
    this.#secrets = secretsOf(settings);
  }

  /** Hands one mail over. */
  send(envelope: Envelope, mail: Buffer, signal: AbortSignal): Promise<SmtpResult<AddressReplies>> {
    return this.#session(signal, async (session) => {
      const { accepted, refused, response } = await session.send(envelope, mail);
      const refusals = refused.map((each) => ({ address: each.address, reply: this.#read(each.response) }));
      return { accepted, refusals, reply: response === null ? null : this.#read(response) };
    });
  }

  /** Connects, greets and logs in, and leaves again. */
  probe(signal: AbortSignal): Promise<SmtpResult<void>> {
    return this.#session(signal, async () => {});
  }

  /** Ends the sessions under way, and waits until their connections are closed. */
  async close(): Promise<void> {
    for (const session of this.#sessions) session.destroy();
    await Promise.all(Array.from(this.#sessions, (session) => session.closed));
  }

  async #session<T>(signal: AbortSignal, use: (session: SmtpSession) => Promise<T>): Promise<SmtpResult<T>> {
    if (signal.aborted) return { status: 'aborted' };
    const session = new SmtpSession(this.#settings, this.#timeouts);
    this.#sessions.add(session);
    void session.closed.then(() => this.#sessions.delete(session));
    const abort = (): void => session.destroy();
    signal.addEventListener('abort', abort);
    try {
      await session.begin();
      const value = await use(session);
      session.quit();
      return { status: 'done', value };
    } catch (error) {
      session.destroy();
      if (signal.aborted) return { status: 'aborted' };
      return { status: 'failed', failure: classifyTrouble(error as SmtpTrouble, this.#secrets) };
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  #read(response: string): SmtpReply {
    return readReply(response, this.#secrets);
  }
}
