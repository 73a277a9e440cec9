import type { Channel, EventMeta } from './catalog.ts';
import { matches } from './pattern.ts';
import type { Recipient } from './recipient.ts';

/** Whether an event of a type is queued for a recipient. */
export function wants(recipient: Recipient, { type, channels }: Pick<EventMeta, 'type' | 'channels'>): boolean {
  const channel: Channel = recipient.kind;
  if (!channels.includes(channel) || (!recipient.enabled && recipient.whileDisabled === 'skip')) return false;
  return recipient.kind === 'http'
    ? recipient.events.some((pattern) => matches(pattern, type))
    : Object.hasOwn(recipient.events, type);
}
