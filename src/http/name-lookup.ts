import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { codedError } from './coded-error.ts';

/**
 * Finds the addresses of a name, those to be tried first at the beginning. Rejects with a coded error. What it still does
 * when `signal` aborts, it ends.
 */
export type NameLookup = (hostname: string, signal: AbortSignal) => Promise<readonly LookupAddress[]>;

/** A host's own lookup as ours. It cannot be ended; its answer is then not waited for. */
export function hostsOwnLookup(lookup: LookupFunction): NameLookup {
  return (hostname, signal) =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(codedError('ECANCELLED')), { once: true });
      lookup(hostname, { all: true }, (error, found, family = 4) => {
        // Some say with `undefined` that there is none.
        if (error) reject(error);
        else resolve(typeof found === 'string' ? [{ address: found, family }] : found);
      });
    });
}
