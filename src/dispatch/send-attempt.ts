import type { Attempt, SendResult, Transport } from '../core/transport.ts';

/**
 * One attempt through a transport nothing is expected of: what it throws is a failure, and once `signal` aborts nobody
 * waits for it any longer.
 */
export async function sendAttempt(
  transport: Pick<Transport, 'send'>,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<SendResult> {
  const broken = new AbortController();
  const aborted = new Promise<SendResult>((resolve) => {
    const onAbort = (): void => resolve(failed('ABORTED', 'the attempt was broken off'));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true, signal: broken.signal });
  });
  try {
    return await Promise.race([transport.send(attempt, { signal }), aborted]);
  } catch (error) {
    // Its message is not ours and could hold anything.
    return failed('TRANSPORT_THREW', `the transport threw ${error instanceof Error ? error.name : 'something'}`);
  } finally {
    broken.abort();
  }
}

function failed(code: 'ABORTED' | 'TRANSPORT_THREW', message: string): SendResult {
  return { outcome: 'failed', error: { code, message } };
}
