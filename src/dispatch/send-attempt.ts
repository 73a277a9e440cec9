import { isOutboundEventsError } from '../core/errors.ts';
import type { Attempt, SendResult, Transport } from '../core/transport.ts';
import { unlessAborted } from './unless-aborted.ts';

/**
 * One attempt through a transport nothing is expected of: what it throws is a failure, nonsense too, and once `signal`
 * aborts nobody waits for it any longer.
 */
export async function sendAttempt(
  transport: Pick<Transport, 'send'>,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<SendResult> {
  try {
    const result = await unlessAborted(Promise.resolve(transport.send(attempt, { signal })), signal);
    return isResult(result)
      ? result
      : failed('TRANSPORT_THREW', 'the transport gave no outcome, or none with an error');
  } catch (error) {
    if (signal.aborted) return failed('ABORTED', 'the attempt was broken off');
    if (isOutboundEventsError(error)) return failed('TRANSPORT_THREW', error.message);
    return failed('TRANSPORT_THREW', `the transport threw ${nameOf(error)}`);
  }
}

/** What an error is called. Neither its message nor a name that is no word: they are not ours and could hold anything. */
function nameOf(error: unknown): string {
  try {
    const { name } = error as { readonly name?: unknown };
    if (typeof name === 'string' && /^\w{1,50}$/.test(name)) return name;
  } catch {}
  return 'something';
}

/** What has no types may say anything. */
function isResult(result: SendResult | undefined): boolean {
  if (result?.outcome === 'delivered') return true;
  const hasFailed = result?.outcome === 'failed' || result?.outcome === 'rejected';
  return hasFailed && typeof result.error?.code === 'string' && typeof result.error.message === 'string';
}

function failed(code: 'ABORTED' | 'TRANSPORT_THREW', message: string): SendResult {
  return { outcome: 'failed', error: { code, message } };
}
