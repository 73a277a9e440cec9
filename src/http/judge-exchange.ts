import type { AttemptError, AttemptErrorCode, ResponseSummary } from '../core/attempt.ts';
import { lazy } from '../core/lazy.ts';
import type { HttpRecipient } from '../core/recipient.ts';
import type { SendResult } from '../core/transport.ts';
import { connectionError } from './connection-error.ts';
import type { Ending, Exchange, ResponseHead } from './exchange.ts';
import { withoutSecrets } from './recipient-secrets.ts';
import { retryAfterMs } from './retry-after.ts';

/** What an exchange means for the delivery. `host` names the other side in messages; `now` is the wall clock. */
export function judgeExchange(
  { head, body, ending, isConnected, isInHandshake }: Exchange,
  recipient: HttpRecipient,
  host: string,
  now: number,
): SendResult {
  const { success, timeout } = recipient;
  if (ending === 'aborted') return failed('ABORTED', 'the attempt was broken off before a complete answer had come');
  if (head === null) {
    if (isTimeout(ending)) {
      if (isConnected) return failed('TIMEOUT_RESPONSE', `${host} did not answer within ${timeout} ms`);
      return isInHandshake
        ? failed('TIMEOUT_TLS', `${host} did not finish the TLS handshake within ${timeout} ms`)
        : failed('TIMEOUT_CONNECT', `no connection to ${host} within ${timeout} ms`);
    }
    return { outcome: 'failed', error: connectionError(codeOf(ending), host) };
  }
  const response = summary(head.status, body, recipient);
  const error = statusError(head, success) ?? incompleteError(head, ending, timeout);
  if (error === null) return { outcome: 'delivered', response };
  return { outcome: 'failed', error, response, retryAfterMs: retryAfterMs(head, now) };
}

function failed(code: AttemptErrorCode, message: string): SendResult {
  return { outcome: 'failed', error: { code, message } };
}

function statusError({ status, hasLocation }: ResponseHead, success: HttpRecipient['success']): AttemptError | null {
  if (success === '2xx' ? status >= 200 && status <= 299 : success.includes(status)) return null;
  if (hasLocation && status >= 300 && status <= 399) {
    return { code: 'HTTP_REDIRECT', message: `answered ${status}, a redirect; redirects are not followed` };
  }
  if (status === 410) {
    return { code: 'HTTP_GONE', message: 'answered 410: the receiver is gone and does not expect to come back' };
  }
  return { code: 'HTTP_STATUS', message: `answered ${status}; only ${expectation(success)}` };
}

const list = lazy(() => new Intl.ListFormat('en-GB'));

function expectation(success: HttpRecipient['success']): string {
  if (success === '2xx') return '2xx counts';
  return `${list().format(success.map(String))} ${success.length === 1 ? 'counts' : 'count'}`;
}

/** A status counts only with the whole answer behind it: the receiver may have failed while it wrote it. */
function incompleteError({ status }: ResponseHead, ending: Ending, timeout: number): AttemptError | null {
  if (ending === 'complete' || ending === 'enough') return null;
  if (isTimeout(ending)) {
    return { code: 'TIMEOUT_RESPONSE', message: `answered ${status}, but not completely within ${timeout} ms` };
  }
  return codeOf(ending).startsWith('HPE_')
    ? { code: 'HTTP_MALFORMED', message: `answered ${status}, but with a body that breaks the rules of HTTP` }
    : { code: 'HTTP_TRUNCATED', message: `answered ${status}, but the connection ended before the answer did` };
}

/** The system gives up on a connection by itself when the other side does not acknowledge for long. */
function isTimeout(ending: Ending): boolean {
  return ending === 'timed-out' || codeOf(ending) === 'ETIMEDOUT';
}

function codeOf(ending: Ending): string {
  return typeof ending === 'object' ? ending.code : '';
}

const longestText = 500;

function summary(status: number, body: Buffer, recipient: HttpRecipient): ResponseSummary {
  if (body.length === 0) return { status, text: '' };
  // Before it is cut, which could leave a part of a secret.
  const text = withoutSecrets(body.toString('utf8'), recipient).slice(0, longestText);
  return { status, text: text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ').toWellFormed() };
}
