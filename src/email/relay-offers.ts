/** What a relay offers in its reply to EHLO, as far as it matters to us. */
export interface RelayOffers {
  /** Addresses outside ASCII (RFC 6531). */
  readonly utf8: boolean;
  /** Whether there is a login, and one that we can do. */
  readonly login: 'none' | 'unusable' | 'usable';
}

/** Ways to log in that nodemailer knows and that need no more than a user and a password. */
const usableLogins = ['PLAIN', 'LOGIN', 'CRAM-MD5'];

/** Reads the last reply to EHLO, or to HELO, which offers nothing. Its first line is a greeting, whatever it says. */
export function readOffers(reply: string): RelayOffers {
  const [, ...lines] = reply.split(/\r?\n/);
  const offers = lines.map((line) => line.slice(4).trim().toUpperCase().split(/[ =]+/));
  const logins = offers.filter(([name]) => name === 'AUTH').flat();
  const login = usableLogins.some((way) => logins.includes(way)) ? 'usable' : 'unusable';
  return { utf8: offers.some(([name]) => name === 'SMTPUTF8'), login: logins.length === 0 ? 'none' : login };
}
