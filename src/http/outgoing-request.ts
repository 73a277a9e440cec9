import { onceForEach } from '../core/once-for-each.ts';
import type { HttpRecipient } from '../core/recipient.ts';
import type { Attempt } from '../core/transport.ts';
import { VERSION } from '../core/version.ts';
import { cloudEventHeaders } from './cloud-event.ts';
import { requestBody } from './request-body.ts';
import { type RequestTarget, requestTarget } from './request-target.ts';
import { signature } from './signature.ts';

/** One POST, ready to be sent. */
export interface OutgoingRequest {
  readonly target: RequestTarget;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The URL of a recipient, taken apart once for all its deliveries. */
const targetOf = onceForEach(({ url }: HttpRecipient) => requestTarget(url));

/** What is the same for the requests to all recipients. */
export interface RequestOptions {
  /** Where the events come from, as a URI-reference: the `source` of CloudEvents. */
  readonly source: string;
}

/**
 * The request of an attempt. Attempts at one delivery differ in `webhook-attempt`, in `webhook-timestamp`, and in the
 * `webhook-signature` over it.
 */
export function outgoingRequest(
  { recipient, delivery, number, at }: Attempt<HttpRecipient>,
  { source }: RequestOptions,
): OutgoingRequest {
  const { event, sequence } = delivery;
  const target = targetOf(recipient);
  const { contentType, text } = requestBody(event, recipient.format);
  const timestamp = String(Math.floor(at / 1000));
  const signed = signature(recipient, { id: event.id, timestamp, body: text });
  return {
    target,
    headers: {
      'content-type': contentType,
      'content-length': String(Buffer.byteLength(text)),
      'user-agent': `outbound-events/${VERSION}`,
      'webhook-id': event.id,
      'webhook-timestamp': timestamp,
      ...(signed !== undefined && { 'webhook-signature': signed }),
      'webhook-sequence': String(sequence),
      'webhook-attempt': String(number),
      ...(recipient.format === 'cloudevents' && cloudEventHeaders(event, source)),
      ...(target.authorization !== undefined && { authorization: target.authorization }),
      ...recipient.headers,
    },
    body: text,
  };
}
