import { inspect } from 'node:util';
import { within } from './within.ts';

/** Whatever tells of things by name: an `OutboundEvents`, or anything else with `on` and `off`. */
export interface EventSource<Events extends object> {
  on<Name extends keyof Events>(name: Name, listener: (payload: Events[Name]) => void): unknown;
  off<Name extends keyof Events>(name: Name, listener: (payload: Events[Name]) => void): unknown;
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
export async function waitFor<Events extends object, Name extends keyof Events & string>(
  source: EventSource<Events>,
  name: Name,
  predicate: (payload: Events[Name]) => boolean = () => true,
  { timeoutMs = 5000 }: WaitOptions = {},
): Promise<Events[Name]> {
  const found = Promise.withResolvers<Events[Name]>();
  const others: Events[Name][] = [];
  const listener = (payload: Events[Name]): void => {
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
