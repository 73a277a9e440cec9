import type { Json } from '../core/json.ts';
import { asText, type MessageVariables } from '../core/message.ts';

/**
 * What macros stand for: the variables of the event, and the recipient's name. A copy that inherits nothing, so that a
 * template sees what is in the data and nothing of JavaScript; where text is needed, lists and objects give their JSON.
 */
export function macroValues({ event, version, timestamp, data }: MessageVariables, recipient: string): unknown {
  return bare({ ...data, event, version, timestamp, recipient });
}

function bare(value: Json): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const copy = Array.isArray(value) ? value.map(bare) : Object.create(null);
  if (!Array.isArray(value)) for (const [name, item] of Object.entries(value)) copy[name] = bare(item);
  return Object.defineProperty(copy, Symbol.toPrimitive, { value: () => asText(value) });
}
