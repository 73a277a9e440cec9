import type { AttemptError } from '../core/attempt.ts';
import type { Json } from '../core/json.ts';
import type { SendResult } from '../core/transport.ts';
import type { SmtpFailure } from './smtp-failure.ts';
import { asSummary, asWritten, isAboutUtf8, isPermanent, type SmtpReply } from './smtp-reply.ts';

/** What earlier attempts at a mail have settled. Addresses the recipient no longer has may be in it; they count for nothing. */
export type AddressProgress = {
  /** The relay took the mail for these: they never get it again. */
  readonly served: readonly string[];
  /** The relay refused these for good. */
  readonly refused: readonly string[];
};

/** What the relay replied about the addresses of a mail. */
export interface AddressReplies {
  readonly accepted: readonly string[];
  readonly refusals: readonly AddressRefusal[];
  /** To the mail itself; `null` when no address was left to send it to. */
  readonly reply: SmtpReply | null;
}

export interface AddressRefusal {
  readonly address: string;
  readonly reply: SmtpReply;
}

/** The progress an attempt was given. */
export function readProgress(progress: Json): AddressProgress {
  return (progress as AddressProgress | null) ?? { served: [], refused: [] };
}

/** The addresses that are neither served nor given up. */
export function addressesLeft(to: readonly string[], { served, refused }: AddressProgress): readonly string[] {
  return to.filter((address) => !served.includes(address) && !refused.includes(address));
}

/** What becomes of a delivery that has no address left; `null` while it has one. */
export function judgeProgress(
  to: readonly string[],
  progress: AddressProgress,
  lastRefusal?: SmtpReply,
): SendResult | null {
  if (addressesLeft(to, progress).length > 0) return null;
  if (isServed(to, progress)) return { outcome: 'delivered' };
  return { outcome: 'rejected', error: addressError(`refused ${some(to.length, to.length)}`, lastRefusal) };
}

/** What becomes of a delivery when the relay has replied about its addresses: it is done when none is left. */
export function judgeReplies(
  to: readonly string[],
  before: AddressProgress,
  { accepted, refusals, reply }: AddressReplies,
): SendResult {
  const givenUp = refusals.filter((refusal) => isPermanent(refusal.reply));
  const progress = {
    served: [...before.served, ...accepted],
    refused: [...before.refused, ...givenUp.map(({ address }) => address)],
  };
  const response = reply ?? refusals[0]?.reply;
  const answer = {
    relay: 'OK',
    refused: givenUp.map((refusal) => ({ address: refusal.address, message: asWritten(refusal.reply) })),
    response: response && asSummary(response),
  };
  const settled = judgeProgress(to, progress, givenUp[0]?.reply);
  if (settled !== null) return { ...answer, ...settled };
  const left = addressesLeft(to, progress);
  const putOff = refusals.find(({ address }) => left.includes(address))?.reply;
  const error = addressError(`put off ${some(left.length, to.length)}`, putOff);
  return { ...answer, outcome: 'failed', error, progress };
}

/** What becomes of a delivery when the relay took the mail for nobody this time. */
export function judgeFailure(
  to: readonly string[],
  before: AddressProgress,
  { about, isPermanent, error, reply }: SmtpFailure,
): SendResult {
  const answer = {
    relay: about === 'mail' ? 'OK' : error.message,
    response: reply === null ? undefined : asSummary(reply),
  };
  if (!isPermanent) return { ...answer, outcome: 'failed', error, progress: before };
  if (!isServed(to, before)) return { ...answer, outcome: 'rejected', error };
  const refused = addressesLeft(to, before).map((address) => ({ address, message: error.message }));
  return { ...answer, outcome: 'delivered', refused };
}

function isServed(to: readonly string[], { served }: AddressProgress): boolean {
  return to.some((address) => served.includes(address));
}

function addressError(what: string, reply: SmtpReply | undefined): AttemptError {
  const code = reply !== undefined && isAboutUtf8(reply) ? 'SMTP_UTF8_UNSUPPORTED' : 'SMTP_ADDRESSES';
  return { code, message: `the relay ${what}${reply === undefined ? '' : `: ${asWritten(reply)}`}` };
}

function some(count: number, all: number): string {
  if (all === 1) return 'the address';
  return count === all ? `all ${all} addresses` : `${count} of ${all} addresses`;
}
