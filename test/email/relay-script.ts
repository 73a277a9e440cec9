/**
 * What the relay does at a step: replies with these lines, closes the connection, says nothing at all, or does not even
 * read any more.
 */
export type Reaction = string | 'drop' | 'silence' | 'standstill';

/** A reaction, or what it is made of: the address it is about, and the mails this connection has brought before. */
export type Step = Reaction | ((address: string, mailsBefore: number) => Reaction);

/** What is not given is accepted. */
export interface RelayScript {
  readonly greeting?: Reaction;
  /** Extensions to announce, such as `PIPELINING`. */
  readonly extensions?: readonly string[];
  readonly ehlo?: Reaction;
  readonly helo?: Reaction;
  readonly starttls?: Reaction;
  readonly auth?: Reaction;
  readonly mail?: Step;
  readonly rcpt?: Step;
  readonly data?: Step;
  /** Reacts before the mail has ended, when so many bytes of it have come. */
  readonly midMail?: readonly [bytes: number, reaction: Reaction];
  readonly dot?: Step;
  readonly quit?: Reaction;
  /** To what is no command. */
  readonly other?: Reaction;
}

export interface TakenMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Between DATA and the final dot, as it was on the wire. */
  readonly raw: string;
}

/** What a relay is to do, and what it was brought. */
export interface RelayState {
  readonly script: RelayScript;
  readonly commands: string[];
  readonly mails: TakenMail[];
  readonly brought: string[];
}
