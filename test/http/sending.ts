import type { SendResult } from '../../src/core/transport.ts';
import type { HttpTransport } from '../../src/http.ts';
import { type AttemptFields, attemptAt, httpRecipient } from '../../src/testing/builders.ts';

/** One attempt at a recipient with these settings; nobody aborts it unless a signal is given. */
export function send(
  transport: HttpTransport,
  settings: Parameters<typeof httpRecipient>[0],
  { signal = new AbortController().signal, ...fields }: AttemptFields & { readonly signal?: AbortSignal } = {},
): Promise<SendResult> {
  return transport.send(attemptAt(httpRecipient(settings), fields), { signal });
}

/** The code of what an attempt failed with. */
export function codeOf(result: SendResult): string | undefined {
  return result.outcome === 'delivered' ? undefined : result.error.code;
}
