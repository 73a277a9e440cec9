import type { AttemptError, AttemptErrorCode } from '../core/attempt.ts';
import { asWritten, isAboutLogin, isAboutUtf8, isPermanent, readReply, type SmtpReply } from './smtp-reply.ts';
import type { SmtpPhase, SmtpTrouble } from './smtp-trouble.ts';

/** Why the relay did not take a mail. */
export interface SmtpFailure {
  /** `mail`: this one; the relay is in order. `relay`: any; the relay or our settings are at fault. */
  readonly about: 'relay' | 'mail';
  /** Whether the same mail would be refused again; never when it is about the relay. */
  readonly isPermanent: boolean;
  readonly error: AttemptError;
  readonly reply: SmtpReply | null;
}

/** What trouble with the relay means. `secrets` are kept out of every text. */
export function classifyTrouble(trouble: SmtpTrouble, secrets: readonly string[]): SmtpFailure {
  if (!trouble.response?.trim()) return withoutReply(trouble);
  return withReply(trouble, readReply(trouble.response, secrets));
}

function withReply({ code, command, phase }: SmtpTrouble, reply: SmtpReply): SmtpFailure {
  const said = asWritten(reply);
  const verb = reply.code >= 500 ? 'refused' : 'put off';
  if (code === 'ENONSENSE') return nonsense(said, phase, reply);
  if (code === 'EAUTH' || isAboutLogin(reply))
    return aboutRelay('SMTP_AUTH', `the relay ${verb} the login: ${said}`, reply);
  if (isAboutSize(reply, command)) return aboutMail('SMTP_SIZE', `the relay ${verb} the mail: ${said}`, reply);
  if (reply.code < 400 && code !== 'ETLS') return nonsense(said, phase, reply);
  // The relay takes its leave (RFC 5321 §3.8): that is about neither the sender nor the mail, whenever it comes.
  const about = reply.code === 421 ? 'session' : command;
  if (about === 'DATA') return aboutMail('SMTP_MAIL', `the relay ${verb} the mail: ${said}`, reply);
  if (code === 'ETLS')
    return aboutRelay('SMTP_TLS_REQUIRED', `TLS is required, but the relay ${verb} STARTTLS: ${said}`, reply);
  if (isAboutUtf8(reply)) return aboutRelay('SMTP_UTF8_UNSUPPORTED', `the relay ${verb} the sender: ${said}`, reply);
  return about === 'MAIL FROM'
    ? aboutRelay('SMTP_SENDER', `the relay ${verb} the sender: ${said}`, reply)
    : aboutRelay('SMTP_REPLY', `the relay ${verb} the session: ${said}`, reply);
}

/** Its own code says so (RFC 3463 §3), or it is 552 (RFC 1870 §6) and has none. */
function isAboutSize({ code, words }: SmtpReply, command: string | undefined): boolean {
  if (code < 500 || (command !== 'MAIL FROM' && command !== 'DATA')) return false;
  return /^5\.(?:3\.4|2\.3)\b/.test(words) || (code === 552 && !/^5\.\d+\.\d/.test(words));
}

function withoutReply({ code = '', originalCode, timeoutType, phase = 'session' }: SmtpTrouble): SmtpFailure {
  if (code === 'EMESSAGE') {
    const error: AttemptError = { code: 'SMTP_SIZE', message: 'the mail is larger than the relay takes' };
    return { about: 'mail', isPermanent: true, error, reply: null };
  }
  const cause = timeoutType ?? originalCode ?? code;
  const [, meaning, sentence] = [cuts[phase], ...meanings].find(([causes]) => causes.test(cause)) ?? unknownMeaning;
  const shown = /^[A-Z][A-Z0-9_]{1,60}$/.test(originalCode ?? '') ? ` (${originalCode})` : '';
  return aboutRelay(meaning, sentence + doubt(phase) + shown, null);
}

function nonsense(said: string, phase: SmtpPhase | undefined, reply: SmtpReply): SmtpFailure {
  return aboutRelay('SMTP_REPLY', `the relay gave an answer that makes no sense: ${said}${doubt(phase)}`, reply);
}

function aboutMail(code: AttemptErrorCode, message: string, reply: SmtpReply): SmtpFailure {
  return { about: 'mail', isPermanent: isPermanent(reply), error: { code, message }, reply };
}

function aboutRelay(code: AttemptErrorCode, message: string, reply: SmtpReply | null): SmtpFailure {
  return { about: 'relay', isPermanent: false, error: { code, message }, reply };
}

/** A relay that has the whole mail may have taken it, whatever became of its answer. */
function doubt(phase: SmtpPhase | undefined): string {
  return phase === 'dot' ? '; the mail may have arrived' : '';
}

type CauseMeaning = readonly [causes: RegExp, meaning: AttemptErrorCode, sentence: string];

/** What the codes of the system, of TLS and of nodemailer mean; the first that fits. */
const meanings: readonly CauseMeaning[] = [
  [/^ENOAUTH$/, 'SMTP_AUTH', 'the relay offers no login, but smtp.auth is set; nothing was sent'],
  [/^EUTF8$/, 'SMTP_UTF8_UNSUPPORTED', 'the relay takes no sender outside ASCII (it does not offer SMTPUTF8)'],
  [/^EAUTH$/, 'SMTP_AUTH', 'the relay offers no login that can be used'],
  [/^CONNECT_TIMEOUT$|^ETIMEDOUT$/, 'SMTP_TIMEOUT', 'no connection to the relay in time'],
  [/^GREETING_TIMEOUT$/, 'SMTP_TIMEOUT', 'the relay did not greet in time'],
  [/^UPGRADE_TIMEOUT$/, 'SMTP_TIMEOUT', 'the relay did not finish STARTTLS in time'],
  [/^SOCKET_TIMEOUT$/, 'SMTP_TIMEOUT', 'the relay did not answer in time'],
  [/^MAIL_TIMEOUT$/, 'SMTP_TIMEOUT', 'the relay took too long over the mail'],
  [/^(ENOTFOUND|ENODATA|EAI_NODATA|EAI_NONAME)$/, 'SMTP_CONNECT', 'the relay has a name that does not exist'],
  [/^EAI_/, 'SMTP_CONNECT', 'the relay has a name that could not be looked up'],
  [/^ECONNREFUSED$/, 'SMTP_CONNECT', 'the relay refused the connection'],
  [/^(EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN)$/, 'SMTP_CONNECT', 'the relay cannot be reached'],
  [/^(EPROTOCOL|ENONSENSE)$/, 'SMTP_REPLY', 'the relay gave an answer that makes no sense'],
  [/^CERT_HAS_EXPIRED$/, 'SMTP_CERTIFICATE', 'the relay has a certificate that has expired'],
  [/^CERT_NOT_YET_VALID$/, 'SMTP_CERTIFICATE', 'the relay has a certificate that is not yet valid'],
  [/^DEPTH_ZERO_SELF_SIGNED_CERT$/, 'SMTP_CERTIFICATE', 'the relay has a self-signed certificate'],
  [/^(ERR_TLS_CERT_ALTNAME_.*|HOSTNAME_MISMATCH)$/, 'SMTP_CERTIFICATE', 'the relay has a certificate for another host'],
  [
    /^(SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE|CERT_UNTRUSTED)$/,
    'SMTP_CERTIFICATE',
    'the relay has a certificate of an unknown authority',
  ],
  [/^(CERT_|CRL_|UNABLE_TO_|INVALID_)/, 'SMTP_CERTIFICATE', 'the relay has a certificate that cannot be verified'],
  [/^(ETLS|EPROTO|ERR_SSL_.*|ERR_TLS_.*|ERR_OSSL_.*)$/, 'SMTP_TLS', 'the relay does not speak TLS with us'],
];

const closed = /^(ECONNECTION|ECONNRESET|EPIPE)$/;

/** What it means that the relay has closed the connection. */
const cuts: Readonly<Record<SmtpPhase, CauseMeaning>> = {
  connect: [closed, 'SMTP_CONNECT', 'the relay closed the connection before it could be used'],
  handshake: [closed, 'SMTP_TLS', 'the relay closed the connection while TLS was set up'],
  greeting: [closed, 'SMTP_CUT', 'the relay closed the connection instead of greeting'],
  session: [closed, 'SMTP_CUT', 'the relay closed the connection before the mail'],
  mail: [closed, 'SMTP_CUT', 'the relay closed the connection in the middle of the mail'],
  dot: [closed, 'SMTP_CUT', 'the relay closed the connection instead of answering the mail'],
};

const unknownMeaning: CauseMeaning = [/^/, 'SMTP_CONNECT', 'the connection to the relay failed'];
