import { expect, it } from 'vitest';
import { ManualClock, RecordingRelay } from '../../src/testing.ts';

const mail = { id: 'crm.1', to: ['ops@example.com'], subject: 'CRM is failing', text: '503' };

it('keeps the mails it takes, with the time of its clock', async () => {
  const clock = new ManualClock();
  const relay = new RecordingRelay({ clock });
  expect(await relay.sendAlert(mail)).toEqual({ accepted: true, relay: 'OK' });

  expect(relay.mails).toEqual([{ ...mail, at: clock.steady() }]);
});

it('takes none, and says why, when told so', async () => {
  const relay = new RecordingRelay();
  relay.answer = '421 closing down';

  expect(await relay.sendAlert(mail)).toEqual({ accepted: false, relay: '421 closing down' });
  expect(await relay.probe()).toBe('421 closing down');
  expect(relay.mails).toEqual([]);
});
