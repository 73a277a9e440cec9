/**
 * How far a session had come: before it was connected, while TLS was set up, before the relay had greeted, before the
 * mail had begun, in the middle of it, or after its final dot.
 */
export type SmtpPhase = 'connect' | 'handshake' | 'greeting' | 'session' | 'mail' | 'dot';

/** What is read of an error of nodemailer. The error itself goes nowhere: it may hold secrets. */
export interface SmtpTrouble {
  readonly code?: string | undefined;
  /** The code of the system or of TLS that nodemailer has put its own over. */
  readonly originalCode?: string | undefined;
  /** What was being said: `CONN`, `EHLO`, `STARTTLS`, `AUTH …`, `MAIL FROM`, `DATA`. */
  readonly command?: string | undefined;
  /** What the relay replied. */
  readonly response?: string | undefined;
  /** Which wait was too long. */
  readonly timeoutType?: string | undefined;
  /** Default: `session`. */
  readonly phase?: SmtpPhase | undefined;
}

/** An error that is this trouble, and holds nothing else. */
export function errorWith({ code, originalCode, command, response, timeoutType }: SmtpTrouble): Error {
  const trouble: SmtpTrouble = { code, originalCode, command, response, timeoutType };
  return Object.assign(new Error('the session with the relay has failed'), trouble);
}
