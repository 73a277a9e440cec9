import { types } from 'node:util';
import { partOf } from './check.ts';
import { isOutboundEventsError, OutboundEventsError } from './errors.ts';

/** A value as JSON knows it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Depth past which data is refused, so that no recursion over it can overflow the stack. */
const deepest = 100;

/**
 * A copy of an event's data as plain JSON values. What JSON would change in silence (`undefined`, `NaN`, a `Map`, a lone
 * surrogate, …) is an `ERR_EVENT_NOT_JSON` that names the place.
 */
export function toJson(data: unknown): Json {
  return copied(data, 'data', []);
}

function copied(value: unknown, path: string, parents: readonly object[]): Json {
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw notJson(path, 'holds half of a character (a lone surrogate)');
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw notJson(path, `is ${value}`);
      return value;
    case 'boolean':
      return value;
    case 'object':
      return value === null ? null : safelyCopied(value, path, parents);
    case 'undefined':
      throw notJson(path, 'is undefined; leave it out or use null');
    case 'bigint':
      throw notJson(path, 'is a BigInt; use a string');
    default:
      throw notJson(path, `is a ${typeof value}`);
  }
}

/** Reading an object may run code of the host: a getter, a `toJSON`, a proxy. */
function safelyCopied(value: object, path: string, parents: readonly object[]): Json {
  try {
    return copiedObject(value, path, parents);
  } catch (error) {
    throw isOutboundEventsError(error) ? error : notJson(path, 'throws when it is read');
  }
}

function copiedObject(value: object, path: string, parents: readonly object[]): Json {
  if (parents.includes(value)) throw notJson(path, 'refers back to an object that holds it');
  if (parents.length >= deepest) throw notJson(path, `lies deeper than ${deepest} levels`);
  const inside = [...parents, value];
  if (Array.isArray(value)) {
    // Array.from, because map would pass over holes.
    return Array.from(value, (item, index) => copied(item, partOf(path, index), inside));
  }
  if (types.isDate(value) && Number.isNaN(value.getTime())) throw notJson(path, 'is an invalid Date');
  if ('toJSON' in value && typeof value.toJSON === 'function') return copied(value.toJSON(), path, inside);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw notJson(path, `is a ${value.constructor?.name || 'class'} object; use a plain one`);
  }
  const copy: Record<string, Json> = Object.create(null);
  for (const [key, item] of Object.entries(value)) {
    const place = partOf(path, key);
    if (key === '__proto__') throw notJson(place, 'is a name that objects cannot safely have');
    if (!key.isWellFormed()) throw notJson(place, 'has half of a character (a lone surrogate) in its name');
    copy[key] = copied(item, place, inside);
  }
  return copy;
}

function notJson(field: string, problem: string): OutboundEventsError {
  return new OutboundEventsError('ERR_EVENT_NOT_JSON', `${field} ${problem}`, { field });
}
