import type { HttpRecipient } from '../core/recipient.ts';
import type { Attempt } from '../core/transport.ts';
import { VERSION } from '../core/version.ts';
import { requestBody } from './request-body.ts';
import { type RequestTarget, requestTarget } from './request-target.ts';

/** One POST, ready to be sent. */
export interface OutgoingRequest {
  readonly target: RequestTarget;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The request of an attempt. Attempts at one delivery differ in `webhook-attempt` only. */
export function outgoingRequest({ recipient, delivery, number }: Attempt<HttpRecipient>): OutgoingRequest {
  const target = requestTarget(recipient.url);
  const { contentType, text } = requestBody(delivery.event, recipient.format);
  return {
    target,
    headers: {
      'content-type': contentType,
      'content-length': String(Buffer.byteLength(text)),
      'user-agent': `outbound-events/${VERSION}`,
      'webhook-id': delivery.event.id,
      'webhook-sequence': String(delivery.sequence),
      'webhook-attempt': String(number),
      ...(target.authorization !== undefined && { authorization: target.authorization }),
      ...recipient.headers,
    },
    body: text,
  };
}
