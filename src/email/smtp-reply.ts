import type { ResponseSummary } from '../core/attempt.ts';
import type { SmtpSettings } from '../core/smtp-settings.ts';

/** A reply of the relay (RFC 5321 §4.2), fit to be shown. */
export interface SmtpReply {
  /** 0 for what is not a reply of SMTP. */
  readonly code: number;
  readonly words: string;
}

const longestWords = 200;

/** The reply on one line of at most 200 characters, without control characters and without `secrets`. */
export function readReply(response: string, secrets: readonly string[]): SmtpReply {
  const withoutCodes = response.replace(/^\d{3}[ -]/gm, '');
  const safe = secrets.reduce((words, secret) => words.replaceAll(secret, '***'), withoutCodes);
  const words = safe.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  return { code: Number(/^\d{3}/.exec(response)?.[0] ?? 0), words: words.slice(0, longestWords).toWellFormed() };
}

/** As people read it: `550 5.1.1 no such user`. */
export function asWritten({ code, words }: SmtpReply): string {
  return code === 0 ? words : `${code} ${words}`.trimEnd();
}

export function asSummary({ code, words }: SmtpReply): ResponseSummary {
  return { status: code === 0 ? null : code, text: words };
}

/** Replies about the login, such as `530 authentication required` (RFC 4954 §6). */
export function isAboutLogin({ code }: SmtpReply): boolean {
  return [530, 534, 535, 538].includes(code);
}

/** Replies about addresses outside ASCII (RFC 6531 §3.5, RFC 5248 §2.4), and what stands for one where nobody was asked. */
export function isAboutUtf8({ words }: SmtpReply): boolean {
  return /^[45]\.6\.7\b/.test(words);
}

/** Stands for the reply of a relay that would have to be asked with SMTPUTF8, which it does not offer. */
export const utf8Refusal = '553 5.6.7 the relay takes no address outside ASCII (it does not offer SMTPUTF8)';

/**
 * Whether the relay would reply so again to the same address or mail. Not when its 5xx is about the session: the login,
 * or a command out of sequence.
 */
export function isPermanent(reply: SmtpReply): boolean {
  return reply.code >= 500 && reply.code <= 599 && reply.code !== 503 && !isAboutLogin(reply);
}

/** What a relay that repeats what it was sent could give away: the password, as it is and as a login sends it. */
export function secretsOf({ auth }: Pick<SmtpSettings, 'auth'>): readonly string[] {
  if (auth === null || auth.pass === '') return [];
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return [base64(`\0${auth.user}\0${auth.pass}`), base64(auth.pass), auth.pass];
}
