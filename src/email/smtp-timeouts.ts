/** How long the relay may take. Milliseconds. */
export interface SmtpTimeouts {
  /** To be connected to; and again to greet and to finish STARTTLS. Default: 30 seconds. */
  readonly connect: number;
  /** For each reply, the one after the mail's final dot included. Default: 10 minutes, as in RFC 5321 §4.5.3.2.6. */
  readonly reply: number;
  /** To be begun and take one mail, however it fills its time. Default: 15 minutes. */
  readonly mail: number;
  /** How long a connection is kept for the next mail. Default: 10 seconds. */
  readonly idle: number;
  /** For the reply to QUIT, for which nobody waits. Default: 2 seconds. */
  readonly quit: number;
}

export const defaultTimeouts: SmtpTimeouts = {
  connect: 30_000,
  reply: 600_000,
  mail: 900_000,
  idle: 10_000,
  quit: 2_000,
};
