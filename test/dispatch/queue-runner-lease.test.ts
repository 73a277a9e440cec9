import { expect, test } from 'vitest';
import type { SendResult } from '../../src/core/transport.ts';
import { type LeaseEnd, leaseEnd } from '../../src/dispatch/lease-end.ts';
import { delivered, failed, httpRecipient } from '../../src/testing.ts';
import { minute } from './harness.ts';
import { failingState, lease, owingState, readHead, setUp } from './runner-harness.ts';

test('under a lease that is good nobody is asked; a renewed one is good for longer', async () => {
  const { runner, work, heard, clock } = setUp({ leaseFor: minute });
  expect(runner.lease).toEqual(lease);
  await clock.advance(minute - 1);
  runner.renewed(leaseEnd(clock, minute));
  await clock.advance(minute - 1);
  await work();
  expect(heard()).toEqual([readHead, 'send 1', 'settle 1', 'delivered 1']);
});

test('under a lease that may have run out nothing is sent before it is confirmed, as often as it takes', async () => {
  const ends: LeaseEnd[] = [];
  const { work, heard, clock } = setUp({ queued: 2, leaseFor: minute, confirm: () => ends.shift() ?? null });
  ends.push(leaseEnd(clock, minute), leaseEnd(clock, 2 * minute));
  await clock.advance(minute);
  await work();
  expect(heard().slice(0, 6)).toEqual([readHead, 'confirm', 'confirm', 'send 1', 'settle 1', 'delivered 1']);
});

test('when somebody else has the lease, that is told, nothing is sent, and the slot is free', async () => {
  const { runner, work, heard, clock, takeSlot } = setUp({ leaseFor: minute, slots: 1 });
  await clock.advance(minute);
  await work();
  expect(heard()).toEqual([readHead, 'confirm', 'lost']);
  await takeSlot();
  runner.update(httpRecipient());
  await work();
  expect([heard(), clock.pending]).toEqual([['changed'], 0]);
});

test('a lease that cannot be confirmed is told of, and asked about again a second later', async () => {
  const { work, heard, clock, answers } = setUp({
    leaseFor: minute,
    confirm: () => Promise.reject(new Error('no storage')),
  });
  await clock.advance(minute);
  await work();
  expect(heard()).toEqual([readHead, 'confirm', 'error']);
  answers.confirm = () => leaseEnd(clock, minute);
  await clock.advance(1_000);
  expect(heard().slice(0, 3)).toEqual([readHead, 'confirm', 'send 1']);
});

test('an attempt whose lease turns out to be lost is not told, nor followed by another', async () => {
  for (const result of [delivered(), failed(500)]) {
    const { runner, work, heard, clock } = setUp({ queued: 2, send: () => result, settle: () => false });
    const { state } = runner;
    await work();
    const through = result.outcome === 'delivered' ? 1 : 0;
    expect(heard()).toEqual([readHead, 'send 1', `settle ${through}`, 'lost']);
    expect(runner.state).toBe(state);
    await clock.advance('1h');
    expect([heard(), clock.pending]).toEqual([[], 0]);
  }
});

test('a lease that is lost while an alert is recorded ends the wait, the place in line, and the attempt under way', async () => {
  const waiting = setUp({ state: failingState(), settle: () => false });
  await waiting.work();
  expect(waiting.clock.pending).toBe(1);
  await waiting.runner.alertSent(waiting.alert());
  expect([waiting.heard(), waiting.clock.pending]).toEqual([['settle 0', 'lost'], 0]);

  const inLine = setUp({ state: owingState, settle: () => false, slots: 1 });
  const giveBack = await inLine.takeSlot();
  await inLine.work();
  await inLine.runner.alertSent(inLine.alert());
  giveBack();
  await inLine.clock.advance(0);
  expect(inLine.heard()).toEqual(['settle 0', 'lost']);

  const { promise, resolve } = Promise.withResolvers<SendResult>();
  let brokenOff = 0;
  const sending = setUp({
    state: owingState,
    settle: () => false,
    send: (_, signal) => {
      signal.addEventListener('abort', () => {
        brokenOff += 1;
        resolve(failed('ABORTED'));
      });
      return promise;
    },
  });
  await sending.work();
  await sending.runner.alertSent(sending.alert());
  await sending.clock.advance('1h');
  expect([sending.heard(), brokenOff]).toEqual([[readHead, 'send 1', 'settle 0', 'lost'], 1]);
});

test('who ends it waits until the attempt under way is recorded; no other is begun', async () => {
  const { promise, resolve } = Promise.withResolvers<SendResult>();
  const { runner, work, heard, clock } = setUp({ queued: 2, send: () => promise });
  await work();
  let hasEnded = false;
  const ended = runner.end().then(() => {
    hasEnded = true;
  });
  await clock.advance(0);
  expect(hasEnded).toBe(false);
  resolve(delivered());
  await ended;
  expect(heard()).toEqual([readHead, 'send 1', 'settle 1', 'delivered 1']);
  runner.update(httpRecipient());
  await work();
  expect(heard()).toEqual(['changed']);
});

test('who ends it waits until an alert is recorded', async () => {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const { runner, heard, clock, alert } = setUp({ state: owingState, settle: () => promise });
  const sent = runner.alertSent(alert());
  const ended = runner.end().then(() => heard());
  await clock.advance(0);
  resolve(true);
  await sent;
  expect(await ended).toEqual(['settle 0', 'changed']);
});

test('one that waits, or stands in line, is ended at once and leaves nothing behind', async () => {
  const waiting = setUp({ state: failingState() });
  await waiting.work();
  await waiting.runner.end();
  expect([waiting.heard(), waiting.clock.pending]).toEqual([[], 0]);

  const inLine = setUp({ slots: 1 });
  const giveBack = await inLine.takeSlot();
  await inLine.work();
  await inLine.runner.end();
  giveBack();
  await inLine.clock.advance(0);
  expect(inLine.heard()).toEqual([]);
});

test('what is read or confirmed after the end is not sent, and trouble of the storage is not told', async () => {
  const reading = setUp();
  reading.answers.read = (queue) => {
    void reading.runner.end();
    return queue;
  };
  await reading.work();
  expect(reading.heard()).toEqual([readHead]);

  const confirming = setUp({ leaseFor: 0 });
  confirming.answers.confirm = () => {
    void confirming.runner.end();
    return leaseEnd(confirming.clock, minute);
  };
  await confirming.work();
  expect(confirming.heard()).toEqual([readHead, 'confirm']);

  const failing = setUp();
  failing.answers.read = () => {
    void failing.runner.end();
    return Promise.reject(new Error('no storage'));
  };
  await failing.work();
  expect([failing.heard(), failing.clock.pending]).toEqual([[readHead], 0]);
});

test('once no slot is given any more, what was read is not sent', async () => {
  const { work, heard, answers, slots, runner } = setUp();
  answers.read = (queue) => {
    slots.close();
    return queue;
  };
  await work();
  await runner.end();
  expect(heard()).toEqual([readHead]);
});

test('an attempt that is broken off is recorded if it was delivered all the same, and repeated otherwise', async () => {
  for (const [result, recorded] of [
    [delivered(), ['settle 1', 'delivered 1']],
    [failed('ABORTED'), []],
  ] as const) {
    const { promise, resolve } = Promise.withResolvers<SendResult>();
    const { runner, work, heard } = setUp({
      send: (_, signal) => {
        signal.addEventListener('abort', () => resolve(result));
        return promise;
      },
    });
    await work();
    const ended = runner.end();
    expect(heard()).toEqual([readHead, 'send 1']);
    runner.abort();
    await ended;
    expect(heard()).toEqual(recorded);
  }
});
