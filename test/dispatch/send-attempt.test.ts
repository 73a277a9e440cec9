import { expect, test } from 'vitest';
import { OutboundEventsError } from '../../src/core/errors.ts';
import type { Attempt, SendResult } from '../../src/core/transport.ts';
import { sendAttempt } from '../../src/dispatch/send-attempt.ts';
import { attemptAt, delivered, failed, httpRecipient, rejected } from '../../src/testing.ts';

const attempt = attemptAt(httpRecipient());
const never = new Promise<never>(() => {});
const brokenOff = { outcome: 'failed', error: { code: 'ABORTED', message: 'the attempt was broken off' } };
const threw = (message: string) => ({ outcome: 'failed', error: { code: 'TRANSPORT_THREW', message } });

/** An attempt through a transport whose `send` is given; without types, so that it may answer anything. */
function send(
  answer: (attempt: Attempt, options: { readonly signal: AbortSignal }) => unknown,
  signal = new AbortController().signal,
): Promise<SendResult> {
  return sendAttempt({ send: answer as () => Promise<SendResult> }, attempt, signal);
}

function named(name: unknown): Error {
  return Object.assign(new Error('secret'), { name });
}

function withoutName(): Error {
  const name = {
    get: () => {
      throw new Error('secret');
    },
  };
  return Object.defineProperties(new Error('secret'), { name });
}

test('the transport is given the attempt and the signal', async () => {
  const given: unknown[] = [];
  const { signal } = new AbortController();
  const answer = async (...all: unknown[]) => {
    given.push(...all);
    return delivered();
  };
  await send(answer, signal);
  expect(given).toEqual([attempt, { signal }]);
  expect(given[0]).toBe(attempt);
  expect((given[1] as { readonly signal: AbortSignal }).signal).toBe(signal);
});

test.each([
  { outcome: 'delivered' },
  { ...delivered(), relay: 'OK' },
  { ...failed(503), progress: { taken: 1 } },
  rejected(),
])('what the transport says is passed on as it is: %j', async (result) => {
  expect(await send(async () => result)).toBe(result);
});

test('a result that is not promised is one, too', async () => {
  expect(await send(() => delivered())).toEqual(delivered());
});

const { error } = failed();

test.each([
  undefined,
  null,
  'delivered',
  {},
  { error },
  { outcome: 'lost', error },
  { outcome: 'failed' },
  { outcome: 'rejected' },
  { outcome: 'failed', error: null },
  { outcome: 'failed', error: { code: 'HTTP_STATUS' } },
  { outcome: 'failed', error: { code: 'HTTP_STATUS', message: 500 } },
  { outcome: 'rejected', error: { message: 'answered 500' } },
  { outcome: 'rejected', error: { code: 500, message: 'answered 500' } },
])('nonsense is a failure: %j', async (nonsense) => {
  expect(await send(async () => nonsense)).toEqual(threw('the transport gave no outcome, or none with an error'));
});

test.each([
  { what: 'an error of ours', thrown: new OutboundEventsError('ERR_TEMPLATE', 'no such macro'), says: 'no such macro' },
  {
    what: 'another error, without its message',
    thrown: new TypeError('secret'),
    says: 'the transport threw TypeError',
  },
  { what: 'what is no error, without showing it', thrown: 'secret', says: 'the transport threw something' },
  { what: 'nothing', thrown: null, says: 'the transport threw something' },
  { what: 'an error whose name is no word', thrown: named('Secret: 42'), says: 'the transport threw something' },
  { what: 'an error whose name is no text', thrown: named(Symbol('odd')), says: 'the transport threw something' },
  { what: 'an error whose name cannot be read', thrown: withoutName(), says: 'the transport threw something' },
])('what the transport throws is a failure: $what', async ({ thrown, says }) => {
  expect(await send(() => Promise.reject(thrown))).toEqual(threw(says));
  const atOnce = () => {
    throw thrown;
  };
  expect(await send(atOnce)).toEqual(threw(says));
});

test('once it is broken off nobody waits for the transport', async () => {
  const controller = new AbortController();
  const sent = send(() => never, controller.signal);
  controller.abort();
  expect(await sent).toEqual(brokenOff);
  expect(await send(() => never, controller.signal)).toEqual(brokenOff);
});

test.each([new OutboundEventsError('ERR_STOPPED', 'closed'), new TypeError('closed')])(
  'what the transport throws as it is broken off is no fault of its: %s',
  async (thrown) => {
    const controller = new AbortController();
    const atOnce = () => {
      controller.abort();
      throw thrown;
    };
    expect(await send(atOnce, controller.signal)).toEqual(brokenOff);
  },
);
