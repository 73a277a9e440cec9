import { hash } from 'node:crypto';
import type { StoredEvent } from './event.ts';

/**
 * What tells a repeated event from another one with the same id, once its data is gone: a digest of its type and data.
 * For storages that remember ids; always the same for the same event.
 */
export function eventDigest({ type, data }: Pick<StoredEvent, 'type' | 'data'>): string {
  return hash('sha256', `${type}\n${data}`, 'base64');
}
