import { expect, test } from 'vitest';
import { MemoryStorage } from '../../src/memory/memory-storage.ts';
import { delivered, failed } from '../../src/testing.ts';
import { hour, minute, setUp } from './harness.ts';

const crm = {
  id: 'crm',
  name: 'CRM',
  url: 'https://crm.example.com/hook?token=canary',
  events: '*',
  headers: { authorization: 'canary' },
  retry: { interval: '1m', duration: '3d' },
  alerts: { to: 'ops@example.com, lead@example.com', after: '15m', resendEvery: '4h' },
} as const;

async function failing(settings: Partial<typeof crm.alerts & { recovered: boolean }> = {}) {
  const all = setUp();
  await all.outbound.addHttpRecipient({ ...crm, alerts: { ...crm.alerts, ...settings } });
  all.http.answerWith('crm', () => failed(503));
  void all.outbound.start();
  await all.outbound.emit('order.paid', { order: 1 });
  await all.clock.advance(0);
  const begun = all.clock.steady();
  return { ...all, sentAfter: () => all.relay.mails.map(({ at }) => Number(at) - begun) };
}

test('a recipient that is still failing after the delay is told of once, and then once per resend interval', async () => {
  const { clock, sentAfter } = await failing();
  await clock.advance(15 * minute - 1);
  expect(sentAfter()).toEqual([]);

  await clock.advance(24 * hour);

  expect(sentAfter()).toEqual([0, 4, 8, 12, 16, 20].map((hours) => 15 * minute + hours * hour));
});

test('a success before the delay cancels it', async () => {
  const { clock, http, relay } = await failing();
  await clock.advance(13.5 * minute);
  http.answerWith('crm', () => delivered());
  await clock.advance('5h');

  expect(relay.mails).toEqual([]);
});

test('the mail says what is wrong, and holds no payload, URL or secret', async () => {
  const { clock, outbound, relay } = await failing();
  await outbound.emit('order.paid', { order: 271828 });
  await clock.advance('15m');

  expect(relay.mails).toMatchObject([
    { to: ['ops@example.com', 'lead@example.com'], subject: 'Outbound events: CRM is failing' },
  ]);
  expect(relay.mails[0]?.text).toMatchInlineSnapshot(`
    "Events can not be delivered to the HTTP recipient "CRM".

    Failing since: 2026-01-01 00:00:00 UTC (for 15 minutes, 16 failed attempts)
    Error: answered 503; only 200 counts (HTTP_STATUS)
    Deliveries waiting: 2
    Age of the oldest: 15 minutes
    Next attempt: 2026-01-01 00:16:00 UTC
    Dropping starts: 2026-01-04 00:00:00 UTC, when the oldest is 3 days old

    Deliveries go on, in order, as soon as an attempt succeeds.
    "
  `);
  expect(JSON.stringify(relay.mails)).not.toMatch(/canary|271828|receiver|crm.example/);
});

test('a recovered mail is sent when it is asked for and an alert was sent', async () => {
  const { clock, http, relay, heard } = await failing({ recovered: true });
  await clock.advance('20m');
  http.answerWith('crm', () => delivered());
  await clock.advance('1m');

  expect(relay.mails.map(({ subject }) => subject)).toEqual([
    'Outbound events: CRM is failing',
    'Outbound events: CRM has recovered',
  ]);
  expect(heard('alert:sent').map(({ about }) => about)).toEqual(['failing', 'recovered']);
  expect(relay.mails[1]?.text).toContain('(after 21 minutes)');
});

test('no recovered mail without an alert before it, or without asking', async () => {
  for (const [recovered, wait] of [
    [true, '10m'],
    [false, '20m'],
  ] as const) {
    const { clock, http, relay } = await failing({ recovered });
    await clock.advance(wait);
    const alerts = relay.mails.length;
    http.answerWith('crm', () => delivered());
    await clock.advance('5h');
    expect(relay.mails).toHaveLength(alerts);
  }
});

test('while the relay is down an alert waits, and then one mail tells the newest state', async () => {
  const { clock, relay, outbound } = await failing();
  relay.answer = '421 closing down';
  await clock.advance('10h');
  expect((await outbound.status()).relay.status).toBe('421 closing down');
  relay.answer = 'OK';
  await clock.advance('1m');

  expect(relay.mails).toHaveLength(1);
  expect(relay.mails[0]?.text).toContain('for 10 hours');
  expect((await outbound.status()).relay.status).toBe('OK');
});

test('what recovered while the relay was down is not told of as failing', async () => {
  const { clock, relay, http } = await failing();
  relay.answer = '421 closing down';
  await clock.advance('1h');
  http.answerWith('crm', () => delivered());
  await clock.advance('1m');
  relay.answer = 'OK';
  await clock.advance('5h');

  expect(relay.mails).toEqual([]);
});

test('an alert neither delays nor reorders deliveries', async () => {
  const { clock, relay, http, outbound } = await failing();
  const sending = Promise.withResolvers<void>();
  const sendAlert = relay.sendAlert.bind(relay);
  relay.sendAlert = async (mail) => {
    await sending.promise;
    return sendAlert(mail);
  };
  await clock.advance('15m');
  http.answerWith('crm', () => delivered());
  for (let order = 2; order < 10; order += 1) await outbound.emit('order.paid', { order });
  await clock.advance('1m');

  expect(http.attempts.slice(-9).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  sending.resolve();
});

test('the alert state survives a restart: nothing is sent twice, and what is due is sent', async () => {
  const storage = new MemoryStorage();
  const first = setUp({ storage });
  await first.outbound.addHttpRecipient(crm);
  first.http.answerWith('crm', () => failed(503));
  void first.outbound.start();
  await first.outbound.emit('order.paid', { order: 1 });
  await first.clock.advance('20m');
  expect(first.relay.mails).toHaveLength(1);
  await first.outbound.stop();

  const { outbound, clock, http, relay } = setUp({ storage, clock: first.clock });
  http.answerWith('crm', () => failed(503));
  void outbound.start();
  await clock.advance(3 * hour);
  expect(relay.mails).toEqual([]);
  await clock.advance('55m');

  expect(relay.mails).toHaveLength(1);
  expect(relay.mails[0]?.text).toContain('for 4 hours');
});

test('a disabled recipient is not told of', async () => {
  const { clock, outbound, relay } = await failing();
  await outbound.updateRecipient('crm', { enabled: false });
  await clock.advance('5h');

  expect(relay.mails).toEqual([]);
});

test('addresses that the relay refuses for good are reported and not tried every minute', async () => {
  const { clock, relay, heard } = await failing();
  let tries = 0;
  relay.sendAlert = async () => {
    tries += 1;
    return { accepted: false, relay: 'OK' };
  };
  await clock.advance('4h');

  expect(tries).toBe(1);
  expect(heard('error')).toMatchObject([{ code: 'ERR_ALERT_FAILED' }]);
});

test('alerts without a relay are refused when they are asked for', async () => {
  const { outbound } = setUp({ transports: {} });
  await expect(outbound.addHttpRecipient(crm)).rejects.toMatchObject({
    code: 'ERR_TRANSPORT_MISSING',
    field: 'alerts',
  });
});

test('a success while the relay takes the mail is told by a recovered mail', async () => {
  const { clock, http, relay } = await failing({ recovered: true });
  const taking = Promise.withResolvers<void>();
  const sendAlert = relay.sendAlert.bind(relay);
  relay.sendAlert = async (mail) => {
    await taking.promise;
    return sendAlert(mail);
  };
  await clock.advance('15m');
  http.answerWith('crm', () => delivered());
  await clock.advance('1m');
  taking.resolve();
  await clock.advance('1m');

  expect(relay.mails.map(({ subject }) => subject)).toEqual([
    'Outbound events: CRM is failing',
    'Outbound events: CRM has recovered',
  ]);
});

test('corrected addresses need not wait for the trouble of those before', async () => {
  const { clock, relay, outbound } = await failing();
  const sendAlert = relay.sendAlert.bind(relay);
  relay.sendAlert = async () => ({ accepted: false, relay: 'OK' });
  await clock.advance('20m');
  relay.sendAlert = sendAlert;
  await outbound.updateRecipient('crm', { alerts: { to: 'mended@example.com' } });
  await clock.advance('1m');

  expect(relay.mails).toMatchObject([{ to: ['mended@example.com'] }]);
});

test('after a pause, an attempt is made before anybody is told', async () => {
  const { clock, relay, http, outbound } = await failing();
  await clock.advance('5m');
  await outbound.updateRecipient('crm', { enabled: false });
  await clock.advance('10h');
  const release = http.hold('crm');
  http.answerWith('crm', () => delivered());
  await outbound.updateRecipient('crm', { enabled: true });
  await clock.advance('1s');
  release();
  await clock.advance('1h');

  expect(relay.mails).toEqual([]);
});

test('nobody is told again and again of a recipient for which nothing waits', async () => {
  const { clock, relay, heard } = await failing();
  await clock.advance('4d');
  expect(heard('dropped')).toHaveLength(1);
  const mails = relay.mails.length;
  await clock.advance('7d');

  expect(relay.mails).toHaveLength(mails);
});
