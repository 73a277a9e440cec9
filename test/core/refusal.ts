import { inspect } from 'node:util';
import { expect } from 'vitest';
import { isOutboundEventsError, type OutboundEventsError } from '../../src/core/errors.ts';

/** Stands wherever an input holds a secret: a URL's user, path and query, a header's value, a password, a PEM text. */
export const secret = 's3cr3t';

/** What the call is refused with, checked for all that holds of every refusal. Fails when the call is accepted. */
export function refusal(act: () => unknown): OutboundEventsError {
  let result: unknown;
  try {
    result = act();
  } catch (error) {
    return judged(error);
  }
  throw new Error(`was accepted, as ${inspect(result)}`);
}

/** The same for a call that rejects. */
export async function rejection(act: () => Promise<unknown>): Promise<OutboundEventsError> {
  return act().then(
    (result) => {
      throw new Error(`was accepted, as ${inspect(result)}`);
    },
    (error) => judged(error),
  );
}

/** One of our own errors, fit to be shown and logged: one line of bearable length, and no secret however it is printed. */
export function judged(error: unknown): OutboundEventsError {
  if (!isOutboundEventsError(error)) throw error;
  expect(error.message).toMatch(/^\P{Cc}{1,10000}$/u);
  expect(error.field ?? '').toMatch(/^\P{Cc}{0,10000}$/u);
  for (const shown of [error.message, String(error), inspect(error, { depth: 10 }), JSON.stringify(error)]) {
    expect(shown).not.toContain(secret);
  }
  return error;
}
