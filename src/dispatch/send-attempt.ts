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
    const result = await unlessAborted(transport.send(attempt, { signal }), signal);
    return outcomes.has(result?.outcome) ? result : failed('TRANSPORT_THREW', 'the transport gave no outcome');
  } catch (error) {
    if (signal.aborted) return failed('ABORTED', 'the attempt was broken off');
    if (isOutboundEventsError(error)) return failed('TRANSPORT_THREW', error.message);
    // Its message is not ours and could hold anything.
    return failed('TRANSPORT_THREW', `the transport threw ${error instanceof Error ? error.name : 'something'}`);
  }
}

const outcomes: ReadonlySet<unknown> = new Set<SendResult['outcome']>(['delivered', 'failed', 'rejected']);

function failed(code: 'ABORTED' | 'TRANSPORT_THREW', message: string): SendResult {
  return { outcome: 'failed', error: { code, message } };
}
