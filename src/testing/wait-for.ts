import { inspect } from 'node:util';
import type { LifecycleEvents } from '../core/lifecycle.ts';
import { within } from './within.ts';

/** Whatever tells of lifecycle events: an `OutboundEvents`, or anything else with its `on` and `off`. */
export interface LifecycleSource {
  on<Name extends keyof LifecycleEvents>(name: Name, listener: (payload: LifecycleEvents[Name]) => void): unknown;
  off<Name extends keyof LifecycleEvents>(name: Name, listener: (payload: LifecycleEvents[Name]) => void): unknown;
}

/** How long {@link waitFor} waits. */
export interface WaitOptions {
  /** Default: 5000. */
  readonly timeoutMs?: number | undefined;
}

/**
 * The payload of the next lifecycle event of this name, or of the next one that `predicate` holds for. Rejects when none
 * comes in time, saying what was seen instead. Leaves no listener and no timer behind.
 *
 * @example
 * const dropped = await waitFor(outbound, 'dropped', ({ recipientId }) => recipientId === 'crm');
 */
export async function waitFor<Name extends keyof LifecycleEvents>(
  source: LifecycleSource,
  name: Name,
  predicate: (payload: LifecycleEvents[Name]) => boolean = () => true,
  { timeoutMs = 5000 }: WaitOptions = {},
): Promise<LifecycleEvents[Name]> {
  const found = Promise.withResolvers<LifecycleEvents[Name]>();
  const others: LifecycleEvents[Name][] = [];
  const listener = (payload: LifecycleEvents[Name]): void => {
    try {
      if (predicate(payload)) found.resolve(payload);
      else others.push(payload);
    } catch (error) {
      found.reject(error);
    }
  };
  source.on(name, listener);
  try {
    return await within(timeoutMs, found.promise, () => `waited ${timeoutMs} ms for "${name}"; ${seen(others)}`);
  } finally {
    source.off(name, listener);
  }
}

function seen(others: readonly unknown[]): string {
  if (others.length === 0) return 'there was none';
  const times = others.length === 1 ? 'one' : `${others.length}`;
  return `there came ${times}, but not the one asked for; the latest was ${inspect(others.at(-1), { depth: 4 })}`;
}
