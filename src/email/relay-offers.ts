/** What a relay offers in its reply to EHLO, as far as it matters to us. */
export interface RelayOffers {
  /** Addresses outside ASCII (RFC 6531). */
  readonly utf8: boolean;
  /** Whether there is a login, and one that we can do. */
  readonly login: 'none' | 'unusable' | 'usable';
  /** The largest mail it takes (RFC 1870), bytes; 0 when it names no limit, `null` when it does not say, or not clearly. */
  readonly size: number | null;
}

/** Ways to log in that nodemailer knows and that need no more than a user and a password. */
const usableLogins = ['PLAIN', 'LOGIN', 'CRAM-MD5'];

/** Reads the last reply to EHLO, or to HELO, which offers nothing. Its first line is a greeting, whatever it says. */
export function readOffers(reply: string): RelayOffers {
  const [, ...lines] = reply.split(/\r?\n/);
  const offers = lines.map((line) => line.slice(4).trim().toUpperCase().split(/[ =]+/));
  const logins = offers.filter(([name]) => name === 'AUTH').flat();
  const login = usableLogins.some((way) => logins.includes(way)) ? 'usable' : 'unusable';
  const utf8 = offers.some(([name]) => name === 'SMTPUTF8');
  return { utf8, login: logins.length === 0 ? 'none' : login, size: readSize(reply) };
}

/** Only where the reply has the word once: nodemailer takes the first it finds, be it in the greeting. */
function readSize(reply: string): number | null {
  if (reply.match(/[ -]SIZE/gi)?.length !== 1) return null;
  const [, bytes] = /\n\d{3}[ -]SIZE(?: +(\d+))?\s*$/im.exec(reply) ?? [null, null];
  return bytes === null ? null : Number(bytes ?? 0);
}
