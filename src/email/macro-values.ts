import { OutboundEventsError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { asText, type MessageVariables } from '../core/message.ts';

/** Texts up to this length are too short to fill a mail, however often a template has them. */
const shortText = 1_000;

/** Characters that long texts, lists and objects may put into one mail together. */
const mostFromLongValues = 5_000_000;

/**
 * What macros stand for: the variables of the event, and the recipient's name. A copy that inherits nothing, so that a
 * template sees what is in the data and nothing of JavaScript; where text is needed, lists and objects give their JSON.
 * Throws `ERR_TEMPLATE`, while a mail is made of them, when it would grow beyond all bounds.
 */
export function macroValues({ event, version, timestamp, data }: MessageVariables, recipient: string): unknown {
  let left = mostFromLongValues;
  const spend = (text: string): string => {
    left -= text.length;
    if (left >= 0) return text;
    throw new OutboundEventsError('ERR_TEMPLATE', `the mail would hold more than ${mostFromLongValues} characters`);
  };
  return bare({ ...data, event, version, timestamp, recipient }, spend);
}

function bare(value: Json, spend: (text: string) => string): unknown {
  if (typeof value === 'string') return value.length <= shortText ? value : longText(value, spend);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Array.isArray(value) ? value.map((item) => bare(item, spend)) : Object.create(null);
  if (!Array.isArray(value)) for (const [name, item] of Object.entries(value)) copy[name] = bare(item, spend);
  return Object.defineProperty(copy, Symbol.toPrimitive, { value: () => spend(asText(value)) });
}

/** To a template it is the text. */
function longText(text: string, spend: (text: string) => string): unknown {
  return Object.create(null, {
    length: { value: text.length },
    [Symbol.toPrimitive]: { value: () => spend(text) },
  });
}
