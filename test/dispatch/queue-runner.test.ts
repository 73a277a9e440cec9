import { expect, test } from 'vitest';
import type { QueuedDelivery } from '../../src/core/event.ts';
import { healthy } from '../../src/core/queue-state.ts';
import type { SendResult } from '../../src/core/transport.ts';
import { delivered, failed, httpRecipient, rejected, storedEvent } from '../../src/testing.ts';
import { day, minute } from './harness.ts';
import { failingState, now, readHead, setUp } from './runner-harness.ts';

const answered500 = { code: 'HTTP_STATUS', message: 'answered 500; only 200 counts' };

test('what waits is sent in order, each recorded and then told before the next, until nothing is left', async () => {
  const { work, heard, clock, append, attempts, settled, told } = setUp({ queued: 2 });
  await clock.advance('1h');
  expect(heard()).toEqual([]);
  await work();
  const one = ['send 1', 'settle 1', 'delivered 1'];
  expect(heard()).toEqual([readHead, ...one, 'send 2', 'settle 2', 'delivered 2']);
  const delivery = { sequence: 1, event: expect.objectContaining({ id: 'event-1' }) };
  expect(attempts[0]).toEqual({ recipient: httpRecipient(), delivery, number: 1, at: clock.now(), progress: null });
  expect(settled[0]).toEqual({ recipientId: 'crm', fence: 7, through: 1, dropped: [], state: undefined });
  const ref = { recipientId: 'crm', eventId: 'event-1', type: 'order.paid', sequence: 1, occurredAt: now };
  expect(told[0]).toEqual({ ...ref, attempt: 1, response: { status: 200, text: '' }, resent: false, refused: [] });
  append();
  await clock.advance('1h');
  expect(heard()).toEqual([]);
  await work();
  expect(heard()).toEqual([readHead, 'send 3', 'settle 3', 'delivered 3']);
});

test('as long as no less is read than was asked for, by number or by bytes, more is asked for', async () => {
  const { work, heard } = setUp({ queued: 33 });
  await work();
  const reads = (): readonly number[] => heard().flatMap((call, index) => (call === readHead ? [index] : []));
  expect(reads()).toEqual([0, 1 + 32 * 3]);

  const large = { sequence: 1, event: storedEvent({ data: JSON.stringify('é'.repeat(131_071)) }) };
  const small = { sequence: 2, event: storedEvent({ data: '{}' }) };
  const heavy = setUp({ queued: 2, read: (queue) => [large, small].slice(2 - queue.length).slice(0, 1) });
  await heavy.work();
  const [one, two] = [1, 2].map((n) => [`send ${n}`, `settle ${n}`, `delivered ${n}`]);
  expect(heavy.heard()).toEqual([readHead, one, readHead, two].flat());
});

test('what is appended while the storage is read is read next', async () => {
  const reading = Promise.withResolvers<readonly QueuedDelivery[]>();
  const { work, answers, heard, clock } = setUp({ read: () => reading.promise });
  await work();
  await work();
  answers.read = (queue) => queue;
  reading.resolve([]);
  await clock.advance(0);
  expect(heard()).toEqual([readHead, readHead, 'send 1', 'settle 1', 'delivered 1']);
});

test('what the transport says besides is told with the delivery', async () => {
  const more = { resent: true, refused: [{ address: 'a@example.com', message: 'no such user' }] };
  const { work, told } = setUp({ send: () => ({ ...delivered(), response: undefined, ...more }) });
  await work();
  expect(told).toEqual([expect.objectContaining({ response: null, ...more })]);
});

test('while others wait for slots little is read at a time, and the slot given back after each delivery', async () => {
  const { work, heard, clock, takeSlot } = setUp({ queued: 6, slots: 1 });
  const giveBack = await takeSlot();
  await work();
  const other = takeSlot();
  giveBack();
  await clock.advance(0);
  expect(heard()).toEqual(['read 4, 4096 bytes', 'send 1', 'settle 1', 'delivered 1']);
  const last = takeSlot();
  (await other)();
  await clock.advance(0);
  expect(heard()).toEqual(['send 2', 'settle 2', 'delivered 2']);
  (await last)();
  await clock.advance(0);
  const [third, fourth, fifth, sixth] = [3, 4, 5, 6].map((n) => [`send ${n}`, `settle ${n}`, `delivered ${n}`]);
  expect(heard()).toEqual([third, fourth, readHead, fifth, sixth].flat());
});

test('its slot is for others as soon as it has delivered: they need not wait until that is recorded', async () => {
  const recorded = Promise.withResolvers<boolean>();
  const { work, heard, clock, takeSlot } = setUp({ slots: 1, settle: () => recorded.promise });
  await work();
  expect(heard()).toEqual([readHead, 'send 1', 'settle 1']);
  let giveBack: (() => void) | undefined;
  void takeSlot().then((way) => (giveBack = way));
  await clock.advance(0);
  expect(giveBack).toBeDefined();
  recorded.resolve(true);
  await clock.advance(0);
  expect(heard()).toEqual(['delivered 1']);
  giveBack?.();
  await clock.advance(0);
  expect(heard()).toEqual([]);
});

test('its slot is kept until a failure is recorded', async () => {
  const recorded = Promise.withResolvers<boolean>();
  const { work, heard, clock, takeSlot } = setUp({ slots: 1, send: () => failed(500), settle: () => recorded.promise });
  await work();
  let isTaken = false;
  void takeSlot().then(() => (isTaken = true));
  await clock.advance(0);
  expect([heard(), isTaken]).toEqual([[readHead, 'send 1', 'settle 0'], false]);
  recorded.resolve(true);
  await clock.advance(0);
  expect(isTaken).toBe(true);
});

test('a failed attempt is recorded and told, and made again after the interval; meanwhile nothing is held in memory', async () => {
  const { work, heard, clock, answers, settled, told, runner } = setUp({ queued: 2, send: () => failed(500) });
  expect([runner.failing, runner.state]).toEqual([false, healthy]);
  clock.jump(5_000);
  await work();
  expect(heard()).toEqual([readHead, 'send 1', 'settle 0', 'changed', 'retrying 1', 'recipient:failing']);
  expect([runner.failing, runner.state]).toEqual([true, settled[0]?.state]);
  expect(runner.state.head).toMatchObject({ sequence: 1, attempts: 1 });
  expect(told).toEqual([
    expect.objectContaining({ attempt: 1, error: answered500, nextAttemptAt: now + minute + 5_000 }),
    { recipientId: 'crm', since: now + 5_000, error: answered500 },
  ]);
  await work();
  await clock.advance(minute - 1);
  expect([heard(), clock.pending]).toEqual([[], 1]);
  await clock.advance(1);
  expect(heard()).toEqual([readHead, 'send 1', 'settle 0', 'changed', 'retrying 1']);
  answers.send = () => delivered();
  await clock.advance(minute);
  expect(heard()).toEqual([
    ...[readHead, 'send 1', 'settle 1', 'changed', 'delivered 1', 'recipient:recovered'],
    ...['send 2', 'settle 2', 'delivered 2'],
  ]);
  const at = now + 2 * minute + 5_000;
  expect(told.slice(3, 5)).toEqual([
    expect.objectContaining({ attempt: 3, sequence: 1 }),
    { recipientId: 'crm', since: now + 5_000, attempts: 2, at },
  ]);
  expect([runner.failing, settled.at(-1)?.state]).toEqual([false, undefined]);
});

test('a new process goes on where the one before left off: with the wait, the number and the progress', async () => {
  const { work, heard, clock, attempts, runner } = setUp({ state: failingState(), send: () => failed(500) });
  expect(runner.failing).toBe(true);
  await work();
  await clock.advance(minute - 1);
  expect(heard()).toEqual([]);
  await clock.advance(1);
  expect(heard()).toEqual([readHead, 'send 1', 'settle 0', 'changed', 'retrying 1']);
  expect(attempts).toMatchObject([{ number: 4, progress: { served: ['a'] } }]);
  expect(runner.state.failing).toMatchObject({ attempts: 4, error: answered500 });
});

test('the attempts at a delivery that is gone are not counted for the next, nor is its progress handed on', async () => {
  const { work, clock, attempts } = setUp({
    queued: 2,
    state: failingState(),
    read: (queue) => queue.filter(({ sequence }) => sequence > 1),
  });
  await work();
  await clock.advance(minute);
  expect(attempts).toMatchObject([{ delivery: { sequence: 2 }, number: 1, progress: null }]);
});

test('a rejected delivery is dropped alone: the next is attempted, even if it is past its limit', async () => {
  const answers = [rejected(), delivered()];
  const { work, heard, clock, settled, told, runner } = setUp({
    queued: 2,
    send: () => answers.shift() as SendResult,
  });
  await clock.advance('3d');
  await work();
  expect(heard()).toEqual([readHead, 'send 1', 'settle 1', 'dropped 1', 'send 2', 'settle 2', 'delivered 2']);
  const error = { code: 'TEMPLATE_ERROR', message: 'scripted TEMPLATE_ERROR' };
  const why = { droppedAt: now + 3 * day, reason: 'rejected', error };
  const ref = { recipientId: 'crm', eventId: 'event-1', type: 'order.paid', sequence: 1 };
  const dropped = { ...ref, occurredAt: now, acceptedAt: now, ...why };
  expect(settled[0]).toMatchObject({ dropped: [dropped], state: undefined });
  expect(told[0]).toEqual({ ...dropped, attempt: 1, response: null, resent: false, refused: [] });
  expect(runner.state).toBe(healthy);
});

test('with a delivery that is past its limit go the others that are, as expired; the first that is not is attempted at once', async () => {
  const answers = [failed(500), delivered()];
  const { work, heard, clock, settled, told, runner } = setUp({
    queued: 4,
    acceptedAfter: (sequence) => (sequence <= 3 ? sequence : day),
    send: () => answers.shift() as SendResult,
  });
  await clock.advance(3 * day + 3);
  await work();
  const readMany = 'read 500, 4000000 bytes';
  expect(heard()).toEqual([
    ...[readHead, 'send 1', 'settle 1', 'changed', 'recipient:failing', 'dropped 1'],
    ...[readMany, 'settle 3', 'changed', 'dropped 2', 'dropped 3', readMany],
    ...[readHead, 'send 4', 'settle 4', 'changed', 'delivered 4', 'recipient:recovered'],
  ]);
  const why = { reason: 'expired', error: answered500, droppedAt: now + 3 * day + 3 };
  expect(told.slice(1, 4)).toEqual([
    expect.objectContaining({ ...why, sequence: 1, attempt: 1, response: { status: 500, text: '' } }),
    expect.objectContaining({ ...why, sequence: 2, attempt: 0, response: null }),
    expect.objectContaining({ ...why, sequence: 3, attempt: 0, response: null }),
  ]);
  expect(settled.map(({ dropped, state }) => [dropped.length, state?.failing?.dropped])).toEqual([
    [1, 1],
    [2, 3],
    [0, undefined],
  ]);
  expect(runner.failing).toBe(false);
});

test('nothing is sent to a disabled recipient, whatever waits, until it is enabled', async () => {
  const { work, heard, runner, clock } = setUp({ recipient: httpRecipient({ enabled: false }) });
  await work();
  expect([heard(), clock.pending]).toEqual([[], 0]);
  runner.update(httpRecipient());
  await clock.advance(0);
  expect(heard()).toEqual([readHead, 'changed', 'send 1', 'settle 1', 'delivered 1']);
});

test('new settings are tried at once by one that was not woken yet', async () => {
  const { runner, heard, clock } = setUp();
  runner.update(httpRecipient());
  await clock.advance(0);
  expect(heard().slice(0, 3)).toEqual([readHead, 'changed', 'send 1']);
});

test('new settings are tried at once where the next attempt waits, and the wait is over', async () => {
  const { work, heard, runner, clock, attempts } = setUp({ state: failingState() });
  await work();
  expect(clock.pending).toBe(1);
  const mended = httpRecipient({ url: 'https://mended.example.com/' });
  runner.update(mended);
  expect(runner.recipient).toBe(mended);
  await clock.advance(0);
  expect(heard().slice(0, 3)).toEqual([readHead, 'changed', 'send 1']);
  expect([attempts[0]?.recipient, clock.pending]).toEqual([mended, 0]);
});

test('new settings that come during a failed attempt are tried at once, on the same delivery, and told so', async () => {
  const sending = Promise.withResolvers<SendResult>();
  const { work, heard, runner, clock, answers, told } = setUp({ queued: 2, send: () => sending.promise });
  await work();
  runner.update(httpRecipient());
  await clock.advance(500);
  expect(heard()).toEqual([readHead, 'send 1', 'changed']);
  answers.send = () => delivered();
  sending.resolve(failed(500));
  await clock.advance(0);
  expect(heard().slice(0, 6)).toEqual([
    ...['settle 0', 'changed', 'retrying 1', 'recipient:failing'],
    ...['send 1', 'settle 1'],
  ]);
  expect(told[0]).toMatchObject({ nextAttemptAt: now + 500 });
});

test('a recipient that is disabled while it is read for, or stands in line, is not sent to', async () => {
  const disabled = httpRecipient({ enabled: false });
  const reading = setUp();
  reading.answers.read = (queue) => {
    reading.runner.update(disabled);
    return queue;
  };
  await reading.work();
  expect(reading.heard()).toEqual([readHead, 'changed']);

  const inLine = setUp({ slots: 1 });
  const giveBack = await inLine.takeSlot();
  await inLine.work();
  inLine.runner.update(disabled);
  giveBack();
  await inLine.clock.advance(0);
  expect(inLine.heard()).toEqual(['changed']);
});

test('a recipient that is disabled during an attempt gets no other, and no timer is set for it', async () => {
  const { work, heard, runner, clock, answers } = setUp({ queued: 2 });
  answers.send = () => {
    runner.update(httpRecipient({ enabled: false }));
    return failed(500);
  };
  await work();
  expect(heard()).toEqual([readHead, 'send 1', 'changed', 'settle 0', 'changed', 'retrying 1', 'recipient:failing']);
  expect(clock.pending).toBe(0);
});

test('a storage that cannot be read is told of, and read again a second later', async () => {
  const { work, heard, told, answers, clock } = setUp({ read: () => Promise.reject(new Error('secret')) });
  await work();
  expect(heard()).toEqual([readHead, 'error']);
  expect(told).toEqual([expect.objectContaining({ code: 'ERR_STORAGE_FAILED', message: 'the storage failed' })]);
  answers.read = (queue) => queue;
  await clock.advance(999);
  expect(heard()).toEqual([]);
  await clock.advance(1);
  expect(heard()).toEqual([readHead, 'send 1', 'settle 1', 'delivered 1']);
});

test('when an attempt could not be recorded, the queue is read again before the next: it may have been', async () => {
  const { work, heard, runner, answers, clock } = setUp({ queued: 2 });
  answers.settle = () => {
    runner.update(httpRecipient({ enabled: false }));
    return Promise.reject(new Error('outcome unknown'));
  };
  await work();
  expect(heard()).toEqual([readHead, 'send 1', 'settle 1', 'changed', 'error']);
  answers.settle = () => true;
  answers.read = (queue) => queue.slice(1);
  runner.update(httpRecipient());
  await clock.advance(0);
  expect(heard().slice(0, 3)).toEqual([readHead, 'changed', 'send 2']);
});

test('an alert that is sent is recorded in the state; one that changes nothing is not', async () => {
  const { runner, heard, settled, alert } = setUp({ state: failingState() });
  await runner.alertSent(alert());
  expect(heard()).toEqual(['settle 0', 'changed']);
  const marked = { failing: { alerts: 1, lastAlertAt: now } };
  expect(settled).toMatchObject([{ through: 0, dropped: [], state: marked }]);
  expect(runner.state).toMatchObject(marked);
  await runner.alertSent({ about: 'recovered', to: [], recovery: { since: now, at: now } });
  expect(heard()).toEqual([]);
});

test('changes of the state are recorded one after the other, each made from the one before, also after one that failed', async () => {
  const recording = Promise.withResolvers<boolean>();
  const { runner, heard, answers, work, clock, alert } = setUp({
    state: failingState({ nextAttemptAt: now }),
    send: () => failed(500),
    settle: () => Promise.reject(new Error('no storage')),
  });
  await expect(runner.alertSent(alert())).rejects.toThrow('no storage');
  answers.settle = () => recording.promise;
  const sent = runner.alertSent(alert());
  await work();
  expect(heard()).toEqual(['settle 0', readHead, 'settle 0', 'send 1']);
  answers.settle = () => true;
  recording.resolve(true);
  await sent;
  await clock.advance(0);
  expect(heard()).toEqual(['changed', 'settle 0', 'changed', 'retrying 1']);
  expect(runner.state.failing).toMatchObject({ alerts: 1, attempts: 4 });
});
