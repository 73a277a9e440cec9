import { createHash } from 'node:crypto';
import MailComposer from 'nodemailer/lib/mail-composer';
import { isAscii } from './is-ascii.ts';
import type { MailTexts } from './mail-template.ts';

/** One mail, ready to be written down. */
export interface Mail extends MailTexts {
  readonly from: string;
  readonly to: readonly string[];
  /** {@link messageId} */
  readonly messageId: string;
  /** Default: now. */
  readonly date?: Date | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The mail as it goes onto the wire (RFC 5322). The same mail with the same date gives the same bytes. */
export async function composeMail(mail: Mail): Promise<Buffer> {
  const composer = new MailComposer({
    from: bareAddress(mail.from),
    to: headerAddresses(mail.to).map(bareAddress),
    messageId: mail.messageId,
    date: mail.date,
    // RFC 3834: no vacation notes and the like in answer.
    headers: { 'Auto-Submitted': 'auto-generated', ...mail.headers },
    subject: mail.subject,
    text: withCrlf(mail.text),
    html: mail.html === null ? undefined : withCrlf(mail.html),
    // Made of the texts too: nobody can write a text that holds the boundary it will have.
    baseBoundary: digest(mail.messageId, mail.subject, mail.text, mail.html ?? ''),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return composer.compile().build();
}

/** `<local@domain>`, with the domain of the sender. */
export function messageId(localPart: string, from: string): string {
  return `<${localPart}${from.slice(from.lastIndexOf('@'))}>`;
}

/** Short, and different for every list of texts. */
export function digest(...texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 32);
}

/**
 * Addresses outside ASCII stand in the header only where there are no others: with them the mail could not be given to a
 * relay that does not offer SMTPUTF8, for nobody.
 */
function headerAddresses(to: readonly string[]): readonly string[] {
  const plain = to.filter(isAscii);
  return plain.length > 0 ? plain : to;
}

/** As an object, because nodemailer reads a text as a list of addresses with names and comments. */
function bareAddress(address: string) {
  return { name: '', address };
}

function withCrlf(text: string): string {
  return text.replace(/\r\n?|\n/g, '\r\n');
}
