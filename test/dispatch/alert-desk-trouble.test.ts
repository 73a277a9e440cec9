import { expect, test } from 'vitest';
import { OutboundEventsError } from '../../src/core/errors.ts';
import { healthy } from '../../src/core/queue-state.ts';
import { down, failing, mailed, policy, refused, setUp, taken } from './alert-desk-harness.ts';
import { hour, minute } from './harness.ts';
import { now, owingState } from './runner-harness.ts';

const busy = new OutboundEventsError('ERR_STORAGE_BUSY', 'locked');
const mended = { ...policy, to: ['mended@example.com'] };

function alertError(why: string) {
  return { code: 'ERR_ALERT_FAILED', message: `an alert about recipient "crm" was not sent: ${why}` };
}

test('while the relay is in trouble each mail is tried again a minute later, and nothing but the answer is told', async () => {
  const { become, clock, heard, answers } = setUp({ sendAlert: () => down });
  become('crm', failing());
  await clock.advance('15m');
  expect(heard()).toEqual(['stats crm', 'crm is failing', 'relay 421 closing down']);
  await clock.advance(minute - 1);
  expect([heard(), clock.pending]).toEqual([[], 1]);
  answers.sendAlert = () => taken;
  await clock.advance(1);
  expect(heard()).toEqual(mailed('crm'));
});

test('the minute after trouble begins with the trouble', async () => {
  const taking = Promise.withResolvers<typeof taken>();
  const { become, clock, heard } = setUp({ sendAlert: () => taking.promise });
  become('crm', failing());
  await clock.advance('20m');
  taking.resolve(down);
  await clock.advance(0);
  expect([heard().length, clock.nextDueAt]).toEqual([3, now + 21 * minute]);
});

test('addresses that are refused for good are told of, and tried again after the resend interval', async () => {
  const { become, clock, heard, told, answers } = setUp({ sendAlert: () => refused });
  become('crm', failing());
  await clock.advance('15m');
  expect(heard()).toEqual(['stats crm', 'crm is failing', 'relay OK', 'error']);
  expect(told).toEqual([expect.any(OutboundEventsError)]);
  expect(told).toMatchObject([alertError('the relay refuses every address of alerts.to')]);
  await clock.advance(4 * hour - 1);
  expect([heard(), clock.pending]).toEqual([[], 1]);
  answers.sendAlert = () => taken;
  await clock.advance(1);
  expect(heard()).toEqual(mailed('crm'));
});

test.each([
  ['stats', new Error('secret'), ['stats crm']],
  ['sendAlert', new Error('secret'), ['stats crm', 'crm is failing']],
  ['record', new Error('secret'), ['stats crm', 'crm is failing', 'relay OK', 'record crm']],
  ['record', busy, ['stats crm', 'crm is failing', 'relay OK', 'record crm']],
] as const)(
  'when %s rejects with %s that is told, and all is tried again a minute later',
  async (what, error, calls) => {
    const { become, clock, heard, told } = setUp({ [what]: () => Promise.reject(error) });
    become('crm', failing());
    await clock.advance('15m');
    expect(heard()).toEqual([...calls, 'error']);
    if (error === busy) expect(told).toEqual([busy]);
    else expect(told).toMatchObject([alertError('the mail could not be handed over')]);
    await clock.advance(minute - 1);
    expect(heard()).toEqual([]);
    await clock.advance(1);
    expect(heard()).toEqual([...calls, 'error']);
  },
);

test('the trouble of one recipient holds up no other', async () => {
  const { become, clock, heard, answers } = setUp({ sendAlert: () => down });
  become('crm', failing());
  await clock.advance('15m');
  answers.sendAlert = () => taken;
  become('shop', failing());
  await clock.advance(0);
  expect(heard().slice(3)).toEqual(mailed('shop'));
});

test('a state that changes does not shorten the wait after trouble', async () => {
  const { become, clock, heard, answers } = setUp({ sendAlert: () => down });
  const alerts = { ...policy, after: 30_000 };
  become('crm', owingState, { alerts });
  await clock.advance(0);
  answers.sendAlert = () => taken;
  become('crm', failing({ since: now + 1 }));
  await clock.advance(minute - 1);
  expect(heard().slice(3)).toEqual([]);
  become('crm', failing({ since: now + 1, attempts: 4 }));
  await clock.advance(0);
  expect(heard()).toEqual([]);
  await clock.advance(1);
  expect(heard()).toEqual(mailed('crm'));
});

test('a mail that is due after the wait is not sent at its end', async () => {
  const { become, clock, heard, answers } = setUp({ sendAlert: () => down });
  become('crm', owingState);
  await clock.advance(0);
  answers.sendAlert = () => taken;
  become('crm', failing({ since: now + 1 }));
  await clock.advance(15 * minute);
  expect(heard().slice(3)).toEqual([]);
  await clock.advance(1);
  expect(heard()).toEqual(mailed('crm'));
});

test('new addresses are tried at once, whatever trouble there was before', async () => {
  const { become, clock, mails, answers } = setUp({ sendAlert: () => refused });
  become('crm', failing());
  await clock.advance('15m');
  answers.sendAlert = () => taken;
  become('crm', failing(), { alerts: mended });
  await clock.advance(0);
  expect(mails.slice(1)).toMatchObject([{ to: mended.to }]);
});

test('new addresses that come while a mail is under way need not wait for its trouble', async () => {
  const taking = Promise.withResolvers<typeof taken>();
  const { become, clock, mails, answers } = setUp({ sendAlert: () => taking.promise });
  become('crm', failing());
  await clock.advance('15m');
  become('crm', failing(), { alerts: mended });
  answers.sendAlert = () => taken;
  taking.resolve(refused);
  await clock.advance(0);
  expect(mails.slice(1)).toMatchObject([{ to: mended.to }]);
});

test('a recipient that fails anew is mailed about when that is due, whatever trouble there was before', async () => {
  const { become, clock, heard, answers } = setUp({ sendAlert: () => refused });
  become('crm', failing());
  await clock.advance('15m');
  answers.sendAlert = () => taken;
  become('crm', healthy);
  become('crm', failing({ since: now + 15 * minute }));
  await clock.advance(15 * minute - 1);
  expect(heard().slice(4)).toEqual([]);
  await clock.advance(1);
  expect(heard()).toEqual(mailed('crm'));
});
