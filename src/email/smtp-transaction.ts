import { Readable } from 'node:stream';
import type { SMTPConnectionSendInfo } from 'nodemailer/lib/smtp-connection';

/** Who sends to whom. */
export interface Envelope {
  readonly from: string;
  readonly to: readonly string[];
}

/** What the relay replied about one mail, in its own words. */
export interface Transaction {
  /** Addresses it has taken responsibility for. */
  readonly accepted: readonly string[];
  readonly refused: readonly { readonly address: string; readonly response: string }[];
  /** To the mail itself; `null` when no address was left to send it to. */
  readonly response: string | null;
}

/** What nodemailer tells of refused addresses, with its result or with its error. */
export type Refusals = Pick<SMTPConnectionSendInfo, 'rejectedErrors'>;

export function refusals({ rejectedErrors = [] }: Refusals): Transaction['refused'] {
  return rejectedErrors.map(({ recipient = '', response = '' }) => ({ address: recipient, response }));
}

const pieceBytes = 16_384;

/** The mail in pieces, so that it does not come to its end before the relay has taken nearly all of it. */
export function contentOf(mail: Buffer): Readable {
  return Readable.from(piecesOf(mail), { objectMode: false, highWaterMark: pieceBytes });
}

function* piecesOf(mail: Buffer): Generator<Buffer> {
  for (let at = 0; at < mail.length; at += pieceBytes) yield mail.subarray(at, at + pieceBytes);
}
