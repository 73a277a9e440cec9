import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { unlessAborted } from '../../src/dispatch/unless-aborted.ts';

const never = new Promise<never>(() => {});
const stopped = new Error('stopped');
const broken = new Error('broken');

test('without an abort the result is passed on, or its error', async () => {
  const { signal } = new AbortController();
  expect(await unlessAborted(Promise.resolve(7), signal)).toBe(7);
  await expect(unlessAborted(Promise.reject(broken), signal)).rejects.toBe(broken);
});

test('an abort rejects with its reason, though the result never comes', async () => {
  const controller = new AbortController();
  const waiting = unlessAborted(never, controller.signal);
  controller.abort(stopped);
  await expect(waiting).rejects.toBe(stopped);
});

test('what was aborted before rejects with the reason, though there is a result', async () => {
  const signal = AbortSignal.abort(stopped);
  await expect(unlessAborted(never, signal)).rejects.toBe(stopped);
  await expect(unlessAborted(Promise.resolve(7), signal)).rejects.toBe(stopped);
});

test('what comes after an abort changes nothing, an error neither', async () => {
  const controller = new AbortController();
  const result = Promise.withResolvers<number>();
  const error = Promise.withResolvers<number>();
  const waiting = [unlessAborted(result.promise, controller.signal), unlessAborted(error.promise, controller.signal)];
  controller.abort(stopped);
  result.resolve(7);
  error.reject(broken);
  const reason = { status: 'rejected', reason: stopped };
  expect(await Promise.allSettled(waiting)).toEqual([reason, reason]);
});

test('nothing is left on the signal after a result, an error or an abort', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const left = () => getEventListeners(signal, 'abort').length;
  const result = Promise.withResolvers<number>();
  const waiting = unlessAborted(result.promise, signal);
  expect(left()).toBe(1);
  result.resolve(7);
  await waiting;
  expect(left()).toBe(0);
  await expect(unlessAborted(Promise.reject(broken), signal)).rejects.toBe(broken);
  expect(left()).toBe(0);
  const aborted = unlessAborted(never, signal);
  controller.abort(stopped);
  await expect(aborted).rejects.toBe(stopped);
  expect(left()).toBe(0);
});
