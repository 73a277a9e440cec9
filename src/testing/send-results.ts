import type { AttemptError, AttemptErrorCode } from '../core/attempt.ts';
import type { SendResult } from '../core/transport.ts';

type ResultOf<Outcome extends SendResult['outcome']> = Extract<SendResult, { readonly outcome: Outcome }>;

/** The receiver has taken the delivery. */
export function delivered(status = 200, text = ''): ResultOf<'delivered'> {
  return { outcome: 'delivered', response: { status, text } };
}

/**
 * The attempt failed: with an HTTP status, `failed(500)`, or with an error, `failed('CONNECT_REFUSED')`. Add `progress`
 * by spreading: `{ ...failed('SMTP_ADDRESSES'), progress }`.
 */
export function failed(what: number | AttemptErrorCode = 500, message?: string): ResultOf<'failed'> {
  if (typeof what === 'string') return { outcome: 'failed', error: errorOf(what, message) };
  return {
    outcome: 'failed',
    error: errorOf('HTTP_STATUS', message ?? `answered ${what}; only 200 counts`),
    response: { status: what, text: '' },
  };
}

/** The delivery can never succeed. */
export function rejected(code: AttemptErrorCode = 'TEMPLATE_ERROR', message?: string): ResultOf<'rejected'> {
  return { outcome: 'rejected', error: errorOf(code, message) };
}

function errorOf(code: AttemptErrorCode, message = `scripted ${code}`): AttemptError {
  return { code, message };
}
