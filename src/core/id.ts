import { randomUUID } from 'node:crypto';

/**
 * A new UUID of version 7 (RFC 9562 §5.7). It begins with the time, which keeps a storage's index of ids growing at one
 * end.
 */
export function newId(now: number): string {
  const time = Math.max(0, Math.trunc(now)).toString(16).padStart(12, '0').slice(-12);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
