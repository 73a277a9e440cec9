import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { OutboundEventsError } from '../../src/core/errors.ts';
import type { HttpRecipient } from '../../src/core/recipient.ts';
import type { Attempt, SendResult } from '../../src/core/transport.ts';
import { attemptAt, httpRecipient } from '../../src/testing/builders.ts';
import { ManualClock } from '../../src/testing/manual-clock.ts';
import { ScriptedTransport } from '../../src/testing/scripted-transport.ts';
import { delivered, failed, rejected } from '../../src/testing/send-results.ts';

function attempt(number = 1, id = 'crm'): Attempt<HttpRecipient> {
  return attemptAt(httpRecipient({ id }), { number, sequence: 7, event: { id: 'e1', data: '{"total":5}' } });
}

const { signal } = new AbortController();

test('everything is delivered unless a script says otherwise', async () => {
  expect(await new ScriptedTransport().send(attempt(), { signal })).toEqual(delivered());
});

test('attempts are recorded with what was sent, when, and what became of it', async () => {
  const clock = new ManualClock({ now: 5000 });
  const transport = new ScriptedTransport({ clock }).answer('crm', failed(503));
  await transport.send({ ...attempt(2), progress: { done: ['a@example.com'] } }, { signal });
  expect(transport.attempts).toEqual([
    {
      recipientId: 'crm',
      eventId: 'e1',
      type: 'order.paid',
      sequence: 7,
      number: 2,
      at: 5000,
      data: { total: 5 },
      progress: { done: ['a@example.com'] },
      result: failed(503),
    },
  ]);
});

test('queued answers are given one each, then the standing answer, then the default', async () => {
  const transport = new ScriptedTransport({ otherwise: () => failed('CONNECT_REFUSED') })
    .answer('crm', failed(500))
    .answerWith('crm', ({ number }) => (number < 3 ? failed(502) : delivered()))
    .answer('crm', rejected());
  const answers: SendResult[] = [];
  for (const [number, id] of [
    [1, 'crm'],
    [1, 'crm'],
    [2, 'crm'],
    [3, 'crm'],
    [1, 'erp'],
  ] as const) {
    answers.push(await transport.send(attempt(number, id), { signal }));
  }
  expect(answers).toEqual([failed(500), rejected(), failed(502), delivered(), failed('CONNECT_REFUSED')]);
});

test('results are made of a status or of the code of an error', () => {
  expect(delivered(204, 'done')).toEqual({ outcome: 'delivered', response: { status: 204, text: 'done' } });
  expect(failed(503)).toEqual({
    outcome: 'failed',
    error: { code: 'HTTP_STATUS', message: 'answered 503; only 200 counts' },
    response: { status: 503, text: '' },
  });
  expect(failed('DNS_FAILED', 'no such name')).toEqual({
    outcome: 'failed',
    error: { code: 'DNS_FAILED', message: 'no such name' },
  });
  expect(rejected('SMTP_REPLY')).toMatchObject({ outcome: 'rejected', error: { code: 'SMTP_REPLY' } });
});

test('an answer may throw', async () => {
  const transport = new ScriptedTransport().answerWith('crm', () => {
    throw new Error('broken transport');
  });
  await expect(transport.send(attempt(), { signal })).rejects.toThrow('broken transport');
  expect(transport.attempts[0]?.result).toBeNull();
});

test('held attempts stay open until they are released, and then take their answers in order', async () => {
  const transport = new ScriptedTransport().answer('crm', failed(500), failed(502));
  const release = transport.hold('crm');
  const [first, second] = [transport.send(attempt(1), { signal }), transport.send(attempt(2), { signal })];
  expect(await transport.send(attempt(1, 'erp'), { signal })).toEqual(delivered());
  await new Promise((resolve) => setImmediate(resolve));
  expect(transport.attemptsAt('crm').map(({ result }) => result)).toEqual([null, null]);

  release();
  expect(await Promise.all([first, second])).toEqual([failed(500), failed(502)]);
  expect(await transport.send(attempt(3), { signal })).toEqual(delivered());
});

test('a recipient that is held twice is held until both are released', async () => {
  const transport = new ScriptedTransport();
  const releaseFirst = transport.hold('crm');
  const first = transport.send(attempt(1), { signal });
  const releaseSecond = transport.hold('crm');
  const second = transport.send(attempt(2), { signal });
  releaseFirst();
  expect(await first).toEqual(delivered());
  const third = transport.send(attempt(3), { signal });
  await new Promise((resolve) => setImmediate(resolve));
  expect(transport.attempts.map(({ result }) => result)).toEqual([delivered(), null, null]);
  releaseSecond();
  expect(await Promise.all([second, third])).toEqual([delivered(), delivered()]);
});

test('the signal ends a held attempt, which takes no answer away from the next', async () => {
  const transport = new ScriptedTransport().answer('crm', failed(500));
  const release = transport.hold('crm');
  const abort = new AbortController();
  const open = transport.send(attempt(), { signal: abort.signal });
  abort.abort();
  expect(await open).toMatchObject({ outcome: 'failed', error: { code: 'ABORTED' } });
  expect(await transport.send(attempt(), { signal: abort.signal })).toMatchObject({ error: { code: 'ABORTED' } });
  release();
  expect(await transport.send(attempt(2), { signal })).toEqual(failed(500));
});

test('no listener stays on the signal', async () => {
  const transport = new ScriptedTransport();
  await transport.send(attempt(), { signal });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('a list of attempts stays as it was given', async () => {
  const transport = new ScriptedTransport();
  const before = transport.attempts;
  await transport.send(attempt(), { signal });
  expect([before.length, transport.attempts.length]).toEqual([0, 1]);
});

test('the signal ends an attempt whose answer never comes', async () => {
  const transport = new ScriptedTransport({ otherwise: () => new Promise(() => {}) });
  expect(await transport.send(attempt(), { signal: AbortSignal.abort() })).toMatchObject({
    error: { code: 'ABORTED' },
  });
  const abort = new AbortController();
  const open = transport.send(attempt(), { signal: abort.signal });
  await new Promise((resolve) => setImmediate(resolve));
  abort.abort();
  expect(await open).toMatchObject({ error: { code: 'ABORTED' } });
});

test('every recipient passes the check but those it is told to refuse', () => {
  const error = new OutboundEventsError('ERR_CONFIG_CA', 'ca is no certificate', { field: 'ca' });
  const transport = new ScriptedTransport().refuse('crm', error);
  expect(() => transport.check(httpRecipient())).toThrow(error);
  transport.check(httpRecipient({ id: 'erp' }));
});

test('an attempt after close throws and is not recorded', async () => {
  const transport = new ScriptedTransport();
  expect(transport.closed).toBe(false);
  await transport.close();
  expect(transport.closed).toBe(true);
  await expect(transport.send(attempt(), { signal })).rejects.toMatchObject({ code: 'ERR_STOPPED' });
  expect(transport.attempts).toEqual([]);
});
