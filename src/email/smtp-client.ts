import type { SmtpSettings } from '../core/smtp-settings.ts';
import type { AddressReplies } from './judge-addresses.ts';
import { classifyTrouble, type SmtpFailure } from './smtp-failure.ts';
import { readReply, type SmtpReply, secretsOf } from './smtp-reply.ts';
import { SmtpSession } from './smtp-session.ts';
import type { SmtpTimeouts } from './smtp-timeouts.ts';
import type { Envelope } from './smtp-transaction.ts';
import type { SmtpTrouble } from './smtp-trouble.ts';

/** What a session with the relay came to. */
export type SmtpResult<T> =
  | { readonly status: 'done'; readonly value: T }
  | { readonly status: 'failed'; readonly failure: SmtpFailure }
  | { readonly status: 'aborted' };

/**
 * Speaks with the relay. A connection that has taken a mail is kept for the next one for a while; some relays take long
 * to greet. Never rejects for what the relay or the network does.
 */
export class SmtpClient {
  readonly #settings: SmtpSettings;
  readonly #timeouts: SmtpTimeouts;
  readonly #secrets: readonly string[];
  readonly #sessions = new Set<SmtpSession>();
  /** Those of them that wait for a mail, each with what ends its wait. */
  readonly #idle = new Map<SmtpSession, NodeJS.Timeout>();
  /** Those that no mail came for any more. */
  readonly #leaving = new Set<SmtpSession>();
  #isClosed = false;

  constructor(settings: SmtpSettings, timeouts: SmtpTimeouts) {
    this.#settings = settings;
    this.#timeouts = timeouts;
    this.#secrets = secretsOf(settings);
  }

  /** Hands one mail over. */
  async send(envelope: Envelope, mail: Buffer, signal: AbortSignal): Promise<SmtpResult<AddressReplies>> {
    if (this.#isEnded(signal)) return { status: 'aborted' };
    const kept = this.#takeIdle();
    if (kept !== undefined) {
      const result = await this.#use(kept, signal, () => this.#hand(kept, envelope, mail));
      // That the relay has closed a connection it knew, or wants no more mails over it, says nothing about a new one.
      if (result.status !== 'failed' || result.failure.about !== 'relay' || hasBegunMail(kept)) return result;
    }
    const session = this.#open();
    return this.#use(session, signal, async () => {
      await session.begin();
      return this.#hand(session, envelope, mail);
    });
  }

  /** Connects, greets and logs in, and leaves again. */
  async probe(signal: AbortSignal): Promise<SmtpResult<void>> {
    if (this.#isEnded(signal)) return { status: 'aborted' };
    const session = this.#open();
    return this.#use(session, signal, async () => {
      await session.begin();
      session.quit();
    });
  }

  /** Aborts what is under way, and waits until every connection is closed. What comes later is aborted before it begins. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const session of this.#sessions) session.destroy();
    await Promise.all(Array.from(this.#sessions, (session) => session.closed));
  }

  #open(): SmtpSession {
    // They had their time to say goodbye, and the relay is not to see more of us than it was promised.
    for (const left of this.#leaving) left.destroy();
    const session = new SmtpSession(this.#settings, this.#timeouts);
    this.#sessions.add(session);
    void session.closed.then(() => {
      this.#sessions.delete(session);
      this.#leaving.delete(session);
      this.#stopIdling(session);
    });
    return session;
  }

  async #use<T>(session: SmtpSession, signal: AbortSignal, steps: () => Promise<T>): Promise<SmtpResult<T>> {
    const abort = (): void => session.destroy();
    signal.addEventListener('abort', abort);
    // It may have come to that since it was last looked at, and then nobody calls.
    if (this.#isEnded(signal)) abort();
    try {
      return { status: 'done', value: await steps() };
    } catch (error) {
      session.destroy();
      if (this.#isEnded(signal)) return { status: 'aborted' };
      return { status: 'failed', failure: this.#classify(error as SmtpTrouble, session) };
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  #classify(trouble: SmtpTrouble, { phase }: SmtpSession): SmtpFailure {
    return classifyTrouble({ ...trouble, phase }, this.#secrets);
  }

  #isEnded(signal: AbortSignal): boolean {
    return this.#isClosed || signal.aborted;
  }

  async #hand(session: SmtpSession, envelope: Envelope, mail: Buffer): Promise<AddressReplies> {
    const { accepted, refused, response } = await session.send(envelope, mail);
    const refusals = refused.map((each) => ({ address: each.address, reply: this.#read(each.response) }));
    if (response === null) {
      session.quit();
      // Until then it counts as one of the connections that events may use.
      await session.closed;
      return { accepted, refusals, reply: null };
    }
    this.#keep(session);
    return { accepted, refusals, reply: this.#read(response) };
  }

  #keep(session: SmtpSession): void {
    const leave = (): void => {
      this.#idle.delete(session);
      this.#leaving.add(session);
      session.quit();
    };
    this.#idle.set(session, setTimeout(leave, this.#timeouts.idle));
  }

  #takeIdle(): SmtpSession | undefined {
    const [session] = this.#idle.keys();
    if (session !== undefined) this.#stopIdling(session);
    return session;
  }

  #stopIdling(session: SmtpSession): void {
    clearTimeout(this.#idle.get(session));
    this.#idle.delete(session);
  }

  #read(response: string): SmtpReply {
    return readReply(response, this.#secrets);
  }
}

/** Whether any of the latest mail, besides its envelope, may have gone out. */
function hasBegunMail({ phase }: SmtpSession): boolean {
  return phase === 'mail' || phase === 'dot';
}
